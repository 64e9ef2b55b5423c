/* IPv4 and IPv6: which header is valid, octets, the header chain, fragments. */
#include "packet/layer.h"
#include "packet/note.h"

enum { SOUND = PACKET_IGNORED_REASONS }; /* no reason to ignore it */

enum { /* protocol and next header numbers that are dealt with here */
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_OPTIONS = 60,
};

/* What an outer packet's facts leave to the inner one. */
enum {
	LASTING_FACTS =
		PACKET_MAC | PACKET_VLAN | PACKET_CUSTOMER_VLAN | CARRIER_FACTS | PACKET_TUNNEL
};

/* Which layer reads the ports, by IP version and protocol; the
 * others have none. */
/* clang-format off */
static const uint8_t transports[2][256] = {
	{
		[1]   = LAYER_ICMP,
		[6]   = LAYER_TCP,
		[17]  = LAYER_PORTS,
		[33]  = LAYER_PORTS, /* DCCP */
		[132] = LAYER_PORTS, /* SCTP */
		[136] = LAYER_PORTS, /* UDP-Lite */
	},
	{
		[6]   = LAYER_TCP,
		[17]  = LAYER_PORTS,
		[33]  = LAYER_PORTS,
		[58]  = LAYER_ICMP,
		[132] = LAYER_PORTS,
		[136] = LAYER_PORTS,
	},
};
/* clang-format on */

/* On n octets: the reason why they are no IPv4 header, or SOUND. */
static unsigned ip4_damage(const uint8_t *h, size_t n)
{
	if (n < 1)
		return PACKET_IGNORED_IP_EMPTY;
	if (h[0] >> 4 != 4)
		return PACKET_IGNORED_IP_VERSION;
	if (n < 20)
		return PACKET_IGNORED_IP4_SHORT;
	unsigned header = (h[0] & 15u) * 4;
	if (header < 20)
		return PACKET_IGNORED_IP4_IHL;
	if (header > n)
		return PACKET_IGNORED_IP4_OPTIONS;
	if (be16(h + 2) != 0 && be16(h + 2) < header)
		return PACKET_IGNORED_IP4_LENGTH;
	return SOUND;
}

static unsigned ip6_damage(const uint8_t *h, size_t n)
{
	if (n < 1)
		return PACKET_IGNORED_IP_EMPTY;
	if (h[0] >> 4 != 6)
		return PACKET_IGNORED_IP_VERSION;
	return n < 40 ? PACKET_IGNORED_IP6_SHORT : SOUND;
}

/* A header that is sound but reaches past the packet around it is no guess gone
 * wrong: the octets behind that packet's end are not its payload. */
static enum layer ip_refuse(struct walk *walk, unsigned reason, bool sound)
{
	const uint8_t *h = walk->at.at;

	if (sound)
		walk->guesses = 0;
	return walk_ignore(walk, (enum packet_ignored)reason,
		reason == PACKET_IGNORED_IP_VERSION ? h[0] >> 4
		: reason == PACKET_IGNORED_IP4_IHL  ? h[0] & 15
						    : 0);
}

/* A valid header below another: what it stands in becomes the outer packet. */
static void ip_enter(struct walk *walk)
{
	struct packet *packet = walk->packet;
	struct packet_details *details = &packet->details;

	if (walk->inside && !walk_noted(walk, PACKET_TUNNEL)) {
		memcpy(details->outer_source_address, packet->source_address, 16);
		memcpy(details->outer_destination_address, packet->destination_address, 16);
		details->outer_ip_version = packet->ip_version;
		details->tunnel_depth = 0;
		packet->facts |= PACKET_TUNNEL;
	}
	if (walk->inside)
		details->tunnel_depth++;
	packet->facts &= LASTING_FACTS;
	if (walk->staged) {
		walk_note_staged(walk, packet);
		walk->staged = 0;
	}
	walk->inside = true;
	walk->guesses = 0;
	walk->guessed = false;
}

/* What comes after the header, whose layer 4 is walk->transport: a tunnel if there
 * may be one, else the ports. A tunnel that leads nowhere resumes with the ports. */
static enum layer ip_next(struct walk *walk)
{
	struct packet *packet = walk->packet;
	enum layer transport = transports[packet->ip_version == 6][packet->protocol];

	if (transport == LAYER_NONE)
		transport = LAYER_DONE;
	if (!walk->tunnels)
		return transport;
	unsigned depth = walk_noted(walk, PACKET_TUNNEL) ? packet->details.tunnel_depth : 0;
	enum layer tunnel = layer_of_tunnel(packet->protocol);
	if (depth >= walk->tunnels->depth || tunnel == LAYER_NONE)
		return transport;
	walk->limit = walk->transport.end;
	walk->at.at = walk->transport.at;
	walk->facts = packet->facts;
	walk->resume = (uint8_t)transport;
	return tunnel;
}

enum layer ip4_read(struct walk *walk)
{
	const uint8_t *h = walk->at.at;
	struct packet *packet = walk->packet;
	unsigned reason = ip4_damage(h, walk_room(walk));

	if (__builtin_expect(reason != SOUND, 0))
		return ip_refuse(walk, reason, ip4_damage(h, bytes_left(&walk->at)) == SOUND);
	if (walk->tunnels)
		ip_enter(walk);

	unsigned header = (h[0] & 15u) * 4;
	int64_t wire = walk->base_octets - (h - walk->base);
	int64_t octets = be16(h + 2);
	uint32_t facts = header > 20 ? PACKET_IP_OPTIONS : 0;
	if (octets == 0) { /* left to the network card to fill in (TSO) */
		octets = wire > header ? wire : header;
		facts |= PACKET_ZERO_LENGTH;
	}
	note_ip4(packet, h);
	note_ip4_details(&packet->details, h);
	packet->source_port = 0;
	packet->destination_port = 0;
	packet->octets = (uint64_t)octets;
	packet->facts |= facts;
	packet->tcp_control_bits = 0;

	walk->base = h;
	walk->base_octets = octets;
	walk->transport = walk->at;
	bytes_limit(&walk->transport, (size_t)octets);
	walk->transport.at += header;
	if (header > 20)
		packet->details.ip4_options = header_ip4_options(bytes_of(h + 20, header - 20));
	if (__builtin_expect((packet->details.fragment_word & 0x3fff) == 0, 1)) {
		packet->fragment = PACKET_WHOLE;
		return ip_next(walk);
	}
	walk->fragment_protocol = packet->protocol;
	packet->fragment = packet->details.fragment_word & 0x1fff ? PACKET_LATER_FRAGMENT
								  : PACKET_FIRST_FRAGMENT;
	return packet->fragment == PACKET_FIRST_FRAGMENT ? ip_next(walk) : LAYER_DONE;
}

/* RFC 2675: the jumbo payload option of a hop-by-hop header, 0 without one. */
static uint32_t jumbo_payload(struct bytes hop_by_hop)
{
	const uint8_t *h = bytes_pull(&hop_by_hop, 2);

	if (!h)
		return 0;
	bytes_limit(&hop_by_hop, 8 * (h[1] + 1u) - 2);
	for (;;) {
		const uint8_t *option = bytes_peek(&hop_by_hop, 1);
		if (!option)
			return 0;
		if (option[0] == 0) { /* Pad1: no length */
			bytes_skip(&hop_by_hop, 1);
			continue;
		}
		option = bytes_peek(&hop_by_hop, 2);
		if (!option)
			return 0;
		if (be16(option) == 0xc204 && bytes_peek(&hop_by_hop, 6))
			return be32(option + 2);
		if (!bytes_skip(&hop_by_hop, 2u + option[1]))
			return 0;
	}
}

/* The octets of a packet whose payload length is 0. */
static int64_t ip6_zero_octets(struct walk *walk, const uint8_t *h, int64_t wire)
{
	if (h[6] == PROTOCOL_HOP_BY_HOP && bytes_left(&walk->at) >= 48) {
		struct bytes hop_by_hop = walk->at;
		bytes_skip(&hop_by_hop, 40);
		return 40 + (int64_t)jumbo_payload(hop_by_hop);
	}
	if ((h[6] == PROTOCOL_TCP || h[6] == PROTOCOL_UDP) && wire >= 48) {
		walk->packet->facts |= PACKET_ZERO_LENGTH;
		return wire;
	}
	return 40;
}

static bool is_extension(uint8_t next_header)
{
	return next_header == PROTOCOL_HOP_BY_HOP || next_header == PROTOCOL_ROUTING ||
	       next_header == PROTOCOL_FRAGMENT || next_header == PROTOCOL_OPTIONS;
}

/* RFC 8200 section 4.5; false: a later fragment, whose payload is no header. */
static bool ip6_fragment(struct walk *walk, const uint8_t *h)
{
	struct packet *packet = walk->packet;
	uint16_t word = be16(h + 2);

	packet->details.identification = be32(h + 4);
	packet->details.fragment_word = (uint16_t)(word >> 3 | (word & 1) << 13);
	packet->protocol = walk->fragment_protocol = h[0];
	if (word & 0xfff8)
		packet->fragment = PACKET_LATER_FRAGMENT;
	else if (word & 1)
		packet->fragment = PACKET_FIRST_FRAGMENT;
	return !(word & 0xfff8);
}

/* Walks the header chain in walk->transport; false where no layer 4 follows. */
static bool ip6_extensions(struct walk *walk)
{
	struct packet *packet = walk->packet;
	struct bytes *chain = &walk->transport;

	while (is_extension(packet->protocol)) {
		bool fragment = packet->protocol == PROTOCOL_FRAGMENT;
		const uint8_t *h = bytes_peek(chain, fragment ? 8 : 2);
		if (!h || !bytes_skip(chain, fragment ? 8 : 8 * (h[1] + 1u))) {
			packet->facts |= PACKET_EXTENSION_CUT;
			return false;
		}
		packet->facts |= PACKET_IP_OPTIONS;
		packet->details.ip6_extensions |=
			header_ip6_extension(packet->protocol, fragment && be16(h + 2) & 0xfff8);
		if (!fragment)
			packet->protocol = h[0];
		else if (!ip6_fragment(walk, h))
			return false;
	}
	packet->details.ip6_extensions |= header_ip6_extension(packet->protocol, false);
	return true;
}

enum layer ip6_read(struct walk *walk)
{
	const uint8_t *h = walk->at.at;
	struct packet *packet = walk->packet;
	unsigned reason = ip6_damage(h, walk_room(walk));

	if (__builtin_expect(reason != SOUND, 0))
		return ip_refuse(walk, reason, ip6_damage(h, bytes_left(&walk->at)) == SOUND);
	if (walk->tunnels)
		ip_enter(walk);

	int64_t wire = walk->base_octets - (h - walk->base);
	int64_t octets = 40 + be16(h + 4);
	if (octets == 40)
		octets = ip6_zero_octets(walk, h, wire);
	note_ip6(packet, h);
	note_ip6_details(&packet->details, h);
	packet->source_port = 0;
	packet->destination_port = 0;
	packet->octets = (uint64_t)octets;
	packet->facts |= PACKET_FLOW_LABEL;
	packet->tcp_control_bits = 0;
	packet->fragment = PACKET_WHOLE;

	walk->base = h;
	walk->base_octets = octets;
	walk->transport = walk->at;
	bytes_limit(&walk->transport, (size_t)octets);
	walk->transport.at += 40;
	return ip6_extensions(walk) ? ip_next(walk) : LAYER_DONE;
}
