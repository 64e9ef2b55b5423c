/* event: what befell a connection, told in a record of its own. Plain data. */
#ifndef FLOW_EVENT_H
#define FLOW_EVENT_H

#include "flow/record.h"

/* IANA natEvent (230), RFC 8158 section 4.3; between addresses of version 6 there are only
 * the events of RFC 8158's forerunners. */
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
	uint8_t nat; /* enum flow_nat_event */
};

#endif
