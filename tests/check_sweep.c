/* How the sweep and the drain go round: how often they come to a set, and which records the sweep
 * looks at. */
#include "cache_model.h"
#include "suite.h"

#include <sys/mman.h>
#include <unistd.h>

#define MS (SECOND / 1000)

/* Each set once in a round, evenly, and never more than a round at once; an eighth of the shortest
 * time-out, of which a record may so be late. */
START_TEST(sweeps_keep_pace)
{
	const struct model_times times = {
		80 * SECOND, 8 * SECOND, 8 * SECOND, 8 * SECOND, 8 * SECOND, 8 * SECOND};
	const int64_t begin = STREAM_START, hour = HOUR;
	struct cache *c = open_cache(7000, &times, 1, (struct flow_sink){append, &gone});
	uint32_t sets = cache_sets(c), swept = 0;

	gone.count = 0;
	ck_assert_uint_eq(cache_sweep(c, UINT32_MAX), 0); /* no time yet */
	see_one(c, 1, 0, false);
	ck_assert_uint_eq(cache_sweep(c, UINT32_MAX), 0);
	for (int i = 1; i <= 3000; i++) {
		uint32_t due;
		cache_advance(c, begin + i * SECOND / 1000);
		do {
			due = cache_sweep(c, 1);
			swept += due;
		} while (due);
		ck_assert_uint_le(swept, (uint64_t)sets * (unsigned)i / 1000);
		ck_assert_uint_ge(swept + 3, (uint64_t)sets * (unsigned)i / 1000);
	}
	ck_assert_uint_eq(gone.count, 0);
	cache_advance(c, begin + hour);
	ck_assert_uint_eq(cache_sweep(c, sets / 2), sets / 2);
	ck_assert_uint_eq(cache_sweep(c, UINT32_MAX), sets - sets / 2);
	ck_assert_uint_eq(cache_sweep(c, UINT32_MAX), 0);
	ck_assert_uint_eq(gone.count, 1);
	/* The clock is set back: what is live leaves, and the sweep begins where time does. */
	see_one(c, 2, 3600, false);
	see_one(c, 3, 100, false);
	ck_assert_uint_eq(gone.count, 2);
	ck_assert_uint_eq(gone.record[1].reason, FLOW_END_FORCED);
	ck_assert_uint_eq(cache_statistics(c).clock_set_back, 1);
	ck_assert_uint_eq(cache_sweep(c, UINT32_MAX), 0);
	cache_advance(c, begin + 101 * SECOND);
	ck_assert_uint_ge(cache_sweep(c, UINT32_MAX), sets - 1);
	ck_assert_int_eq(cache_now(c), begin + 101 * SECOND);
	cache_advance(c, begin);
	ck_assert_int_eq(cache_now(c), begin + 101 * SECOND);
	drain(c, 100);
	cache_free(c);
}
END_TEST

/* In many rounds no set is visited more often than once in each, and hardly less; a round is an
 * eighth of the shortest time-out, of 10 ms at least and 10 s at most. */
static const struct {
	int64_t shortest, round;
} paces[] = {
	{SECOND / 100, SECOND / 100},
	{SECOND / 10, SECOND / 80},
	{8 * SECOND, SECOND},
	{1000 * SECOND, 10 * SECOND},
};

START_TEST(sweeps_are_even)
{
	const int64_t t = paces[_i].shortest, round = paces[_i].round;
	const struct model_times times = {t, t, t, t, t, t};
	struct cache *c = open_cache(7000, &times, 1, (struct flow_sink){append, &gone});
	uint64_t sets = cache_sets(c), swept = 0;

	gone.count = 0;
	see_one(c, 1, 0, false);
	for (int i = 1; i <= 3000; i++) {
		cache_advance(c, STREAM_START + i * round / 10);
		swept += cache_sweep(c, UINT32_MAX);
	}
	ck_assert_uint_le(swept, sets * 300);
	ck_assert_uint_ge(swept, sets * 300 - sets);
	cache_free(c);
}
END_TEST

/* What comes into sets that were drained already leaves when the round comes there again. */
START_TEST(drained_while_flows_come)
{
	struct cache *c = open_cache(7000, &rows[0].times, 1, (struct flow_sink){append, &gone});
	uint32_t half = cache_sets(c) / 2 + 1;

	gone.count = 0;
	ck_assert(!cache_drain(c, half));
	for (uint32_t flow = 0; flow < 3000; flow++)
		see_one(c, flow, 0, false);
	ck_assert(cache_drain(c, half));
	ck_assert_uint_gt(gone.count, 1000);
	for (uint32_t flow = 3000; flow < 5000; flow++)
		see_one(c, flow, 0, false);
	for (int i = 0; i < 3; i++)
		(void)cache_drain(c, half);
	ck_assert_uint_eq(gone.count, 5000);
	ck_assert(!cache_drain(c, half));

	uint32_t calls = 0; /* one set at a time: nearly all of them have flows */
	for (uint32_t flow = 5000; flow < 9000; flow++)
		see_one(c, flow, 0, false);
	while (cache_drain(c, 1))
		calls++;
	ck_assert_uint_le(calls, cache_sets(c));
	ck_assert_uint_ge(calls, cache_sets(c) - 20);
	cache_free(c);
}
END_TEST

/* As many sets as there are, from wherever the last drain came to, are all of them. */
START_TEST(drains_all_sets_from_anywhere)
{
	static const uint32_t sizes[] = {7, 14, 100, 700};
	struct cache *c =
		open_cache(sizes[_i], &rows[0].times, 1, (struct flow_sink){append, &gone});
	uint32_t sets = cache_sets(c);

	for (uint32_t from = 0; from <= sets; from++) {
		gone.count = 0;
		for (int twice = 0; twice < 2; twice++) {
			for (uint32_t flow = 0; flow < sizes[_i]; flow++)
				see_one(c, flow, 0, false);
			ck_assert(cache_drain(c, twice ? sets : 1));
		}
		ck_assert_uint_eq(cache_live(c).flows, 0);
	}
	cache_free(c);
}
END_TEST

/* ---- Which records the sweep looks at ---- */

enum { FLOWS = 2000, ENTRIES = 7000 };

static void sweep_until(struct cache *c, int from, int to) /* milliseconds from the start on */
{
	for (int ms = from; ms <= to; ms += 50) {
		cache_advance(c, STREAM_START + ms * MS);
		cache_sweep(c, UINT32_MAX);
	}
}

static void note_place(void *context, const struct flow_record *record)
{
	*(const struct flow_record **)context = record;
}

/* The whole pages of so many records from the first on: who reads them dies, or may. */
static void allow(const struct flow_record *first, uint32_t count, bool allowed)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)first + page - 1) / page * page;
	uintptr_t end = (uintptr_t)(first + count) / page * page;

	ck_assert_int_eq(
		mprotect((void *)begin, end - begin, allowed ? PROT_READ | PROT_WRITE : PROT_NONE),
		0);
}

/* The place of the first record; the following ones come after it in a row. */
static const struct flow_record *open_flows(
	struct cache *c, const struct flow_record **left, uint32_t count)
{
	see_one(c, 0, 0, false);
	drain(c, ENTRIES);
	for (uint32_t flow = 0; flow < count; flow++)
		see_one(c, flow, 0, false);
	return *left;
}

/* Ages say whose time has not come: of a million flows the sweep reads one cache line for seven.
 * Records are looked at once when the time-outs are others. */
START_TEST(reads_no_record_before_its_time)
{
	struct flow_timeouts times = flow_timeouts_default;
	const struct flow_record *left;
	struct cache *c =
		open_cache(ENTRIES, &rows[0].times, 1, (struct flow_sink){note_place, &left});
	const struct flow_record *first;

	if (_i) { /* it has gone round for long */
		see_one(c, 0, -600, false);
		sweep_until(c, -600000, 0);
	}
	first = open_flows(c, &left, FLOWS);
	allow(first, FLOWS, false);
	sweep_until(c, 0, 14900);
	allow(first, FLOWS, true);

	times.idle = times.udp = 2 * rows[0].times.idle;
	cache_retime(c, &times, 0);
	sweep_until(c, 14950, 16000); /* a round takes five eighths of a second */
	allow(first, FLOWS, false);
	sweep_until(c, 16050, 29900);
	allow(first, FLOWS, true);
	ck_assert_uint_eq(cache_live(c).flows, FLOWS);
	sweep_until(c, 29950, 31000);
	ck_assert_uint_eq(cache_live(c).flows, 0);
	cache_free(c);
}
END_TEST

/* Nine tenths full, idle times are 8 s. Records are looked at once, when they leave. */
START_TEST(nor_before_its_time_under_pressure)
{
	enum { PRESSED = 1000, LIVE = 900 };
	const struct flow_record *left;
	struct cache *c =
		open_pressed(PRESSED, &rows[0].times, 80, 1, (struct flow_sink){note_place, &left});
	const struct flow_record *first = open_flows(c, &left, LIVE);

	allow(first, LIVE, false);
	sweep_until(c, 0, 7950);
	sweep_until(c, 7999, 7999);
	ck_assert_int_eq(cache_statistics(c).idle / SECOND, 8);
	allow(first, LIVE, true);
	sweep_until(c, 8050, 9000);
	ck_assert_uint_lt(cache_live(c).flows, LIVE);
	cache_free(c);
}
END_TEST

/* Packet time is set back by a month and leaps then, so that 16 bits of age come to anything: what
 * is idle leaves in the round, for all that. */
START_TEST(in_time_when_set_back)
{
	enum { MONTH = 30 * 86400, TICK = 24 /* bits, of an idle time of 15 s */ };

	for (int64_t ticks = 1000; ticks < 70000; ticks += 1000) {
		gone.count = 0;
		struct cache *c =
			open_cache(ENTRIES, &rows[0].times, 1, (struct flow_sink){append, &gone});
		see_one(c, 0, 0, false);
		sweep_until(c, 0, 3000);
		see_one(c, 1, -MONTH, false);
		ck_assert_uint_eq(gone.count, 1);
		cache_advance(c, STREAM_START - MONTH * SECOND + (ticks << TICK));
		cache_sweep(c, UINT32_MAX);
		ck_assert_uint_eq(gone.count, 2);
		ck_assert_uint_eq(gone.record[1].reason, FLOW_END_IDLE);
		cache_free(c);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sweep");
	TCase *cases = tcase_create("sweep");

	tcase_add_test(cases, sweeps_keep_pace);
	tcase_add_loop_test(cases, sweeps_are_even, 0, ROWS(paces));
	tcase_add_test(cases, drained_while_flows_come);
	tcase_add_loop_test(cases, drains_all_sets_from_anywhere, 0, 4);
	tcase_add_loop_test(cases, reads_no_record_before_its_time, 0, 2);
	tcase_add_test(cases, nor_before_its_time_under_pressure);
	tcase_add_test(cases, in_time_when_set_back);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
