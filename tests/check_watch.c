/* The watch in virtual time: what it says, when, and how often. */
#include "daemon/watch.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static struct watch *watch;
static struct ledger ledger;
static struct watch_words words;

static void setup(void)
{
	watch = watch_new(0);
	memset(&ledger, 0, sizeof ledger);
}

static void teardown(void)
{
	watch_free(watch);
}

/* Counts frames, of them some of one EtherType. */
static void frames(uint64_t all, uint16_t ethertype, uint64_t ignored)
{
	struct worker_statistics *w = &ledger.workers;
	unsigned i = 0;

	w->seen.frames += all;
	w->metered.frames += all - ignored;
	w->ignored[PACKET_IGNORED_ETHERTYPE].frames += ignored;
	while (i < w->other_count && w->other[i].value != ethertype)
		i++;
	if (ignored && i == w->other_count)
		w->other[w->other_count++] =
			(struct worker_ignored){PACKET_IGNORED_ETHERTYPE, ethertype, {0}};
	if (ignored)
		w->other[i].count.frames += ignored;
}

static void look(int64_t second)
{
	watch_look(watch, &ledger, second * SECOND, &words);
}

START_TEST(quiet_when_all_is_well)
{
	for (int64_t s = 10; s <= 300; s += 10) {
		frames(1000, 0x0806, 10);
		look(s);
		ck_assert_str_eq(words.not_ip, "");
		ck_assert_str_eq(words.dropped, "");
	}
}
END_TEST

START_TEST(names_shares_most_first)
{
	frames(600, 0x0806, 12);
	frames(400, 0x8864, 100);
	look(10);
	ck_assert_str_eq(words.not_ip,
		"percent=11.2 frames=1000 seconds=10 note=\"no valid IP packets: "
		"ethertype 0x8864 10.0 %, ethertype 0x0806 1.2 %\"");
}
END_TEST

START_TEST(once_a_minute)
{
	int said = 0;

	for (int64_t s = 10; s <= 250; s += 10) {
		frames(1000, 0x8864, 500);
		look(s);
		if (*words.not_ip)
			said++;
		ck_assert_int_eq(*words.not_ip != '\0',
			s == 10 || s == 70 || s == 130 || s == 190 || s == 250);
	}
	ck_assert_int_eq(said, 5);
	ck_assert_ptr_nonnull(strstr(words.not_ip, " frames=6000 seconds=60 "));
}
END_TEST

/* The window is the last minute: an old evil is not told for ever. */
START_TEST(forgets_after_a_minute)
{
	frames(1000, 0x8864, 500);
	look(10);
	ck_assert_str_ne(words.not_ip, "");
	for (int64_t s = 20; s <= 200; s += 10) {
		frames(1000, 0x0806, 0);
		look(s);
		ck_assert_str_eq(words.not_ip, "");
	}
}
END_TEST

START_TEST(few_frames_make_no_share)
{
	frames(WATCH_LEAST - 1, 0x0806, WATCH_LEAST - 1);
	look(10);
	ck_assert_str_eq(words.not_ip, "");
	frames(1, 0x0806, 1);
	look(20);
	ck_assert_str_ne(words.not_ip, "");
}
END_TEST

/* A frame that sampling left out was never looked at. */
START_TEST(sampled_out_frames_do_not_dilute)
{
	frames(1000, 0x0806, 20);
	ledger.workers.seen.frames += 99000;
	ledger.workers.sampled_out.frames += 99000;
	look(10);
	ck_assert_ptr_nonnull(strstr(words.not_ip, "percent=2.0 frames=1000 "));
}
END_TEST

START_TEST(tells_what_the_kernel_dropped)
{
	ledger.sources.kernel_received = 5000;
	ledger.sources.kernel_dropped = 7;
	look(10);
	ck_assert_ptr_nonnull(strstr(words.dropped, "dropped=7 frames=5000 seconds=10 "));
	ledger.sources.kernel_received = 6000;
	ledger.sources.kernel_dropped = 9;
	look(20);
	ck_assert_str_eq(words.dropped, ""); /* not yet again */
	for (int64_t s = 30; s <= 60; s += 10)
		look(s);
	look(70);
	ck_assert_ptr_nonnull(strstr(words.dropped, "dropped=2 frames=1000 seconds=60 "));
	for (int64_t s = 80; s <= 300; s += 10) {
		look(s);
		ck_assert_str_eq(words.dropped, "");
	}
}
END_TEST

/* A cache that comes under pressure is told of, once a minute at most; one that stays so, not
 * again. */
START_TEST(tells_of_pressure)
{
	struct cache_statistics *c = &ledger.workers.cache;

	c->entries = 1000;
	c->under_pressure = true;
	c->pressures = 1;
	c->idle = 1500 * INT64_C(1000000);
	c->closed[FLOW_END_RESOURCES].flows = 12;
	look(10);
	ck_assert_ptr_nonnull(strstr(words.pressure, " entries=1000 "));
	ck_assert_ptr_nonnull(strstr(words.pressure, " idle=1.5s early=12 "));
	c->pressures = 2;
	look(20);
	ck_assert_str_eq(words.pressure, ""); /* not yet again */
	look(70);
	ck_assert_str_ne(words.pressure, "");
	for (int64_t s = 80; s <= 300; s += 10) {
		look(s);
		ck_assert_str_eq(words.pressure, "");
	}
}
END_TEST

/* Looks that come late, after hours even, compare with the last one. */
START_TEST(late_looks)
{
	frames(1000, 0x0806, 0);
	look(10);
	frames(1000, 0x0806, 500);
	look(7200);
	ck_assert_ptr_nonnull(strstr(words.not_ip, "percent=50.0 frames=1000 "));
}
END_TEST

START_TEST(checks_the_sums)
{
	frames(10, 0x0806, 2);
	ledger.workers.cache.opened.packets = 8;
	ck_assert(watch_check(watch, &ledger));
	ledger.workers.seen.frames++;
	ck_assert(!watch_check(watch, &ledger));
	ck_assert(!watch_check(watch, &ledger));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *all = tcase_create("virtual time");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, quiet_when_all_is_well);
	tcase_add_test(all, names_shares_most_first);
	tcase_add_test(all, once_a_minute);
	tcase_add_test(all, forgets_after_a_minute);
	tcase_add_test(all, few_frames_make_no_share);
	tcase_add_test(all, sampled_out_frames_do_not_dilute);
	tcase_add_test(all, tells_what_the_kernel_dropped);
	tcase_add_test(all, tells_of_pressure);
	tcase_add_test(all, late_looks);
	tcase_add_test(all, checks_the_sums);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
