/* refresh: what goes out again and again, because datagrams may be lost and collectors
 * come late (RFC 7011 section 8.4). No clock, plain data; the owner's thread. */
#ifndef EXPORT_REFRESH_H
#define EXPORT_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

struct refresh_plan {
	int64_t every;      /* nanoseconds */
	uint32_t datagrams; /* 0: by time only */
	int64_t apart;      /* nanoseconds that have to be between two that datagrams made due */
};

struct refresh {
	struct refresh_plan plan;
	bool done;          /* at least once */
	int64_t time;       /* when last, nanoseconds since 1970 */
	uint32_t datagrams; /* that the owner has counted since */
	unsigned burst;
};

/* Due at the start, twice more soon after, after the plan's time, after its datagrams, and
 * when the clock was set back: data may not be older than its template (RFC 7011 section
 * 8.2). */
bool refresh_is_due(const struct refresh *r, int64_t now);

void refresh_done(struct refresh *r, int64_t now);

#endif
