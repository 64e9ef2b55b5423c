/* What a session says of time (header times, sysUptime's zero) and what it makes of messages that
 * could not be sent. */
#include "collector.h"
#include "suite.h"

static const uint16_t versions[] = {5, 9, 10};

/* ---- header times ---- */

static const struct {
	int64_t now; /* after START_SECOND */
	int64_t v5_ms, v9_seconds, ipfix_seconds;
} instants[] = {
	{0, 0, 0, 0},
	{1, 0, 1, 0},
	{MS, 1, 1, 0},
	{MS + 1, 1, 1, 0},
	{SECOND - 1, 999, 1, 0},
	{SECOND, 1000, 1, 1},
	{-1, -1, 0, -1},
	{-SECOND, -1000, -1, -1},
};

#define START_SECOND (INT64_C(1700000000) * SECOND)

/* sysUptime and the header's time are one instant: their difference is the boot that was given. */
START_TEST(header_times)
{
	uint16_t version = versions[_i % 3];
	int64_t now = START_SECOND + instants[_i / 3].now, seconds = now / SECOND;

	begin(version, USUAL, START_SECOND - DAY);
	struct flow_record r = record(0, 4, 6, START_SECOND - 5 * SECOND);
	give(&r, now);
	flush(now);
	all_arrived();
	for (unsigned i = 0; i < far.arrived; i++) {
		const struct datagram *d = &far.datagram[i];
		if (version == 5) {
			int64_t ms = START_SECOND / MS + instants[_i / 3].v5_ms;
			must(head(d, 4, 4) == 86400000 + instants[_i / 3].v5_ms);
			must(head(d, 8, 4) * INT64_C(1000) + head(d, 12, 4) / 1000000 == ms);
			must(head(d, 12, 4) % 1000000 == 0);
		} else if (version == 9) {
			must(head(d, 4, 4) == 86400000 + 1000 * instants[_i / 3].v9_seconds);
			must(head(d, 8, 4) == 1700000000 + instants[_i / 3].v9_seconds);
			must(head(d, 16, 4) == 7);
		} else {
			must(head(d, 4, 4) == 1700000000 + instants[_i / 3].ipfix_seconds);
			must(seconds == head(d, 4, 4) && head(d, 12, 4) == 7);
		}
	}
	end();
}
END_TEST

/* Mode 1, or 2 at random, and the interval in v5's header; 1 in 1 is no sampling. */
static const struct {
	uint32_t interval, field;
	bool random;
} samplings[] = {{1, 0, false}, {2, 0x4002, false}, {1000, 0x43e8, false}, {16383, 0x7fff, false},
	{1, 0, true}, {1000, 0x83e8, true}};

START_TEST(sampling)
{
	begin(5, USUAL, INT64_MIN);
	session_free(far.session);
	far.options.options.interval = samplings[_i].interval;
	far.options.options.algorithm = samplings[_i].random ? SAMPLER_RANDOM : SAMPLER_COUNT;
	far.session = session_new(&far.options, &far.transport);
	far.closed = 0;
	struct flow_record r = record(0, 4, 6, START);
	give(&r, START);
	flush(START);
	ck_assert_uint_eq(head(&far.datagram[0], 22, 2), samplings[_i].field);
	end();
}
END_TEST

/* ---- sysUptime ---- */

/* first and last of flows, in milliseconds from START, given in this order. */
#define HOURS INT64_C(3600000)
#define DAYS  (24 * HOURS)
static const struct {
	int64_t boot; /* days before START; 0: not given */
	int64_t first[8], last[8];
	unsigned count;
} spans[] = {
	{0, {0}, {0}, 1},
	{0, {-1, -2, -DAYS, -DAYS - 1}, {0, 0, 0, 0}, 4},
	{1, {-DAYS, -DAYS - 1, -2 * DAYS}, {0, 0, 0}, 3},
	{40, {0, 9 * DAYS, 10 * DAYS, 30 * DAYS, 60 * DAYS},
		{0, 9 * DAYS, 10 * DAYS, 30 * DAYS, 60 * DAYS}, 5},
	{49, {0, 17 * HOURS, 18 * HOURS}, {0, 17 * HOURS, 18 * HOURS}, 3},
	{0, {-48 * DAYS, 0, -48 * DAYS}, {0, 1, 1}, 3},
	{0, {0, 60 * DAYS, 0, 60 * DAYS, -60 * DAYS}, {1, 60 * DAYS, 0, 60 * DAYS, -60 * DAYS}, 5},
	{20, {-60 * DAYS, 60 * DAYS}, {-59 * DAYS, 61 * DAYS}, 2},
};

/* Whatever the times, they are told to the millisecond and no flow ends after its header. */
START_TEST(uptimes_stay_in_range)
{
	uint16_t version = versions[_i % 3];
	unsigned row = (unsigned)_i / 6;
	int64_t now = START;
	bool follows = _i / 3 % 2; /* the caller's clock: the flows' own, or one that stands */

	begin(version, USUAL, spans[row].boot ? START - spans[row].boot * DAYS * MS : INT64_MIN);
	for (unsigned i = 0; i < spans[row].count; i++) {
		struct flow_record r = record(i, 4, 17, START + spans[row].last[i] * MS);
		r.first = START + spans[row].first[i] * MS;
		if (follows)
			now = r.last + SECOND;
		give(&r, now);
		if (i & 1)
			tick(now);
	}
	flush(now);
	all_arrived();
	end();
}
END_TEST

/* Sixty days and more with flows all the way: the zero moves on now and then, no time is wrong. */
START_TEST(sixty_days)
{
	uint16_t version = versions[_i % 3];
	int64_t now = START;

	begin(version, USUAL, _i / 3 ? START : INT64_MIN);
	for (uint32_t n = 0; n < 70 * 24; n++) {
		struct flow_record r = record(n, 4, 6, now - 2 * SECOND);
		r.first = r.last - (n % 7 ? n % 5 * SECOND : 40 * 3600 * SECOND);
		give(&r, now);
		tick(now);
		now += 3600 * SECOND + MS / 3;
	}
	flush(now);
	all_arrived();
	end();
}
END_TEST

/* The caller's clock may be anywhere: a header still tells one instant by the boot that was given,
 * in a message of templates too. */
static const int64_t clocks[] = {-100 * SECOND, -40 * DAY, 49 * DAY, 60 * DAY};

START_TEST(clock_out_of_range)
{
	uint16_t version = versions[_i % 2];

	begin(version, USUAL, START_SECOND);
	struct flow_record r = record(0, 4, 6, START_SECOND + SECOND);
	give(&r, START_SECOND + clocks[_i / 2]);
	flush(START_SECOND + clocks[_i / 2]);
	all_arrived();
	for (unsigned i = 0; i < far.arrived; i++) {
		const struct datagram *d = &far.datagram[i];
		must(head(d, 8, 4) * INT64_C(1000) - head(d, 4, 4) == START_SECOND / MS);
	}
	end();
}
END_TEST

/* ---- messages that do not leave ---- */

static bool every_third(unsigned n)
{
	return n % 3 == 2;
}

/* Of UDP a collector learns templates from what did arrive. */
static bool all_but_the_first(unsigned n)
{
	return n > 0;
}

static bool (*const refusals[])(unsigned) = {every_third, all_but_the_first};

/* Flows, packets and octets of lost messages are known, and the sequence shows the gap: it stands
 * at the end where it would stand without a loss. */
START_TEST(lost_messages)
{
	uint16_t version = versions[_i % 3];

	begin(version, SMALLEST, INT64_MIN);
	far.refuses = refusals[_i / 3];
	for (uint32_t n = 0; n < 700; n++) {
		struct flow_record r = record(n, version == 5 || n & 1 ? 4 : 6, 17, START);
		give(&r, START);
		if (n % 100 == 99)
			tick(START);
	}
	flush(START);
	struct session_statistics s = session_statistics(far.session);
	ck_assert_uint_eq(s.lost_messages, far.refused);
	ck_assert_int_eq(s.last_error, ENOBUFS);
	ck_assert_uint_gt(s.refusals, 0);
	ck_assert_uint_gt(s.lost.flows, 200);
	ck_assert_uint_eq(s.lost.flows + s.sent.flows, 700);
	uint64_t packets = 0, octets = 0;
	for (unsigned i = 0; version == 5 && i < far.got_count; i++) {
		packets += far.got[i].packets;
		octets += far.got[i].octets;
	}
	must(version != 5 || (packets == s.sent.packets && octets == s.sent.octets));
	far.refuses = NULL;
	struct flow_record r = record(700, 4, 17, START);
	give(&r, START);
	flush(START);
	const struct datagram *d = &far.datagram[far.arrived - 1];
	if (version == 9) /* all messages before it */
		ck_assert_uint_eq(head(d, 12, 4), far.arrived + far.refused - 1);
	else /* all records before it */
		ck_assert_uint_eq(head(d, version == 5 ? 16 : 8, 4), 700);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session_time");
	TCase *cases = tcase_create("session_time");

	tcase_add_loop_test(cases, header_times, 0, 3 * ROWS(instants));
	tcase_add_loop_test(cases, sampling, 0, ROWS(samplings));
	tcase_add_loop_test(cases, uptimes_stay_in_range, 0, 6 * ROWS(spans));
	tcase_add_loop_test(cases, clock_out_of_range, 0, 2 * ROWS(clocks));
	tcase_add_loop_test(cases, sixty_days, 0, 6);
	tcase_add_loop_test(cases, lost_messages, 0, 3 * ROWS(refusals));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
