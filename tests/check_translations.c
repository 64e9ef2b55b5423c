/* Connections that are translated: found by the packets of either side, at their time, and in
 * bounded room. */
#include "route/translations.h"
#include "suite.h"

#include <netinet/in.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define BEGIN  (INT64_C(1700000000) * SECOND)

static struct translation_tuple tuple(
	uint8_t protocol, uint8_t from, uint16_t port, uint8_t to, uint16_t to_port)
{
	return (struct translation_tuple){.source = {10, 0, 0, from},
		.destination = {10, 0, 0, to},
		.source_port = port,
		.destination_port = to_port,
		.ip_version = 4,
		.protocol = protocol};
}

/* 10.0.0.1 as 10.0.0.9, to 10.0.0.5 port 80. */
static struct translation masqueraded(uint16_t port, uint16_t as)
{
	return (struct translation){.original = tuple(IPPROTO_UDP, 1, port, 5, 80),
		.reply = tuple(IPPROTO_UDP, 5, 80, 9, as)};
}

static struct translations *table(uint32_t entries)
{
	struct translations *t = translations_new(
		&(struct translations_options){.entries = entries, .linger = 10 * SECOND});

	ck_assert_ptr_nonnull(t);
	return t;
}

/* The port by which the connection from this one is known, 0: it is not known. */
static unsigned port_of(struct translations *t, uint16_t port, int64_t time)
{
	struct translation what = masqueraded(port, 0);
	struct translation_tuple after;

	return translations_find(t, &what.original, time, time, &after) ? after.source_port : 0;
}

START_TEST(either_side)
{
	struct translations *t = table(4);
	struct translation what = masqueraded(4000, 61000);
	struct translation_tuple after, want;

	translations_begin(t, &what, BEGIN);
	ck_assert(translations_find(t, &what.original, BEGIN, BEGIN, &after));
	want = tuple(IPPROTO_UDP, 9, 61000, 5, 80);
	ck_assert_mem_eq(&after, &want, sizeof want);
	ck_assert(translations_find(t, &what.reply, BEGIN, BEGIN, &after));
	want = tuple(IPPROTO_UDP, 5, 80, 1, 4000);
	ck_assert_mem_eq(&after, &want, sizeof want);
	ck_assert(!translations_find(t, &want, BEGIN, BEGIN, &after)); /* as it goes out */
	translations_free(t);
}
END_TEST

START_TEST(icmp_has_no_ports)
{
	struct translations *t = table(4);
	struct translation what = {.original = tuple(IPPROTO_ICMP, 1, 0, 5, 8 << 8),
		.reply = tuple(IPPROTO_ICMP, 5, 0, 9, 0)};
	struct translation_tuple after, want = tuple(IPPROTO_ICMP, 9, 0, 5, 0);

	translations_begin(t, &what, BEGIN);
	ck_assert(translations_find(t, &what.original, BEGIN, BEGIN, &after));
	ck_assert_mem_eq(&after, &want, sizeof want);
	translations_free(t);
}
END_TEST

/* One that has ended stays, and no longer than that. */
START_TEST(lingers)
{
	struct translations *t = table(4);
	struct translation what = masqueraded(4000, 61000);

	translations_begin(t, &what, BEGIN);
	translations_expire(t, BEGIN + 1000 * SECOND);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN), 61000);
	translations_end(t, &what, BEGIN + 1000 * SECOND);
	translations_expire(t, BEGIN + 1010 * SECOND - 1);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN), 61000);
	translations_expire(t, BEGIN + 1010 * SECOND);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN), 0);
	ck_assert_uint_eq(translations_statistics(t).entries, 0);
	translations_free(t);
}
END_TEST

/* Also one that has ended, where that changes. */
START_TEST(lingers_longer)
{
	struct translations *t = table(4);
	struct translation what = masqueraded(4000, 61000);

	translations_begin(t, &what, BEGIN);
	translations_end(t, &what, BEGIN);
	translations_linger(t, 100 * SECOND);
	translations_expire(t, BEGIN + 100 * SECOND - 1);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN), 61000);
	translations_expire(t, BEGIN + 100 * SECOND);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN), 0);
	translations_free(t);
}
END_TEST

/* Several with the same ends: each has its time, also where nobody told of an end. */
START_TEST(one_after_the_other)
{
	for (int told = 0; told < 2; told++) {
		struct translations *t = table(8);
		for (int i = 0; i < 4; i++) {
			struct translation what = masqueraded(4000, (uint16_t)(61000 + i));
			int64_t time = BEGIN + i * SECOND;
			translations_begin(t, &what, time);
			translations_begin(t, &what, time); /* twice is once */
			if (told)
				translations_end(t, &what, time + SECOND / 2);
		}
		for (int i = 0; i < 4; i++)
			ck_assert_uint_eq(port_of(t, 4000, BEGIN + i * SECOND + SECOND / 4),
				(unsigned)(61000 + i));
		ck_assert_uint_eq(translations_statistics(t).entries, 4);
		/* heard of after its first packet */
		ck_assert_uint_eq(port_of(t, 4000, BEGIN - SECOND / 10), 61000);
		translations_free(t);
	}
}
END_TEST

/* One is heard of long after its packets: it is not the one that had ended before them. */
START_TEST(heard_late)
{
	struct translations *t = table(4);
	struct translation old = masqueraded(4000, 61000), new = masqueraded(4000, 61001);

	translations_begin(t, &old, BEGIN);
	translations_end(t, &old, BEGIN + SECOND);
	translations_begin(t, &new, BEGIN + 5 * SECOND);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN + 2 * SECOND), 61001);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN + SECOND / 2), 61000);
	translations_free(t);
}
END_TEST

/* Who has ended leaves first, then who is not asked for. */
START_TEST(full)
{
	struct translations *t = table(4);
	struct translation what;

	for (uint16_t i = 0; i < 4; i++) {
		what = masqueraded((uint16_t)(4000 + i), (uint16_t)(61000 + i));
		translations_begin(t, &what, BEGIN + i);
	}
	what = masqueraded(4002, 61002);
	translations_end(t, &what, BEGIN + SECOND);
	what = masqueraded(4010, 61010);
	translations_begin(t, &what, BEGIN + 2 * SECOND);
	ck_assert_uint_eq(port_of(t, 4002, BEGIN), 0);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN), 61000); /* asked for */
	what = masqueraded(4011, 61011);
	translations_begin(t, &what, BEGIN + 3 * SECOND);
	ck_assert_uint_eq(port_of(t, 4000, BEGIN), 61000);
	ck_assert_uint_eq(port_of(t, 4001, BEGIN), 0);
	ck_assert_uint_eq(translations_statistics(t).entries, 4);
	ck_assert_uint_eq(translations_statistics(t).displaced, 2);
	translations_free(t);
}
END_TEST

/* Random comings and goings in a small table, against a plain list of what is there. */
START_TEST(as_a_plain_list)
{
	enum { ENTRIES = 64, PORTS = 48, STEPS = 200000 };
	struct translations *t = table(ENTRIES);
	struct {
		uint16_t as;
		int64_t over;
	} plain[PORTS] = {{0, 0}};
	uint64_t random = 1;
	int64_t now = BEGIN;

	for (int i = 0; i < STEPS; i++) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		uint16_t port = (uint16_t)(random >> 33) % PORTS;
		uint16_t as = (uint16_t)(1 + (random >> 50));
		now += SECOND;
		translations_expire(t, now);
		if (plain[port].as && plain[port].over && now - plain[port].over >= 10 * SECOND)
			plain[port].as = 0;
		ck_assert_uint_eq(port_of(t, port, now), plain[port].as);
		if (!plain[port].as) {
			plain[port].as = as;
			plain[port].over = 0;
			struct translation what = masqueraded(port, as);
			translations_begin(t, &what, now);
		} else if (!plain[port].over) {
			struct translation what = masqueraded(port, plain[port].as);
			translations_end(t, &what, now);
			plain[port].over = now;
		}
	}
	ck_assert_uint_eq(translations_statistics(t).displaced, 0);
	translations_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("translations");
	TCase *tc = tcase_create("translations");

	tcase_add_test(tc, either_side);
	tcase_add_test(tc, icmp_has_no_ports);
	tcase_add_test(tc, lingers);
	tcase_add_test(tc, lingers_longer);
	tcase_add_test(tc, one_after_the_other);
	tcase_add_test(tc, heard_late);
	tcase_add_test(tc, full);
	tcase_add_test(tc, as_a_plain_list);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
