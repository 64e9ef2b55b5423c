/* frame: captured octets with their time.
 *
 * A frame is what a capture source lends to its reader: the octets stay the
 * source's and are valid only until the call that handed them out returns.
 * Whoever needs more copies facts out (struct packet), never the pointer. */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include <stdint.h>

enum frame_direction {
	FRAME_INGRESS, /* or not known, as on a span port */
	FRAME_EGRESS,
};

struct frame {
	const uint8_t *data;  /* lent, `captured` octets */
	int64_t time;         /* nanoseconds since 1970 UTC */
	uint32_t captured;    /* octets at data */
	uint32_t wire_octets; /* length on the wire, link header included */
	uint32_t interface;   /* ifIndex of the observation point, 0: unknown */
	uint16_t link_type;   /* LINKTYPE_ number */
	uint8_t direction;    /* enum frame_direction */
	uint8_t passing;      /* 1: to the link address of another station than this host */
};

#endif
