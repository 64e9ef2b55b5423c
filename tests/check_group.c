/* Groups of collectors, and their health in virtual time. */
#include "daemon/group.h"
#include "daemon/health.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static struct group group;

static void begin(enum config_mode mode, unsigned members)
{
	static const char *const names[] = {"a", "b", "c", "d"};

	group_init(&group, &(struct config_group){.name = "pair", .mode = mode});
	for (unsigned i = 0; i < members; i++)
		ck_assert_uint_eq(group_join(&group, names[i], true), i);
}

/* A TCP flow of two addresses and ports. */
static struct flow_record flow(uint8_t from, uint16_t port, uint8_t to, uint16_t to_port)
{
	return (struct flow_record){.key = {.source_address = {10, 0, 0, from},
					    .destination_address = {10, 0, 0, to},
					    .source_port = port,
					    .destination_port = to_port,
					    .protocol = 6,
					    .ip_version = 4}};
}

static unsigned choice(const struct flow_record *r)
{
	group_choose(&group, r);
	return group.chosen;
}

START_TEST(hash_keeps_conversations_together)
{
	unsigned count[3] = {0};

	begin(CONFIG_HASH, 3);
	for (unsigned i = 0; i < 3000; i++) {
		struct flow_record there = flow((uint8_t)i, (uint16_t)(i * 7), 9, 443);
		struct flow_record back = flow(9, 443, (uint8_t)i, (uint16_t)(i * 7));
		unsigned one = choice(&there);
		ck_assert_uint_lt(one, 3);
		ck_assert_uint_eq(choice(&there), one);
		ck_assert_uint_eq(choice(&back), one);
		back.key.tos = 8; /* what only one direction may have does not part them */
		back.key.interface = 5;
		ck_assert_uint_eq(choice(&back), one);
		count[one]++;
	}
	for (unsigned i = 0; i < 3; i++) { /* 1,000 each, sigma 26 */
		ck_assert_uint_gt(count[i], 850);
		ck_assert_uint_lt(count[i], 1150);
	}
}
END_TEST

START_TEST(hash_keeps_an_echo_with_its_reply)
{
	begin(CONFIG_HASH, 4);
	for (unsigned i = 0; i < 100; i++) {
		struct flow_record echo = flow((uint8_t)i, 0, 9, 8 << 8);
		struct flow_record reply = flow(9, 0, (uint8_t)i, 0);
		echo.key.protocol = reply.key.protocol = 1;
		unsigned one = choice(&echo);
		ck_assert_uint_eq(choice(&reply), one);
	}
}
END_TEST

START_TEST(hash_does_not_ask_for_health)
{
	struct flow_record r = flow(1, 1000, 2, 80);

	begin(CONFIG_HASH, 2);
	unsigned one = choice(&r);
	group_health(&group, one, false);
	ck_assert_uint_eq(choice(&r), one);
}
END_TEST

START_TEST(in_turn_without_those_that_are_ill)
{
	struct flow_record r = flow(1, 1000, 2, 80);
	unsigned count[3] = {0};

	begin(CONFIG_ROUND_ROBIN, 3);
	for (unsigned i = 0; i < 300; i++)
		count[choice(&r)]++;
	ck_assert(count[0] == 100 && count[1] == 100 && count[2] == 100);
	group_health(&group, 1, false);
	for (unsigned i = 0; i < 100; i++)
		count[choice(&r)]++;
	ck_assert(count[0] == 150 && count[1] == 100 && count[2] == 150);
	group_health(&group, 0, false);
	group_health(&group, 2, false);
	for (unsigned i = 0; i < 300; i++) /* who else should get them */
		count[choice(&r)]++;
	ck_assert(count[0] == 250 && count[1] == 200 && count[2] == 250);
}
END_TEST

START_TEST(failover_takes_the_first_that_is_well)
{
	struct flow_record r = flow(1, 1000, 2, 80);

	begin(CONFIG_FAILOVER, 3);
	ck_assert_uint_eq(choice(&r), 0);
	group_health(&group, 0, false);
	ck_assert_uint_eq(choice(&r), 1);
	ck_assert(group_chose(&group, 1) && !group_chose(&group, 0) && !group_chose(&group, 2));
	group_health(&group, 1, false);
	ck_assert_uint_eq(choice(&r), 2);
	group_health(&group, 2, false);
	ck_assert_uint_eq(choice(&r), 0);
	group_health(&group, 1, true);
	ck_assert_uint_eq(choice(&r), 1);
	group_health(&group, 0, true);
	ck_assert_uint_eq(choice(&r), 0);
	ck_assert_uint_eq(group_statistics(&group).switches, 5);
	ck_assert_uint_eq(group_statistics(&group).well, 2);
}
END_TEST

START_TEST(another_group_takes_over)
{
	struct group before = {.switches = 7};

	group_init(&group, &(struct config_group){.name = "pair", .mode = CONFIG_FAILOVER});
	group_join(&group, "a", false);
	group_join(&group, "b", true);
	group_begin(&group, &before);
	ck_assert(group_chose(&group, 1));
	ck_assert_uint_eq(group_statistics(&group).switches, 7);
	group_health(&group, 0, true);
	ck_assert(group_chose(&group, 0));
	ck_assert_uint_eq(group_statistics(&group).switches, 8);
}
END_TEST

START_TEST(replicate_is_for_all)
{
	struct flow_record r = flow(1, 1000, 2, 80);

	begin(CONFIG_REPLICATE, 2);
	group_choose(&group, &r);
	ck_assert(group_chose(&group, 0) && group_chose(&group, 1));
}
END_TEST

static struct health health;
static struct session_statistics session;

/* Looks every 10 ms for a while; returns how often the collector was to be asked. */
static unsigned look(int64_t *now, int64_t time)
{
	unsigned asked = 0;

	for (int64_t end = *now + time; *now < end; *now += SECOND / 100)
		asked += health_look(&health, &session, *now);
	return asked;
}

START_TEST(udp_is_well_until_refused_and_after_silence)
{
	int64_t now = 100 * SECOND;

	session = (struct session_statistics){0};
	health_init(&health, false, true, now);
	session.sent.flows = 1000;
	ck_assert_uint_eq(look(&now, 20 * SECOND), 0);
	ck_assert(health.well);
	session.sent.flows = 1100;
	look(&now, 4 * SECOND);
	session.sent.flows = 1130;
	session.refusals = 1;
	ck_assert_uint_eq(look(&now, SECOND / 100), 1);
	ck_assert(!health.well);
	/* what was sent in the last seconds, and no more */
	ck_assert_uint_eq(health_in_doubt(&health, &session).flows, 130);
	session.sent.flows = 1140;
	ck_assert_uint_eq(health_in_doubt(&health, &session).flows, 140);
	ck_assert_uint_ge(look(&now, 4 * SECOND), 3);
	session.refusals = 2; /* of a template that asked */
	ck_assert_uint_ge(look(&now, 4 * SECOND), 3);
	ck_assert(!health.well);
	look(&now, 2 * SECOND);
	ck_assert(health.well);
	session.sent.flows = 5000;
	look(&now, 10 * SECOND);
	ck_assert_uint_eq(health_in_doubt(&health, &session).flows, 140);
}
END_TEST

START_TEST(netflow5_is_not_asked)
{
	int64_t now = 100 * SECOND;

	session = (struct session_statistics){0};
	health_init(&health, false, false, now);
	session.lost_messages = 1;
	ck_assert_uint_eq(look(&now, 59 * SECOND), 0);
	ck_assert(!health.well);
	look(&now, 2 * SECOND);
	ck_assert(health.well);
}
END_TEST

START_TEST(a_connection_is_its_health)
{
	int64_t now = 100 * SECOND;

	session = (struct session_statistics){.away = true};
	health_init(&health, true, true, now);
	ck_assert_uint_eq(look(&now, SECOND), 0);
	ck_assert(!health.well);
	session.away = false;
	look(&now, SECOND / 100);
	ck_assert(health.well);
	session.lost_messages = 7; /* its backlog's business */
	look(&now, SECOND / 100);
	ck_assert(health.well);
	ck_assert_uint_eq(health_in_doubt(&health, &session).flows, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("group");
	TCase *tcase = tcase_create("group");

	tcase_add_test(tcase, hash_keeps_conversations_together);
	tcase_add_test(tcase, hash_keeps_an_echo_with_its_reply);
	tcase_add_test(tcase, hash_does_not_ask_for_health);
	tcase_add_test(tcase, in_turn_without_those_that_are_ill);
	tcase_add_test(tcase, failover_takes_the_first_that_is_well);
	tcase_add_test(tcase, another_group_takes_over);
	tcase_add_test(tcase, replicate_is_for_all);
	tcase_add_test(tcase, udp_is_well_until_refused_and_after_silence);
	tcase_add_test(tcase, netflow5_is_not_asked);
	tcase_add_test(tcase, a_connection_is_its_health);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
