/* Who leaves a full cache, and what ages of 16 bits do to that when packet time leaps. */
#include "cache_model.h"
#include "suite.h"

/* In one full set: who leaves for flow 100, and why. */
static const struct {
	const char *name;
	uint8_t packets[7]; /* of flow i, at second i */
	bool syn[7];
	uint8_t lasts[7]; /* so many it has had two seconds before that, too */
	int now;
	uint32_t leaves;
	enum flow_end_reason reason;
} evictions[] = {
	{"the oldest", {1, 1, 1, 1, 1, 1, 1}, {0}, {0}, 9, 0, FLOW_END_RESOURCES},
	{"the oldest of established ones", {2, 2, 2, 2, 2, 2, 2}, {0}, {0}, 9, 0,
		FLOW_END_RESOURCES},
	{"the one that is not established", {2, 3, 9, 2, 1, 2, 2}, {0}, {0}, 9, 4,
		FLOW_END_RESOURCES},
	{"the oldest of two", {2, 3, 9, 1, 1, 2, 2}, {0}, {0}, 9, 3, FLOW_END_RESOURCES},
	{"half-open is not established", {2, 3, 9, 2, 2, 9, 2}, {[5] = true}, {0}, 9, 5,
		FLOW_END_RESOURCES},
	{"the one that does not last", {9, 1, 2, 2, 1, 1, 1}, {0}, {1, 1, 1, 0, 1, 1, 1}, 9, 3,
		FLOW_END_RESOURCES},
	{"the one that does not last, of established ones", {1, 1, 2, 2, 1, 1, 1}, {0},
		{2, 2, 2, 0, 2, 2, 2}, 9, 3, FLOW_END_RESOURCES},
	{"the oldest that lasts", {1, 2, 2, 2, 2, 2, 2}, {0}, {1, 1, 1, 1, 1, 1, 1}, 9, 0,
		FLOW_END_RESOURCES},
	{"half-open does not last", {2, 3, 9, 2, 2, 9, 2}, {[5] = true}, {1, 1, 1, 1, 1, 1, 1}, 9,
		5, FLOW_END_RESOURCES},
	{"one that is over, by its own reason", {1, 1, 1, 1, 1, 1, 1}, {0}, {0}, 15, 0,
		FLOW_END_IDLE},
};

START_TEST(who_leaves)
{
	gone.count = 0;
	struct cache *c = open_cache(7, &rows[0].times, 1, (struct flow_sink){append, &gone});

	for (uint32_t flow = 0; flow < 7; flow++)
		for (int i = 0; i < evictions[_i].lasts[flow]; i++)
			see_one(c, flow, (int)flow - 2, evictions[_i].syn[flow]);
	for (uint32_t flow = 0; flow < 7; flow++)
		for (int i = 0; i < evictions[_i].packets[flow]; i++)
			see_one(c, flow, (int)flow, evictions[_i].syn[flow]);
	ck_assert_uint_eq(gone.count, 0);
	see_one(c, 100, evictions[_i].now, false);
	ck_assert_msg(gone.count == 1 && gone.record[0].flow == evictions[_i].leaves &&
			      gone.record[0].reason == evictions[_i].reason,
		"%s: flow %u left, reason %u", evictions[_i].name, gone.record[0].flow,
		gone.record[0].reason);
	ck_assert_uint_eq(cache_live(c).flows, 7);
	cache_free(c);
}
END_TEST

/* Of two full sets the oldest of both leaves: of the flow that is oldest of all, a new one finds
 * the set three times in four. */
START_TEST(oldest_of_two_sets)
{
	unsigned oldest_left = 0;

	for (uint32_t n = 0; n < 200; n++) {
		bool left[60] = {false};
		uint32_t oldest = 0;
		gone.count = 0;
		struct cache *c =
			open_cache(14, &rows[0].times, n, (struct flow_sink){append, &gone});
		for (uint32_t flow = 0; flow < 60; flow++)
			see_one(c, flow, (int)flow / 6, false);
		for (size_t i = 0; i < gone.count; i++)
			left[gone.record[i].flow] = true;
		while (left[oldest])
			oldest++;
		see_one(c, 100, 12, false);
		oldest_left += gone.record[gone.count - 1].flow / 6 == oldest / 6;
		cache_free(c);
	}
	ck_assert_uint_gt(oldest_left, 120);
}
END_TEST

/* A flood of single packets drives out its own: established flows stay. */
START_TEST(a_flood_displaces_itself)
{
	gone.count = 0;
	struct cache *c = open_cache(140, &rows[0].times, 1, (struct flow_sink){append, &gone});

	for (uint32_t i = 0; i < 60; i++)
		see_one(c, i % 30, 0, false);
	for (uint32_t i = 0; i < 1500; i++)
		see_one(c, 100 + i, (int)i / 300, i & 1);
	for (size_t i = 0; i < gone.count; i++)
		ck_assert_uint_ge(gone.record[i].flow, 100);
	ck_assert_uint_gt(gone.count, 1300);
	cache_free(c);
}
END_TEST

/* All records are taken and the new flow's own sets have room: in so small a cache all sets are
 * looked through, for the only single packet, or else for the oldest of all. */
START_TEST(one_from_elsewhere)
{
	enum { ENTRIES = 70, ROUNDS = 200 };
	unsigned left = 0;

	for (uint32_t n = 0; n < ROUNDS; n++) {
		uint32_t wanted = n % ENTRIES;
		gone.count = 0;
		struct cache *c =
			open_cache(ENTRIES, &rows[3].times, n, (struct flow_sink){append, &gone});
		if (_i) /* the oldest of those that do not last */
			for (int i = 0; i < 2; i++)
				see_one(c, wanted, 9, false);
		for (uint32_t flow = 0; flow < ENTRIES; flow++)
			for (int i = 0; i < 2 && flow != wanted; i++)
				see_one(c, flow, 20 + (int)flow, false);
		if (!_i) /* the youngest, but single */
			see_one(c, wanted, 100, false);
		bool all = gone.count == 0; /* seldom not, and seldom are its own sets full */
		see_one(c, 1000, 300, false);
		left += all && gone.record[0].flow == wanted;
		cache_free(c);
	}
	ck_assert_uint_ge(left, ROUNDS * 9 / 10);
}
END_TEST

/* What goes on beyond its active time is no new flow: newer ones that do not last leave first. */
START_TEST(beyond_active_time)
{
	const struct model_times times = {
		5 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND};

	gone.count = 0;
	struct cache *c = open_cache(7, &times, 1, (struct flow_sink){append, &gone});
	for (int second = 0; second <= 5; second++)
		see_one(c, 0, second, false);
	ck_assert_uint_eq(gone.count, 1);
	ck_assert_uint_eq(gone.record[0].reason, FLOW_END_ACTIVE);
	for (uint32_t flow = 1; flow < 7; flow++)
		for (int i = 0; i < 2; i++)
			see_one(c, flow, 5 + (int)flow / 3, false);
	see_one(c, 100, 8, false);
	ck_assert_uint_eq(gone.count, 2);
	ck_assert_uint_eq(gone.record[1].reason, FLOW_END_RESOURCES);
	ck_assert_uint_eq(gone.record[1].flow, 1);
	cache_free(c);
}
END_TEST

static void see_tcp(struct cache *c, int64_t time, uint32_t flags)
{
	struct packet p = stream_packet(&(struct model_packet){
		.protocol = 6, .time = STREAM_START + time, .octets = 100, .flags = flags});

	cache_see(c, &p, 1);
}

/* An established connection that goes on with SYNs alone, beyond its active time: what it has been
 * counts, and the oldest leaves. */
START_TEST(a_grade_never_falls)
{
	const struct model_times times = {
		5 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND, 60 * SECOND};

	gone.count = 0;
	struct cache *c = open_cache(7, &times, 1, (struct flow_sink){append, &gone});
	see_tcp(c, 0, 0x10);
	see_tcp(c, 1, 0x10);
	for (uint32_t i = 0; i < 12; i++)
		see_one(c, 1 + i % 6, 5, false);
	see_tcp(c, 6 * SECOND, 0x02);
	see_tcp(c, 7 * SECOND, 0x02);
	ck_assert_uint_eq(gone.count, 1);
	ck_assert_uint_eq(gone.record[0].reason, FLOW_END_ACTIVE);
	see_one(c, 100, 8, false);
	ck_assert_uint_eq(gone.count, 2);
	ck_assert_uint_ne(gone.record[1].flow, 0);
	cache_free(c);
}
END_TEST

/* A cache is filled to its last entry and hardly a flow leaves early; beyond that one leaves for
 * each that comes. */
static const struct {
	uint32_t entries;
	unsigned early; /* of 10,000, at most */
} sizes[] = {{7, 0}, {100, 20}, {1000, 20}, {7001, 10}, {65536, 10}, {300000, 10}};

static void count_leaving(void *context, const struct flow_record *r)
{
	must(r->end_reason == FLOW_END_RESOURCES);
	++*(uint32_t *)context;
}

START_TEST(holds_as_many_as_it_says)
{
	uint32_t left, entries = sizes[_i].entries, early = 0, rounds = 1 + 20000 / entries;

	for (uint32_t n = 0; n < rounds; n++) {
		left = 0;
		struct cache *c = open_cache(
			entries, &rows[0].times, n, (struct flow_sink){count_leaving, &left});
		for (uint32_t flow = 0; flow < entries; flow++)
			see_one(c, flow, 0, false);
		early += left;
		ck_assert_uint_eq(cache_live(c).flows, entries - left);
		for (uint32_t flow = 0; flow < entries; flow++) {
			see_one(c, entries + flow, 1, flow & 1);
			must(cache_live(c).flows <= entries);
		}
		ck_assert_uint_eq(left, 2 * entries - cache_live(c).flows);
		cache_free(c);
	}
	ck_assert_msg((uint64_t)early * 10000 <= (uint64_t)sizes[_i].early * entries * rounds,
		"%u of %u entries: %u flows left early", entries, rounds, early);
}
END_TEST

/* A full set of flows of one moment, then packet time leaps by n ticks of 2^_i ns: any age that 16
 * bits can come to. Whatever it looks like, one leaves and the new one stands. */
START_TEST(ages_wrap)
{
	static const int ticks[] = {
		16383, 16384, 16385, 32766, 32767, 32768, 32769, 32770, 65535, 65536, 98305};

	for (int i = 0; i < ROWS(ticks) * ROWS(rows) * 2; i++) {
		const struct times_row *row = &rows[i / 2 % ROWS(rows)];
		struct watch w = {.model = model_new(&row->times), .list = &gone};
		struct model_packet p = {.protocol = 17, .time = STREAM_START, .octets = 1};
		gone.count = 0;
		struct cache *c = open_cache(
			i & 1 ? 7 : 14, &row->times, 1, (struct flow_sink){watch_leaving, &w});
		for (p.flow = 0; p.flow < 40; p.flow++)
			see_watched(c, &w, &p);
		p.time += (int64_t)ticks[i / 2 / ROWS(rows)] << _i;
		for (; p.flow < 60; p.flow++)
			see_watched(c, &w, &p);
		ck_assert_uint_eq(cache_live(c).flows, live_flows(w.model));
		cache_free(c);
		model_free(w.model);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache_full");
	TCase *cases = tcase_create("cache_full");

	tcase_add_loop_test(cases, who_leaves, 0, ROWS(evictions));
	tcase_add_test(cases, oldest_of_two_sets);
	tcase_add_test(cases, a_flood_displaces_itself);
	tcase_add_loop_test(cases, one_from_elsewhere, 0, 2);
	tcase_add_test(cases, beyond_active_time);
	tcase_add_test(cases, a_grade_never_falls);
	tcase_add_loop_test(cases, holds_as_many_as_it_says, 0, ROWS(sizes));
	tcase_add_loop_test(cases, ages_wrap, 20, 31);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
