/* record: one flow, as the cache keeps it and as it travels to the exporter.
 *
 * Plain data, copied by value, no pointers. At 96 octets each in a row, any one of
 * them touches two cache lines. */
#ifndef FLOW_RECORD_H
#define FLOW_RECORD_H

#include "flow/key.h"
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

/* A flow that an attacker's single packet does not make: it was answered to or
 * goes on. Eviction spares it as long as there is another. */
static inline bool flow_is_established(const struct flow_record *r)
{
	return r->packets > 1 &&
	       (r->key.protocol != 6 || (r->tcp_control_bits & (TCP_SYN | TCP_ACK)) != TCP_SYN);
}

/* Begins a record with its first packet; `key`: the octets of its struct flow_key. */
void flow_record_open(struct flow_record *record, const void *key, const struct packet *packet);

#endif
