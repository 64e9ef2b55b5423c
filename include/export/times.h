/* times: when a flow began and ended, whichever elements say it.
 *
 * Absolute times of any resolution, times since the exporter's boot, times
 * before the message left, or one of the two and a duration. */
#ifndef EXPORT_TIMES_H
#define EXPORT_TIMES_H

#include "export/field.h"

#include <stdbool.h>

struct times {
	int64_t first; /* milliseconds since 1970 */
	int64_t last;
	bool has_first;
	bool has_last;
};

/* message: NULL, or of the message that held the record. */
struct times times_of(const struct field *fields, size_t count, const struct message_time *message);

#endif
