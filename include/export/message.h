/* message: one datagram under construction.
 *
 * Knows sets and room, not who gets it: records of one template gather in one
 * set, a set is closed when the next begins, and what is in the message is
 * counted for the ledger. Fixed buffer, one thread's. */
#ifndef EXPORT_MESSAGE_H
#define EXPORT_MESSAGE_H

#include "base/wire.h"
#include "export/protocol.h"
#include "export/template.h"

#include <stdbool.h>
#include <stdint.h>

enum { MESSAGE_LARGEST = 65507 }; /* UDP payload over IPv4 */

/* What a data record of a flow carries. */
struct message_share {
	uint64_t packets;
	uint64_t octets;
	bool begins; /* a flow; not where it goes on in another record */
	bool event;  /* the record is of an event, which carries nothing */
};

struct message {
	const struct protocol *protocol;
	uint8_t *buffer; /* the owner's, `size` octets */
	uint32_t size;
	struct message_share *share; /* the owner's, one for each flow record that fits */
	struct wire wire;
	uint8_t *set; /* header of the open set, or NULL */
	uint16_t set_id;
	uint16_t record_octets;  /* of the data record that was added last */
	uint16_t records;        /* all kinds: NetFlow v9 counts them in its header */
	uint16_t data_records;   /* IPFIX and v5 count these in their sequence */
	uint16_t option_records; /* of them, those that tell of no flow */
	int64_t latest;          /* largest flow end inside */
	uint32_t length;         /* octets to send, once closed */
	uint16_t events;         /* records that tell of one */
	uint16_t flows;          /* begun inside: a flow in several records counts once */
	uint64_t packets;        /* in the flow records inside */
	uint64_t octets;
};

/* Empties the message and leaves room for its header. */
void message_begin(struct message *message, const struct protocol *protocol);

/* Adds a template, or an options template. False: no room. */
bool message_add_template(struct message *message, const struct template *template);

/* Room for one record of the template, of so many octets, in its set; NULL: no room. */
uint8_t *message_add_record(
	struct message *message, const struct template *template, uint32_t octets);

/* The record of a flow or an event that was added last carries this. */
static inline void message_count(struct message *message, struct message_share share)
{
	message->share[message->data_records - 1] = share;
	message->flows = (uint16_t)(message->flows + share.begins);
	message->events = (uint16_t)(message->events + share.event);
	message->packets += share.packets;
	message->octets += share.octets;
}

/* Adds flow records of a closed message, all of them of one template, from the one of
 * this number on, as many as there is room for; returns the number of the next. */
uint16_t message_refill(struct message *message, const struct message *from, uint16_t record);

/* Closes the last set: `length` is then what the message has. */
void message_close(struct message *message);

/* Writes the header of a closed message; buffer[0] to buffer[length - 1] can be sent. */
void message_seal(struct message *message, const struct protocol_header *header);

static inline bool message_is_empty(const struct message *message)
{
	return message->records == 0;
}

#endif
