/* When templates and options go out again: at the start, soon after, by time, by datagrams, and
 * after the clock was set back. */
#include "base/clock.h"
#include "export/refresh.h"
#include "suite.h"

#define MS    CLOCK_MILLISECOND
#define START (INT64_C(1700000000) * CLOCK_SECOND)

/* Done three times, the last one at START. */
static struct refresh settled(struct refresh_plan plan)
{
	struct refresh r = {.plan = plan};

	for (int i = 2; i >= 0; i--)
		refresh_done(&r, START - i * 2 * CLOCK_SECOND);
	return r;
}

START_TEST(at_the_start)
{
	struct refresh r = {.plan = {.every = 60 * CLOCK_SECOND}};

	must(refresh_is_due(&r, START));
	refresh_done(&r, START);
	for (int i = 0; i < 2; i++) {
		int64_t last = START + i * 2 * CLOCK_SECOND;
		must(!refresh_is_due(&r, last + 2 * CLOCK_SECOND - 1));
		must(refresh_is_due(&r, last + 2 * CLOCK_SECOND));
		refresh_done(&r, last + 2 * CLOCK_SECOND);
	}
	must(!refresh_is_due(&r, START + 64 * CLOCK_SECOND - 1));
	must(refresh_is_due(&r, START + 64 * CLOCK_SECOND));
}
END_TEST

START_TEST(by_datagrams)
{
	struct refresh r = settled((struct refresh_plan){60 * CLOCK_SECOND, 20, 100 * MS});

	r.datagrams = 19;
	must(!refresh_is_due(&r, START + CLOCK_SECOND));
	r.datagrams = 20;
	must(!refresh_is_due(&r, START + 100 * MS - 1));
	must(refresh_is_due(&r, START + 100 * MS));
	refresh_done(&r, START + 100 * MS);
	must(!refresh_is_due(&r, START + CLOCK_SECOND)); /* counted anew */
	r = settled((struct refresh_plan){60 * CLOCK_SECOND, 0, 0});
	r.datagrams = UINT32_MAX;
	must(!refresh_is_due(&r, START + CLOCK_SECOND));
}
END_TEST

/* Who asks twice within one moment has not set the clock back. */
START_TEST(clock_set_back)
{
	struct refresh r = settled((struct refresh_plan){.every = 60 * CLOCK_SECOND});

	refresh_done(&r, START);
	must(!refresh_is_due(&r, START + 2 * CLOCK_SECOND));
	must(refresh_is_due(&r, START - 1));
	refresh_done(&r, START - 1);
	must(refresh_is_due(&r, START - 1 + 2 * CLOCK_SECOND));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("refresh");
	TCase *cases = tcase_create("refresh");

	tcase_add_test(cases, at_the_start);
	tcase_add_test(cases, by_datagrams);
	tcase_add_test(cases, clock_set_back);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
