/* outbox: a session's way from complete messages to the transport.
 *
 * Owns the buffers of the messages, gives sequence numbers when messages leave (RFC
 * 7011 section 3.1, RFC 3954 section 5.1), also to those that could not, and counts
 * what became of their records. Fixed memory after outbox_init(). The session's thread. */
#ifndef EXPORT_OUTBOX_H
#define EXPORT_OUTBOX_H

#include "export/events.h"
#include "export/layout.h"
#include "export/loss.h"
#include "export/message.h"
#include "export/protocol.h"
#include "export/statistics.h"
#include "export/transport.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	OUTBOX_EVENTS = LAYOUT_TEMPLATES,                   /* the first lane of events */
	OUTBOX_TEMPLATES = OUTBOX_EVENTS + EVENT_TEMPLATES, /* that of templates and options */
	OUTBOX_LANES,
	OUTBOX_QUEUE = 32, /* messages sent with one system call */
	OUTBOX_MESSAGES = OUTBOX_QUEUE + OUTBOX_LANES,
	OUTBOX_SMALLEST = 484, /* octets of a message: any record fits */
};

/* A message, what its header will say once its turn to be sent gives it a sequence
 * number, and the lane that it came by. */
struct outgoing {
	struct message message;
	struct protocol_header header;
	unsigned lane;
};

struct outbox {
	const struct protocol *protocol;
	struct transport *transport;
	uint32_t sequence;
	struct outgoing *queue[OUTBOX_QUEUE]; /* complete, in the order in which they were */
	unsigned queued;
	struct outgoing *spare[OUTBOX_MESSAGES];
	unsigned spares;
	struct outgoing message[OUTBOX_MESSAGES];
	struct outgoing piece; /* of a message that is too long for the path */
	uint8_t *buffers;
	struct message_share *shares;
	uint32_t max_datagram;
	uint32_t most;    /* octets of a message, by that and as the path took them last */
	bool again;       /* templates or options were too long for it: they are due again */
	uint64_t kept;    /* messages that the transport has not reported on */
	struct loss lost; /* records in messages that could not be sent */
	struct session_statistics count;
};

/* Takes over the transport, unless it fails (false: memory is short). `max_datagram`:
 * octets of a message at most; `shortest`: of a flow record at least. */
bool outbox_init(struct outbox *outbox, const struct protocol *protocol,
	struct transport *transport, uint32_t max_datagram, uint32_t shortest);
/* Before the first message: asks the transport how long one may be. */
void outbox_measure(struct outbox *outbox);
/* Closes the transport. */
void outbox_free(struct outbox *outbox);
/* Leaves it to whoever else has it. */
void outbox_discard(struct outbox *outbox);

/* Sends what the old one has complete, goes on with its transport, which is the same, its
 * sequence and its counts, and takes its memory back. */
void outbox_succeed(struct outbox *outbox, struct outbox *old);

/* An empty message; there is always one for each lane. */
struct outgoing *outbox_begin(struct outbox *outbox, unsigned lane);
/* It is complete, its header said but for the sequence. May send. */
void outbox_put(struct outbox *outbox, struct outgoing *outgoing);
/* Sends what is complete, by lanes, templates first. */
void outbox_send(struct outbox *outbox);

/* Hears of messages that the transport kept and is now done with. True: there are more. */
bool outbox_hear(struct outbox *outbox, int64_t now);
/* Begins the transport's end; what it still keeps at outbox_abandon() is lost. */
void outbox_end(struct outbox *outbox);
void outbox_abandon(struct outbox *outbox);

#endif
