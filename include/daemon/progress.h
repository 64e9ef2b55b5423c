/* progress: on a terminal, how far the reading of a file has come.
 *
 * One line on standard error that is written over a few times a second and gone at
 * the end, without control sequences, so that any terminal will do. Where
 * standard error is none, there is no progress and nothing is written. One thread. */
#ifndef DAEMON_PROGRESS_H
#define DAEMON_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_LINE = 80 }; /* with the NUL */

struct progress_facts {
	uint64_t octets; /* of the file, read so far */
	uint64_t size;   /* of the file, 0: not known, as of a pipe's */
	uint64_t packets;
	uint64_t flows;      /* that were opened */
	int64_t nanoseconds; /* since the begin */
};

/* What the line says, without a line end; returns its length. */
size_t progress_line(char line[PROGRESS_LINE], const struct progress_facts *facts);

struct progress;

/* For the file at this path, "-" is standard input. NULL: nothing is to be shown, because
 * standard error is no terminal, or the records appear on the same one. */
struct progress *progress_new(const char *path, bool prints);

/* Whether it is time to show something; `progress` may be NULL, which costs nothing. */
bool progress_due(struct progress *progress);

/* Writes the line; of the facts, octets, packets and flows are the caller's. */
void progress_show(struct progress *progress, struct progress_facts facts);

/* Wipes the line out and frees; NULL is allowed. */
void progress_end(struct progress *progress);

#endif
