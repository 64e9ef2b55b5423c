/* table: flow records as rows that people read.
 *
 * Start, duration, protocol, source and destination, packets, octets, TCP flags,
 * end reason and, where it is not 0, type of service. An IPv4 row has at most
 * 120 columns; IPv6 rows share the columns as long as their addresses fit and
 * otherwise keep to columns of their own, as wide as the widest so far. */
#ifndef EXPORT_TABLE_H
#define EXPORT_TABLE_H

#include "export/field.h"
#include "export/line.h"

#include <stdbool.h>

struct table {
	bool headed;   /* the line of titles is out */
	size_t width6; /* of both addresses in IPv6 rows */
};

/* Appends the row, before the first one the titles; false (and nothing is done)
 * where the record has no address of a flow. */
bool table_row(struct table *table, struct line *line, const struct field *fields, size_t count,
	const struct message_time *message);

#endif
