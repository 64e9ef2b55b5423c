/* returned: what ICMP says became of datagrams that had left.
 *
 * Reads the error queue of a UDP socket: refusals are counted, and a datagram that a router
 * dropped because it was too long for the rest of the way is known again by its head,
 * which the error quotes. One thread's, the exporter's; fixed memory. */
#ifndef EXPORT_RETURNED_H
#define EXPORT_RETURNED_H

#include "export/transport.h"

#include <stdbool.h>
#include <stdint.h>

enum { RETURNED_HEAD = 16, RETURNED_REMEMBERED = 128 };

struct returned {
	struct {
		uint8_t head[RETURNED_HEAD]; /* of any protocol's header, the sequence in it */
		uint32_t length;
		unsigned train; /* datagrams that left as one have one number */
		struct transport_load load;
	} sent[RETURNED_REMEMBERED]; /* the last ones, a ring */
	unsigned next;
	unsigned train;
	unsigned refused; /* what was read and not told yet */
	struct transport_load dropped;
};

/* Asks the kernel for such errors; `family` is the socket's. */
void returned_ask(int fd, int family);

/* Datagrams have left, as one packet where they are several. */
void returned_remember(
	struct returned *returned, const struct transport_message *messages, unsigned count);

/* Takes what has come in out of the socket's queue. */
void returned_read(struct returned *returned, int fd);

/* Adds what was read to the report, once. */
void returned_report(struct returned *returned, struct transport_report *report);

/* Whether an error of the socket says that nobody listens there, or that the host is not to be
 * reached. */
bool returned_is_refusal(int error);

#endif
