#include "export/outbox.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>

/* As the path to the collector takes them now, and the configuration. */
static uint32_t most_octets(const struct outbox *b)
{
	uint32_t (*most)(struct transport *) = b->transport->ops->most;
	uint32_t octets = most ? most(b->transport) : UINT32_MAX;

	return octets < b->max_datagram ? octets : b->max_datagram;
}

bool outbox_init(struct outbox *b, const struct protocol *protocol, struct transport *transport,
	uint32_t max_datagram, uint32_t shortest)
{
	size_t records = max_datagram / shortest + 1;
	size_t octets = (OUTBOX_MESSAGES + 1) * (size_t)max_datagram;
	size_t shares = (OUTBOX_MESSAGES + 1) * records * sizeof *b->shares;

	*b = (struct outbox){
		.protocol = protocol, .transport = transport, .max_datagram = max_datagram};
	b->buffers = malloc(octets);
	b->shares = malloc(shares);
	if (!b->buffers || !b->shares) {
		free(b->buffers);
		free(b->shares);
		return false;
	}
	memory_touch(b->buffers, octets); /* a burst makes weir no larger */
	memory_touch(b->shares, shares);
	for (unsigned i = 0; i <= OUTBOX_MESSAGES; i++) {
		struct outgoing *o = i < OUTBOX_MESSAGES ? &b->message[i] : &b->piece;
		o->message.buffer = b->buffers + i * (size_t)max_datagram;
		o->message.share = b->shares + i * records;
		if (i < OUTBOX_MESSAGES)
			b->spare[b->spares++] = o;
	}
	b->most = max_datagram;
	return true;
}

void outbox_measure(struct outbox *b)
{
	b->most = most_octets(b);
}

void outbox_discard(struct outbox *b)
{
	free(b->buffers);
	free(b->shares);
}

void outbox_free(struct outbox *b)
{
	b->transport->ops->close(b->transport);
	outbox_discard(b);
}

void outbox_succeed(struct outbox *b, struct outbox *old)
{
	outbox_send(old);
	b->sequence = old->sequence;
	b->kept = old->kept;
	b->most = most_octets(b);
	b->lost = old->lost;
	b->count = old->count;
	outbox_discard(old);
}

struct outgoing *outbox_begin(struct outbox *b, unsigned lane)
{
	struct outgoing *o = b->spare[--b->spares];

	o->message.size = b->most > OUTBOX_SMALLEST ? b->most : OUTBOX_SMALLEST;
	message_begin(&o->message, b->protocol);
	o->lane = lane;
	return o;
}

void outbox_put(struct outbox *b, struct outgoing *o)
{
	b->queue[b->queued++] = o;
	if (b->queued == OUTBOX_QUEUE)
		outbox_send(b);
}

static void account(struct outbox *b, const struct transport_load *load, int error, int64_t time)
{
	struct session_tally *t = error ? &b->count.lost : &b->count.sent;

	session_tally_add(t, load->flows, load->packets, load->octets);
	b->count.pending.flows -= load->flows;
	b->count.pending.packets -= load->packets;
	b->count.pending.octets -= load->octets;
	b->count.events.pending -= load->events;
	*(error ? &b->count.events.lost : &b->count.events.sent) += load->events;
	if (error) {
		b->count.lost_messages += load->messages;
		b->count.last_error = error;
		loss_add(&b->lost, load->flows, load->packets, load->octets, time);
		return;
	}
	b->count.messages += load->messages;
	b->count.octets += load->length;
	b->count.records += load->records;
	b->count.options += load->options;
}

/* What counted as sent is lost after all. */
static void take_back(struct outbox *b, const struct transport_load *load, int64_t time)
{
	struct session_tally *sent = &b->count.sent;

	session_tally_add(&b->count.lost, load->flows, load->packets, load->octets);
	sent->flows -= load->flows;
	sent->packets -= load->packets;
	sent->octets -= load->octets;
	b->count.events.sent -= load->events;
	b->count.events.lost += load->events;
	b->count.lost_messages += load->messages;
	b->count.dropped_messages += load->messages;
	b->count.last_error = EMSGSIZE;
	loss_add(&b->lost, load->flows, load->packets, load->octets, time);
}

bool outbox_hear(struct outbox *b, int64_t now)
{
	struct transport_report report = {.away = false};

	if (!b->transport->ops->work)
		return false;
	b->transport->ops->work(b->transport, &report);
	b->kept -= report.delivered.messages + report.lost.messages;
	if (report.delivered.messages)
		account(b, &report.delivered, 0, now);
	if (report.lost.messages)
		account(b, &report.lost, report.error, now);
	if (report.dropped.messages)
		take_back(b, &report.dropped, now);
	b->count.refusals += report.refused;
	b->count.away = report.away;
	return report.busy;
}

/* The queue by lanes, templates first: datagrams of one length side by side. */
static unsigned order_queue(const struct outbox *b, struct outgoing **ordered)
{
	unsigned n = 0;

	for (unsigned lane = OUTBOX_LANES; lane-- > 0;)
		for (unsigned i = 0; i < b->queued; i++)
			if (b->queue[i]->lane == lane)
				ordered[n++] = b->queue[i];
	return n;
}

/* A sealed message as the transport takes it. */
static struct transport_message parcel_of(const struct outbox *b, const struct outgoing *o)
{
	const struct message *m = &o->message;

	return (struct transport_message){
		.octets = m->buffer,
		.length = m->length,
		.step = b->protocol->sequence_step(m),
		.templates = o->lane == OUTBOX_TEMPLATES && !m->data_records,
		.load = {.messages = 1,
			.length = m->length,
			.records = (uint64_t)m->data_records - m->option_records - m->events,
			.options = m->option_records,
			.events = m->events,
			.flows = m->flows,
			.packets = m->packets,
			.octets = m->octets},
	};
}

/* Sends these in order; returns how many the transport is done with: not the first one
 * that is too long for the path now, nor what is behind it. */
static unsigned send_some(struct outbox *b, struct outgoing *const *ordered, unsigned n)
{
	struct transport_message out[OUTBOX_QUEUE];

	for (unsigned i = 0; i < n; i++) {
		struct outgoing *o = ordered[i];
		o->header.sequence = b->sequence;
		message_seal(&o->message, &o->header);
		out[i] = parcel_of(b, o);
		/* Also for a message that will not leave: so its collector sees the gap. */
		b->sequence += out[i].step;
	}
	b->count.refusals += b->transport->ops->send(b->transport, out, n);
	for (unsigned i = 0; i < n; i++) {
		if (out[i].error == EMSGSIZE) {
			b->sequence = ordered[i]->header.sequence;
			return i;
		}
		if (out[i].error == EINPROGRESS)
			b->kept++;
		else
			account(b, &out[i].load, out[i].error, ordered[i]->header.time);
	}
	return n;
}

static void lose(struct outbox *b, const struct outgoing *o)
{
	struct transport_message lost = parcel_of(b, o);

	b->sequence += lost.step;
	account(b, &lost.load, EMSGSIZE, o->header.time);
}

/* Fills the piece from this record on; returns the number of the next. */
static uint16_t fill_piece(
	struct outbox *b, const struct outgoing *whole, uint16_t record, uint32_t size)
{
	struct message *m = &b->piece.message;

	b->piece.header = whole->header;
	b->piece.lane = whole->lane;
	m->size = size;
	message_begin(m, b->protocol);
	record = message_refill(m, &whole->message, record);
	message_close(m);
	return record;
}

/* The flow records of a message that is too long for the path now, in several. What does not
 * fit alone is lost. */
static void send_in_pieces(struct outbox *b, const struct outgoing *whole)
{
	struct outgoing *piece = &b->piece;

	for (uint16_t record = 0; record < whole->message.data_records;) {
		uint16_t next = fill_piece(b, whole, record, most_octets(b));
		if (next == record) {
			(void)fill_piece(b, whole, record, b->max_datagram);
			lose(b, piece);
			return;
		}
		if (send_some(b, &piece, 1))
			record = next; /* else the path is narrower still */
	}
}

static void send_too_long(struct outbox *b, const struct outgoing *o)
{
	if (o->lane != OUTBOX_TEMPLATES)
		send_in_pieces(b, o);
	else if (o->message.length > OUTBOX_SMALLEST)
		b->again = true; /* made anew, shorter; nothing is lost with them */
	else
		lose(b, o);
}

void outbox_send(struct outbox *b)
{
	struct outgoing *ordered[OUTBOX_QUEUE];
	unsigned n = order_queue(b, ordered);

	for (unsigned i = 0; i < n;) {
		unsigned fit = 0;
		b->most = most_octets(b);
		while (i + fit < n && ordered[i + fit]->message.length <= b->most)
			fit++;
		if (fit)
			i += send_some(b, ordered + i, fit);
		else
			send_too_long(b, ordered[i++]);
	}
	for (unsigned i = 0; i < n; i++)
		b->spare[b->spares++] = ordered[i];
	b->queued = 0;
}

void outbox_end(struct outbox *b)
{
	if (b->transport->ops->end)
		b->transport->ops->end(b->transport);
}

void outbox_abandon(struct outbox *b)
{
	struct session_tally *p = &b->count.pending;

	if (!b->kept)
		return;
	session_tally_add(&b->count.lost, p->flows, p->packets, p->octets);
	*p = (struct session_tally){0};
	b->count.events.lost += b->count.events.pending;
	b->count.events.pending = 0;
	b->count.lost_messages += b->kept;
	b->kept = 0;
	b->count.last_error = ETIMEDOUT;
}
