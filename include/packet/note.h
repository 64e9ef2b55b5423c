/* note: copies a header's fields into a packet, once the header is known to be
 * there. Shared by the layer functions and by the short way of common.c, so
 * that both say the same. */
#ifndef PACKET_NOTE_H
#define PACKET_NOTE_H

#include "base/bytes.h"
#include "base/frame.h"
#include "packet/header_options.h"
#include "packet/packet.h"

#include <stdint.h>
#include <string.h>

static inline uint32_t note_wire_octets(const struct frame *frame)
{
	return frame->wire_octets > frame->captured ? frame->wire_octets : frame->captured;
}

static inline void note_frame(struct packet *packet, const struct frame *frame)
{
	packet->direction = frame->direction;
	packet->interface = frame->interface;
	packet->passing = frame->passing;
	packet->time = frame->time;
	packet->vlan_id = 0;
}

static inline void note_details_start(struct packet_details *details, const struct frame *frame)
{
	memset(details, 0, sizeof *details);
	details->wire_octets = note_wire_octets(frame);
}

static inline void note_macs(struct packet_details *details, const uint8_t *h)
{
	memcpy(details->destination_mac, h, 6);
	memcpy(details->source_mac, h + 6, 6);
}

/* IEEE 802.1Q section 9.6: priority 3, drop eligible 1, id 12 bits */
static inline struct packet_tag note_tag(uint16_t tag)
{
	return (struct packet_tag){tag & 0xfff, (uint8_t)(tag >> 13), tag >> 12 & 1};
}

static inline void note_ip4(struct packet *packet, const uint8_t *h)
{
	memset(packet->source_address, 0, 32);
	memcpy(packet->source_address, h + 12, 4);
	memcpy(packet->destination_address, h + 16, 4);
	packet->protocol = h[9];
	packet->tos = h[1];
	packet->ip_version = 4;
}

static inline void note_ip4_details(struct packet_details *details, const uint8_t *h)
{
	details->ttl = h[8];
	details->identification = be16(h + 4);
	details->fragment_word = be16(h + 6);
	details->flow_label = 0;
	details->ip_header = (uint8_t)((h[0] & 15u) * 4);
	details->ip4_options = 0;
	details->ip6_extensions = 0;
}

static inline void note_ip6(struct packet *packet, const uint8_t *h)
{
	memcpy(packet->source_address, h + 8, 32);
	packet->protocol = h[6];
	packet->tos = (uint8_t)(be16(h) >> 4);
	packet->ip_version = 6;
}

static inline void note_ip6_details(struct packet_details *details, const uint8_t *h)
{
	details->ttl = h[7];
	details->identification = 0;
	details->fragment_word = 0;
	details->flow_label = be32(h) & 0xfffff;
	details->ip_header = 40;
	details->ip4_options = 0;
	details->ip6_extensions = 0;
}

static inline void note_ports(struct packet *packet, const uint8_t *h)
{
	packet->source_port = be16(h);
	packet->destination_port = be16(h + 2);
}

/* RFC 9565: 12 control bits; the data offset beside them is none. */
static inline uint16_t note_control_bits(const uint8_t *h)
{
	return be16(h + 12) & 0xfff;
}

/* `at`: a TCP header of which 16 octets at least are there, in a segment of so many. */
static inline void note_tcp_details(
	struct packet_details *details, struct bytes at, uint64_t segment)
{
	const uint8_t *h = at.at;
	unsigned header = h[12] >> 4 > 5 ? (h[12] >> 4) * 4u : 20;
	uint64_t payload = segment > header ? segment - header : 0;

	details->tcp_header = (uint8_t)header;
	bytes_limit(&at, header);
	if (bytes_skip(&at, 20)) {
		details->tcp_urgent_pointer = be16(h + 18);
		details->tcp_options = header_tcp_options(at);
	}

	details->tcp_sequence = be32(h + 4);
	details->tcp_acknowledgement = be32(h + 8);
	details->tcp_window = be16(h + 14);
	details->tcp_payload = payload < UINT16_MAX ? (uint16_t)payload : UINT16_MAX;
}

#endif
