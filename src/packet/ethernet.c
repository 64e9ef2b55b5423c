/* Ethernet and what stands behind an EtherType or an LLC header. */
#include "packet/layer.h"
#include "packet/note.h"

/* IEEE 802.3: up to here the field is a length, and LLC follows */
enum { ETHERNET_LENGTH_MAX = 1500 };

/* clang-format off */
static const struct {
	uint16_t ethertype;
	uint8_t layer; /* enum layer */
} ethertypes[] = { /* searched in this order: the common ones first */
	{0x0800, LAYER_IP4},
	{0x86dd, LAYER_IP6},
	{0x8100, LAYER_VLAN},     /* 802.1Q */
	{0x88a8, LAYER_VLAN},     /* 802.1ad */
	{0x8847, LAYER_MPLS},
	{0x8848, LAYER_MPLS},     /* upstream-assigned labels, RFC 5332 */
	{0x8864, LAYER_PPPOE},    /* session stage */
	{0x88e7, LAYER_BACKBONE}, /* 802.1ah I-TAG */
	{0x9100, LAYER_VLAN},     /* stacked tags before 802.1ad */
	{0x9200, LAYER_VLAN},
	{0x9300, LAYER_VLAN},
};
/* clang-format on */

enum layer layer_of_ethertype(struct walk *walk, uint16_t ethertype)
{
	if (!walk->inside)
		walk->packet->details.ethertype = ethertype;
	for (size_t i = 0; i < sizeof ethertypes / sizeof ethertypes[0]; i++)
		if (ethertypes[i].ethertype == ethertype)
			return ethertypes[i].layer;
	return walk_ignore(walk, PACKET_IGNORED_ETHERTYPE, ethertype);
}

/* An Ethernet frame below an IP header (VXLAN ...) is a tunnel's: addresses and
 * tags noted are those of the frame that was on the wire. */
enum layer ethernet_read(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint8_t *h = bytes_pull(&walk->at, 14);

	if (!h)
		return walk_short(walk);
	if (!walk->inside && !walk_noted(walk, PACKET_MAC)) {
		note_macs(&packet->details, h);
		packet->facts |= PACKET_MAC;
	}
	if (be16(h + 12) <= ETHERNET_LENGTH_MAX)
		return LAYER_LLC;
	return layer_of_ethertype(walk, be16(h + 12));
}

/* A priority tag (id 0) names no VLAN: the next tag takes its place. */
static void vlan_note(struct packet *packet, uint16_t tag)
{
	if (!(packet->facts & PACKET_VLAN) || !packet->vlan_id) {
		packet->vlan_id = tag & 0xfff;
		packet->details.vlan = note_tag(tag);
		packet->facts |= PACKET_VLAN;
	} else if (!(packet->facts & PACKET_CUSTOMER_VLAN)) {
		packet->details.customer_vlan = note_tag(tag);
		packet->facts |= PACKET_CUSTOMER_VLAN;
	}
}

/* Takes all tags of a stack, so that none is too deep for the layer limit. */
enum layer vlan_read(struct walk *walk)
{
	enum layer next;

	do {
		const uint8_t *h = bytes_pull(&walk->at, 4);
		if (!h)
			return walk_short(walk);
		if (!walk->inside)
			vlan_note(walk->packet, be16(h));
		if (be16(h + 2) <= ETHERNET_LENGTH_MAX)
			return LAYER_LLC;
		next = layer_of_ethertype(walk, be16(h + 2));
	} while (next == LAYER_VLAN);
	return next;
}

/* 802.1ah: the customer's frame comes after the I-TAG's 4 octets. */
enum layer backbone_read(struct walk *walk)
{
	return bytes_skip(&walk->at, 4) ? LAYER_ETHERNET : walk_short(walk);
}

/* RFC 2684: bridged Ethernet with (1) or without (7) its check sequence */
static bool is_bridged_ethernet(uint32_t oui, uint16_t protocol)
{
	return oui == 0x0080c2 && (protocol == 1 || protocol == 7);
}

static enum layer snap_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 8);

	if (!h)
		return walk_short(walk);
	uint32_t oui = be24(h + 3);
	uint16_t protocol = be16(h + 6);
	if (oui == 0 || oui == 0x0000f8) /* RFC 1042; IEEE 802.1H bridge tunnel */
		return layer_of_ethertype(walk, protocol);
	if (is_bridged_ethernet(oui, protocol)) /* two octets of padding */
		return bytes_skip(&walk->at, 2) ? LAYER_ETHERNET : walk_short(walk);
	return walk_ignore(walk, PACKET_IGNORED_SNAP, (uint64_t)oui << 16 | protocol);
}

enum layer llc_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 3);

	if (!h)
		return walk_short(walk);
	uint32_t header = be24(h); /* DSAP, SSAP, control */
	if (header == 0xaaaa03)
		return snap_read(walk);
	bytes_skip(&walk->at, 3);
	if (header == 0x060603)
		return LAYER_IP4;
	if (header == 0xfefe03)
		return LAYER_NLPID;
	return walk_ignore(walk, PACKET_IGNORED_LLC, header >> 8);
}

/* RFC 2427, RFC 2684: an identifier of ISO/IEC TR 9577, after a pad octet or not. */
enum layer nlpid_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 1);

	if (h && h[0] == 0)
		h = bytes_pull(&walk->at, 1);
	if (!h)
		return walk_short(walk);
	if (h[0] == 0xcc)
		return LAYER_IP4;
	if (h[0] == 0x8e)
		return LAYER_IP6;
	if (h[0] == 0x80) { /* SNAP: OUI and protocol */
		const uint8_t *snap = bytes_pull(&walk->at, 5);
		if (!snap)
			return walk_short(walk);
		if (be24(snap) == 0)
			return layer_of_ethertype(walk, be16(snap + 3));
		if (is_bridged_ethernet(be24(snap), be16(snap + 3)))
			return LAYER_ETHERNET;
	}
	return walk_ignore(walk, PACKET_IGNORED_NLPID, h[0]);
}
