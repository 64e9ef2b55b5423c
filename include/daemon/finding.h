/* finding: one line of the doctor's report. */
#ifndef DAEMON_FINDING_H
#define DAEMON_FINDING_H

#include <stdio.h>

enum finding {
	FINDING_GOOD,
	FINDING_NOTE,  /* could be better; or could not be seen */
	FINDING_WRONG, /* records will be missing, or not be right */
};

struct report {
	FILE *out;
	unsigned count[FINDING_WRONG + 1];
};

/* Writes "wrong  WHAT: ...": what was found, and behind a semicolon what to do. */
void report(struct report *report, enum finding finding, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
