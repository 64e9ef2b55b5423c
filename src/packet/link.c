/* The link types whose header is no Ethernet. */
#include "packet/layer.h"

struct link {
	uint8_t layer; /* enum layer, 0: not decoded */
	uint8_t skip;  /* octets before that layer's header */
};

/* By LINKTYPE_ number; where libpcap's DLT_ has another number for the same
 * link (DLT_RAW is 12 or 14, DLT_ATM_RFC1483 11), that one stands here too. */
/* clang-format off */
static const struct link links[] = {
	[0]   = {LAYER_NULL, 0},
	[1]   = {LAYER_ETHERNET, 0},
	[9]   = {LAYER_PPP, 0},
	[10]  = {LAYER_LLC, 13},      /* FDDI: frame control and addresses */
	[11]  = {LAYER_LLC, 0},       /* ATM, RFC 2684 */
	[12]  = {LAYER_RAW, 0},
	[14]  = {LAYER_RAW, 0},
	[50]  = {LAYER_PPP, 0},       /* with HDLC-like framing */
	[51]  = {LAYER_PPPOE, 0},
	[100] = {LAYER_LLC, 0},       /* ATM, RFC 2684 */
	[101] = {LAYER_RAW, 0},
	[104] = {LAYER_CHDLC, 0},
	[105] = {LAYER_WLAN, 0},
	[107] = {LAYER_FRAME_RELAY, 0},
	[108] = {LAYER_NULL, 0},      /* LOOP: NULL in network order, read in both */
	[109] = {LAYER_ENC, 0},
	[113] = {LAYER_SLL, 0},
	[117] = {LAYER_PFLOG, 0},
	[119] = {LAYER_PRISM, 0},
	[122] = {LAYER_LLC, 16},      /* IP over Fibre Channel: RFC 2625 addresses */
	[123] = {LAYER_LLC, 4},       /* SunATM: flags, VPI, VCI */
	[127] = {LAYER_RADIOTAP, 0},
	[163] = {LAYER_AVS, 0},
	[192] = {LAYER_PPI, 0},
	[219] = {LAYER_MPLS, 0},
	[228] = {LAYER_IP4, 0},
	[229] = {LAYER_IP6, 0},
	[239] = {LAYER_NFLOG, 0},
	[240] = {LAYER_ETHERNET, 4},  /* NetANALYZER's own header */
	[276] = {LAYER_SLL2, 0},
};
/* clang-format on */

enum layer layer_of_link(struct walk *walk, uint32_t link_type)
{
	struct link link = {LAYER_NONE, 0};

	if (link_type < sizeof links / sizeof links[0])
		link = links[link_type];
	if (link.layer == LAYER_NONE)
		return walk_ignore(walk, PACKET_IGNORED_LINK_TYPE, link_type);
	return bytes_skip(&walk->at, link.skip) ? link.layer : walk_short(walk);
}

/* AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 23 on Windows, 24 on NetBSD
 * and OpenBSD, 28 on FreeBSD, 30 on macOS. */
enum layer layer_of_family(uint32_t family)
{
	switch (family) {
	case 2: return LAYER_IP4;
	case 10:
	case 23:
	case 24:
	case 28:
	case 30: return LAYER_IP6;
	default: return LAYER_NONE;
	}
}

/* NULL is in the order of the capturing host, which nothing tells. */
enum layer null_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 4);

	if (!h)
		return walk_short(walk);
	enum layer next = layer_of_family(le32(h));
	if (next == LAYER_NONE)
		next = layer_of_family(be32(h));
	return next != LAYER_NONE ? next : walk_ignore(walk, PACKET_IGNORED_AF, le32(h));
}

/* Past n octets, or to the end when there are fewer: layer 3 is then empty. */
static void walk_advance(struct walk *walk, size_t n)
{
	size_t left = bytes_left(&walk->at);
	bytes_skip(&walk->at, n < left ? n : left);
}

/* OpenBSD's enc: NULL's family, then SPI and flags. */
enum layer enc_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 4);

	if (!h)
		return walk_short(walk);
	enum layer next = layer_of_family(le32(h));
	if (next == LAYER_NONE)
		next = layer_of_family(be32(h));
	if (next == LAYER_NONE)
		return walk_ignore(walk, PACKET_IGNORED_AF, le32(h));
	walk_advance(walk, 12);
	return next;
}

/* OpenBSD's pflog: its length without the padding to words, then the family. */
enum layer pflog_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 4);

	if (!h)
		return walk_short(walk);
	enum layer next = layer_of_family(h[1]);
	if (next == LAYER_NONE)
		return walk_ignore(walk, PACKET_IGNORED_AF, h[1]);
	walk_advance(walk, (h[0] + 3u) & ~3u);
	return next;
}

/* Linux's nflog: family, then attributes in host order of the capturing machine,
 * taken as little-endian; the one of type 9 is the packet. */
enum layer nflog_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 4);

	if (!h)
		return walk_short(walk);
	enum layer next = layer_of_family(h[0]);
	if (next == LAYER_NONE)
		return walk_ignore(walk, PACKET_IGNORED_AF, h[0]);
	for (;;) {
		const uint8_t *attribute = bytes_peek(&walk->at, 4);
		if (!attribute)
			return walk_short(walk);
		if (le16(attribute + 2) == 9) {
			bytes_skip(&walk->at, 4);
			return next;
		}
		if (le16(attribute) < 4 || !bytes_skip(&walk->at, (le16(attribute) + 3u) & ~3u))
			return walk_short(walk);
	}
}

/* No link header: the first nibble is all there is. */
enum layer raw_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 1);

	if (!h)
		return walk_short(walk);
	if (h[0] >> 4 == 4)
		return LAYER_IP4;
	if (h[0] >> 4 == 6)
		return LAYER_IP6;
	return walk_ignore(walk, PACKET_IGNORED_RAW, h[0] >> 4);
}

/* Linux cooked: numbers up to 1500 are its own, of which 4 is LLC. */
static enum layer layer_of_cooked(struct walk *walk, uint16_t protocol)
{
	if (protocol == 4)
		return LAYER_LLC;
	if (protocol <= 1500)
		return walk_ignore(walk, PACKET_IGNORED_SLL, protocol);
	return layer_of_ethertype(walk, protocol);
}

enum layer sll_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 16);
	return h ? layer_of_cooked(walk, be16(h + 14)) : walk_short(walk);
}

enum layer sll2_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 20);
	return h ? layer_of_cooked(walk, be16(h)) : walk_short(walk);
}

enum layer chdlc_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 4);

	if (!h)
		return walk_short(walk);
	if (h[0] != 0x0f && h[0] != 0x8f) /* unicast, multicast */
		return walk_ignore(walk, PACKET_IGNORED_CHDLC, h[0]);
	return layer_of_ethertype(walk, be16(h + 2));
}

/* An address of two or more octets (the last has bit 0 set), then RFC 2427's
 * control octet and NLPID, or Cisco's EtherType. */
enum layer frame_relay_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 4);

	if (!h)
		return walk_short(walk);
	if (h[0] & 1)
		return walk_ignore(walk, PACKET_IGNORED_FRAME_RELAY, h[0]);
	do {
		h = bytes_peek(&walk->at, 2);
		if (!h)
			return walk_short(walk);
		bytes_skip(&walk->at, 1);
	} while (!(h[0] & 1));
	h = bytes_peek(&walk->at, 2);
	if (!h)
		return walk_short(walk);
	if (h[0] == 3) { /* unnumbered information */
		bytes_skip(&walk->at, 1);
		return LAYER_NLPID;
	}
	bytes_skip(&walk->at, 2);
	return layer_of_ethertype(walk, be16(h));
}

/* Per-Packet Information: its length, and the link type of what it wraps. */
enum layer ppi_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 8);

	if (!h)
		return walk_short(walk);
	uint32_t link_type = le32(h + 4);
	walk_advance(walk, le16(h + 2));
	return layer_of_link(walk, link_type);
}
