/* event: what befell a connection, told in a record of its own. Plain data. */
#ifndef FLOW_EVENT_H
#define FLOW_EVENT_H

#include "flow/record.h"

/* IANA natEvent (230). The first two are those of Cisco's NAT Event Logging, which is all that
 * collectors of NetFlow v9 know; RFC 8158 section 4.3 has the others in their place, but none
 * for addresses of version 6 on both sides. */
enum flow_nat_event {
	FLOW_NAT_CREATE = 1,
	FLOW_NAT_DELETE = 2,
	FLOW_NAT44_CREATE = 4,
	FLOW_NAT44_DELETE = 5,
};

/* Of the record its key's ends and protocol count, and `first`: when it was; what the
 * ends become stands in the path. */
struct flow_event {
	struct flow_record record;
	struct flow_path path;
	uint8_t nat;         /* enum flow_nat_event, as NetFlow v9 tells it */
	uint8_t nat_session; /* and by RFC 8158 */
};

#endif
