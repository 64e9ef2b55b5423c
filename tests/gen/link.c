/*
 * Link layers: Ethernet with its tags, LLC/SNAP, MPLS, PPP and PPPoE, and the headers of the other
 * capture link types. MAC addresses are made from the IP addresses, locally administered.
 */
#include "gen.h"

#include <string.h>

static void macs(const struct frame *f, uint8_t *dst, uint8_t *src)
{
	const struct flow *flow = &f->outer.flow;
	size_t low = flow->version == 6 ? 12 : 0;

	memcpy(dst, "\2\1", 2);
	memcpy(src, "\2\1", 2);
	if (f->layers) {
		memcpy(dst + 2, flow->dst + low, 4);
		memcpy(src + 2, flow->src + low, 4);
	}
}

void eth(struct frame *f)
{
	uint8_t *h = push(f, 14);

	macs(f, h, h + 6);
	put16(h + 12, f->ethertype);
	f->next = 97;
	f->ethertype = 0x6558; /* what carries this carries bridged Ethernet */
}

void vlan(struct frame *f, uint16_t tpid, uint16_t tag)
{
	uint8_t *h = push(f, 4);

	put16(h, tag);
	put16(h + 2, f->ethertype);
	f->ethertype = tpid;
}

void llc(struct frame *f, uint8_t dsap, uint8_t ssap, uint8_t control)
{
	uint8_t *h = push(f, 3);

	h[0] = dsap;
	h[1] = ssap;
	h[2] = control;
	length_field(f);
}

/* type 0: the type of what stands at the head */
void snap(struct frame *f, uint32_t oui, uint16_t type)
{
	uint8_t *h = push(f, 5);

	h[0] = (uint8_t)(oui >> 16);
	put16(h + 1, oui & 0xffff);
	put16(h + 3, type ? type : f->ethertype);
	llc(f, 0xaa, 0xaa, 3);
}

/* IEEE 802.3: the type field of the next header is the length of what follows it. */
void length_field(struct frame *f)
{
	f->ethertype = (uint16_t)(f->end - f->at);
}

/* 802.1ah: the service tag in front of the customer's frame */
void itag(struct frame *f, uint32_t isid)
{
	put32(push(f, 4), isid & 0xffffff);
	f->ethertype = 0x88e7;
}

void mpls(struct frame *f, uint32_t label)
{
	bool bottom = f->ethertype != 0x8847;

	put32(push(f, 4), label << 12 | (uint32_t)bottom << 8 | 64);
	f->ethertype = 0x8847;
	f->next = 137;
}

/* The PPP protocol number of what stands at the head. */
void ppp_protocol(struct frame *f, bool compressed)
{
	unsigned protocol = f->ethertype == 0x86dd ? 0x57 : f->ethertype == 0x8847 ? 0x281 : 0x21;

	if (compressed && protocol < 256)
		*push(f, 1) = (uint8_t)protocol;
	else
		put16(push(f, 2), protocol);
}

void pppoe(struct frame *f, uint16_t session)
{
	ppp_protocol(f, false);
	size_t octets = f->end - f->at;
	uint8_t *h = push(f, 6);

	h[0] = 0x11;
	put16(h + 2, session);
	put16(h + 4, (unsigned)octets);
	f->ethertype = 0x8864;
}

void ether_pad(struct frame *f)
{
	size_t octets = f->end - f->at;

	if (octets < 60 && !f->unseen) {
		memset(f->room + f->end, 0, 60 - octets);
		f->end = f->at + 60;
	}
}

static bool is6(const struct frame *f)
{
	return f->ethertype == 0x86dd;
}

static void put_le(uint8_t *p, uint32_t v, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* NULL: the address family in the byte order of the host that captured; BSDs differ for IPv6. */
static void link_null(struct frame *f, unsigned variant)
{
	static const uint8_t families[] = {30, 24, 28, 10, 23};
	uint32_t family = is6(f) ? families[variant % 5] : 2;
	uint8_t *h = push(f, 4);

	if (variant & 1)
		put32(h, family);
	else
		put_le(h, family, 4);
}

/* LOOP: the same, always in network order. */
static void link_loop(struct frame *f, unsigned variant)
{
	link_null(f, variant | 1);
}

static void link_ppp(struct frame *f, unsigned variant)
{
	if (variant % 4 == 3) { /* Cisco HDLC on a PPP link type */
		put16(push(f, 2), f->ethertype);
		put16(push(f, 2), 0x0f00);
		return;
	}
	ppp_protocol(f, variant % 4 == 2);
	if (variant & 1)
		put16(push(f, 2), 0xff03);
}

static void link_pppoe(struct frame *f, unsigned variant)
{
	pppoe(f, (uint16_t)(variant + 1));
}

static void link_raw(struct frame *f, unsigned variant)
{
	(void)f;
	(void)variant;
}

static void link_sll(struct frame *f, unsigned variant)
{
	if (variant % 3 == 1)
		vlan(f, 0x8100, 100);
	if (variant % 3 == 2) { /* protocol 4: 802.2 follows */
		snap(f, 0, 0);
		f->ethertype = 4;
	}
	uint8_t *h = push(f, 16);
	put16(h, variant & 1 ? 4 : 0);
	put16(h + 2, 1);
	put16(h + 4, 6);
	macs(f, (uint8_t[6]){0}, h + 6);
	put16(h + 14, f->ethertype);
}

static void link_sll2(struct frame *f, unsigned variant)
{
	if (variant % 3 == 1)
		vlan(f, 0x8100, 100);
	if (variant % 3 == 2) {
		snap(f, 0, 0);
		f->ethertype = 4;
	}
	uint8_t *h = push(f, 20);
	put16(h, f->ethertype);
	put32(h + 4, 2);
	put16(h + 8, 1);
	h[11] = 6;
	macs(f, (uint8_t[6]){0}, h + 12);
}

static void link_chdlc(struct frame *f, unsigned variant)
{
	put16(push(f, 2), f->ethertype);
	put16(push(f, 2), variant & 1 ? 0x8f00 : 0x0f00);
}

/* 802.11 data: to the access point, QoS, between access points, QoS with a padded header. */
static void wlan(struct frame *f, unsigned variant, bool padded)
{
	bool qos = variant & 1, wds = variant & 2;
	size_t octets = 24u + (wds ? 6 : 0) + (qos ? 2 : 0);

	snap(f, 0, 0);
	uint8_t *h = push(f, padded ? (octets + 3) & ~(size_t)3 : octets);
	h[0] = qos ? 0x88 : 0x08;
	h[1] = wds ? 3 : 1;
	macs(f, h + 4, h + 10);
	memcpy(h + 16, "\2\2\0\0\0\1", 6);
}

static void link_wlan(struct frame *f, unsigned variant)
{
	wlan(f, variant, false);
}

/* radiotap with flags (and so the padding bit), with time and flags, with two presence words */
static void link_radiotap(struct frame *f, unsigned variant)
{
	bool padded = variant & 1;
	uint8_t *h;

	wlan(f, variant, padded);
	switch (variant % 3) {
	case 0:
		h = push(f, 12);
		put_le(h + 4, 0x2, 4);
		h[8] = padded ? 0x20 : 0;
		break;
	case 1:
		h = push(f, 20);
		put_le(h + 4, 0x3, 4);
		h[16] = padded ? 0x20 : 0;
		break;
	default:
		h = push(f, 16);
		put_le(h + 4, 0x80000002, 4);
		h[12] = padded ? 0x20 : 0;
		break;
	}
	put_le(h + 2, (uint32_t[]){12, 20, 16}[variant % 3], 2);
}

static void link_avs(struct frame *f, unsigned variant)
{
	wlan(f, variant, false);
	uint8_t *h = push(f, 64);
	put32(h, 0x80211001);
	put32(h + 4, 64);
}

/* prism: the old header of 144 octets, or an AVS header in its place */
static void link_prism(struct frame *f, unsigned variant)
{
	if (variant & 4) {
		link_avs(f, variant);
		return;
	}
	wlan(f, variant, false);
	uint8_t *h = push(f, 144);
	put_le(h, 0x44, 4);
	put_le(h + 4, 144, 4);
}

/* PPI: a header that names the link type of what it carries */
static void link_ppi(struct frame *f, unsigned variant)
{
	uint32_t dlt = variant & 1 ? 105 : 1;

	if (dlt == 105)
		wlan(f, variant, false);
	else
		eth(f);
	uint8_t *h = push(f, variant & 2 ? 16 : 8);
	put_le(h + 2, variant & 2 ? 16 : 8, 2);
	put_le(h + 4, dlt, 4);
	if (variant & 2)
		put_le(h + 10, 4, 2); /* one field of type 0 with four octets */
}

/* RFC 2427: NLPID for IP, or SNAP; two, three or four octets of address */
static void link_frelay(struct frame *f, unsigned variant)
{
	unsigned address = 2 + variant % 3;

	if (variant % 4 == 3) { /* Cisco: an EtherType follows the address */
		put16(push(f, 2), f->ethertype);
	} else if (variant & 1) { /* a pad octet brings the SNAP header to an even place */
		uint8_t *h = push(f, 8);
		h[0] = 3;
		h[2] = 0x80;
		put16(h + 6, f->ethertype);
	} else {
		uint8_t *h = push(f, 2);
		h[0] = 3;
		h[1] = is6(f) ? 0x8e : 0xcc;
	}
	uint8_t *a = push(f, address);
	memset(a, 0x18, address);
	a[address - 1] |= 1;
}

/* RFC 2684, routed: LLC/SNAP; NLPID in LLC; LLC with IP's own SAP; or bridged Ethernet */
static void link_rfc1483(struct frame *f, unsigned variant)
{
	uint8_t *h;

	switch (variant % 4) {
	case 1:
		h = push(f, 1);
		h[0] = is6(f) ? 0x8e : 0xcc;
		llc(f, 0xfe, 0xfe, 3);
		break;
	case 2:
		eth(f);
		push(f, 2);
		snap(f, 0x0080c2, 7);
		break;
	case 3:
		if (!is6(f)) {
			llc(f, 6, 6, 3);
			break;
		}
	/* fall through */
	default: snap(f, 0, 0);
	}
}

static void link_sunatm(struct frame *f, unsigned variant)
{
	link_rfc1483(f, variant);
	push(f, 4)[0] = 2;
}

static void link_ipfc(struct frame *f, unsigned variant)
{
	(void)variant;
	snap(f, 0, 0);
	push(f, 16);
}

static void link_pflog(struct frame *f, unsigned variant)
{
	size_t octets = variant & 1 ? 100 : 64;
	uint8_t *h = push(f, octets);

	h[0] = (uint8_t)(octets - 3); /* the length is given without its padding */
	h[1] = is6(f) ? 24 : 2;
}

static void link_enc(struct frame *f, unsigned variant)
{
	push(f, 8);
	link_null(f, variant);
}

static void link_mpls(struct frame *f, unsigned variant)
{
	for (unsigned i = 0; i <= variant % 4; i++)
		mpls(f, 16 + i);
}

/* NFLOG: type-length-value items of the host's byte order; the packet is item 9 */
static void link_nflog(struct frame *f, unsigned variant)
{
	uint8_t family = is6(f) ? 10 : 2;
	uint8_t *h = push(f, 4);

	put_le(h, (uint32_t)(f->end - f->at) & 0xffff, 2);
	put_le(h + 2, 9, 2);
	if (variant & 1) { /* a prefix string of 5 octets and its padding */
		h = push(f, 12);
		put_le(h, 9, 2);
		put_le(h + 2, 10, 2);
		memcpy(h + 4, "drop", 4);
	}
	push(f, 4)[0] = family;
}

static void link_ether(struct frame *f, unsigned variant)
{
	if (variant % 3 == 1)
		vlan(f, 0x8100, 7);
	else if (variant % 3 == 2)
		snap(f, 0, 0);
	eth(f);
}

static void link_netanalyzer(struct frame *f, unsigned variant)
{
	link_ether(f, variant);
	push(f, 4);
}

static void link_fddi(struct frame *f, unsigned variant)
{
	(void)variant;
	snap(f, 0, 0);
	uint8_t *h = push(f, 13);
	h[0] = 0x54;
	macs(f, h + 1, h + 7);
}

/* The link types of capture files and their headers; 228 and 229 are raw IPv4 and raw IPv6. */
static const struct {
	uint16_t type;
	void (*header)(struct frame *f, unsigned variant);
} links[] = {
	{0, link_null},
	{1, link_ether},
	{9, link_ppp},
	{10, link_fddi},
	{11, link_rfc1483},
	{12, link_raw},
	{14, link_raw},
	{50, link_ppp},
	{51, link_pppoe},
	{100, link_rfc1483},
	{101, link_raw},
	{104, link_chdlc},
	{105, link_wlan},
	{107, link_frelay},
	{108, link_loop},
	{109, link_enc},
	{113, link_sll},
	{117, link_pflog},
	{119, link_prism},
	{122, link_ipfc},
	{123, link_sunatm},
	{127, link_radiotap},
	{163, link_avs},
	{192, link_ppi},
	{219, link_mpls},
	{228, link_raw},
	{229, link_raw},
	{239, link_nflog},
	{240, link_netanalyzer},
	{276, link_sll2},
};

bool link_header(struct frame *f, uint16_t linktype, unsigned variant)
{
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		if (links[i].type == linktype) {
			links[i].header(f, variant);
			return true;
		}
	}
	return false;
}

const uint16_t *link_types(size_t *count)
{
	static uint16_t types[sizeof links / sizeof *links];

	*count = sizeof links / sizeof *links;
	for (size_t i = 0; i < *count; i++)
		types[i] = links[i].type;
	return types;
}
