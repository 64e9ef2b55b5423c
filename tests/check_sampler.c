/* Which packets are metered: as many as promised, none preferred, flows whole. */
#include "flow/sampler.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

enum { ROWS = 20000, INTERVAL = 10 };

START_TEST(every_one)
{
	struct packet p = {.protocol = 6};

	for (int a = SAMPLER_COUNT; a <= SAMPLER_FLOW; a++) {
		struct sampler s = sampler_of((enum sampler_algorithm)a, 1, 1);
		for (int i = 0; i < 100; i++)
			ck_assert(sampler_takes_frame(&s) && sampler_takes_packet(&s, &p));
	}
}
END_TEST

START_TEST(the_last_of_each_row)
{
	struct sampler s = sampler_of(SAMPLER_COUNT, INTERVAL, 1);

	for (int i = 1; i <= 1000; i++)
		ck_assert(sampler_takes_frame(&s) == (i % INTERVAL == 0));
}
END_TEST

/* One of each row, each place as often as any other: 10 places, 2000 times each on average, with a
 * standard deviation of 42. */
START_TEST(one_at_random)
{
	struct sampler s = sampler_of(SAMPLER_RANDOM, INTERVAL, (uint64_t)_i);
	struct sampler again = s, other = sampler_of(SAMPLER_RANDOM, INTERVAL, 100 + (uint64_t)_i);
	unsigned taken[INTERVAL] = {0}, same = 0;

	for (int row = 0; row < ROWS; row++) {
		unsigned in_row = 0;
		for (int i = 0; i < INTERVAL; i++) {
			bool take = sampler_takes_frame(&s);
			ck_assert(sampler_takes_frame(&again) == take);
			same += sampler_takes_frame(&other) && take;
			taken[i] += take;
			in_row += take;
		}
		ck_assert_uint_eq(in_row, 1);
	}
	for (int i = 0; i < INTERVAL; i++)
		ck_assert_msg(
			abs((int)taken[i] - ROWS / INTERVAL) < 6 * 42, "place %d: %u", i, taken[i]);
	ck_assert_msg(same < ROWS / INTERVAL + 6 * 42, "another seed chooses alike: %u", same);
}
END_TEST

static struct packet packet(uint32_t n, uint8_t protocol)
{
	struct packet p = {
		.source_address = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n},
		.destination_address = {192, 0, 2, 1},
		.source_port = (uint16_t)(1024 + n),
		.destination_port = 443,
		.protocol = protocol,
		.ip_version = 4,
		.tos = 0x20,
		.interface = 3,
	};

	return p;
}

static struct packet answer(const struct packet *p)
{
	struct packet back = *p;

	memcpy(back.source_address, p->destination_address, 16);
	memcpy(back.destination_address, p->source_address, 16);
	back.source_port = p->destination_port;
	back.destination_port = p->source_port;
	back.tos = 0;
	back.direction = FRAME_EGRESS;
	back.interface = 4;
	return back;
}

/* 20,000 flows, 2,000 of them on average, with a standard deviation of 42. */
START_TEST(whole_flows)
{
	const struct sampler s = sampler_of(SAMPLER_FLOW, INTERVAL, 7);
	unsigned taken = 0;

	for (uint32_t n = 0; n < ROWS; n++) {
		struct packet p = packet(n, 6), back = answer(&p);
		bool take = sampler_takes_packet(&s, &p);
		ck_assert(sampler_takes_packet(&s, &p) == take);
		ck_assert(sampler_takes_packet(&s, &back) == take);
		taken += take;
	}
	ck_assert_msg(abs((int)taken - ROWS / INTERVAL) < 6 * 42, "%u flows", taken);
}
END_TEST

START_TEST(an_echo_and_its_reply)
{
	const struct sampler s = sampler_of(SAMPLER_FLOW, INTERVAL, 7);
	unsigned taken = 0;

	for (uint32_t n = 0; n < 1000; n++) {
		struct packet p = packet(n, 1);
		p.facts = PACKET_ICMP;
		p.source_port = 0;
		p.destination_port = 8 << 8;
		struct packet back = answer(&p);
		back.source_port = back.destination_port = 0; /* echo reply: type 0 */
		ck_assert(sampler_takes_packet(&s, &p) == sampler_takes_packet(&s, &back));
		taken += sampler_takes_packet(&s, &p);
	}
	ck_assert(taken > 40 && taken < 160);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sampler");
	TCase *cases = tcase_create("sampler");

	tcase_add_test(cases, every_one);
	tcase_add_test(cases, the_last_of_each_row);
	tcase_add_loop_test(cases, one_at_random, 0, 5);
	tcase_add_test(cases, whole_flows);
	tcase_add_test(cases, an_echo_and_its_reply);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
