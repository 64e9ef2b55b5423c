#include "export/session.h"

#include "base/clock.h"
#include "export/message.h"
#include "export/protocol.h"

#include <errno.h>
#include <stdlib.h>

enum {
	QUEUE = 32, /* messages sent with one system call */
	MESSAGES = QUEUE + LAYOUT_TEMPLATES + 1,
	TEMPLATE_BURST = 3, /* times that templates go out at the start, spread */
	UPTIME_MARGIN = 2000,
};

#define LONGEST_WAIT     CLOCK_SECOND
#define TEMPLATE_SPREAD  (2 * CLOCK_SECOND)
#define DAY_MILLISECONDS INT64_C(86400000)
#define UPTIME_RANGE     ((INT64_C(1) << 32) - UPTIME_MARGIN)

/* A message, what its header will say once its turn to be sent gives it a sequence
 * number, and the lane that it came by. */
struct outgoing {
	struct message message;
	struct protocol_header header;
	unsigned lane; /* templates: LAYOUT_TEMPLATES */
};

struct lane {
	struct outgoing *open; /* or NULL */
	int64_t opened;
};

struct session {
	struct session_options options;
	const struct protocol *protocol;
	struct layout layout;
	struct transport *transport;
	uint32_t sequence;
	bool has_boot;
	int64_t boot; /* milliseconds since 1970 */

	bool has_templates; /* sent at least once */
	int64_t template_time;
	uint32_t template_datagrams; /* sent since */
	unsigned template_burst;

	/* A message under construction for each template, so that most datagrams are full
	 * and of one length, which the kernel sends for less. */
	struct lane lane[LAYOUT_TEMPLATES];
	struct outgoing *queue[QUEUE]; /* complete, in the order in which they were */
	unsigned queued;
	struct outgoing *spare[MESSAGES];
	unsigned spares;
	struct outgoing message[MESSAGES];
	uint8_t *buffers;
	uint64_t kept; /* messages that the transport has not reported on */
	struct session_statistics count;
};

struct session *session_new(const struct session_options *o, struct transport *transport)
{
	struct session *s = calloc(1, sizeof *s);

	if (s)
		s->buffers = malloc((size_t)MESSAGES * o->max_datagram);
	if (!s || !s->buffers) {
		free(s);
		transport->ops->close(transport);
		return NULL;
	}
	s->options = *o;
	s->protocol = protocol_find(o->layout.version);
	s->transport = transport;
	s->has_boot = o->boot != INT64_MIN;
	if (s->has_boot)
		s->boot = clock_floor(o->boot, CLOCK_MILLISECOND);
	layout_init(&s->layout, &o->layout);
	for (unsigned i = 0; i < MESSAGES; i++) {
		s->message[i].message.buffer = s->buffers + (size_t)i * o->max_datagram;
		s->message[i].message.size = o->max_datagram;
		s->spare[s->spares++] = &s->message[i];
	}
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	s->transport->ops->close(s->transport);
	free(s->buffers);
	free(s);
}

static void tally_add(struct session_tally *t, uint64_t flows, uint64_t packets, uint64_t octets)
{
	t->flows += flows;
	t->packets += packets;
	t->octets += octets;
}

static void account(struct session *s, const struct transport_load *load, int error)
{
	struct session_tally *t = error ? &s->count.lost : &s->count.sent;

	tally_add(t, load->flows, load->packets, load->octets);
	s->count.pending.flows -= load->flows;
	s->count.pending.packets -= load->packets;
	s->count.pending.octets -= load->octets;
	if (error) {
		s->count.lost_messages += load->messages;
		s->count.last_error = error;
		return;
	}
	s->count.messages += load->messages;
	s->count.octets += load->length;
	s->count.records += load->records;
}

/* Messages that the transport kept, and which it is now done with. True: there are
 * more. */
static bool hear_report(struct session *s)
{
	struct transport_report report = {.away = false};

	if (!s->transport->ops->work)
		return false;
	s->transport->ops->work(s->transport, &report);
	s->kept -= report.delivered.messages + report.lost.messages;
	if (report.delivered.messages)
		account(s, &report.delivered, 0);
	if (report.lost.messages)
		account(s, &report.lost, report.error);
	s->count.away = report.away;
	return report.busy;
}

/* The queue by lanes, templates first: datagrams of one length side by side. */
static unsigned order_queue(const struct session *s, struct outgoing **ordered)
{
	unsigned n = 0;

	for (unsigned lane = LAYOUT_TEMPLATES + 1; lane-- > 0;)
		for (unsigned i = 0; i < s->queued; i++)
			if (s->queue[i]->lane == lane)
				ordered[n++] = s->queue[i];
	return n;
}

/* A sealed message as the transport takes it. */
static struct transport_message parcel_of(const struct session *s, const struct outgoing *o)
{
	const struct message *m = &o->message;

	return (struct transport_message){
		.octets = m->buffer,
		.length = m->length,
		.step = s->protocol->sequence_step(m),
		.templates = o->lane == LAYOUT_TEMPLATES,
		.load = {.messages = 1,
			.length = m->length,
			.records = m->data_records,
			.flows = m->flows,
			.packets = m->packets,
			.octets = m->octets},
	};
}

static void send_queue(struct session *s)
{
	struct transport_message out[QUEUE];
	struct outgoing *ordered[QUEUE];
	unsigned n = order_queue(s, ordered);

	if (!n)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct outgoing *o = ordered[i];
		o->header.sequence = s->sequence;
		message_seal(&o->message, &o->header);
		out[i] = parcel_of(s, o);
		/* Also for a message that will not leave: so its collector sees the gap. */
		s->sequence += out[i].step;
	}
	s->count.refusals += s->transport->ops->send(s->transport, out, n);
	for (unsigned i = 0; i < n; i++) {
		if (out[i].error == EINPROGRESS)
			s->kept++;
		else
			account(s, &out[i].load, out[i].error);
		s->spare[s->spares++] = ordered[i];
	}
	s->queued = 0;
}

/* sysUptime's zero moves where the header could not tell `time` by it. By a day or
 * more, so that no collector takes it for a clock that drifts. */
static void rebase_to(struct session *s, int64_t earliest, int64_t latest)
{
	if (!s->has_boot || earliest < s->boot)
		s->boot = earliest - DAY_MILLISECONDS;
	else if (latest - s->boot >= UPTIME_RANGE)
		s->boot = earliest - DAY_MILLISECONDS / 4;
	s->has_boot = true;
}

/* The time that a message's header tells. Where flow times are relative to it, it
 * is never before the last flow inside, and stays in sysUptime's range. */
static int64_t header_time(const struct session *s, const struct message *m, int64_t now)
{
	if (!s->protocol->relative_times)
		return s->protocol->header_time(now);

	int64_t earliest = s->boot * CLOCK_MILLISECOND;
	int64_t latest = earliest + UPTIME_RANGE * CLOCK_MILLISECOND;
	int64_t time = now > m->latest ? now : m->latest;
	if (time < earliest)
		time = earliest;
	if (time >= latest)
		time = m->data_records ? m->latest : latest;
	return s->protocol->header_time(time);
}

static struct outgoing *begin_message(struct session *s, unsigned lane)
{
	struct outgoing *o = s->spare[--s->spares];

	message_begin(&o->message, s->protocol);
	o->lane = lane;
	return o;
}

static void finish_message(struct session *s, struct outgoing *o, int64_t now)
{
	message_close(&o->message);
	o->header = (struct protocol_header){
		.time = header_time(s, &o->message, now),
		.boot = s->boot,
		.domain = s->options.domain,
		.sampling = s->options.sampling,
		.random = s->options.random_sampling,
	};
	s->template_datagrams++;
	s->queue[s->queued++] = o;
	if (s->queued == QUEUE)
		send_queue(s);
}

/* When the clock was set back meanwhile, the message is of the time before; and data
 * is never older than its template. */
static void finish_lane(struct session *s, struct lane *lane, int64_t now)
{
	struct outgoing *o = lane->open;

	if (!o)
		return;
	lane->open = NULL;
	if (now < lane->opened)
		now = lane->opened;
	if (s->has_templates && now < s->template_time)
		now = s->template_time;
	finish_message(s, o, now);
}

static void finish_lanes(struct session *s, int64_t now)
{
	for (unsigned i = 0; i < LAYOUT_TEMPLATES; i++)
		finish_lane(s, &s->lane[i], now);
}

/* Templates are due at the start, twice more soon after, by time, by datagrams,
 * and when the clock was set back: data may not be older than its template
 * (RFC 7011 section 8.2). To a transport that keeps them they are sent once. */
static bool templates_due(const struct session *s, int64_t now)
{
	if (!s->protocol->has_sets)
		return false;
	if (!s->has_templates)
		return true;
	if (s->transport->ops->keeps_templates)
		return false;
	if (now < s->template_time)
		return true;
	if (s->template_burst < TEMPLATE_BURST && now - s->template_time >= TEMPLATE_SPREAD)
		return true;
	return now - s->template_time >= s->options.template_refresh ||
	       (s->options.template_datagrams &&
		       s->template_datagrams >= s->options.template_datagrams);
}

/* In messages of their own (RFC 7011 section 8), after all data that is older. */
static void send_templates(struct session *s, int64_t now)
{
	if (now < s->template_time)
		finish_lanes(s, now);
	send_queue(s);

	struct outgoing *o = begin_message(s, LAYOUT_TEMPLATES);
	for (unsigned i = 0; i < s->layout.count; i++) {
		if (!message_add_template(&o->message, &s->layout.template[i])) {
			finish_message(s, o, now);
			o = begin_message(s, LAYOUT_TEMPLATES);
			(void)message_add_template(&o->message, &s->layout.template[i]);
		}
		s->count.templates++;
	}
	finish_message(s, o, now);
	if (s->has_templates && now < s->template_time)
		s->template_burst = 0;
	s->has_templates = true;
	s->template_burst++;
	s->template_time = now;
	s->template_datagrams = 0;
}

/* Room for a record of the template in its lane's message, which is begun where there
 * is none or none is left; *message is then that one. */
static uint8_t *add_record(
	struct session *s, const struct template *t, int64_t now, struct message **message)
{
	unsigned i = (unsigned)(t - s->layout.template);
	struct lane *lane = &s->lane[i];
	uint8_t *at = NULL;

	if (lane->open && now >= lane->opened)
		at = message_add_record(&lane->open->message, t);
	if (!at) {
		finish_lane(s, lane, now);
		if (templates_due(s, now))
			send_templates(s, now);
		lane->open = begin_message(s, i);
		lane->opened = now;
		at = message_add_record(&lane->open->message, t);
	}
	*message = &lane->open->message;
	return at;
}

static void put_record(struct session *s, const struct template *t, const struct flow_record *r,
	int64_t now, bool first_part)
{
	struct message *m;
	uint8_t *at = add_record(s, t, now, &m);

	const struct template_facts facts = {.boot = s->boot,
		.domain = s->options.domain,
		.active = s->options.active_timeout,
		.idle = s->options.idle_timeout};

	template_encode(t, r, &facts, at);
	m->flows = (uint16_t)(m->flows + first_part);
	m->packets += r->packets;
	m->octets += r->octets;
	if (r->last > m->latest)
		m->latest = r->last;
}

/* Flow times relative to sysUptime must lie in its range. */
static void fit_times(struct session *s, int64_t from, int64_t to, int64_t now)
{
	int64_t first = clock_floor(from, CLOCK_MILLISECOND);
	int64_t last = clock_floor(to, CLOCK_MILLISECOND);

	if (!s->protocol->relative_times && !s->layout.relative)
		return;
	if (s->has_boot && first >= s->boot && last - s->boot < UPTIME_RANGE)
		return;
	finish_lanes(s, now);
	rebase_to(s, first, last);
}

/* How many records it takes so that no counter of a fixed-size record overflows. */
static uint64_t parts_of(const struct protocol *p, const struct flow_record *r)
{
	uint64_t most = r->octets > r->packets ? r->octets : r->packets;

	return most <= p->largest_count ? 1 : most / p->largest_count + 1;
}

static uint64_t share(uint64_t whole, uint64_t part, uint64_t parts)
{
	return whole / parts + (part < whole % parts);
}

void session_record(struct session *s, const struct flow_record *r, int64_t now)
{
	const struct template *t = layout_choose(&s->layout, r);

	if (!t) {
		tally_add(&s->count.untold, 1, r->packets, r->octets);
		return;
	}
	tally_add(&s->count.pending, 1, r->packets, r->octets);
	fit_times(s, r->first, r->last, now);
	uint64_t parts = parts_of(s->protocol, r);
	if (__builtin_expect(parts == 1, 1)) {
		put_record(s, t, r, now, true);
		return;
	}
	for (uint64_t i = 0; i < parts; i++) {
		struct flow_record part = *r;
		part.packets = share(r->packets, i, parts);
		part.octets = share(r->octets, i, parts);
		put_record(s, t, &part, now, i == 0);
	}
}

void session_tick(struct session *s, int64_t now)
{
	for (unsigned i = 0; i < LAYOUT_TEMPLATES; i++) {
		struct lane *lane = &s->lane[i];
		if (lane->open && (now - lane->opened >= LONGEST_WAIT || now < lane->opened))
			finish_lane(s, lane, now);
	}
	if (templates_due(s, now)) {
		fit_times(s, now, now, now);
		send_templates(s, now);
	}
	send_queue(s);
	(void)hear_report(s);
}

void session_flush(struct session *s, int64_t now)
{
	finish_lanes(s, now);
	send_queue(s);
}

void session_end(struct session *s, int64_t now)
{
	session_flush(s, now);
	if (s->transport->ops->end)
		s->transport->ops->end(s->transport);
}

bool session_ending(struct session *s)
{
	return hear_report(s);
}

void session_abandon(struct session *s)
{
	struct session_tally *p = &s->count.pending;

	if (!s->kept)
		return;
	tally_add(&s->count.lost, p->flows, p->packets, p->octets);
	*p = (struct session_tally){0};
	s->count.lost_messages += s->kept;
	s->kept = 0;
	s->count.last_error = ETIMEDOUT;
}

struct session_statistics session_statistics(const struct session *s)
{
	return s->count;
}
