/* layer: what the layer functions share.
 *
 * A layer function reads one header at walk->at, notes facts in walk->packet
 * and returns the layer that begins at the new walk->at. It never calls another
 * layer function: the loop in decode.c does, by one table. A header that leads
 * nowhere gives walk_ignore(), and the loop decides whether that is the frame's
 * end or only a tunnel's, whose outer packet then is the flow. */
#ifndef PACKET_LAYER_H
#define PACKET_LAYER_H

#include "base/bytes.h"
#include "packet/ignored.h"
#include "packet/packet.h"
#include "packet/ports.h"

#include <stdbool.h>
#include <stdint.h>

enum layer {
	LAYER_NONE, /* leads nowhere: walk->reason and value say why */
	LAYER_DONE,
	/* ethernet.c */
	LAYER_ETHERNET,
	LAYER_VLAN,
	LAYER_BACKBONE,
	LAYER_LLC,
	LAYER_NLPID,
	/* link.c */
	LAYER_NULL,
	LAYER_ENC,
	LAYER_PFLOG,
	LAYER_NFLOG,
	LAYER_RAW,
	LAYER_SLL,
	LAYER_SLL2,
	LAYER_CHDLC,
	LAYER_FRAME_RELAY,
	LAYER_PPI,
	/* wlan.c */
	LAYER_PRISM,
	LAYER_AVS,
	LAYER_RADIOTAP,
	LAYER_WLAN,
	/* ppp.c */
	LAYER_PPPOE,
	LAYER_PPP,
	LAYER_PPP_PROTOCOL,
	/* mpls.c */
	LAYER_MPLS,
	/* ip.c */
	LAYER_IP4,
	LAYER_IP6,
	/* transport.c */
	LAYER_TCP,
	LAYER_PORTS,
	LAYER_ICMP,
	/* tunnel.c */
	LAYER_AH,
	LAYER_GRE,
	LAYER_ETHERIP,
	LAYER_UDP,
	LAYER_VXLAN,
	LAYER_VXLAN_GPE,
	LAYER_GENEVE,
	LAYER_GTPU,
	LAYER_L2TP,
	LAYER_TEREDO,
	LAYER_LISP,
	LAYERS
};

/* MPLS payloads of one frame that are tried as Ethernet. Each guess can lead to one more
 * label stack, so without a limit of its own a frame made for it would have the
 * same octets read again and again; a real one has one or two. */
enum { WALK_GUESSES = 16 };

/* What the headers outside a packet say of its way: of the link's first, then of tunnels'. */
enum {
	CARRIER_FACTS =
		PACKET_MPLS | PACKET_PPPOE | PACKET_SEGMENT | PACKET_GRE_KEY | PACKET_GTPU_TEID
};

struct walk {
	struct bytes at;      /* not read yet, to the end of what was captured */
	const uint8_t *limit; /* end of the IP packet around this place, or at.end */
	const uint8_t *base;  /* base_octets count from here: the last IP header, or the frame */
	int64_t base_octets;
	struct bytes transport; /* layer 4 of the last IP packet */
	struct packet *packet;
	const struct tunnels *tunnels; /* NULL: the outermost packet is the flow */
	uint8_t reason;                /* enum packet_ignored, beside LAYER_NONE */
	uint8_t resume;                /* layer 4 of a packet whose payload is being tried */
	uint8_t fragment_protocol;     /* what a fragment's later ones will say they are */
	bool wlan_padded;              /* the 802.11 header is padded to words */
	bool inside;                   /* below an IP header */
	bool guessed;                  /* the payload of this MPLS stack was tried as Ethernet */
	uint8_t guesses;               /* places still to try, last first */
	uint8_t tried;                 /* payloads, at most WALK_GUESSES */
	uint8_t nibble;                /* with guessed: what the payload began with */
	uint32_t facts;                /* the packet's when its payload began to be tried */
	uint32_t staged; /* facts of the tunnel header: the packet's once the inner one is valid */
	uint64_t segment_id;
	uint32_t gre_key;
	uint32_t gtpu_teid;
	uint64_t value;
	struct {
		const uint8_t *at;
		uint32_t facts;
	} guess[WALK_GUESSES];
};

static inline enum layer walk_ignore(struct walk *walk, enum packet_ignored reason, uint64_t value)
{
	walk->reason = (uint8_t)reason;
	walk->value = value;
	return LAYER_NONE;
}

/* The header that should be here is cut. */
static inline enum layer walk_short(struct walk *walk)
{
	return walk_ignore(walk, PACKET_IGNORED_LINK_SHORT, 0);
}

/* Octets up to the limit: 0 where offsets of a header led past it. */
static inline size_t walk_room(const struct walk *walk)
{
	return walk->limit > walk->at.at ? (size_t)(walk->limit - walk->at.at) : 0;
}

static inline bool walk_noted(const struct walk *walk, uint32_t fact)
{
	return walk->packet->facts & fact;
}

/* Gives a packet what the tunnel header read last said of its tunnel. */
static inline void walk_note_staged(const struct walk *walk, struct packet *packet)
{
	if (walk->staged & PACKET_SEGMENT)
		packet->details.segment_id = walk->segment_id;
	if (walk->staged & PACKET_GRE_KEY)
		packet->details.gre_key = walk->gre_key;
	if (walk->staged & PACKET_GTPU_TEID)
		packet->details.gtpu_teid = walk->gtpu_teid;
	packet->facts |= walk->staged;
}

/* How each registry names a layer; what it does not know is ignored by its name. */
enum layer layer_of_ethertype(struct walk *walk, uint16_t ethertype);
enum layer layer_of_link(struct walk *walk, uint32_t link_type);
enum layer layer_of_family(uint32_t family); /* AF_ of any system, or LAYER_NONE */
enum layer layer_of_tunnel(uint8_t protocol);

/* The layer functions. */
enum layer ethernet_read(struct walk *walk);
enum layer vlan_read(struct walk *walk);
enum layer backbone_read(struct walk *walk);
enum layer llc_read(struct walk *walk);
enum layer nlpid_read(struct walk *walk);
enum layer null_read(struct walk *walk);
enum layer enc_read(struct walk *walk);
enum layer pflog_read(struct walk *walk);
enum layer nflog_read(struct walk *walk);
enum layer raw_read(struct walk *walk);
enum layer sll_read(struct walk *walk);
enum layer sll2_read(struct walk *walk);
enum layer chdlc_read(struct walk *walk);
enum layer frame_relay_read(struct walk *walk);
enum layer ppi_read(struct walk *walk);
enum layer prism_read(struct walk *walk);
enum layer avs_read(struct walk *walk);
enum layer radiotap_read(struct walk *walk);
enum layer wlan_read(struct walk *walk);
enum layer pppoe_read(struct walk *walk);
enum layer ppp_read(struct walk *walk);
enum layer ppp_protocol_read(struct walk *walk);
enum layer mpls_read(struct walk *walk);
enum layer ip4_read(struct walk *walk);
enum layer ip6_read(struct walk *walk);
enum layer tcp_read(struct walk *walk);
enum layer ports_read(struct walk *walk);
enum layer icmp_read(struct walk *walk);
enum layer ah_read(struct walk *walk);
enum layer gre_read(struct walk *walk);
enum layer etherip_read(struct walk *walk);
enum layer udp_read(struct walk *walk);
enum layer vxlan_read(struct walk *walk);
enum layer vxlan_gpe_read(struct walk *walk);
enum layer geneve_read(struct walk *walk);
enum layer gtpu_read(struct walk *walk);
enum layer l2tp_read(struct walk *walk);
enum layer teredo_read(struct walk *walk);
enum layer lisp_read(struct walk *walk);

#endif
