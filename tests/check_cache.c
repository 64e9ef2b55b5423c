/* The flow table against flow_model.h, which knows flow rule 3 and no cache. Streams of packets are
 * random and fixed by their seed. A large cache must give the model's records exactly, however it
 * is swept; a small one may end a record early for lack of room and nothing else. */
#include "flow/cache.h"

#include "flow_stream.h"

#include <check.h>
#include <stdlib.h>

#define SECOND STREAM_SECOND
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
/* Said a million times: without libcheck's note of each place that was passed. */
#define must(condition)                                 \
	do {                                            \
		if (!(condition))                       \
			ck_abort_msg("%s", #condition); \
	} while (0)

#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))

enum { PACKETS = 5000, LIST = 2 * PACKETS };

static const struct times_row {
	struct model_times times;
	int64_t pace;
} rows[] = {
	{{60 * SECOND, 15 * SECOND, 5 * SECOND, 5 * SECOND, -1, -1}, SECOND / 50},
	{{SECOND, SECOND / 2, SECOND / 10, SECOND / 20, SECOND / 5, SECOND / 3}, SECOND / 1000},
	{{SECOND / 1000, SECOND / 1000, 0, 0, 0, SECOND}, SECOND / 5000},
	{{10 * HOUR, 3 * HOUR, HOUR, HOUR / 2, 2 * HOUR, 60 * SECOND}, 20 * SECOND},
	{{2000 * DAY, 1000 * DAY, 5 * SECOND, 1000 * DAY, 700 * DAY, -1}, HOUR},
	{{10 * SECOND, 60 * SECOND, 60 * SECOND, 30 * SECOND, 60 * SECOND, -1}, SECOND / 50},
	{{15 * SECOND, 15 * SECOND, 15 * SECOND, 15 * SECOND, 15 * SECOND, 0}, SECOND / 50},
	{{7 * DAY, SECOND, DAY, 5 * SECOND, SECOND / 100, 3 * DAY}, SECOND},
	{{36500 * DAY, 36500 * DAY, SECOND, SECOND, 36500 * DAY, 1}, DAY / 10},
};

/* Records in the order in which they left. */
struct list {
	struct model_record record[LIST];
	size_t count;
};

static void append(void *context, const struct flow_record *r)
{
	struct list *list = context;
	struct model_record m = stream_record(r);
	struct model_packet p = {.flow = m.flow, .protocol = m.protocol};
	struct packet packet = stream_packet(&p);

	must(memcmp(&r->key, &packet, sizeof r->key) == 0);
	must(list->count < LIST);
	list->record[list->count++] = m;
}

static struct cache *open_cache(
	uint32_t entries, const struct model_times *t, uint64_t seed, struct flow_sink sink)
{
	struct cache *c = cache_new(
		&(struct cache_options){
			.entries = entries,
			.timeouts = {t->active, t->idle, t->fin, t->rst, t->udp, t->icmp},
			.seed = seed,
			.touch = seed & 1,
		},
		sink);

	ck_assert_ptr_nonnull(c);
	return c;
}

static void drain(struct cache *c, uint32_t most)
{
	while (cache_drain(c, most))
		;
	ck_assert_uint_eq(cache_live(c).flows, 0);
	ck_assert(!cache_drain(c, most));
}

static struct cache_tally tally_of(const struct model_record *r, size_t count)
{
	struct cache_tally t = {count, 0, 0};

	for (size_t i = 0; i < count; i++) {
		t.packets += r[i].packets;
		t.octets += r[i].octets;
	}
	return t;
}

static void same_tally(struct cache_tally a, struct cache_tally b)
{
	ck_assert_uint_eq(a.flows, b.flows);
	ck_assert_uint_eq(a.packets, b.packets);
	ck_assert_uint_eq(a.octets, b.octets);
}

/* The statistics are those of the records that left, by reason. */
static void statistics_agree(const struct cache *c, const struct list *list)
{
	struct cache_statistics s = cache_statistics(c);
	struct cache_tally sum[FLOW_END_REASONS] = {0}, live = cache_live(c), out = {0};

	for (size_t i = 0; i < list->count; i++) {
		struct cache_tally *t = &sum[list->record[i].reason];
		t->flows++;
		t->packets += list->record[i].packets;
		t->octets += list->record[i].octets;
	}
	for (int i = 0; i < FLOW_END_REASONS; i++) {
		same_tally(s.closed[i], sum[i]);
		out.flows += sum[i].flows;
		out.packets += sum[i].packets;
		out.octets += sum[i].octets;
	}
	out.flows += live.flows;
	out.packets += live.packets;
	out.octets += live.octets;
	same_tally(s.opened, out);
}

enum sweeping { NEVER, AFTER_EACH_BATCH, IN_SLICES, SELDOM, SWEEPINGS };

static void sweep(struct cache *c, struct stream *s, enum sweeping how)
{
	switch (how) {
	case AFTER_EACH_BATCH: cache_sweep(c, UINT32_MAX); break;
	case IN_SLICES: cache_sweep(c, (uint32_t)stream_random(s, 40)); break;
	case SELDOM:
		if (stream_random(s, 100) == 0)
			cache_sweep(c, UINT32_MAX);
		break;
	default: break;
	}
}

/* An idle link: the clock moves on without a packet. */
static void idle_link(struct cache *c, struct model *m, struct stream *s, int64_t pace)
{
	if (stream_random(s, 50))
		return;
	int64_t to = s->now + (int64_t)stream_random(s, 200 * (uint64_t)pace) - 50 * pace;
	cache_advance(c, to);
	model_advance(m, to);
	if (m->started)
		ck_assert_int_eq(cache_now(c), m->now);
	s->now = m->started ? m->now : s->now;
}

static void run_both(struct cache *c, struct model *m, struct stream *s, enum sweeping how)
{
	struct stream other = *s; /* so that sweeping does not change the packets */
	struct packet batch[CACHE_BATCH];

	other.random ^= 0x5555;
	for (unsigned seen = 0; seen < PACKETS;) {
		unsigned n = 1 + (unsigned)stream_random(s, CACHE_BATCH);
		for (unsigned i = 0; i < n; i++) {
			struct model_packet p = stream_next(s);
			batch[i] = stream_packet(&p);
			model_see(m, &p);
		}
		cache_see(c, batch, n);
		seen += n;
		must(cache_now(c) == m->now);
		sweep(c, &other, how);
		idle_link(c, m, s, s->pace);
	}
}

static void expect_same(struct model *m, struct list *list)
{
	model_sort(m->left, m->count);
	model_sort(list->record, list->count);
	ck_assert_uint_eq(list->count, m->count);
	for (size_t i = 0; i < list->count; i++)
		must(memcmp(&list->record[i], &m->left[i], sizeof m->left[i]) == 0);
}

static struct list list;

/* Rows of times, ways of sweeping, two seeds each. */
START_TEST(exact_when_large)
{
	const struct times_row *row = &rows[_i / SWEEPINGS];

	for (uint64_t seed = 1; seed <= 2; seed++) {
		list.count = 0;
		struct stream s = stream_of(seed, 300, row->pace);
		struct model *m = model_new(&row->times);
		struct cache *c =
			open_cache(4000, &row->times, seed, (struct flow_sink){append, &list});
		ck_assert_int_eq(cache_now(c), INT64_MIN);
		ck_assert_uint_eq(cache_sweep(c, UINT32_MAX), 0);
		cache_advance(c, s.now); /* before the first packet: nothing */
		run_both(c, m, &s, _i % SWEEPINGS);
		statistics_agree(c, &list);
		drain(c, seed == 1 ? 5000 : 7);
		statistics_agree(c, &list);
		ck_assert_uint_eq(cache_statistics(c).clock_set_back, m->set_back);
		ck_assert_uint_eq(cache_statistics(c).closed[FLOW_END_RESOURCES].flows, 0);
		model_end(m);
		expect_same(m, &list);
		ck_assert_uint_gt(m->count, 300);
		cache_free(c);
		model_free(m);
	}
}
END_TEST

/* One packet at a time beside the model, which is told what is displaced. */
struct watch {
	struct model *model;
	struct model_packet packet; /* in hand */
	bool in_hand, set_back;
	uint64_t displaced;
	struct list *list;
};

static uint32_t expected_reason(const struct watch *w, const struct model_record *r)
{
	uint32_t why = model_over(w->model, r, w->model->now);

	if (why)
		return why;
	if (w->set_back || !w->in_hand)
		return FLOW_END_FORCED;
	if (r->flow != w->packet.flow)
		return FLOW_END_RESOURCES;
	return model_reopens(r, &w->packet) ? FLOW_END_DETECTED : FLOW_END_NONE;
}

/* What leaves is all that is known of its flow: nothing is live twice or forgotten. */
static void watch_leaving(void *context, const struct flow_record *r)
{
	struct watch *w = context;
	struct model_record is = stream_record(r), *live = &w->model->live[is.flow];

	must(live->packets != 0);
	live->reason = expected_reason(w, live);
	must(memcmp(&is, live, sizeof is) == 0);
	live->packets = 0;
	w->displaced += is.reason == FLOW_END_RESOURCES;
	append(w->list, r);
}

static void see_watched(struct cache *c, struct watch *w, const struct model_packet *p)
{
	struct packet packet = stream_packet(p);
	size_t before = w->model->count;

	w->packet = *p;
	w->in_hand = true;
	w->set_back = model_sets_back(w->model, p->time);
	if (!w->set_back)
		model_advance(w->model, p->time);
	cache_see(c, &packet, 1);
	model_see(w->model, p); /* finds that whatever was over has left */
	must(w->model->count == before);
	w->in_hand = false;
}

static const uint32_t tiny[] = {1, 7, 8, 14, 45, 150, 1000};

static size_t live_flows(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < MODEL_FLOWS; i++)
		n += m->live[i].packets > 0;
	return n;
}

static void run_watched(struct cache *c, struct watch *w, struct stream *s)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		struct model_packet p = stream_next(s);
		see_watched(c, w, &p);
		if (i % 64 == 0)
			ck_assert_uint_eq(cache_live(c).flows, live_flows(w->model));
		if (i % 32 == 31)
			cache_sweep(c, 5);
	}
}

/* Every cache, every row: records end early for lack of room, else as the model says. */
START_TEST(exact_but_for_room)
{
	const struct times_row *row = &rows[_i % ROWS(rows)];
	uint32_t entries = tiny[_i / ROWS(rows)], ways = cache_ways();
	struct watch w = {.model = model_new(&row->times), .list = &list};
	struct stream s = stream_of(9, entries < 1000 ? 600 : MODEL_FLOWS, row->pace);

	s.steady = true;
	list.count = 0;
	struct cache *c =
		open_cache(entries, &row->times, 3, (struct flow_sink){watch_leaving, &w});
	uint32_t whole = (entries + ways - 1) / ways * ways;
	ck_assert_uint_eq(cache_statistics(c).entries, whole);
	run_watched(c, &w, &s);
	s.steady = false;
	run_watched(c, &w, &s);
	ck_assert_uint_le(cache_live(c).flows, whole);
	ck_assert_uint_eq(cache_statistics(c).opened.packets, 2 * PACKETS);
	drain(c, 1);
	ck_assert_uint_eq(live_flows(w.model), 0);
	statistics_agree(c, &list);
	same_tally(cache_statistics(c).opened, tally_of(list.record, list.count));
	if (entries <= 45 && row->times.idle > SECOND)
		ck_assert_uint_gt(w.displaced, 1000);
	cache_free(c);
	model_free(w.model);
}
END_TEST

/* A batch is its packets one by one: the same records in the same order. */
START_TEST(batches_change_nothing)
{
	static struct list single;
	const struct times_row *row = &rows[_i];
	struct stream s = stream_of(4, 1000, row->pace);
	struct packet batch[CACHE_BATCH];

	list.count = single.count = 0;
	struct cache *a = open_cache(150, &row->times, 2, (struct flow_sink){append, &list});
	struct cache *b = open_cache(150, &row->times, 2, (struct flow_sink){append, &single});
	for (unsigned seen = 0; seen < PACKETS; seen += CACHE_BATCH) {
		for (unsigned i = 0; i < CACHE_BATCH; i++) {
			struct model_packet p = stream_next(&s);
			batch[i] = stream_packet(&p);
			cache_see(b, &batch[i], 1);
		}
		cache_see(a, batch, CACHE_BATCH);
		ck_assert_uint_eq(cache_sweep(a, 3), cache_sweep(b, 3));
	}
	drain(a, 4);
	drain(b, 4);
	ck_assert_uint_eq(list.count, single.count);
	ck_assert_mem_eq(list.record, single.record, list.count * sizeof *list.record);
	cache_free(a);
	cache_free(b);
}
END_TEST

/* After a round and a bit, nothing is left that was over when it began: whatever the packet time
 * did before, also where ages of 16 bits have wrapped. */
static const int64_t leaps[] = {
	0, SECOND, 9 * SECOND, 100 * SECOND, 9 * HOUR, 19 * HOUR, 30 * DAY, 1500 * DAY};

static const struct room {
	uint32_t entries, flows;
} rooms[] = {{7, 7}, {8, 7}, {1000, 60}, {4000, 200}};

static void leave_in_time(struct cache *c, struct model *m, int64_t leap)
{
	int64_t now = cache_now(c) + leap;

	for (int i = 0; i < 30; i++) { /* the longest round takes 10 s */
		cache_advance(c, now + i * SECOND);
		if (i % 2)
			cache_sweep(c, UINT32_MAX);
		else
			while (cache_sweep(c, 17) == 17)
				;
	}
	model_advance(m, now + 29 * SECOND);
	ck_assert_uint_le(cache_live(c).flows, model_live(m, now));
	ck_assert_uint_ge(cache_live(c).flows, model_live(m, m->now));
}

START_TEST(nothing_stays_too_long)
{
	const struct times_row *row = &rows[_i / ROWS(rooms)];
	const struct room *room = &rooms[_i % ROWS(rooms)];

	for (int i = 0; i < ROWS(leaps); i++) {
		struct stream s = stream_of((uint64_t)i, room->flows, row->pace);
		struct model *m = model_new(&row->times);
		list.count = 0;
		struct cache *c = open_cache(
			room->entries, &row->times, 8, (struct flow_sink){append, &list});
		for (int again = 0; again < 3; again++) {
			for (unsigned n = 0; n < 200; n++) {
				struct model_packet p = stream_next(&s);
				struct packet packet = stream_packet(&p);
				cache_see(c, &packet, 1);
				model_see(m, &p);
			}
			leave_in_time(c, m, leaps[i]);
			s.now = m->now;
		}
		drain(c, 100);
		model_end(m);
		expect_same(m, &list);
		cache_free(c);
		model_free(m);
	}
}
END_TEST

/* One packet of a flow, so many seconds after the start; a bare SYN or none. */
static void see_one(struct cache *c, uint32_t flow, int seconds, bool syn)
{
	struct packet p = stream_packet(&(struct model_packet){
		.flow = flow,
		.protocol = syn ? 6 : 17,
		.time = STREAM_START + seconds * SECOND,
		.octets = 100,
		.flags = syn ? 0x02 : 0,
	});

	cache_see(c, &p, 1);
}

/* In one full set: who leaves for flow 100, and why. */
static const struct {
	const char *name;
	uint8_t packets[7]; /* of flow i, whose last one is at second i */
	bool syn[7];
	int now;
	uint32_t leaves;
	enum flow_end_reason reason;
} evictions[] = {
	{"the oldest", {1, 1, 1, 1, 1, 1, 1}, {0}, 9, 0, FLOW_END_RESOURCES},
	{"the oldest of established ones", {2, 2, 2, 2, 2, 2, 2}, {0}, 9, 0, FLOW_END_RESOURCES},
	{"the one that is not established", {2, 3, 9, 2, 1, 2, 2}, {0}, 9, 4, FLOW_END_RESOURCES},
	{"the oldest of two", {2, 3, 9, 1, 1, 2, 2}, {0}, 9, 3, FLOW_END_RESOURCES},
	{"half-open is not established", {2, 3, 9, 2, 2, 9, 2}, {[5] = true}, 9, 5,
		FLOW_END_RESOURCES},
	{"one that is over, by its own reason", {1, 1, 1, 1, 1, 1, 1}, {0}, 15, 0, FLOW_END_IDLE},
};

START_TEST(who_leaves)
{
	list.count = 0;
	struct cache *c = open_cache(7, &rows[0].times, 1, (struct flow_sink){append, &list});

	for (uint32_t flow = 0; flow < 7; flow++)
		for (int i = 0; i < evictions[_i].packets[flow]; i++)
			see_one(c, flow, (int)flow, evictions[_i].syn[flow]);
	ck_assert_uint_eq(list.count, 0);
	see_one(c, 100, evictions[_i].now, false);
	ck_assert_msg(list.count == 1 && list.record[0].flow == evictions[_i].leaves &&
			      list.record[0].reason == evictions[_i].reason,
		"%s: flow %u left, reason %u", evictions[_i].name, list.record[0].flow,
		list.record[0].reason);
	ck_assert_uint_eq(cache_live(c).flows, 7);
	cache_free(c);
}
END_TEST

/* A flood of single packets drives out its own: established flows stay. */
START_TEST(a_flood_displaces_itself)
{
	list.count = 0;
	struct cache *c = open_cache(140, &rows[0].times, 1, (struct flow_sink){append, &list});

	for (uint32_t i = 0; i < 60; i++)
		see_one(c, i % 30, 0, false);
	for (uint32_t i = 0; i < 1500; i++)
		see_one(c, 100 + i, (int)i / 300, i & 1);
	for (size_t i = 0; i < list.count; i++)
		ck_assert_uint_ge(list.record[i].flow, 100);
	ck_assert_uint_gt(list.count, 1300);
	cache_free(c);
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
		struct watch w = {.model = model_new(&row->times), .list = &list};
		struct model_packet p = {.protocol = 17, .time = STREAM_START, .octets = 1};
		list.count = 0;
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
	Suite *suite = suite_create("cache");
	TCase *cases = tcase_create("cache");

	tcase_add_loop_test(cases, exact_when_large, 0, ROWS(rows) * SWEEPINGS);
	tcase_add_loop_test(cases, exact_but_for_room, 0, ROWS(rows) * ROWS(tiny));
	tcase_add_loop_test(cases, batches_change_nothing, 0, ROWS(rows));
	tcase_add_loop_test(cases, nothing_stays_too_long, 0, ROWS(rows) * ROWS(rooms));
	tcase_add_loop_test(cases, who_leaves, 0, ROWS(evictions));
	tcase_add_test(cases, a_flood_displaces_itself);
	tcase_add_loop_test(cases, ages_wrap, 20, 31);
	suite_add_tcase(suite, cases);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
