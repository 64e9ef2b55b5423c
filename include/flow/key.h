/* key: what makes packets one flow.
 *
 * The classic seven fields (RFC 3954 section 2, RFC 7011 section 2: Flow Key).
 * Hashed and compared as 48 octets, so there is no padding and what a
 * configuration leaves out of the key is zero. */
#ifndef FLOW_KEY_H
#define FLOW_KEY_H

#include "packet/packet.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct flow_key {
	uint8_t source_address[16]; /* network order; IPv4 in the first 4, zeros after */
	uint8_t destination_address[16];
	uint16_t source_port; /* host order */
	uint16_t destination_port;
	uint8_t protocol;
	uint8_t tos;
	uint8_t ip_version;
	uint8_t direction;  /* enum frame_direction */
	uint32_t interface; /* ifIndex */
	uint32_t passing;   /* as in struct packet */
};

_Static_assert(sizeof(struct flow_key) == 48, "hashed as octets: no padding");
_Static_assert(offsetof(struct packet, passing) == offsetof(struct flow_key, passing),
	"a packet begins with its key");

/* The octets of a packet's default key, lent: a packet begins with them. */
static inline const void *flow_key_of(const struct packet *packet)
{
	return packet;
}

#endif
