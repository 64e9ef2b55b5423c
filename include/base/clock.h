/* clock: the only place that asks the machine for the time.
 *
 * Nanoseconds in 64 bits. Flow time is packet time (flow/timeout.h); these are
 * for live headers, for idle links and for pacing. Any thread. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND      INT64_C(1000000000)
#define CLOCK_MILLISECOND INT64_C(1000000)

/* Since 1970 UTC; may step when the clock is set. */
int64_t clock_wall(void);

/* Since some point in the past; never steps. */
int64_t clock_steady(void);

/* Waits so many nanoseconds, or less where a signal comes. By futex(2), which threads need anyway:
 * a confined weir so has one call fewer that it may make. */
void clock_pause(int64_t nanoseconds);

/* The division that rounds towards minus infinity, for times before 1970. */
static inline int64_t clock_floor(int64_t nanoseconds, int64_t unit)
{
	int64_t q = nanoseconds / unit;
	return q * unit > nanoseconds ? q - 1 : q;
}

#endif
