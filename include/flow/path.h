/* path: what the host that forwards a flow says of it, and no packet does.
 *
 * Beside a record from the moment that it is exported, never in the cache. */
#ifndef FLOW_PATH_H
#define FLOW_PATH_H

#include <stdint.h>

/* Addresses in network order, IPv4 in the first 4 octets and zeros after; numbers in host
 * order. Zeros: not known, or none. */
struct flow_path {
	uint8_t next_hop[16];
	uint8_t post_source[16]; /* after address translation, NAT */
	uint8_t post_destination[16];
	uint32_t source_as;
	uint32_t destination_as;
	uint16_t post_source_port;
	uint16_t post_destination_port;
	uint8_t source_prefix; /* length of the route's prefix */
	uint8_t destination_prefix;
};

#endif
