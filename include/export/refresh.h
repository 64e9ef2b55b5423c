/* refresh: what goes out again and again, because datagrams may be lost and collectors
 * come late (RFC 7011 section 8.4). No clock, plain data; the owner's thread. */
#ifndef EXPORT_REFRESH_H
#define EXPORT_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

struct refresh {
	bool done;          /* at least once */
	int64_t time;       /* when last, nanoseconds since 1970 */
	uint32_t datagrams; /* that the owner has counted since */
	unsigned burst;
};

/* Due at the start, twice more soon after, after `every` nanoseconds, after so many
 * datagrams (0: by time only), and when the clock was set back: data may not be older
 * than its template (RFC 7011 section 8.2). */
bool refresh_is_due(const struct refresh *r, int64_t now, int64_t every, uint32_t datagrams);

void refresh_done(struct refresh *r, int64_t now);

#endif
