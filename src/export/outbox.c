#include "export/outbox.h"

#include <errno.h>
#include <stdlib.h>

bool outbox_init(struct outbox *b, const struct protocol *protocol, struct transport *transport,
	uint32_t max_datagram)
{
	*b = (struct outbox){.protocol = protocol, .transport = transport};
	b->buffers = malloc((size_t)OUTBOX_MESSAGES * max_datagram);
	if (!b->buffers)
		return false;
	for (unsigned i = 0; i < OUTBOX_MESSAGES; i++) {
		b->message[i].message.buffer = b->buffers + (size_t)i * max_datagram;
		b->message[i].message.size = max_datagram;
		b->spare[b->spares++] = &b->message[i];
	}
	return true;
}

void outbox_free(struct outbox *b)
{
	b->transport->ops->close(b->transport);
	free(b->buffers);
}

struct outgoing *outbox_begin(struct outbox *b, unsigned lane)
{
	struct outgoing *o = b->spare[--b->spares];

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
			.records = m->data_records - m->option_records,
			.options = m->option_records,
			.flows = m->flows,
			.packets = m->packets,
			.octets = m->octets},
	};
}

void outbox_send(struct outbox *b)
{
	struct transport_message out[OUTBOX_QUEUE];
	struct outgoing *ordered[OUTBOX_QUEUE];
	unsigned n = order_queue(b, ordered);

	if (!n)
		return;
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
		if (out[i].error == EINPROGRESS)
			b->kept++;
		else
			account(b, &out[i].load, out[i].error, ordered[i]->header.time);
		b->spare[b->spares++] = ordered[i];
	}
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
	b->count.lost_messages += b->kept;
	b->kept = 0;
	b->count.last_error = ETIMEDOUT;
}
