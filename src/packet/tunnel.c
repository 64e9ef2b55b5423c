/* Tunnels over IP and over UDP.
 *
 * What follows a tunnel's header is read to the end of what was captured; only
 * the inner IP header itself must lie inside the packet around it. */
#include "packet/layer.h"

/* By IP protocol. */
enum layer layer_of_tunnel(uint8_t protocol)
{
	switch (protocol) {
	case 4: return LAYER_IP4;
	case 17: return LAYER_UDP;
	case 41: return LAYER_IP6;
	case 47: return LAYER_GRE;
	case 51: return LAYER_AH;
	case 97: return LAYER_ETHERIP;
	case 137: return LAYER_MPLS;
	default: return LAYER_NONE;
	}
}

/* Over UDP, in the order in which they are tried: a packet is a tunnel's when a
 * port is, `header` octets are there and the first two, masked, have the value. */
/* clang-format off */
static const struct udp_tunnel {
	uint8_t layer;          /* enum layer */
	uint8_t header;
	uint16_t mask, value;
	bool either;            /* also by its source port */
} udp_tunnels[DECODER_TUNNELS] = {
	[DECODER_VXLAN]     = {LAYER_VXLAN, 8, 0x0800, 0x0800, false}, /* VNI valid */
	[DECODER_VXLAN_GPE] = {LAYER_VXLAN_GPE, 8, 0, 0, false},
	[DECODER_GENEVE]    = {LAYER_GENEVE, 8, 0xc000, 0, false},    /* version 0 */
	[DECODER_GTPU]      = {LAYER_GTPU, 8, 0xf0ff, 0x30ff, false}, /* version 1, G-PDU */
	[DECODER_L2TP]      = {LAYER_L2TP, 6, 0x800f, 0x0002, false}, /* version 2, data */
	[DECODER_TEREDO]    = {LAYER_TEREDO, 0, 0, 0, true},
	[DECODER_MPLS_UDP]  = {LAYER_MPLS, 0, 0, 0, false},
	[DECODER_LISP]      = {LAYER_LISP, 0, 0, 0, false},
};
/* clang-format on */

/* Ends a tunnel header that is none, or cut: the packet around it stays, and what
 * the header said so far is not to be believed. */
static enum layer no_tunnel(struct walk *walk)
{
	walk->staged = 0;
	return walk_ignore(walk, PACKET_IGNORED_LINK_SHORT, 0);
}

static void segment_stage(struct walk *walk, enum packet_segment kind, uint32_t id)
{
	walk->segment_id = (uint64_t)kind << 56 | id;
	walk->staged |= PACKET_SEGMENT;
}

enum layer udp_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 8);
	size_t room = walk_room(walk);

	if (!h || room < 8)
		return no_tunnel(walk);
	uint16_t source = be16(h), destination = be16(h + 2);
	if (!tunnels_likely(walk->tunnels, source, destination))
		return no_tunnel(walk);
	bytes_skip(&walk->at, 8);
	for (unsigned i = 0; i < walk->tunnels->ports; i++) {
		const struct udp_tunnel *tunnel = &udp_tunnels[walk->tunnels->port[i].kind];
		uint16_t port = walk->tunnels->port[i].number;
		if (destination != port && !(tunnel->either && source == port))
			continue;
		if (room - 8 < tunnel->header)
			continue;
		if (tunnel->header && (be16(h + 8) & tunnel->mask) != tunnel->value)
			continue;
		return tunnel->layer;
	}
	return no_tunnel(walk);
}

/* RFC 4302: next header, length in words less two. */
enum layer ah_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 12);

	if (!h || walk_room(walk) < 12 || !bytes_skip(&walk->at, 4 * (h[1] + 2u)))
		return no_tunnel(walk);
	enum layer next = layer_of_tunnel(h[0]);
	return next != LAYER_NONE ? next : no_tunnel(walk);
}

/* RFC 2637: PPP in GRE version 1, with sequence and acknowledgement numbers or not */
static enum layer pptp_read(struct walk *walk, uint16_t flags, uint16_t protocol)
{
	size_t n = 4u + (flags & 0x1000 ? 4 : 0) + (flags & 0x0080 ? 4 : 0);

	if (protocol != 0x880b || !bytes_skip(&walk->at, n))
		return no_tunnel(walk);
	return LAYER_PPP;
}

/* ERSPAN II (a GRE sequence number tells it from I, which has no header) and III,
 * whose platform subheader is there when the last bit says so. */
static enum layer erspan_read(struct walk *walk, uint16_t flags, uint16_t protocol)
{
	size_t n = flags & 0x1000 ? 8 : 0;

	if (protocol == 0x22eb) {
		const uint8_t *h = bytes_peek(&walk->at, 12);
		n = h && h[11] & 1 ? 20 : 12;
	}
	return bytes_skip(&walk->at, n) ? LAYER_ETHERNET : no_tunnel(walk);
}

/* RFC 2784, RFC 2890: checksum, key and sequence number where the flags say so. */
enum layer gre_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 4);

	if (!h || walk_room(walk) < 4)
		return no_tunnel(walk);
	bytes_skip(&walk->at, 4);
	uint16_t flags = be16(h), protocol = be16(h + 2);
	if ((flags & 7) == 1)
		return pptp_read(walk, flags, protocol);
	if (flags & 7 || flags & 0x4000) /* source routes are not read */
		return no_tunnel(walk);
	if (flags & 0x8000 && !bytes_skip(&walk->at, 4))
		return no_tunnel(walk);
	if (flags & 0x2000) {
		/* Where the packet ends before it, what stands there is a frame's padding. */
		const uint8_t *key = walk_room(walk) < 4 ? NULL : bytes_pull(&walk->at, 4);
		if (!key)
			return no_tunnel(walk);
		walk->gre_key = be32(key);
		walk->staged |= PACKET_GRE_KEY;
		if (protocol == 0x6558) /* RFC 7637: the key's last octet is a flow's */
			segment_stage(walk, PACKET_SEGMENT_NVGRE, walk->gre_key >> 8);
	}
	if (flags & 0x1000 && !bytes_skip(&walk->at, 4))
		return no_tunnel(walk);
	if (protocol == 0x6558) /* transparent Ethernet bridging */
		return LAYER_ETHERNET;
	if (protocol == 0x88be || protocol == 0x22eb)
		return erspan_read(walk, flags, protocol);
	return layer_of_ethertype(walk, protocol);
}

/* RFC 3378: version 3 and reserved bits, then the frame. */
enum layer etherip_read(struct walk *walk)
{
	return bytes_skip(&walk->at, 2) ? LAYER_ETHERNET : no_tunnel(walk);
}

/* RFC 7348; udp_read() has seen that the 8 octets are there. */
enum layer vxlan_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 8);

	if (!h)
		return no_tunnel(walk);
	segment_stage(walk, PACKET_SEGMENT_VXLAN, be24(h + 4));
	return LAYER_ETHERNET;
}

/* draft-ietf-nvo3-vxlan-gpe: the fourth octet says what is inside. */
enum layer vxlan_gpe_read(struct walk *walk)
{
	static const uint8_t layers[] = {LAYER_NONE, LAYER_IP4, LAYER_IP6, LAYER_ETHERNET};
	const uint8_t *h = bytes_pull(&walk->at, 8);

	if (!h || h[3] == 0 || h[3] >= sizeof layers)
		return no_tunnel(walk);
	segment_stage(walk, PACKET_SEGMENT_VXLAN, be24(h + 4));
	return layers[h[3]];
}

/* RFC 8926: options in words, an EtherType, the VNI. */
enum layer geneve_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 8);

	if (!h || !bytes_skip(&walk->at, 4 * (h[0] & 0x3fu)))
		return no_tunnel(walk);
	segment_stage(walk, PACKET_SEGMENT_GENEVE, be24(h + 4));
	if (be16(h + 2) == 0x6558)
		return LAYER_ETHERNET;
	return layer_of_ethertype(walk, be16(h + 2));
}

/* 3GPP TS 29.281 section 5: four more octets when any of E, S, PN is set, and with E
 * extension headers, each with its length in words first and the next one's type last. */
enum layer gtpu_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 8);

	if (!h)
		return no_tunnel(walk);
	walk->gtpu_teid = be32(h + 4);
	walk->staged |= PACKET_GTPU_TEID;
	if (!(h[0] & 7))
		return LAYER_RAW;
	const uint8_t *more = bytes_pull(&walk->at, 4);
	if (!more)
		return no_tunnel(walk);
	for (uint8_t next = h[0] & 4 ? more[3] : 0; next != 0;) {
		const uint8_t *length = bytes_peek(&walk->at, 1);
		if (!length || length[0] == 0)
			return no_tunnel(walk);
		const uint8_t *extension = bytes_pull(&walk->at, 4u * length[0]);
		if (!extension)
			return no_tunnel(walk);
		next = extension[4u * length[0] - 1];
	}
	return LAYER_RAW;
}

/* RFC 2661 section 3.1: length, sequence numbers and offset where the flags say so. */
enum layer l2tp_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 2);

	if (!h)
		return no_tunnel(walk);
	uint16_t flags = be16(h);
	if (!bytes_skip(&walk->at, 6u + (flags & 0x4000 ? 2 : 0) + (flags & 0x0800 ? 4 : 0)))
		return no_tunnel(walk);
	if (flags & 0x0200) {
		const uint8_t *offset = bytes_pull(&walk->at, 2);
		if (!offset || !bytes_skip(&walk->at, be16(offset)))
			return no_tunnel(walk);
	}
	return LAYER_PPP;
}

/* RFC 4380 section 5.1.1: authentication (identifier and value lengths in its third
 * and fourth octets), then origin indication, each if it is there; then IPv6. */
enum layer teredo_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 4);

	if (h && be16(h) == 1 && !bytes_skip(&walk->at, 13u + h[2] + h[3]))
		return no_tunnel(walk);
	h = bytes_peek(&walk->at, 2);
	if (h && be16(h) == 0 && !bytes_skip(&walk->at, 8))
		return no_tunnel(walk);
	return LAYER_IP6;
}

/* RFC 9300 section 5.1: 8 octets, then an IP packet of either version. */
enum layer lisp_read(struct walk *walk)
{
	return bytes_skip(&walk->at, 8) ? LAYER_RAW : no_tunnel(walk);
}
