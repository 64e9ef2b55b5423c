/* A collector's stream: every datagram that a session sends is read back by the independent reader,
 * without a fault, and the records are those that were given, each once, in order. */
#include "collector.h"
#include "suite.h"

static const uint16_t versions[] = {5, 9, 10};

/* ---- how many ---- */

static const unsigned counts[] = {0, 1, 30, 31, 61, 2000};

START_TEST(few_and_many)
{
	uint16_t version = versions[_i % 3];
	unsigned count = counts[_i / 3];

	begin(version, USUAL + 100, INT64_MIN);
	for (unsigned i = 0; i < count; i++) {
		struct flow_record r = record(i, 4, 6, START);
		give(&r, START);
	}
	flush(START);
	all_arrived();
	for (unsigned i = 0; i < far.arrived && version == 5; i++) {
		must(head(&far.datagram[i], 2, 2) ==
			(i + 1 < far.arrived ? 30 : (count - 1) % 30 + 1));
		must(far.datagram[i].length == 24 + 48 * head(&far.datagram[i], 2, 2));
		must(head(&far.datagram[i], 16, 4) == 30 * i && head(&far.datagram[i], 20, 2) == 7);
	}
	if (version == 5)
		ck_assert_uint_eq(far.arrived, (count + 29) / 30);
	flush(START);
	tick(START + 10 * SECOND);
	all_arrived();
	end();
}
END_TEST

/* ---- any order of calls ---- */

static const uint32_t sizes[] = {SMALLEST, SMALLEST + 1, 512, USUAL, 9000, LARGEST};

static uint32_t next_random(uint64_t *state, uint32_t n)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((*state >> 33) % n);
}

static struct flow_record any_record(uint64_t *random, uint32_t n, int64_t now)
{
	static const struct {
		uint8_t version, protocol;
	} kinds[] = {{4, 6}, {4, 6}, {4, 17}, {6, 6}, {6, 58}, {4, 1}, {6, 17}, {4, 6}};
	unsigned kind = next_random(random, ROWS(kinds));

	return record(n, kinds[kind].version, kinds[kind].protocol,
		now - next_random(random, 20000) * MS);
}

/* Time goes on, seldom back; ticks and flushes come whenever they like. */
static int64_t any_step(uint64_t *random, int64_t now)
{
	uint32_t dice = next_random(random, 100);

	if (dice < 3)
		flush(now);
	else if (dice < 20)
		tick(now);
	else if (dice == 20)
		return now - next_random(random, 90) * SECOND;
	return dice < 60 ? now + next_random(random, 100) * MS : now;
}

START_TEST(any_order_of_calls)
{
	uint16_t version = versions[_i % 3];
	uint64_t random = (uint64_t)_i;
	int64_t now = START;

	begin(version, sizes[_i / 3], _i & 1 ? START - DAY : INT64_MIN);
	for (uint32_t n = 0; n < 3000; n++) {
		struct flow_record r = any_record(&random, n, now);
		give(&r, now);
		now = any_step(&random, now);
	}
	flush(now);
	all_arrived();
	struct session_statistics s = session_statistics(far.session);
	ck_assert_uint_eq(s.sent.flows, far.given_count);
	ck_assert_uint_eq(s.untold.flows, far.taken.flows - far.given_count);
	ck_assert((s.untold.flows > 0) == (version == 5));
	ck_assert_uint_eq(s.templates, reader_templates(far.reader));
	ck_assert_uint_eq(s.lost.flows + s.lost_messages + s.refusals, 0);
	end();
}
END_TEST

/* A tick sends the complete messages and leaves the open one, which goes on as it was. */
START_TEST(open_message_behind_complete_ones)
{
	begin(versions[_i], SMALLEST, INT64_MIN);
	for (uint32_t n = 0; n < 500; n++) {
		struct flow_record r = record(n, 4, 17, START);
		give(&r, START);
		if (n % 23 == 22) {
			tick(START);
			must(session_statistics(far.session).pending.flows > 0);
		}
	}
	tick(START + SECOND - 1);
	must(session_statistics(far.session).pending.flows > 0);
	tick(START + SECOND);
	must(session_statistics(far.session).pending.flows == 0);
	all_arrived();
	end();
}
END_TEST

/* ---- templates ---- */

/* Seconds at which messages with templates arrived while nothing else happened. */
START_TEST(templates_by_time)
{
	static const int due[] = {0, 2, 4, 64, 124, 184};
	unsigned n = 0;

	begin(versions[_i], USUAL, INT64_MIN);
	for (int i = 0; i < 2000; i++) {
		unsigned before = far.arrived;
		tick(START + i * SECOND / 10);
		if (far.arrived == before)
			continue;
		ck_assert_int_lt(n, ROWS(due));
		ck_assert_int_eq(i, 10 * due[n++]);
		must(far.arrived == before + 1 && far.datagram[before].templates);
	}
	ck_assert_uint_eq(n, versions[_i] == 5 ? 0 : ROWS(due));
	sound();
	end();
}
END_TEST

/* The longest run of datagrams without templates among those of 3,000 records, so long apart;
 * how many had some is in *templates. Never is data before them. */
static unsigned longest_without(uint16_t version, int64_t apart, unsigned *templates)
{
	unsigned since = 0, longest = 0;
	int64_t now = START;

	*templates = 0;
	begin(version, SMALLEST, INT64_MIN);
	for (uint32_t n = 0; n < 3000; n++, now += apart) {
		struct flow_record r = record(n, n & 1 ? 6 : 4, 17, now);
		give(&r, now);
	}
	flush(now);
	all_arrived();
	must(far.datagram[0].templates);
	for (unsigned i = 0; i < far.arrived; i++) {
		since = far.datagram[i].templates ? 0 : since + 1;
		*templates += far.datagram[i].templates > 0;
		longest = since > longest ? since : longest;
	}
	end();
	return longest;
}

START_TEST(templates_by_datagrams)
{
	unsigned templates;

	ck_assert_uint_eq(longest_without(versions[1 + _i], MS, &templates), 20);
}
END_TEST

/* 600 ms with a datagram in less than 2 ms: RFC 3954 section 7 counts them all the same. */
START_TEST(templates_in_a_flood)
{
	unsigned templates;

	ck_assert_uint_eq(longest_without(9, MS / 5, &templates), 20);
	ck_assert_uint_gt(longest_without(10, MS / 5, &templates), 50);
	ck_assert_uint_eq(templates, 6);
}
END_TEST

/* RFC 7011 section 8.2: no data set is older than its template; they come three times again. */
START_TEST(templates_when_the_clock_goes_back)
{
	int64_t now = START;

	begin(versions[1 + _i], USUAL, INT64_MIN);
	for (uint32_t n = 0; n < 400; n++) {
		struct flow_record r = record(n, 4, 6, now);
		give(&r, now);
		tick(now);
		now += n % 100 == 99 ? -200 * SECOND : SECOND / 10;
	}
	flush(now);
	all_arrived();
	ck_assert_uint_eq(reader_templates(far.reader), 4 * 4 * 3); /* 10 s each time */
	end();
}
END_TEST

/* ---- narrow counters ---- */

static const struct {
	uint64_t packets, octets;
	unsigned parts;
} splits[] = {
	{1, UINT32_MAX, 1},
	{2, UINT64_C(1) << 32, 2},
	{10000000, UINT64_C(10) << 30, 3},
	{UINT64_C(9) << 30, UINT64_C(9) << 36, 145},
	{UINT32_MAX, UINT64_C(1) << 38, 65},
};

START_TEST(counters_are_split_not_cut)
{
	uint64_t packets = 0, octets = 0;
	uint16_t version = versions[_i % 3];

	begin(version, USUAL, INT64_MIN);
	struct flow_record r = record(1, 4, 17, START);
	r.packets = splits[_i / 3].packets;
	r.octets = splits[_i / 3].octets;
	give(&r, START);
	flush(START);
	sound();
	for (unsigned i = 0; i < far.got_count; i++) {
		packets += far.got[i].packets;
		octets += far.got[i].octets;
		must(far.got[i].sport == r.key.source_port);
	}
	ck_assert_uint_eq(packets, r.packets);
	ck_assert_uint_eq(octets, r.octets);
	ck_assert_uint_eq(far.got_count, version == 5 ? splits[_i / 3].parts : 1);
	ck_assert_uint_eq(session_statistics(far.session).sent.flows, 1);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session");
	TCase *cases = tcase_create("session");

	tcase_add_loop_test(cases, few_and_many, 0, 3 * ROWS(counts));
	tcase_add_loop_test(cases, any_order_of_calls, 0, 3 * ROWS(sizes));
	tcase_add_loop_test(cases, open_message_behind_complete_ones, 0, 3);
	tcase_add_loop_test(cases, templates_by_time, 0, 3);
	tcase_add_loop_test(cases, templates_by_datagrams, 0, 2);
	tcase_add_test(cases, templates_in_a_flood);
	tcase_add_loop_test(cases, templates_when_the_clock_goes_back, 0, 2);
	tcase_add_loop_test(cases, counters_are_split_not_cut, 0, 3 * ROWS(splits));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
