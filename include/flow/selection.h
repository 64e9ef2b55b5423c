/* selection: what the cache tells flows apart by, and how much it keeps of them.
 *
 * Masks over a packet's key and details: two packets are of one flow when they do
 * not differ in any bit that is set here. Constant after start, any thread. */
#ifndef FLOW_SELECTION_H
#define FLOW_SELECTION_H

#include "flow/key.h"

#include <stdbool.h>

struct flow_selection {
	struct flow_key key;           /* all ones: the default key */
	struct packet_details details; /* all zero: none of it is in the key */
	bool keeps_details;            /* records have their struct flow_details */
	bool biflow;                   /* both directions are one flow, which keeps details */
};

/* The classic seven fields, and no details. */
static inline struct flow_selection flow_selection_default(void)
{
	struct flow_selection selection = {.keeps_details = false};

	memset(&selection.key, 0xff, sizeof selection.key);
	return selection;
}

#endif
