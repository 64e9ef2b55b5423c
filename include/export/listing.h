/* listing: the templates of a session, copied out to be looked at.
 *
 * Plain data, so that whoever shows them keeps nobody from sending. Pure function. */
#ifndef EXPORT_LISTING_H
#define EXPORT_LISTING_H

#include "export/layout.h"
#include "export/options_data.h"

#include <stdbool.h>
#include <stdint.h>

/* One template of a session, to look at. */
struct session_template {
	struct template template;
	char record[64]; /* which records it is of: "default: IPv4, ICMP", "flow keys" */
};

/* All of them, as they were at one moment; a copy. */
struct session_templates {
	uint16_t version; /* 5, 9 or 10 */
	bool done;        /* sent at least once */
	int64_t sent;     /* when last, nanoseconds since 1970 */
	unsigned count;
	struct session_template list[LAYOUT_TEMPLATES + OPTION_KINDS];
};

/* Fills in the list. `has_ids`: they are sent; else, as of NetFlow v5, their ids are 0. */
void listing_fill(struct session_templates *templates, const struct layout *layout,
	const struct options_data *options, bool has_ids);

#endif
