/* tcp: how well a TCP connection went, as seen where it is metered.
 *
 * From sequence numbers, windows and the three-way handshake of a biflow. What is behind
 * the expected sequence number was sent again, unless it fills the last gap: then it came
 * out of order (or was lost before it came here, which looks the same). Pure functions on the
 * caller's record. */
#ifndef FLOW_TCP_H
#define FLOW_TCP_H

#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

/* One direction. */
struct flow_tcp {
	uint32_t next; /* the sequence number that is expected */
	uint32_t gap;  /* where the last gap begins, and where it ends */
	uint32_t gap_end;
	uint32_t retransmitted; /* packets */
	uint32_t out_of_order;
	uint16_t window_min; /* as the header has it, not scaled; 0: it was closed */
	uint16_t window_max;
	uint8_t known;      /* `next` is */
	uint8_t has_window; /* they are */
	uint8_t reserved[6];
};

/* The three-way handshake; times of its packets, nanoseconds since 1970, 0: not seen. */
struct flow_handshake {
	int64_t syn;
	int64_t syn_ack;
	uint32_t server; /* microseconds between SYN and answer: to the server and back */
	uint32_t client; /* between that and the ACK: to the client and back */
};

/* A segment of this direction. */
void flow_tcp_add(struct flow_tcp *tcp, const struct packet *packet);

/* A segment of a connection, `reverse`: by the one who answers. */
void flow_handshake_add(
	struct flow_handshake *handshake, const struct packet *packet, bool reverse);

#endif
