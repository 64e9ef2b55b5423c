/* packet: the facts of one IP packet, and why a frame was not one.
 *
 * decoder_read() turns a lent frame into a plain struct: it copies what flow
 * records key on or collect and keeps no pointer into the frame. Which packet
 * is valid, where its layer 3 begins and what its ports, flags and octets are
 * follows the flow rules in weir(8). */
#ifndef PACKET_PACKET_H
#define PACKET_PACKET_H

#include "base/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACKET_MPLS_LABELS = 10 }; /* as many as elements 70 to 79 can tell */

/* What was seen of a packet. What is not set is zero in its details.
 *
 * Of tunnels the same is told from either end. Where the flow is the innermost packet,
 * PACKET_TUNNEL has the outermost one beside it. Where it is the outermost and tunnel facts
 * are asked for (options.h), PACKET_INNER has the innermost one. Labels, session, segment,
 * key and TEID are in both cases those of what the innermost packet is carried in. In a
 * tunnel without a valid packet there is none: with tunnel facts, the outermost packet then has
 * the segment, key or TEID of its own tunnel header. */
enum packet_fact {
	PACKET_MAC = 1 << 0,            /* source_mac, destination_mac */
	PACKET_VLAN = 1 << 1,           /* vlan: the frame's outermost 802.1Q or S-tag */
	PACKET_CUSTOMER_VLAN = 1 << 2,  /* customer_vlan: the tag below it */
	PACKET_MPLS = 1 << 3,           /* mpls, mpls_depth: the outermost label stack */
	PACKET_PPPOE = 1 << 4,          /* pppoe_session: the outermost */
	PACKET_SEGMENT = 1 << 5,        /* segment_id: of the innermost such tunnel */
	PACKET_GRE_KEY = 1 << 6,        /* gre_key: of the innermost GRE tunnel with one */
	PACKET_TUNNEL = 1 << 7,         /* outer_*, tunnel_depth: the outermost address pair */
	PACKET_FLOW_LABEL = 1 << 8,     /* flow_label */
	PACKET_TCP = 1 << 9,            /* tcp_* beyond the control bits */
	PACKET_ICMP = 1 << 10,          /* destination_port is type * 256 + code */
	PACKET_IP_OPTIONS = 1 << 11,    /* IPv4 options or IPv6 extension headers seen */
	PACKET_ZERO_LENGTH = 1 << 12,   /* length field was 0: octets are the wire's (TSO) */
	PACKET_L4_SHORT = 1 << 13,      /* layer 4 header missing or cut: ports or flags 0 */
	PACKET_EXTENSION_CUT = 1 << 14, /* an IPv6 extension header was cut */
	PACKET_GTPU_TEID = 1 << 15,     /* gtpu_teid: of the innermost GTP-U tunnel */
	PACKET_INNER = 1 << 16          /* inner_*, tunnel_depth: the innermost packet */
};

enum packet_fragment { PACKET_WHOLE, PACKET_FIRST_FRAGMENT, PACKET_LATER_FRAGMENT };

/* layer2SegmentId's kinds, in its top octet (IANA 351), and weir's own above */
enum packet_segment { PACKET_SEGMENT_VXLAN = 1, PACKET_SEGMENT_NVGRE = 2, PACKET_SEGMENT_GENEVE };

/* An 802.1Q tag control information */
struct packet_tag {
	uint16_t id; /* 12 bits */
	uint8_t priority;
	uint8_t drop_eligible;
};

/* What records can key on or collect beyond what every flow has. Read only where the
 * decoder was asked for details: most packets cost a third less without. Numbers are
 * in host order, addresses and labels in the wire's; no padding, so that a
 * key can be any octets of it. */
struct packet_details {
	uint8_t source_mac[6];
	uint8_t destination_mac[6];
	uint16_t ethertype; /* the frame's last one before layer 3, 0: there is none */
	uint16_t pppoe_session;
	struct packet_tag vlan;
	struct packet_tag customer_vlan;
	uint64_t segment_id; /* enum packet_segment in the top octet, VNI or VSID */
	uint32_t gre_key;
	uint32_t flow_label;                 /* IPv6, 20 bits */
	uint8_t mpls[PACKET_MPLS_LABELS][4]; /* label, exp, S: 3 octets; TTL; top first */
	uint8_t outer_source_address[16];
	uint8_t outer_destination_address[16];
	uint8_t inner_source_address[16];
	uint8_t inner_destination_address[16];
	uint16_t inner_source_port; /* these as in struct packet */
	uint16_t inner_destination_port;
	uint8_t inner_protocol;
	uint8_t inner_ip_version;
	uint8_t outer_ip_version;
	uint8_t tunnel_depth;    /* IP headers above the innermost packet's */
	uint32_t gtpu_teid;      /* tunnel endpoint identifier */
	uint8_t mpls_depth;      /* labels on the wire, 255 at most */
	uint8_t ttl;             /* or hop limit */
	uint8_t ip_header;       /* octets, IPv6's without extension headers */
	uint8_t tcp_header;      /* octets, 20 at least */
	uint32_t wire_octets;    /* of the frame, at least those captured */
	uint32_t identification; /* of IPv4 or of an IPv6 fragment header, else 0 */
	uint16_t fragment_word;  /* flags and offset as IPv4 writes them, for IPv6 too */
	uint16_t tcp_window;
	uint16_t tcp_payload; /* octets after the TCP header, 65535 at most */
	uint16_t tcp_urgent_pointer;
	uint32_t tcp_sequence;
	uint32_t tcp_acknowledgement;
	uint32_t ip4_options;    /* IANA's bits of ipv4Options, bit 0 the highest */
	uint32_t ip6_extensions; /* of ipv6ExtensionHeadersFull, bit 0 the lowest */
	uint64_t tcp_options;    /* of tcpOptionsFull: bit n is kind n, kinds up to 63 */
};

_Static_assert(sizeof(struct packet_details) == 200, "no padding, whole words");

/* Addresses are in network order, IPv4 in the first 4 octets and zeros after;
 * every number is in host order. The first 48 octets stand in the order of
 * struct flow_key, so that the default key needs no copy. */
struct packet {
	uint8_t source_address[16];
	uint8_t destination_address[16];
	uint16_t source_port; /* 0 where there is none */
	uint16_t destination_port;
	uint8_t protocol;   /* IPv6: after the extension headers */
	uint8_t tos;        /* IPv4 ToS, IPv6 traffic class */
	uint8_t ip_version; /* 4 or 6 */
	uint8_t direction;  /* enum frame_direction */
	uint32_t interface; /* ifIndex */
	uint32_t passing;   /* 1: for another station than this host, as a span port sees it */

	int64_t time;    /* nanoseconds since 1970 UTC */
	uint64_t octets; /* layer 3; a jumbogram's may pass 32 bits */

	uint32_t facts;            /* bits of enum packet_fact */
	uint16_t tcp_control_bits; /* 12 bits, RFC 9565; 0 unless TCP */
	uint16_t vlan_id;          /* of the outermost tag that names one, 0: untagged */
	uint8_t fragment;          /* enum packet_fragment */

	struct packet_details details;
};

_Static_assert(offsetof(struct packet, time) == 48, "the key's members come first");

/* Whether a frame makes a flow; enum packet_ignored (ignored.h) says why not. */
enum packet_verdict {
	PACKET_OK,
	PACKET_NOT_IP,          /* something else than IP */
	PACKET_MALFORMED,       /* IP or its link layer, damaged or cut */
	PACKET_UNSUPPORTED_LINK /* a link type that no function here reads */
};

#endif
