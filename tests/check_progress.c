/* What the progress line says. That it appears on terminals only: tests/12-progress.py. */
#include "daemon/progress.h"

#include "base/clock.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	struct progress_facts facts;
	const char *line;
} samples[] = {
	{{0, 1000, 0, 0, 0}, "weir: 0 % of 1.00 kB, 0 packets/s, 0 flows, 0 s to go"},
	{{250, 1000, 50, 7, 10 * CLOCK_SECOND},
		"weir: 25 % of 1.00 kB, 5 packets/s, 7 flows, 30 s to go"},
	{{1000, 1000, 50, 7, 10 * CLOCK_SECOND},
		"weir: 100 % of 1.00 kB, 5 packets/s, 7 flows, 0 s to go"},
	{{UINT64_C(500000000), UINT64_C(12340000000), 8123456, 1234567, CLOCK_SECOND},
		"weir: 4 % of 12.3 GB, 8.12 M packets/s, 1.23 M flows, 24 s to go"},
	{{1, 1000, 1, 1, 10 * CLOCK_SECOND},
		"weir: 0 % of 1.00 kB, 0 packets/s, 1 flows, 3 h to go"},
	{{10, 1000, 1, 1, 10 * CLOCK_SECOND},
		"weir: 1 % of 1.00 kB, 0 packets/s, 1 flows, 16 min to go"},
	/* A pipe, and a file that grew after it was opened. */
	{{999999, 0, 99950, 999, CLOCK_SECOND}, "weir: 1.00 MB, 100 k packets/s, 999 flows"},
	{{2000, 1000, 10, 1000, CLOCK_SECOND}, "weir: 2.00 kB, 10 packets/s, 1.00 k flows"},
};

START_TEST(lines)
{
	char line[PROGRESS_LINE];

	size_t n = progress_line(line, &samples[_i].facts);
	ck_assert_str_eq(line, samples[_i].line);
	ck_assert_uint_eq(n, strlen(line));
}
END_TEST

/* The largest numbers fit. */
START_TEST(bounded)
{
	char line[PROGRESS_LINE + 1];
	struct progress_facts f = {UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, UINT64_MAX, 1};

	line[PROGRESS_LINE] = 'x';
	size_t n = progress_line(line, &f);
	ck_assert_uint_lt(n, PROGRESS_LINE);
	ck_assert_uint_eq(n, strlen(line));
	ck_assert_int_eq(line[PROGRESS_LINE], 'x');
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progress");
	TCase *tcase = tcase_create("lines");

	tcase_add_loop_test(tcase, lines, 0, sizeof samples / sizeof samples[0]);
	tcase_add_test(tcase, bounded);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
