/* ports: where to look for tunnels over UDP. */
#ifndef PACKET_PORTS_H
#define PACKET_PORTS_H

#include "packet/options.h"

#include <stdbool.h>
#include <stdint.h>

enum { TUNNEL_MARKS = 1024 };

/* A decoder that is not asked to look into tunnels has none. */
struct tunnels {
	unsigned depth; /* entered at most */
	unsigned ports; /* members of port[], in the order in which they are tried */
	struct {
		uint16_t number;
		uint8_t kind; /* enum decoder_tunnel */
	} port[DECODER_TUNNELS * DECODER_TUNNEL_PORTS];
	uint8_t marks[TUNNEL_MARKS / 8]; /* a bit per port modulo TUNNEL_MARKS */
};

/* Takes depth and ports from the options, IANA's ports where they name none. */
void tunnels_set(struct tunnels *tunnels, const struct decoder_options *options);

static inline bool tunnels_marked(const struct tunnels *tunnels, uint16_t port)
{
	return tunnels->marks[port % TUNNEL_MARKS / 8] >> port % 8 & 1;
}

/* False: a packet with these ports is no tunnel's, and the list need not be searched. */
static inline bool tunnels_likely(
	const struct tunnels *tunnels, uint16_t source, uint16_t destination)
{
	return tunnels_marked(tunnels, source) || tunnels_marked(tunnels, destination);
}

#endif
