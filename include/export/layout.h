/* layout: the records that weir sends, as lists of elements.
 *
 * Chosen for what collectors read right: NetFlow v9 with times relative to
 * sysUptime, IPFIX with milliseconds since 1970, 64-bit counters, 32-bit interface
 * indexes, the protocol always. Constant after layout_new(), then any thread. */
#ifndef EXPORT_LAYOUT_H
#define EXPORT_LAYOUT_H

#include "export/template.h"

enum { LAYOUT_TEMPLATES = 4 };

struct layout {
	unsigned count;
	struct template template[LAYOUT_TEMPLATES];
};

/* The layout of a protocol version: 5, 9 or 10. */
void layout_init(struct layout *layout, uint16_t version);

/* The template for a record; NULL: this version cannot tell it (IPv6 in v5). */
const struct template *layout_choose(const struct layout *layout, const struct flow_record *record);

#endif
