/* frame_samples: one frame per link header and per tunnel, as frame_text.h's words.
 * Each carries a whole TCP header (1024 > 443, ACK) in its innermost packet. */
#ifndef TESTS_FRAME_SAMPLES_H
#define TESTS_FRAME_SAMPLES_H

#include "packet/packet.h"

#include <stdint.h>

struct frame_sample {
	const char *name;
	uint16_t link_type;
	const char *words;
	uint32_t facts; /* that must be set, of those which lower layers give */
};

#define SAMPLES(table) (sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct frame_sample link_samples[] = {
	{"null", 0, "x02000000 4.6 tcp", 0},
	{"null, big-endian, FreeBSD", 0, "x0000001c 6.6 tcp", 0},
	{"null, Linux", 0, "x0a000000 6.6 tcp", 0},
	{"null, Windows", 0, "x17000000 6.6 tcp", 0},
	{"null, OpenBSD", 0, "x18000000 6.6 tcp", 0},
	{"null, macOS", 0, "x1e000000 6.6 tcp", 0},
	{"loop", 108, "x00000002 4.6 tcp", 0},
	{"ethernet, ipv4", 1, "e0800 4.6 tcp", PACKET_MAC},
	{"ethernet, ipv6", 1, "e86dd 6.6 tcp", PACKET_MAC | PACKET_FLOW_LABEL},
	{"802.1q", 1, "e8100 q0800.6005 4.6 tcp", PACKET_VLAN},
	{"802.1q, ipv6", 1, "e8100 q86dd.6005 6.6 tcp", PACKET_VLAN},
	{"802.1ad", 1, "e88a8 q8100.0064 q0800.0065 4.6 tcp", PACKET_VLAN | PACKET_CUSTOMER_VLAN},
	{"three tags", 1, "e9100 q9200.0001 q9300.0002 q0800.0003 4.6 tcp", PACKET_CUSTOMER_VLAN},
	{"tag, then LLC", 1, "e8100 q0030.0005 xaaaa030000000800 4.6 tcp", PACKET_VLAN},
	{"tag, then LLC, longest", 1, "e8100 q05dc.0005 xaaaa030000000800 4.6 tcp", PACKET_VLAN},
	{"llc, longest", 1, "e05dc xaaaa030000000800 4.6 tcp", PACKET_MAC},
	{"snap", 1, "l0800 4.6 tcp", PACKET_MAC},
	{"snap, bridge tunnel", 1, "e0030 xaaaa030000f80800 4.6 tcp", PACKET_MAC},
	{"snap, bridged ethernet", 1, "e0040 xaaaa030080c200070000 e0800 4.6 tcp", PACKET_MAC},
	{"snap, bridged with fcs", 1, "e0040 xaaaa030080c200010000 e0800 4.6 tcp", PACKET_MAC},
	{"llc sap 06", 1, "e002b x060603 4.6 tcp", PACKET_MAC},
	{"llc nlpid", 1, "e002c xfefe03cc 4.6 tcp", PACKET_MAC},
	{"802.1ah", 1, "e88e7 x00000064 e0800 4.6 tcp", PACKET_MAC},
	{"mpls", 1, "e8847 x0006404000065140 4.6 tcp", PACKET_MPLS},
	{"mpls, upstream, ipv6", 1, "e8848 x00065140 6.6 tcp", PACKET_MPLS},
	{"mpls, 12 labels", 1, "e8847 x000640400006404000064040000640400006404000064040 "
		"x000640400006404000064040000640400006404000065140 4.6 tcp", PACKET_MPLS},
	{"pppoe", 1, "e8864 x110000052a2a0021 4.6 tcp", PACKET_PPPOE},
	{"pppoe, short protocol", 1, "e8864 x110000052a2a57 6.6 tcp", PACKET_PPPOE},
	{"pppoe, mpls", 1, "e8864 x110000052a2a0281 x00065140 4.6 tcp", PACKET_PPPOE | PACKET_MPLS},
	{"ppp", 9, "xff030021 4.6 tcp", 0},
	{"ppp without address", 9, "x0057 6.6 tcp", 0},
	{"ppp, mpls multicast", 9, "xff030283 x00065140 4.6 tcp", PACKET_MPLS},
	{"ppp, cisco hdlc", 50, "x0f000800 4.6 tcp", 0},
	{"ppp, hdlc multicast", 50, "x8f000800 4.6 tcp", 0},
	{"pppoe link", 51, "x1100000500280021 4.6 tcp", PACKET_PPPOE},
	{"raw 12", 12, "4.6 tcp", 0},
	{"raw 14", 14, "6.6 tcp", 0},
	{"raw 101", 101, "6.6 tcp", 0},
	{"ipv4", 228, "4.6 tcp", 0},
	{"ipv6", 229, "6.6 tcp", PACKET_FLOW_LABEL},
	{"sll", 113, "x00000001000602000000000100000800 4.6 tcp", 0},
	{"sll, llc", 113, "x00000001000602000000000100000004 xaaaa030000000800 4.6 tcp", 0},
	{"sll2", 276, "x0800 z18 4.6 tcp", 0},
	{"sll2, llc", 276, "x0004 z18 xaaaa0300000086dd 6.6 tcp", 0},
	{"cisco hdlc", 104, "x0f000800 4.6 tcp", 0},
	{"802.11", 105, "x0801 z22 xaaaa030000000800 4.6 tcp", 0},
	{"802.11 qos", 105, "x8801 z24 xaaaa030000000800 4.6 tcp", 0},
	{"802.11 qos, ht control", 105, "x8881 z28 xaaaa030000000800 4.6 tcp", 0},
	{"802.11 four addresses", 105, "x0803 z28 xaaaa030000000800 4.6 tcp", 0},
	{"radiotap", 127, "x0000080000000000 x0801 z22 xaaaa030000000800 4.6 tcp", 0},
	{"radiotap, padded", 127,
		"x0000090002000000 x20 x8801 z24 z2 xaaaa030000000800 4.6 tcp", 0},
	{"radiotap, time stamp", 127, "x0000190003000080 x00000000 z4 z8 x20 x8801 z24 z2 "
		"xaaaa030000000800 4.6 tcp", 0},
	{"prism", 119, "z144 x0801 z22 xaaaa030000000800 4.6 tcp", 0},
	{"prism, avs", 119, "x8021100100000010 z8 x0801 z22 xaaaa030000000800 4.6 tcp", 0},
	{"avs", 163, "x8021100100000010 z8 x0801 z22 xaaaa030000000800 4.6 tcp", 0},
	{"ppi, ethernet", 192, "x0000080001000000 e0800 4.6 tcp", PACKET_MAC},
	{"ppi, 802.11", 192, "x00000c0069000000 z4 x0801 z22 xaaaa030000000800 4.6 tcp", 0},
	{"frame relay", 107, "x184103cc 4.6 tcp", 0},
	{"frame relay, ipv6", 107, "x1841038e 6.6 tcp", 0},
	{"frame relay, pad", 107, "x18410300cc 4.6 tcp", 0},
	{"frame relay, snap", 107, "x18410300800000000800 4.6 tcp", 0},
	{"frame relay, bridged", 107, "x18410300800080c20007 e0800 4.6 tcp", PACKET_MAC},
	{"frame relay, 4 octet address", 107, "x1840404103cc 4.6 tcp", 0},
	{"frame relay, cisco", 107, "x18410800 4.6 tcp", 0},
	{"rfc 2684", 11, "xaaaa030000000800 4.6 tcp", 0},
	{"rfc 2684, linktype", 100, "xaaaa0300000086dd 6.6 tcp", 0},
	{"sunatm", 123, "x00050005 xaaaa030000000800 4.6 tcp", 0},
	{"ip over fibre channel", 122, "z16 xaaaa030000000800 4.6 tcp", 0},
	{"pflog", 117, "x3d02 z62 4.6 tcp", 0},
	{"pflog, ipv6", 117, "x3018 z46 6.6 tcp", 0},
	{"enc", 109, "x02000000 z8 4.6 tcp", 0},
	{"enc, big-endian", 109, "x00000018 z8 6.6 tcp", 0},
	{"mpls link", 219, "x00065140 4.6 tcp", PACKET_MPLS},
	{"nflog", 239, "x02000000 x0800010000000800 x0500020061000000 x2c000900 4.6 tcp", 0},
	{"nflog, ipv6", 239, "x0a000000 x40000900 6.6 tcp", 0},
	{"netanalyzer", 240, "z4 e0800 4.6 tcp", PACKET_MAC},
	{"fddi", 10, "z13 xaaaa030000000800 4.6 tcp", 0},
};

/* Each from Ethernet; the outer packet is IPv4 unless its name says otherwise. */
static const struct frame_sample tunnel_samples[] = {
	{"ipip", 1, "e0800 4.4 4.6 tcp", 0},
	{"6in4", 1, "e0800 4.41 6.6 tcp", 0},
	{"4in6", 1, "e86dd 6.4 4.6 tcp", 0},
	{"6in6", 1, "e86dd 6.41 6.6 tcp", 0},
	{"6in6 after options", 1, "e86dd 6.60 x2900010400000000 6.6 tcp", 0},
	{"gre", 1, "e0800 4.47 x00000800 4.6 tcp", 0},
	{"gre, ipv6", 1, "e0800 4.47 x000086dd 6.6 tcp", 0},
	{"gre, checksum, key, sequence", 1, "e0800 4.47 xb0000800 z4 x01020304 z4 4.6 tcp",
		PACKET_GRE_KEY},
	{"gre, mpls", 1, "e0800 4.47 x00008847 x00065140 4.6 tcp", PACKET_MPLS},
	{"gre, teb", 1, "e0800 4.47 x00006558 e0800 4.6 tcp", 0},
	{"gre, tagged teb", 1, "e0800 4.47 x00006558 e8100 q0800.0009 4.6 tcp", 0},
	{"nvgre", 1, "e0800 4.47 x20006558 x00abcd01 e0800 4.6 tcp",
		PACKET_GRE_KEY | PACKET_SEGMENT},
	{"pptp", 1, "e0800 4.47 x3081880b x002c0001 z4 z4 xff030021 4.6 tcp", 0},
	{"erspan I", 1, "e0800 4.47 x000088be e0800 4.6 tcp", 0},
	{"erspan II", 1, "e0800 4.47 x100088be z4 z8 e0800 4.6 tcp", 0},
	{"erspan III", 1, "e0800 4.47 x100022eb z4 z12 e0800 4.6 tcp", 0},
	{"erspan III, subheader", 1, "e0800 4.47 x100022eb z4 z11 x01 z8 e0800 4.6 tcp", 0},
	{"etherip", 1, "e0800 4.97 x3000 e0800 4.6 tcp", 0},
	{"mpls in ip", 1, "e0800 4.137 x00065140 4.6 tcp", PACKET_MPLS},
	{"ah, ipip", 1, "e0800 4.51 x04040000 z20 4.6 tcp", 0},
	{"ah, 6in4", 1, "e0800 4.51 x29040000 z20 6.6 tcp", 0},
	{"ah, ah, gre", 1, "e0800 4.51 x33040000 z20 x2f040000 z20 x00000800 4.6 tcp", 0},
	{"vxlan", 1, "e0800 4.17 u4789 x0800000000002a00 e0800 4.6 tcp", PACKET_SEGMENT},
	{"vxlan, 8472, ipv6", 1, "e86dd 6.17 u8472 x0800000000002a00 e86dd 6.6 tcp",
		PACKET_SEGMENT},
	{"vxlan-gpe, ipv4", 1, "e0800 4.17 u4790 x0c00000100002a00 4.6 tcp", PACKET_SEGMENT},
	{"vxlan-gpe, ipv6", 1, "e0800 4.17 u4790 x0c00000200002a00 6.6 tcp", PACKET_SEGMENT},
	{"vxlan-gpe, ethernet", 1, "e0800 4.17 u4790 x0c00000300002a00 e0800 4.6 tcp",
		PACKET_SEGMENT},
	{"geneve", 1, "e0800 4.17 u6081 x0000655800002a00 e0800 4.6 tcp", PACKET_SEGMENT},
	{"geneve, options, ipv6", 1, "e0800 4.17 u6081 x020086dd00002a00 z8 6.6 tcp",
		PACKET_SEGMENT},
	{"gtp-u", 1, "e0800 4.17 u2152 x30ff003000000001 4.6 tcp", 0},
	{"gtp-u, sequence", 1, "e0800 4.17 u2152 x32ff003000000001 z4 6.6 tcp", 0},
	{"gtp-u, n-pdu, sequence, no extensions", 1,
		"e0800 4.17 u2152 x33ff003000000001 x00000185 4.6 tcp", 0},
	{"gtp-u, extensions", 1, "e0800 4.17 u2152 x34ff003000000001 x00000085 x010010c0 "
		"x0200000000000000 4.6 tcp", 0},
	{"l2tp", 1, "e0800 4.17 u1701 x000200010001 xff030021 4.6 tcp", 0},
	{"l2tp, length, sequence, offset", 1, "e0800 4.17 u1701 x4a02002a00010001 z4 x0003 z3 "
		"x0057 6.6 tcp", 0},
	{"teredo", 1, "e0800 4.17 u3544 6.6 tcp", 0},
	{"teredo, by source", 1, "e0800 4.17 x0dd8100000000000 6.6 tcp", 0},
	{"teredo, authentication, origin", 1, "e0800 4.17 u3544 x00010102 z3 z9 z8 6.6 tcp", 0},
	{"mpls over udp", 1, "e0800 4.17 u6635 x00065140 4.6 tcp", PACKET_MPLS},
	{"lisp", 1, "e0800 4.17 u4341 z8 4.6 tcp", 0},
	{"pseudowire", 1, "e0800 4.137 x00065140 e0800 4.6 tcp", PACKET_MPLS},
	{"pseudowire, control word", 1, "e0800 4.137 x00065140 z4 e0800 4.6 tcp", PACKET_MPLS},
	{"pppoe in vxlan", 1, "e0800 4.17 u4789 x0800000000002a00 e8864 x110000052a2a0021 4.6 tcp",
		PACKET_SEGMENT | PACKET_PPPOE},
	{"vxlan in gre", 1,
		"e0800 4.47 x20000800 x00000007 4.17 u4789 x0800000000002a00 e0800 4.6 tcp",
		PACKET_GRE_KEY | PACKET_SEGMENT},
};
/* clang-format on */

#endif
