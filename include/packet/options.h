/* options: what a decoder is asked to do. */
#ifndef PACKET_OPTIONS_H
#define PACKET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Most ports that one kind of UDP tunnel can be looked for on. */
enum { DECODER_TUNNEL_PORTS = 8 };

enum decoder_tunnel {
	DECODER_VXLAN,
	DECODER_VXLAN_GPE,
	DECODER_GENEVE,
	DECODER_GTPU,
	DECODER_L2TP,
	DECODER_TEREDO,
	DECODER_MPLS_UDP,
	DECODER_LISP,
	DECODER_TUNNELS
};

struct decoder_options {
	bool inner; /* the flow is the innermost packet, not the outermost */
	/* The flow is the outermost packet, and what a tunnel carries is noted beside it (see
	 * enum packet_fact). Costs the packets that may be tunnels a second reading, the others
	 * nothing, and a second fragment table. Without meaning where inner is set. */
	bool tunnel_facts;
	bool details;       /* packets are to have their details */
	unsigned depth;     /* tunnels entered at most, 0: 16 */
	uint32_t fragments; /* entries of a fragment table, 0: 4096 */
	uint64_t seed;      /* of the fragment table's hash */
	/* 0 ends a list; an empty one stands for the IANA ports, and 8472 for VXLAN too */
	uint16_t ports[DECODER_TUNNELS][DECODER_TUNNEL_PORTS];
};

#endif
