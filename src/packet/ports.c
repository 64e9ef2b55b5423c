#include "packet/ports.h"

#include <stddef.h>

enum { DEPTH_DEFAULT = 16, USUAL = 2 };

/* IANA's ports, and 8472, on which Linux has long sent VXLAN. */
static const uint16_t usual[DECODER_TUNNELS][USUAL] = {
	[DECODER_VXLAN] = {4789, 8472},
	[DECODER_VXLAN_GPE] = {4790},
	[DECODER_GENEVE] = {6081},
	[DECODER_GTPU] = {2152},
	[DECODER_L2TP] = {1701},
	[DECODER_TEREDO] = {3544},
	[DECODER_MPLS_UDP] = {6635},
	[DECODER_LISP] = {4341},
};

void tunnels_set(struct tunnels *tunnels, const struct decoder_options *options)
{
	*tunnels = (struct tunnels){.depth = options->depth ? options->depth : DEPTH_DEFAULT};
	for (unsigned kind = 0; kind < DECODER_TUNNELS; kind++) {
		const uint16_t *ports = options->ports[kind];
		size_t n = DECODER_TUNNEL_PORTS;
		if (ports[0] == 0) {
			ports = usual[kind];
			n = USUAL;
		}
		for (size_t i = 0; i < n && ports[i] != 0; i++) {
			tunnels->port[tunnels->ports].number = ports[i];
			tunnels->port[tunnels->ports].kind = (uint8_t)kind;
			tunnels->ports++;
			tunnels->marks[ports[i] % TUNNEL_MARKS / 8] |= (uint8_t)(1 << ports[i] % 8);
		}
	}
}
