/* hold: how long turns with a baton took.
 *
 * The number of turns, the longest one, and how many took less than 1, 2, 4, ...
 * microseconds. Wall-clock time: a thread that is interrupted or put aside while
 * it holds is counted so, since whoever waits for it waits as long. Plain data,
 * guarded by the baton that it is about. */
#ifndef DAEMON_HOLD_H
#define DAEMON_HOLD_H

#include <stdint.h>

enum { HOLD_CLASSES = 16 };

struct hold {
	uint64_t turns;
	int64_t longest; /* nanoseconds */
	/* class[0]: below 1 us; class[i]: from there below 2^i us; the last: all that is longer */
	uint64_t class[HOLD_CLASSES];
};

void hold_note(struct hold *hold, int64_t nanoseconds);
void hold_add(struct hold *sum, const struct hold *hold);

/* The microseconds that so many of a thousand turns stayed below, a power of two; the
 * longest turn, rounded up, where that is no more, or where there is no such power. */
int64_t hold_below(const struct hold *hold, unsigned per_mille);

#endif
