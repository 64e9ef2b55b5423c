/* Ports and TCP control bits, read in walk->transport only:
 * inside what was captured and inside the packet's own length. */
#include "packet/layer.h"
#include "packet/note.h"

static enum layer transport_short(struct walk *walk)
{
	walk->packet->facts |= PACKET_L4_SHORT;
	return LAYER_DONE;
}

enum layer tcp_read(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint8_t *h = walk->transport.at;
	size_t n = bytes_left(&walk->transport);

	if (n < 4)
		return transport_short(walk);
	note_ports(packet, h);
	if (n < 14)
		return transport_short(walk);
	packet->tcp_control_bits = note_control_bits(h);
	if (n >= 16) {
		note_tcp_details(&packet->details, walk->transport,
			packet->octets - (uint64_t)(h - walk->base));
		packet->facts |= PACKET_TCP;
	}
	return LAYER_DONE;
}

enum layer ports_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->transport, 4);

	if (!h)
		return transport_short(walk);
	note_ports(walk->packet, h);
	return LAYER_DONE;
}

enum layer icmp_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->transport, 2);

	if (!h)
		return transport_short(walk);
	walk->packet->destination_port = be16(h); /* type * 256 + code */
	walk->packet->facts |= PACKET_ICMP;
	return LAYER_DONE;
}
