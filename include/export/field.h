/* field: one value of a data record, as it stands on the wire.
 *
 * What a decoder hands to a printer. The octets are lent: they belong to the
 * message and are valid as long as it is. */
#ifndef EXPORT_FIELD_H
#define EXPORT_FIELD_H

#include "export/ie.h"

struct field {
	const struct ie *ie; /* NULL: not in the table, shown by number */
	uint32_t pen;        /* IE_REVERSE_PEN: the reverse of *ie */
	uint16_t id;
	uint16_t length;       /* of this value; in a template IE_VARIABLE may stand here */
	const uint8_t *octets; /* NULL in a template */
};

/* When a message left, for the elements that are relative to it. */
struct message_time {
	int64_t milliseconds; /* since 1970 */
	uint32_t uptime;      /* NetFlow's SysUptime then, milliseconds */
	bool has_uptime;
};

#endif
