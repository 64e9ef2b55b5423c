/* record: one flow, as the cache keeps it and as it travels to the exporter.
 *
 * Plain data, copied by value, no pointers. At 96 octets each in a row, any one of
 * them touches two cache lines. */
#ifndef FLOW_RECORD_H
#define FLOW_RECORD_H

#include "flow/key.h"
#include "flow/path.h"
#include "flow/tcp.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

/* Which idle time-out a record has. */
enum flow_class {
	FLOW_OTHER, /* TCP that is open, and all that is none of the others */
	FLOW_TCP_FIN,
	FLOW_TCP_RST,
	FLOW_UDP,
	FLOW_ICMP,
	FLOW_CLASSES
};

/* IANA flowEndReason (136) */
enum flow_end_reason {
	FLOW_END_NONE,
	FLOW_END_IDLE,
	FLOW_END_ACTIVE,
	FLOW_END_DETECTED,
	FLOW_END_FORCED,
	FLOW_END_RESOURCES,
	FLOW_END_REASONS
};

struct flow_record {
	struct flow_key key;
	int64_t first; /* smallest and largest packet time, nanoseconds since 1970 */
	int64_t last;

	uint64_t packets;
	uint64_t octets;            /* layer 3 */
	uint32_t ingress_interface; /* ifIndex, 0: not known */
	uint32_t egress_interface;
	uint16_t tcp_control_bits; /* OR over the packets, 12 bits (RFC 9565) */
	uint8_t class;             /* enum flow_class */
	uint8_t end_reason;        /* enum flow_end_reason, set when the record leaves */
	uint16_t vlan_id;          /* of the first packet; 0: untagged */
	uint16_t spare;
};

_Static_assert(sizeof(struct flow_record) == 96, "within two cache lines");

/* Of tcpControlBits (6). */
enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };
enum { FLOW_TCP_FLAGS = 6 }; /* that are counted: FIN to URG */

static inline enum flow_class flow_class_of(uint8_t protocol, uint16_t tcp_control_bits)
{
	if (protocol == 6) {
		if (tcp_control_bits & TCP_RST)
			return FLOW_TCP_RST;
		return tcp_control_bits & TCP_FIN ? FLOW_TCP_FIN : FLOW_OTHER;
	}
	if (protocol == 17)
		return FLOW_UDP;
	return protocol == 1 || protocol == 58 ? FLOW_ICMP : FLOW_OTHER;
}

/* How much a flow has shown that there is somebody behind it. Who displaces takes the
 * lowest grade first: a flow of one packet and a TCP connection that nobody answered
 * cost an attacker one packet each. Two packets at once are as cheap, but to last he
 * must keep up each flow that he makes. */
enum flow_grade {
	FLOW_SINGLE,      /* one packet, or TCP that is half-open */
	FLOW_ESTABLISHED, /* more than that */
	FLOW_LASTING,     /* and for FLOW_LASTS or longer */
	FLOW_GRADES
};

#define FLOW_LASTS INT64_C(1000000000) /* nanoseconds */

static inline bool flow_lasts(const struct flow_record *r)
{
	return r->last - r->first >= FLOW_LASTS;
}

static inline enum flow_grade flow_grade_of(const struct flow_record *r)
{
	bool tcp = r->key.protocol == 6;

	if (r->packets < 2 || (tcp && (r->tcp_control_bits & (TCP_SYN | TCP_ACK)) == TCP_SYN))
		return FLOW_SINGLE;
	return flow_lasts(r) ? FLOW_LASTING : FLOW_ESTABLISHED;
}

/* One direction of a biflow. */
struct flow_direction {
	int64_t first; /* 0, and so are all the others, without a packet */
	int64_t last;
	uint64_t packets;
	uint64_t octets;
	uint16_t tcp_control_bits;
	uint8_t minimum_ttl;
	uint8_t maximum_ttl;
	uint8_t reserved[4];
	struct flow_tcp tcp;
};

/* IANA biflowDirection (239): how the source of a biflow was chosen */
enum flow_biflow { FLOW_BIFLOW_ARBITRARY, FLOW_BIFLOW_INITIATOR };

/* What a record keeps beyond that where the cache was asked for details: so much is
 * added up over all packets, the rest is the first packet's. A cache without
 * them has no room for any of this. */
struct flow_details {
	uint64_t minimum_octets; /* layer 3, of one packet */
	uint64_t maximum_octets;
	uint64_t layer2_octets;
	union { /* packets with each flag, in the order of their bits */
		uint64_t tcp_flags[FLOW_TCP_FLAGS];
		struct {
			uint64_t tcp_fin;
			uint64_t tcp_syn;
			uint64_t tcp_rst;
			uint64_t tcp_psh;
			uint64_t tcp_ack;
			uint64_t tcp_urg;
		};
	};
	uint64_t tcp_options; /* OR over the packets, as the members of packet_details */
	uint32_t ip4_options;
	uint32_t ip6_extensions;
	uint8_t minimum_ttl;
	uint8_t maximum_ttl;
	uint8_t extensions_complete; /* no chain of extension headers was cut */
	uint8_t biflow_direction; /* enum flow_biflow; the rest of a biflow is zero in uniflows */
	uint8_t reserved[4];
	struct packet_details first;
	uint64_t flow_id; /* a number that no other record of this cache has */
	struct flow_direction
		forward; /* from the record's source; both together are the record's */
	struct flow_direction reverse;
	struct flow_handshake handshake;
	uint64_t reserved_end;
};

/* Both in a row, as they stand in the cache and travel. */
struct flow_full_record {
	struct flow_record record;
	struct flow_details details;
};

_Static_assert(offsetof(struct flow_full_record, details) == sizeof(struct flow_record), "");
/* What each packet of a uniflow adds to are the first three lines, and what most keys
 * have of the details begins the fourth. */
_Static_assert(sizeof(struct flow_full_record) % 64 == 0, "whole cache lines");
_Static_assert(offsetof(struct flow_full_record, details.first) == 192, "three lines");

/* All that elements tell of, as if it stood in a row; a record lies without its path, and
 * without details where its cache has none. Only offsets in it mean something. */
struct flow_told {
	struct flow_record record;
	struct flow_details details;
	struct flow_path path;
};

/* The details of a record, of a cache that has them. */
static inline struct flow_details *flow_details_of(struct flow_record *record)
{
	return &((struct flow_full_record *)(void *)record)->details;
}

/* Begins the details of a record with its first packet, and adds another one. */
void flow_details_open(struct flow_details *details, const struct packet *packet, uint64_t id);
void flow_details_add(struct flow_details *details, const struct packet *packet);

/* The same for a biflow's directions, besides. Opening one with an answer exchanges the
 * ends of the record, so that its source is the initiator (RFC 5103 section 5.2). */
void flow_biflow_open(struct flow_full_record *record, const struct packet *packet);
void flow_biflow_add(struct flow_details *details, const struct packet *packet, bool reverse);

/* Begins a record with its first packet; `key`: the octets of its struct flow_key. */
void flow_record_open(struct flow_record *record, const void *key, const struct packet *packet);

#endif
