/* The flow table against flow_model.h, which knows flow rule 3 and no cache. Streams of packets are
 * random and fixed by their seed. A large cache must give the model's records exactly, however it
 * is swept; a small one may end a record early for lack of room and nothing else. */
#include "cache_model.h"
#include "suite.h"

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

/* Rows of times, ways of sweeping, two seeds each. */
START_TEST(exact_when_large)
{
	const struct times_row *row = &rows[_i / SWEEPINGS];

	for (uint64_t seed = 1; seed <= 2; seed++) {
		gone.count = 0;
		struct stream s = stream_of(seed, 300, row->pace);
		struct model *m = model_new(&row->times);
		struct cache *c =
			open_cache(4000, &row->times, seed, (struct flow_sink){append, &gone});
		ck_assert_int_eq(cache_now(c), INT64_MIN);
		ck_assert_uint_eq(cache_sweep(c, UINT32_MAX), 0);
		cache_advance(c, s.now); /* before the first packet: nothing */
		run_both(c, m, &s, (enum sweeping)(_i % SWEEPINGS));
		statistics_agree(c, &gone);
		drain(c, seed == 1 ? 5000 : 7);
		statistics_agree(c, &gone);
		ck_assert_uint_eq(cache_statistics(c).clock_set_back, m->set_back);
		ck_assert_uint_eq(cache_statistics(c).closed[FLOW_END_RESOURCES].flows, 0);
		model_end(m);
		expect_same(m, &gone);
		ck_assert_uint_gt(m->count, 300);
		cache_free(c);
		model_free(m);
	}
}
END_TEST

static const uint32_t tiny[] = {1, 7, 8, 14, 45, 150, 1000};

static void run_watched(struct cache *c, struct watch *w, struct stream *s, unsigned pressure)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		struct model_packet p = stream_next(s);
		see_watched(c, w, &p);
		if (i % 64 == 0)
			ck_assert_uint_eq(cache_live(c).flows, live_flows(w->model));
		w->pressed = pressure != 0;
		if (i % 32 == 31)
			cache_sweep(c, 5);
		w->pressed = false;
	}
}

/* Every cache, every row: records end early for lack of room, else as the model says. */
START_TEST(exact_but_for_room)
{
	const struct times_row *row = &rows[_i % ROWS(rows)];
	uint32_t entries = tiny[_i / ROWS(rows) / 2];
	unsigned pressure = _i / ROWS(rows) % 2 ? 80 : 0;
	struct watch w = {.model = model_new(&row->times), .list = &gone};
	struct stream s = stream_of(9, entries < 1000 ? 600 : MODEL_FLOWS, row->pace);

	s.steady = true;
	gone.count = 0;
	struct cache *c = open_pressed(
		entries, &row->times, pressure, 3, (struct flow_sink){watch_leaving, &w});
	ck_assert_uint_eq(cache_statistics(c).entries, entries);
	run_watched(c, &w, &s, pressure);
	s.steady = false;
	run_watched(c, &w, &s, pressure);
	ck_assert_uint_le(cache_live(c).flows, entries);
	ck_assert_uint_eq(cache_statistics(c).opened.packets, 2 * PACKETS);
	drain(c, 1);
	ck_assert_uint_eq(live_flows(w.model), 0);
	statistics_agree(c, &gone);
	same_tally(cache_statistics(c).opened, tally_of(gone.record, gone.count));
	ck_assert_uint_eq(cache_statistics(c).closed[FLOW_END_RESOURCES].flows, w.displaced);
	if (!pressure)
		ck_assert_uint_eq(
			cache_statistics(c).pressures + cache_statistics(c).pressed.flows, 0);
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

	gone.count = single.count = 0;
	struct cache *a = open_cache(150, &row->times, 2, (struct flow_sink){append, &gone});
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
	ck_assert_uint_eq(gone.count, single.count);
	ck_assert_mem_eq(gone.record, single.record, gone.count * sizeof *gone.record);
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
		gone.count = 0;
		struct cache *c = open_cache(
			room->entries, &row->times, 8, (struct flow_sink){append, &gone});
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
		expect_same(m, &gone);
		cache_free(c);
		model_free(m);
	}
}
END_TEST

/* Other time-outs while flows are live. All that the old ones have ended has left before; from
 * there on records are those of a model that has the new ones. */
static void retime(struct cache *c, struct model *m, const struct model_times *t)
{
	model_retime(m, t);
	cache_retime(
		c, &(struct flow_timeouts){t->active, t->idle, t->fin, t->rst, t->udp, t->icmp}, 0);
}

static void see_some(struct cache *c, struct model *m, struct stream *s)
{
	for (unsigned n = 0; n < 200; n++) {
		struct model_packet p = stream_next(s);
		struct packet packet = stream_packet(&p);
		cache_see(c, &packet, 1);
		model_see(m, &p);
	}
}

START_TEST(takes_other_timeouts)
{
	const struct times_row *from = &rows[_i / ROWS(rows)], *to = &rows[_i % ROWS(rows)];

	for (int i = 0; i < ROWS(leaps); i++) {
		struct stream s = stream_of((uint64_t)i, 200, from->pace);
		struct model *m = model_new(&from->times);
		gone.count = 0;
		struct cache *c =
			open_cache(4000, &from->times, 8, (struct flow_sink){append, &gone});
		see_some(c, m, &s);
		leave_in_time(c, m, 0);
		size_t left = gone.count;
		retime(c, m, &to->times);
		ck_assert_uint_eq(gone.count, left);
		leave_in_time(c, m, leaps[i]);
		s.now = m->now;
		s.pace = to->pace;
		see_some(c, m, &s);
		leave_in_time(c, m, leaps[i]);
		drain(c, 100);
		model_end(m);
		expect_same(m, &gone);
		statistics_agree(c, &gone);
		cache_free(c);
		model_free(m);
	}
}
END_TEST

/* Rounds are as short as the new ones ask for. */
START_TEST(keeps_pace_with_other_timeouts)
{
	const struct model_times *hours = &rows[3].times, *brief = &rows[1].times;
	struct model *m = model_new(hours);
	struct stream s = stream_of(1, 200, SECOND / 1000);

	gone.count = 0;
	struct cache *c = open_cache(4000, hours, 8, (struct flow_sink){append, &gone});
	s.steady = true;
	see_some(c, m, &s);
	retime(c, m, brief);
	for (int i = 0; i < 60; i++) {
		cache_advance(c, s.now + i * SECOND / 100);
		cache_sweep(c, UINT32_MAX);
	}
	ck_assert_uint_eq(cache_live(c).flows, 0);
	model_free(m);
	cache_free(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache");
	TCase *cases = tcase_create("cache");

	tcase_add_loop_test(cases, exact_when_large, 0, ROWS(rows) * SWEEPINGS);
	tcase_add_loop_test(cases, exact_but_for_room, 0, 2 * ROWS(rows) * ROWS(tiny));
	tcase_add_loop_test(cases, batches_change_nothing, 0, ROWS(rows));
	tcase_add_loop_test(cases, nothing_stays_too_long, 0, ROWS(rows) * ROWS(rooms));
	tcase_add_loop_test(cases, takes_other_timeouts, 0, ROWS(rows) * ROWS(rows));
	tcase_add_test(cases, keeps_pace_with_other_timeouts);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
