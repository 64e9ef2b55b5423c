/* uptime: what sysUptime counts from, RFC 3954 section 5.1, and the times that can be told by it.
 *
 * A collector adds 32 bits of milliseconds to it, 49.7 days; so it moves when a time would not fit.
 * Plain data, no clock; nanoseconds since 1970 where nothing else is said. */
#ifndef EXPORT_UPTIME_H
#define EXPORT_UPTIME_H

#include <stdbool.h>
#include <stdint.h>

struct uptime {
	bool known;
	int64_t boot; /* milliseconds since 1970 */
};

/* INT64_MIN: not known before the first record, and then a day before it. */
struct uptime uptime_of(int64_t boot);

/* Whether both can be told. */
bool uptime_fits(const struct uptime *uptime, int64_t from, int64_t to);
/* Moves it so that they can: by a day or more, so that no collector takes it for a clock that
 * drifts. */
void uptime_move(struct uptime *uptime, int64_t from, int64_t to);

/* The time that a message's header tells: `now`, but not before the last flow inside, and
 * in range. `records`: it has some. */
int64_t uptime_header(const struct uptime *uptime, int64_t now, int64_t latest, bool records);

#endif
