/* suite: the end of each unit test's main(), and an assertion for where there are many. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>

/* ck_assert() notes each place that it passes: this is for those that are passed a million times.
 */
#define must(condition)                                                    \
	do {                                                               \
		if (!(condition))                                          \
			ck_abort_msg("line %d: %s", __LINE__, #condition); \
	} while (0)

/* Runs it, and says on standard output how that went. The status for exit(). */
static inline int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
