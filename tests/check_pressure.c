/* How much sooner flows leave a cache that is nearly full, by the numbers and in a cache. */
#include "cache_model.h"
#include "flow/pressure.h"
#include "suite.h"

#include <string.h>

#define MILLISECOND (SECOND / 1000)

enum { ENTRIES = 1000, PERCENT = 80 };

static struct flow_limits limits_with(int64_t idle)
{
	struct flow_timeouts t = flow_timeouts_default;

	t.idle = idle;
	t.tcp_fin = SECOND / 2;
	return flow_limits_of(&t);
}

/* ---- The rule ---- */

/* In a cache of 1,000 entries: live flows by grade, and what an idle time of 15 s comes to for
 * each grade, in milliseconds. */
static const struct {
	uint32_t flows[FLOW_GRADES];
	int idle[FLOW_GRADES];
} fills[] = {
	{{0, 0, 0}, {15000, 15000, 15000}},
	{{800, 0, 0}, {15000, 15000, 15000}},
	{{900, 0, 0}, {8000, 15000, 15000}},
	{{1000, 0, 0}, {1000, 15000, 15000}},
	{{850, 0, 100}, {4500, 15000, 15000}},
	{{0, 900, 0}, {8000, 8000, 15000}},
	{{50, 900, 0}, {4500, 8000, 15000}},
	{{100, 450, 450}, {1000, 8000, 15000}},
	{{0, 0, 900}, {8000, 8000, 8000}},
	{{0, 100, 900}, {1000, 1000, 8000}},
	{{0, 0, 1000}, {1000, 1000, 1000}},
};

START_TEST(in_a_straight_line)
{
	struct flow_limits configured = limits_with(15 * SECOND);
	struct pressure p;

	pressure_init(&p, &configured, ENTRIES, PERCENT);
	pressure_feel(&p, &configured, fills[_i].flows);
	for (int g = 0; g < FLOW_GRADES; g++) {
		int64_t off = p.limits[g].idle[FLOW_OTHER] - fills[_i].idle[g] * MILLISECOND;
		ck_assert_msg(off >= 0 && off < MILLISECOND, "grade %d: off by %lld ns", g,
			(long long)off);
		ck_assert_int_eq(p.limits[g].idle[FLOW_UDP], p.limits[g].idle[FLOW_OTHER]);
		ck_assert_int_eq(p.limits[g].idle[FLOW_TCP_FIN], SECOND / 2); /* short enough */
		ck_assert_int_eq(p.limits[g].active, configured.active);
	}
}
END_TEST

/* Whatever is configured, it only gets less, and a second at the last entry. */
START_TEST(never_grows)
{
	static const int64_t idle[] = {
		0, 1, SECOND - 1, SECOND, SECOND + 1, 15 * SECOND, HOUR, 36500 * DAY};
	static const uint32_t entries[] = {1, 2, 5, 16, 100, 65536, 268435456};

	for (int i = 0; i < ROWS(idle) * ROWS(entries); i++) {
		struct flow_limits configured = limits_with(idle[i % ROWS(idle)]);
		uint32_t all = entries[i / ROWS(idle)], flows[FLOW_GRADES] = {0};
		int64_t before = configured.idle[FLOW_OTHER];
		struct pressure p;
		pressure_init(&p, &configured, all, PERCENT);
		for (uint32_t n = 0; n <= 100; n++) {
			flows[FLOW_SINGLE] = (uint32_t)((uint64_t)all * n / 100);
			pressure_feel(&p, &configured, flows);
			ck_assert_int_le(p.limits[0].idle[FLOW_OTHER], before);
			before = p.limits[0].idle[FLOW_OTHER];
		}
		if (p.from != UINT32_MAX)
			ck_assert_int_eq(before, configured.idle[FLOW_OTHER] < SECOND
							 ? configured.idle[FLOW_OTHER]
							 : SECOND);
	}
}
END_TEST

/* It comes on above the line and goes off a twentieth below; in between it stays as it is. */
START_TEST(does_not_flutter)
{
	static const struct {
		uint32_t flows;
		bool on;
		unsigned times;
	} steps[] = {{700, false, 0}, {800, false, 0}, {801, true, 1}, {799, true, 1},
		{751, true, 1}, {900, true, 1}, {750, false, 1}, {800, false, 1}, {801, true, 2}};
	struct flow_limits configured = limits_with(15 * SECOND);
	struct pressure p;

	pressure_init(&p, &configured, ENTRIES, PERCENT);
	for (int i = 0; i < ROWS(steps); i++) {
		uint32_t flows[FLOW_GRADES] = {steps[i].flows};
		pressure_feel(&p, &configured, flows);
		ck_assert_int_eq(p.on, steps[i].on);
		ck_assert_uint_eq(p.times, steps[i].times);
	}
}
END_TEST

/* What is configured anew: the times that it came on stay, and so does that it is on, until the
 * fill says otherwise. */
START_TEST(changes)
{
	static const struct {
		unsigned percent;
		uint32_t flows;
		bool on;
		unsigned times;
	} steps[] = {{80, 801, true, 1}, {90, 851, true, 1}, {90, 850, false, 1},
		{50, 501, true, 2}, {100, 1000, false, 2}, {80, 1000, true, 3},
		{0, 1000, false, 3}};
	struct flow_limits configured = limits_with(15 * SECOND);
	struct pressure p;

	pressure_init(&p, &configured, ENTRIES, 80);
	for (int i = 0; i < ROWS(steps); i++) {
		uint32_t flows[FLOW_GRADES] = {steps[i].flows};
		pressure_change(&p, &configured, ENTRIES, steps[i].percent);
		pressure_feel(&p, &configured, flows);
		ck_assert_int_eq(p.on, steps[i].on);
		ck_assert_uint_eq(p.times, steps[i].times);
	}
	configured = limits_with(30 * SECOND);
	pressure_change(&p, &configured, ENTRIES, 0);
	ck_assert_int_eq(p.limits[FLOW_SINGLE].idle[FLOW_OTHER], 30 * SECOND);
}
END_TEST

START_TEST(none_when_not_wanted)
{
	static const unsigned percents[] = {0, 100};
	struct flow_limits configured = limits_with(15 * SECOND);
	uint32_t flows[FLOW_GRADES] = {ENTRIES};
	struct pressure p;

	pressure_init(&p, &configured, ENTRIES, percents[_i]);
	ck_assert(!pressure_feel(&p, &configured, flows));
	ck_assert(!p.on);
	ck_assert_int_eq(p.limits[FLOW_SINGLE].idle[FLOW_OTHER], 15 * SECOND);
}
END_TEST

/* ---- In a cache ---- */

static struct cache *cache;

static void open_one(const struct model_times *times)
{
	gone.count = 0;
	cache = open_pressed(ENTRIES, times, PERCENT, 1, (struct flow_sink){append, &gone});
}

static void see_at(uint32_t flow, int64_t milliseconds, uint32_t protocol)
{
	struct packet p = stream_packet(&(struct model_packet){
		.flow = flow,
		.protocol = protocol,
		.time = STREAM_START + milliseconds * MILLISECOND,
		.octets = 100,
	});

	cache_see(cache, &p, 1);
}

static void see_all(uint32_t from, uint32_t to, int64_t milliseconds)
{
	for (uint32_t flow = from; flow < to; flow++)
		see_at(flow, milliseconds, 47);
}

/* Time goes on in small steps, as packets and the sweep have it. */
static void pass(int64_t from, int64_t to)
{
	for (int64_t ms = from; ms <= to; ms += 50) {
		cache_advance(cache, STREAM_START + ms * MILLISECOND);
		while (cache_sweep(cache, 2) == 2)
			;
	}
}

static void expect_gone(size_t count, enum flow_end_reason reason)
{
	ck_assert_uint_eq(gone.count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(gone.record[i].reason, reason);
	statistics_agree(cache, &gone);
}

/* Single packets fill nine tenths: they have 8 s now and leave from then on, until those that are
 * left have the time that they have been idle. */
START_TEST(idle_flows_leave_sooner)
{
	open_one(&rows[0].times);
	see_all(0, 900, 0);
	pass(0, 7900);
	ck_assert_uint_eq(gone.count, 0);
	ck_assert(cache_statistics(cache).under_pressure);
	ck_assert_int_eq(cache_statistics(cache).idle / MILLISECOND, 8000);
	pass(7950, 10500);
	ck_assert_uint_ge(gone.count, 20); /* 10 s where 871 are live */
	ck_assert_uint_le(gone.count, 50); /* 11.5 s where 850 are */
	expect_gone(gone.count, FLOW_END_RESOURCES);
	same_tally(cache_statistics(cache).pressed,
		cache_statistics(cache).closed[FLOW_END_RESOURCES]);
	pass(10550, 14900);
	size_t early = gone.count;
	ck_assert_uint_ge(early, 95);
	ck_assert_uint_le(early, 115); /* the line is at 800, a slice is up to 14 */
	pass(14950, 17000);
	ck_assert_uint_eq(gone.count, 900);
	for (size_t i = early; i < gone.count; i++)
		ck_assert_uint_eq(gone.record[i].reason, FLOW_END_IDLE);
	ck_assert(!cache_statistics(cache).under_pressure);
	ck_assert_uint_eq(cache_statistics(cache).pressures, 1);
	ck_assert_int_eq(cache_statistics(cache).idle, 15 * SECOND);
	cache_free(cache);
}
END_TEST

/* Their own time-out has come: they say so, however full it is. */
START_TEST(those_that_are_over_say_why)
{
	struct model_times times = rows[0].times;

	times.udp = SECOND / 2;
	open_one(&times);
	for (uint32_t flow = 0; flow < 950; flow++)
		see_at(flow, 0, 17);
	pass(0, 1500);
	expect_gone(950, FLOW_END_IDLE);
	cache_free(cache);
}
END_TEST

/* Flows of two packets in one moment and of two in two seconds, beside single packets that fill the
 * cache up: what shortens the time of the last is not felt by the others. */
START_TEST(felt_by_their_like)
{
	open_one(&rows[0].times);
	see_all(0, 200, 0);
	see_all(0, 200, 2000);
	see_all(200, 400, 2000);
	see_all(200, 400, 2000);
	see_all(400, 990, 2000);
	pass(2000, 16500);
	ck_assert_uint_ge(gone.count, 183); /* 14.5 s where 807 are live */
	ck_assert_uint_le(gone.count, 200);
	for (size_t i = 0; i < gone.count; i++)
		ck_assert_uint_ge(gone.record[i].flow, 400);
	expect_gone(gone.count, FLOW_END_RESOURCES);
	cache_free(cache);
}
END_TEST

/* Established flows that do not feel it leave when their idle time is up, to the nanosecond. */
START_TEST(on_time_for_others)
{
	open_one(&rows[0].times);
	see_all(0, 2, 0);
	see_all(0, 2, 0);
	see_all(100, 1000, 14900);
	cache_advance(cache, STREAM_START + 15 * SECOND - !_i);
	cache_sweep(cache, UINT32_MAX);
	ck_assert(cache_statistics(cache).under_pressure);
	expect_gone(_i ? 2 : 0, FLOW_END_IDLE);
	cache_free(cache);
}
END_TEST

/* A packet that comes before the sweep does continues its record. */
START_TEST(a_packet_comes_first)
{
	open_one(&rows[0].times);
	see_all(0, 1000, 0);
	cache_sweep(cache, 1);
	see_at(5, 14000, 47);
	ck_assert_uint_eq(gone.count, 0);
	drain(cache, 10);
	for (size_t i = 0; i < gone.count; i++)
		ck_assert_uint_eq(gone.record[i].packets, gone.record[i].flow == 5 ? 2 : 1);
	cache_free(cache);
}
END_TEST

/* The active time of flows with a packet a second is up: under pressure their next packet ends the
 * record, or their idle time; without, the sweep does. What the records say is the same. */
START_TEST(goes_on_beyond_active)
{
	struct model_times times = rows[0].times;
	bool pressed = _i;

	times.active = 5 * SECOND;
	open_one(&times);
	for (int64_t ms = 0; ms < 5000; ms += 1000) {
		see_all(0, 100, ms);
		pass(ms, ms + 999);
	}
	see_all(100, pressed ? 1000 : 200, 4900);
	pass(4900, 5800);
	expect_gone(pressed ? 0 : 100, FLOW_END_ACTIVE);
	see_all(0, 50, 5900);
	expect_gone(pressed ? 50 : 100, FLOW_END_ACTIVE);
	pass(5900, 20500);
	for (size_t i = 0, left = 0; i < gone.count; i++) {
		const struct model_record *r = &gone.record[i];
		if (r->flow >= 100 || r->first != STREAM_START)
			continue;
		ck_assert_uint_eq(r->packets, 5);
		ck_assert_uint_eq(r->reason, FLOW_END_ACTIVE);
		ck_assert_uint_le(++left, 100);
	}
	cache_free(cache);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pressure");
	TCase *cases = tcase_create("pressure");

	tcase_add_loop_test(cases, in_a_straight_line, 0, ROWS(fills));
	tcase_add_test(cases, never_grows);
	tcase_add_test(cases, does_not_flutter);
	tcase_add_test(cases, changes);
	tcase_add_loop_test(cases, none_when_not_wanted, 0, 2);
	tcase_add_test(cases, idle_flows_leave_sooner);
	tcase_add_test(cases, those_that_are_over_say_why);
	tcase_add_test(cases, felt_by_their_like);
	tcase_add_loop_test(cases, on_time_for_others, 0, 2);
	tcase_add_test(cases, a_packet_comes_first);
	tcase_add_loop_test(cases, goes_on_beyond_active, 0, 2);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
