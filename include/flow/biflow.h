/* biflow: two directions of a connection as one flow (RFC 5103).
 *
 * Packets of both directions have one hash and are equal as keys: each is looked at in
 * one order, the lower of its ends first. Which end is the source of the record
 * is another matter, decided by the first packet. Pure functions. */
#ifndef FLOW_BIFLOW_H
#define FLOW_BIFLOW_H

#include "flow/selection.h"

#include <stdbool.h>

/* A key and its details, masked by the selection, in the order that both directions
 * share. `details` are left alone where the selection has none of them in the key. */
struct biflow_key {
	struct flow_key key;
	struct packet_details details;
};

void biflow_key_of(struct biflow_key *out, const void *key, const struct packet_details *details,
	const struct flow_selection *selection, bool has_details);

/* Whether source and destination stand the other way round in that order. */
bool biflow_is_turned(const void *key, const struct flow_selection *selection);

/* Exchanges the ends. */
void biflow_turn_key(struct flow_key *key);
void biflow_turn_details(struct packet_details *details);

/* Whether a packet with these control bits was sent by the one who answers. */
static inline bool biflow_is_answer(uint8_t protocol, uint16_t tcp_control_bits)
{
	enum { SYN_ACK = 0x12 };
	return protocol == 6 && (tcp_control_bits & SYN_ACK) == SYN_ACK;
}

#endif
