/* weirdump_layout: template records, read into fields.
 *
 * NetFlow v9 and IPFIX write their template records differently; both say the
 * same, a list of elements with lengths. */
#ifndef WEIRDUMP_LAYOUT_H
#define WEIRDUMP_LAYOUT_H

#include "weirdump_template.h"

struct layout {
	uint16_t id;
	uint16_t count; /* 0: IPFIX withdraws the template */
	uint16_t scopes;
	const char *refused; /* why it cannot be used; what follows it can be read */
	struct field fields[TEMPLATE_FIELDS_MOST];
};

/* Reads the next template record of a set (options: of a set of options
 * templates). NULL, or what is wrong, after which the set cannot be read on. */
const char *layout_read(struct layout *layout, struct bytes *bytes, uint16_t version, bool options);

#endif
