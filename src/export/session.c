#include "export/session.h"

#include "base/clock.h"
#include "export/options_data.h"
#include "export/outbox.h"
#include "export/protocol.h"
#include "export/refresh.h"
#include "export/uptime.h"

#include <stdlib.h>

enum { LANES = OUTBOX_TEMPLATES };

#define LONGEST_WAIT CLOCK_SECOND

struct lane {
	struct outgoing *open; /* or NULL */
	int64_t opened;
};

struct session {
	struct session_options options;
	struct layout layout;
	struct events events;
	struct uptime uptime;

	struct refresh templates;
	struct refresh options_refresh;
	struct options_data options_data;
	struct loss ignored;
	struct loss not_sent; /* elsewhere */

	/* A message under construction for each template, so that most datagrams are full
	 * and of one length, which the kernel sends for less. */
	struct lane lane[LANES];
	struct outbox out;
};

static void init_options(struct session *s, const struct session_options_data *o)
{
	options_data_init(&s->options_data,
		&(struct options_data_options){
			.enabled = o->enabled,
			.sampling_elements = o->sampling_elements,
			.algorithm = o->algorithm,
			.interval = o->interval,
			.process = o->process,
			.address = s->out.transport->local,
			.has_boot = s->uptime.known || s->layout.relative,
		},
		&s->layout, s->out.protocol->version);
}

static uint32_t shortest_record(const struct session *s)
{
	uint32_t flow = template_shortest(s->layout.template, s->layout.count);
	uint32_t event = template_shortest(s->events.template, s->events.count);

	return flow < event ? flow : event;
}

static struct session *make(const struct session_options *o, struct transport *transport)
{
	struct session *s = calloc(1, sizeof *s);

	if (s) {
		layout_init(&s->layout, &o->layout);
		events_init(&s->events, &s->layout, o->layout.version, o->nat_events);
	}
	if (!s || !outbox_init(&s->out, protocol_find(o->layout.version), transport,
			  o->max_datagram, shortest_record(s))) {
		free(s);
		return NULL;
	}
	s->options = *o;
	s->layout.relative |= s->out.protocol->relative_times;
	s->templates.plan = (struct refresh_plan){
		o->template_refresh, o->template_datagrams, s->out.protocol->templates_apart};
	s->options_refresh.plan =
		(struct refresh_plan){o->options.refresh, o->options.datagrams, 0};
	s->uptime = uptime_of(o->boot);
	init_options(s, &o->options);
	return s;
}

struct session *session_new(const struct session_options *options, struct transport *transport)
{
	struct session *s = make(options, transport);

	if (s)
		outbox_measure(&s->out);
	else
		transport->ops->close(transport);
	return s;
}

struct session *session_prepare(const struct session *s, const struct session_options *options)
{
	struct session_options o = *options;

	o.layout.generation = (s->options.layout.generation + 1) % LAYOUT_GENERATIONS;
	return make(&o, s->out.transport);
}

void session_discard(struct session *s)
{
	if (!s)
		return;
	outbox_discard(&s->out);
	free(s);
}

void session_free(struct session *s)
{
	if (!s)
		return;
	outbox_free(&s->out);
	free(s);
}

static int64_t header_time(const struct session *s, const struct message *m, int64_t now)
{
	if (s->out.protocol->relative_times)
		now = uptime_header(
			&s->uptime, now, m->latest, m->data_records > m->option_records);
	return s->out.protocol->header_time(now);
}

static void finish_message(struct session *s, struct outgoing *o, int64_t now)
{
	message_close(&o->message);
	o->header = (struct protocol_header){
		.time = header_time(s, &o->message, now),
		.boot = s->uptime.boot,
		.domain = s->options.domain,
		.sampling = s->options.options.interval,
		.random = s->options.options.algorithm != SAMPLER_COUNT,
	};
	s->templates.datagrams++;
	s->options_refresh.datagrams++;
	outbox_put(&s->out, o);
}

/* When the clock was set back meanwhile, the message is of the time before; and data
 * is never older than its template. */
static void finish_data(struct session *s, struct outgoing *o, int64_t opened, int64_t now)
{
	if (now < opened)
		now = opened;
	if (s->templates.done && now < s->templates.time)
		now = s->templates.time;
	finish_message(s, o, now);
}

static void finish_lane(struct session *s, struct lane *lane, int64_t now)
{
	if (lane->open)
		finish_data(s, lane->open, lane->opened, now);
	lane->open = NULL;
}

static void finish_lanes(struct session *s, int64_t now)
{
	for (unsigned i = 0; i < LANES; i++)
		finish_lane(s, &s->lane[i], now);
}

/* Templates and options that the path had become too narrow for are due at once. */
static void heed_path(struct session *s)
{
	if (!s->out.again)
		return;
	s->out.again = false;
	s->templates.done = s->options_refresh.done = false;
}

/* To a transport that keeps them they are sent once. */
static bool templates_due(const struct session *s, int64_t now)
{
	if (!s->out.protocol->has_sets ||
		(s->templates.done && s->out.transport->ops->keeps_templates))
		return false;
	return refresh_is_due(&s->templates, now);
}

static bool options_due(const struct session *s, int64_t now)
{
	return s->out.protocol->has_sets && s->options.options.enabled &&
	       refresh_is_due(&s->options_refresh, now);
}

static struct outgoing *add_template(
	struct session *s, struct outgoing *o, const struct template *t, int64_t now)
{
	if (!message_add_template(&o->message, t)) {
		finish_message(s, o, now);
		o = outbox_begin(&s->out, OUTBOX_TEMPLATES);
		(void)message_add_template(&o->message, t);
	}
	s->out.count.templates++;
	return o;
}

/* In messages of their own (RFC 7011 section 8), after all data that is older. */
static void send_templates(struct session *s, int64_t now)
{
	if (now < s->templates.time)
		finish_lanes(s, now);
	outbox_send(&s->out);

	struct outgoing *o = outbox_begin(&s->out, OUTBOX_TEMPLATES);
	for (unsigned i = 0; i < s->layout.count; i++)
		o = add_template(s, o, &s->layout.template[i], now);
	for (unsigned i = 0; i < s->events.count; i++)
		o = add_template(s, o, &s->events.template[i], now);
	for (unsigned i = 0; i < OPTION_KINDS; i++)
		if (s->options_data.template[i].field_count)
			o = add_template(s, o, &s->options_data.template[i], now);
	finish_message(s, o, now);
	refresh_done(&s->templates, now);
}

static struct template_facts facts_of(const struct session *s)
{
	return (struct template_facts){.boot = s->uptime.boot,
		.domain = s->options.domain,
		.active = s->options.active_timeout,
		.idle = s->options.idle_timeout};
}

/* Adds the records of one kind to the message, or to a new one where there is none or no
 * room; returns the last one. */
static struct outgoing *add_options(struct session *s, struct outgoing *o, enum option_kind kind,
	struct option_values *values, int64_t now)
{
	const struct template *t = &s->options_data.template[kind];
	const struct template_facts facts = facts_of(s);

	for (unsigned n = 0; options_data_record(&s->options_data, kind, n, values); n++) {
		uint32_t octets = template_octets(t, values);
		uint8_t *at = o ? message_add_record(&o->message, t, octets) : NULL;
		if (!at) {
			if (o)
				finish_data(s, o, now, now);
			o = outbox_begin(&s->out, OUTBOX_TEMPLATES);
			at = message_add_record(&o->message, t, octets);
		}
		template_encode(t, values, &facts, at);
	}
	return o;
}

/* In messages of their own, as some collectors read the sampling rate of a message after
 * its data. What was exported is what left before them: the counts, which stand in the
 * first one, leave it out (IANA on exportedMessageTotalCount). */
static void send_options(
	struct session *s, enum option_kind first, enum option_kind last, int64_t now)
{
	outbox_send(&s->out);

	struct outgoing *o = NULL;
	struct option_values values = {
		.exported = {s->out.count.messages, s->out.count.records, s->out.count.octets},
		.ignored = s->ignored,
		.not_sent = s->not_sent,
	};
	loss_sum(&values.not_sent, &s->out.lost);
	for (enum option_kind kind = first; kind <= last; kind++)
		o = add_options(s, o, kind, &values, now);
	if (o)
		finish_data(s, o, now, now);
	outbox_send(&s->out);
}

static void send_all_options(struct session *s, int64_t now)
{
	send_options(s, 0, OPTION_KINDS - 1, now);
	refresh_done(&s->options_refresh, now);
}

/* Room for a record of the template in the message of the i-th lane, which is begun where
 * there is none or none is left; *message is then that one. */
static uint8_t *add_record(struct session *s, const struct template *t, unsigned i, int64_t now,
	struct message **message)
{
	struct lane *lane = &s->lane[i];
	uint8_t *at = NULL;

	if (lane->open && now >= lane->opened)
		at = message_add_record(&lane->open->message, t, t->record_octets);
	if (!at) {
		finish_lane(s, lane, now);
		heed_path(s);
		if (templates_due(s, now))
			send_templates(s, now);
		if (options_due(s, now))
			send_all_options(s, now);
		lane->open = outbox_begin(&s->out, i);
		lane->opened = now;
		at = message_add_record(&lane->open->message, t, t->record_octets);
	}
	*message = &lane->open->message;
	return at;
}

static void put_record(struct session *s, const struct template *t, unsigned lane,
	const struct flow_record *r, const struct flow_path *path, struct message_share share,
	int64_t now)
{
	struct message *m;
	uint8_t *at = add_record(s, t, lane, now, &m);
	struct template_facts facts = facts_of(s);

	facts.path = path;
	template_encode(t, r, &facts, at);
	message_count(m, share);
	if (r->last > m->latest)
		m->latest = r->last;
}

static void put_flow(struct session *s, const struct template *t, const struct flow_record *r,
	const struct flow_path *path, int64_t now, bool first_part)
{
	struct message_share share = {
		.packets = r->packets, .octets = r->octets, .begins = first_part};

	put_record(s, t, (unsigned)(t - s->layout.template), r, path, share, now);
}

static void move_uptime(struct session *s, int64_t from, int64_t to, int64_t now)
{
	finish_lanes(s, now);
	uptime_move(&s->uptime, from, to);
	s->options_refresh.done = false; /* they tell it */
}

/* Flow times relative to sysUptime must lie in its range. */
static inline void fit_times(struct session *s, int64_t from, int64_t to, int64_t now)
{
	if (s->layout.relative && !uptime_fits(&s->uptime, from, to))
		move_uptime(s, from, to, now);
}

void session_record(
	struct session *s, const struct flow_record *r, const struct flow_path *path, int64_t now)
{
	const struct template *t = layout_choose(&s->layout, r);

	if (!t) {
		session_tally_add(&s->out.count.untold, 1, r->packets, r->octets);
		return;
	}
	session_tally_add(&s->out.count.pending, 1, r->packets, r->octets);
	fit_times(s, r->first, r->last, now);
	uint64_t parts = protocol_parts(s->out.protocol, r->packets, r->octets);
	if (__builtin_expect(parts == 1, 1)) {
		put_flow(s, t, r, path, now, true);
		return;
	}
	for (uint64_t i = 0; i < parts; i++) {
		struct flow_record part = *r;
		part.packets = protocol_share(r->packets, i, parts);
		part.octets = protocol_share(r->octets, i, parts);
		put_flow(s, t, &part, path, now, i == 0);
	}
}

/* An event begins with the record that it is encoded from. */
void session_event(struct session *s, const struct flow_event *event, int64_t now)
{
	unsigned i = events_choose(event);
	const struct flow_record *r = &event->record;

	s->out.count.events.taken++;
	if (!s->events.count) {
		s->out.count.events.untold++;
		return;
	}
	s->out.count.events.pending++;
	fit_times(s, r->first, r->last, now);
	put_record(s, &s->events.template[i], OUTBOX_EVENTS + i, r, &event->path,
		(struct message_share){.event = true}, now);
}

void session_tick(struct session *s, int64_t now)
{
	heed_path(s);
	for (unsigned i = 0; i < LANES; i++) {
		struct lane *lane = &s->lane[i];
		if (lane->open && (now - lane->opened >= LONGEST_WAIT || now < lane->opened))
			finish_lane(s, lane, now);
	}
	if (templates_due(s, now) || options_due(s, now))
		fit_times(s, now, now, now);
	if (templates_due(s, now))
		send_templates(s, now);
	if (options_due(s, now))
		send_all_options(s, now);
	outbox_send(&s->out);
	bool away = s->out.count.away;
	(void)outbox_hear(&s->out, now);
	if (away && !s->out.count.away) /* who comes back need not know them any more */
		s->options_refresh.done = false;
}

bool session_redirect(struct session *s, const struct socket_addresses *addresses)
{
	struct transport *t = s->out.transport;

	if (!t->ops->redirect || !t->ops->redirect(t, addresses))
		return false;
	if (!t->ops->keeps_templates)
		s->templates.done = false;
	s->options_refresh.done = false;
	return true;
}

void session_flush(struct session *s, int64_t now)
{
	finish_lanes(s, now);
	outbox_send(&s->out);
	if (!s->templates.done || !s->options.options.enabled)
		return;
	fit_times(s, now, now, now);
	send_options(s, OPTION_METERING_STATISTICS, OPTION_EXPORTING_RELIABILITY, now);
}

void session_interfaces(
	struct session *s, const struct option_interface *interfaces, unsigned count)
{
	s->options_data.interfaces = interfaces;
	s->options_data.interface_count = count;
	s->options_refresh.done = false;
}

void session_retime(struct session *s, uint16_t active, uint16_t idle)
{
	s->options.active_timeout = active;
	s->options.idle_timeout = idle;
	s->options_refresh.done = false;
}

void session_losses(struct session *s, const struct loss *ignored, const struct loss *not_sent)
{
	s->ignored = *ignored;
	s->not_sent = *not_sent;
}

void session_ask(struct session *s)
{
	s->templates.done = false;
}

void session_succeed(struct session *s, struct session *old, int64_t now)
{
	void (*forget)(struct transport *) = s->out.transport->ops->forget;

	finish_lanes(old, now);
	outbox_succeed(&s->out, &old->out);
	s->uptime = old->uptime;
	session_interfaces(s, old->options_data.interfaces, old->options_data.interface_count);
	session_losses(s, &old->ignored, &old->not_sent);
	free(old);
	if (forget)
		forget(s->out.transport);
}

void session_renew(struct session *s, struct tls_context *context)
{
	s->out.transport->ops->renew(s->out.transport, context);
}

void session_end(struct session *s, int64_t now)
{
	session_flush(s, now);
	outbox_end(&s->out);
}

bool session_ending(struct session *s, int64_t now)
{
	return outbox_hear(&s->out, now);
}

void session_abandon(struct session *s)
{
	outbox_abandon(&s->out);
}

struct session_statistics session_statistics(const struct session *s)
{
	return s->out.count;
}

void session_templates(const struct session *s, struct session_templates *all)
{
	*all = (struct session_templates){.version = s->options.layout.version,
		.done = s->templates.done,
		.sent = s->templates.time};
	listing_fill(all, &s->layout, &s->options_data, s->out.protocol->has_sets);
}
