/* Ports and TCP control bits (flow rules T1 to T3), read in walk->transport only:
 * inside what was captured and inside the packet's own length (rule I3). */
#include "packet/layer.h"

static enum layer transport_short(struct walk *walk)
{
	walk->packet->facts |= PACKET_L4_SHORT;
	return LAYER_DONE;
}

/* As RFC 9293 section 3.1 lays them out, once the fixed header but checksum and
 * urgent pointer is there. */
static void tcp_note(struct walk *walk, const uint8_t *h)
{
	struct packet *packet = walk->packet;
	uint64_t header = h[12] >> 4 > 5 ? (h[12] >> 4) * 4u : 20;
	uint64_t before = (uint64_t)(h - walk->base) + header;
	uint64_t payload = packet->octets > before ? packet->octets - before : 0;

	packet->tcp_sequence = be32(h + 4);
	packet->tcp_acknowledgement = be32(h + 8);
	packet->tcp_window = be16(h + 14);
	packet->tcp_payload = payload < UINT16_MAX ? (uint16_t)payload : UINT16_MAX;
	packet->facts |= PACKET_TCP;
}

enum layer tcp_read(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint8_t *h = walk->transport.at;
	size_t n = bytes_left(&walk->transport);

	if (n < 4)
		return transport_short(walk);
	packet->source_port = be16(h);
	packet->destination_port = be16(h + 2);
	if (n < 14)
		return transport_short(walk);
	packet->tcp_control_bits = be16(h + 12) & 0xfff; /* RFC 9565: the offset is none */
	if (n >= 16)
		tcp_note(walk, h);
	return LAYER_DONE;
}

enum layer ports_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->transport, 4);

	if (!h)
		return transport_short(walk);
	walk->packet->source_port = be16(h);
	walk->packet->destination_port = be16(h + 2);
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
