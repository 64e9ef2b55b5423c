#include "export/session.h"

#include "base/clock.h"
#include "export/layout.h"
#include "export/message.h"
#include "export/protocol.h"

#include <stdlib.h>

enum {
	QUEUE = 32,         /* messages sent with one system call */
	TEMPLATE_BURST = 3, /* times that templates go out at the start, spread */
	UPTIME_MARGIN = 2000,
};

#define LONGEST_WAIT CLOCK_SECOND
#define TEMPLATE_SPREAD (2 * CLOCK_SECOND)
#define DAY_MILLISECONDS INT64_C(86400000)
#define UPTIME_RANGE ((INT64_C(1) << 32) - UPTIME_MARGIN)

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

	bool open; /* queue[queued] is under construction */
	int64_t opened;
	unsigned queued;
	struct message queue[QUEUE];
	uint8_t *buffers;
	struct session_statistics count;
};

struct session *session_new(const struct session_options *o, struct transport *transport)
{
	struct session *s = calloc(1, sizeof *s);

	if (s)
		s->buffers = malloc((size_t)QUEUE * o->max_datagram);
	if (!s || !s->buffers) {
		free(s);
		transport->ops->close(transport);
		return NULL;
	}
	s->options = *o;
	s->protocol = protocol_find(o->version);
	s->transport = transport;
	s->has_boot = o->boot != INT64_MIN;
	if (s->has_boot)
		s->boot = clock_floor(o->boot, CLOCK_MILLISECOND);
	layout_init(&s->layout, o->version);
	for (unsigned i = 0; i < QUEUE; i++) {
		s->queue[i].buffer = s->buffers + (size_t)i * o->max_datagram;
		s->queue[i].size = o->max_datagram;
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

static void account_sent(struct session *s, const struct message *m, int error)
{
	struct session_tally *t = error ? &s->count.lost : &s->count.sent;

	tally_add(t, m->flows, m->packets, m->octets);
	s->count.pending.flows -= m->flows;
	s->count.pending.packets -= m->packets;
	s->count.pending.octets -= m->octets;
	if (error) {
		s->count.lost_messages++;
		s->count.last_error = error;
		return;
	}
	s->count.messages++;
	s->count.octets += m->length;
	s->count.records += m->data_records;
}

static void send_queue(struct session *s)
{
	struct transport_message out[QUEUE];
	unsigned n = s->queued;

	if (!n)
		return;
	for (unsigned i = 0; i < n; i++)
		out[i] = (struct transport_message){s->queue[i].buffer, s->queue[i].length, 0};
	s->count.refusals += s->transport->ops->send(s->transport, out, n);
	for (unsigned i = 0; i < n; i++)
		account_sent(s, &s->queue[i], out[i].error);
	s->queued = 0;
	if (s->open) {
		/* The one under construction goes on, now as the first. */
		struct message sent = s->queue[0];
		s->queue[0] = s->queue[n];
		s->queue[n] = sent;
	}
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

static void finish_message(struct session *s, int64_t now)
{
	struct message *m = &s->queue[s->queued];

	/* When the clock was set back meanwhile, the message is of the time before. */
	if (now < s->opened)
		now = s->opened;
	int64_t time = header_time(s, m, now);
	struct protocol_header header = {
		.time = time,
		.boot = s->boot,
		.sequence = s->sequence,
		.domain = s->options.domain,
		.sampling = s->options.sampling,
	};

	message_finish(m, &header);
	/* Also for a message that will not leave: so its collector sees the gap. */
	s->sequence += s->protocol->sequence_step(m);
	s->template_datagrams++;
	s->open = false;
	if (++s->queued == QUEUE)
		send_queue(s);
}

static struct message *begin_message(struct session *s, int64_t now)
{
	struct message *m = &s->queue[s->queued];

	message_begin(m, s->protocol);
	s->open = true;
	s->opened = now;
	return m;
}

/* Templates are due at the start, twice more soon after, by time, by datagrams,
 * and when the clock was set back: data may not be older than its template
 * (RFC 7011 section 8.2). */
static bool templates_due(const struct session *s, int64_t now)
{
	if (!s->protocol->has_sets)
		return false;
	if (!s->has_templates || now < s->template_time)
		return true;
	if (s->template_burst < TEMPLATE_BURST && now - s->template_time >= TEMPLATE_SPREAD)
		return true;
	return now - s->template_time >= s->options.template_refresh ||
		(s->options.template_datagrams &&
			s->template_datagrams >= s->options.template_datagrams);
}

/* In messages of their own (RFC 7011 section 8). */
static void send_templates(struct session *s, int64_t now)
{
	struct message *m = begin_message(s, now);

	for (unsigned i = 0; i < s->layout.count; i++) {
		if (!message_add_template(m, &s->layout.template[i])) {
			finish_message(s, now);
			m = begin_message(s, now);
			(void)message_add_template(m, &s->layout.template[i]);
		}
		s->count.templates++;
	}
	finish_message(s, now);
	if (s->has_templates && now < s->template_time)
		s->template_burst = 0;
	s->has_templates = true;
	s->template_burst++;
	s->template_time = now;
	s->template_datagrams = 0;
}

static uint8_t *add_record(struct session *s, const struct template *t, int64_t now)
{
	bool goes_on = s->open && now >= s->opened;
	uint8_t *at = goes_on ? message_add_record(&s->queue[s->queued], t) : NULL;

	if (at)
		return at;
	if (s->open)
		finish_message(s, now);
	if (templates_due(s, now))
		send_templates(s, now);
	return message_add_record(begin_message(s, now), t);
}

static void put_record(struct session *s, const struct template *t, const struct flow_record *r,
	int64_t now, bool first_part)
{
	uint8_t *at = add_record(s, t, now);
	struct message *m = &s->queue[s->queued];

	template_encode(t, r, s->boot, at);
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

	if (!s->protocol->relative_times)
		return;
	if (s->has_boot && first >= s->boot && last - s->boot < UPTIME_RANGE)
		return;
	if (s->open)
		finish_message(s, now);
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
	if (s->open && (now - s->opened >= LONGEST_WAIT || now < s->opened))
		finish_message(s, now);
	if (!s->open && templates_due(s, now)) {
		fit_times(s, now, now, now);
		send_templates(s, now);
	}
	send_queue(s);
}

void session_flush(struct session *s, int64_t now)
{
	if (s->open)
		finish_message(s, now);
	send_queue(s);
}

struct session_statistics session_statistics(const struct session *s)
{
	return s->count;
}
