/* TCP and TLS, RFC 7011 section 10.4: messages stay in a backlog until the collector's TCP has
 * acknowledged them, and are put into the next connection again where it had not. Each
 * connection is a transport session of its own: templates first, and its sequence numbers
 * from 0. */
#include "export/backlog.h"
#include "export/connection.h"
#include "export/spool.h"
#include "export/transport.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SEQUENCE_AT = 8,       /* of an IPFIX message's header */
	TEMPLATES = 128 << 10, /* octets, of a session's */
	WAIT_MILLISECONDS = 20,
};

#define MINUTE (60 * CLOCK_SECOND)

struct stream {
	struct transport transport;
	struct transport_path path;
	char host[256], service[32], source[256], interface[64], name[304];
	int64_t reconnect;
	bool patient;
	bool ending;

	struct backlog *backlog;
	struct parcel *unput; /* the first that is not in this connection; NULL: all are */
	uint32_t gap;         /* sequence numbers of messages that found no room since the last */

	struct spool *spool; /* what comes after it, or NULL */

	struct backlog *templates; /* never dropped */
	struct parcel *unsaid;     /* the first that is not in this connection; NULL: all are */

	struct tls_context *tls;     /* or NULL */
	struct tls_context *renewed; /* for the next connection, or NULL */
	struct socket_addresses addresses;
	unsigned address;           /* to try next; `count`: all have been tried */
	struct socket_address peer; /* of the connection */
	struct connection *connection;
	uint8_t *out;      /* whose it is */
	bool ready;        /* this connection was, at least once */
	uint32_t sequence; /* of this connection */
	int64_t attempt;   /* steady clock, of the last round of attempts */
	int64_t progress;  /* the same, when something was last delivered */
	char said[160];    /* of what was wrong, last, and when */
	int64_t said_when;
	struct transport_report report;
};

/* ---- connections ---- */

/* The same again only after a minute. */
static void complain(struct stream *s, const char *what, const char *why)
{
	char text[sizeof s->said];
	int64_t now = clock_steady();

	snprintf(text, sizeof text, "%s: %s", what, why);
	if (strcmp(text, s->said) == 0 && now - s->said_when < MINUTE)
		return;
	memcpy(s->said, text, sizeof text);
	s->said_when = now;
	log_warning("exporter", "event=away collector=\"%s\" error=\"%s\"", s->name, text);
}

static void hang_up(struct stream *s)
{
	connection_free(s->connection);
	s->connection = NULL;
	s->ready = false;
}

static void try_address(struct stream *s)
{
	struct transport_error error;

	s->peer = s->addresses.list[s->address++];
	if (s->renewed) {
		tls_context_free(s->tls);
		s->tls = s->renewed;
		s->renewed = NULL;
	}
	s->connection = connection_new(&s->peer, &s->path, s->tls, s->out, &error);
	if (!s->connection)
		complain(s, "no connection", error.text);
}

/* One round tries every address; the next begins `reconnect` after this one did. */
static void connect_when_due(struct stream *s)
{
	int64_t now = clock_steady();

	if (s->ending && !backlog_first(s->backlog))
		return;
	if (s->addresses.count == 0) {
		complain(s, "no connection", "the name has no address yet");
		return;
	}
	if (s->address >= s->addresses.count) {
		if (s->attempt && now - s->attempt < s->reconnect)
			return;
		s->address = 0;
		s->attempt = now;
	}
	try_address(s);
}

static void greet(struct stream *s)
{
	s->ready = true;
	s->address = s->addresses.count;
	s->sequence = 0;
	s->unput = backlog_first(s->backlog);
	s->unsaid = backlog_first(s->templates);
	s->progress = clock_steady();
	log_info("exporter", "event=connected collector=\"%s\"", s->name);
}

/* ---- messages ---- */

static void put_sequence(struct parcel *p, uint32_t sequence)
{
	uint8_t *at = p->octets + SEQUENCE_AT;

	for (int shift = 24; shift >= 0; shift -= 8)
		*at++ = (uint8_t)(sequence >> shift);
}

static void put_parcel(struct stream *s, struct parcel *p)
{
	s->sequence += p->gap;
	put_sequence(p, s->sequence);
	s->sequence += p->step;
	p->end = connection_put(s->connection, p->octets, p->length);
}

/* Templates first: they may be told before their turn, but not after it. */
static void put_parcels(struct stream *s)
{
	struct parcel *p;

	for (; (p = s->unsaid) && connection_has_room(s->connection, p->length);
		s->unsaid = backlog_next(s->templates, p)) {
		put_parcel(s, p);
		transport_load_add(&s->report.delivered, &p->load);
		p->load = (struct transport_load){0}; /* counts once */
	}
	if (s->unsaid)
		return;
	for (; (p = s->unput) && connection_has_room(s->connection, p->length);
		s->unput = backlog_next(s->backlog, p))
		put_parcel(s, p);
}

/* What waits on disk follows into the room that others left. */
static void refill(struct stream *s)
{
	struct parcel *p;

	while (s->spool && (p = spool_move(s->spool, s->backlog, &s->report.lost)))
		if (!s->unput)
			s->unput = p;
	if (s->report.lost.messages)
		s->report.error = EIO;
}

static void let_go(struct stream *s)
{
	uint64_t acknowledged = connection_acknowledged(s->connection);
	struct parcel *p;

	while ((p = backlog_first(s->backlog)) && p != s->unput && p->end <= acknowledged) {
		transport_load_add(&s->report.delivered, &p->load);
		backlog_drop(s->backlog);
		s->progress = clock_steady();
	}
}

static void go_on(struct stream *s)
{
	if (!s->connection)
		connect_when_due(s);
	if (!s->connection)
		return;
	enum connection_state state = connection_work(s->connection);
	if (state == CONNECTION_READY) {
		if (!s->ready)
			greet(s);
		put_parcels(s);
		if (s->ending && !s->unput)
			connection_end(s->connection);
		state = connection_work(s->connection);
	}
	if (s->ready)
		let_go(s);
	refill(s);
	if (state != CONNECTION_OVER)
		return;
	const char *why = connection_why(s->connection);
	if (*why || !s->ending)
		complain(s, s->ready ? "the connection has ended" : "no connection",
			*why ? why : "the collector closed it");
	hang_up(s);
}

/* ---- the transport ---- */

/* Into memory, or on disk behind what is there; 0, or the errno that kept it from both. */
static int keep_now(struct stream *s, const struct transport_message *m)
{
	struct parcel *p;

	if (s->spool && !spool_is_empty(s->spool))
		return spool_put(s->spool, m, s->gap);
	p = backlog_add(s->backlog, m, s->gap);
	if (!p)
		return s->spool ? spool_put(s->spool, m, s->gap) : ENOBUFS;
	if (!s->unput)
		s->unput = p;
	return 0;
}

/* The same, after some time where there is patience. */
static int keep(struct stream *s, const struct transport_message *m)
{
	int error;

	while ((error = keep_now(s, m))) {
		if (!s->patient || clock_steady() - s->progress >= TRANSPORT_PATIENCE)
			return error;
		if (s->connection)
			connection_wait(s->connection, WAIT_MILLISECONDS);
		else
			(void)poll(NULL, 0, WAIT_MILLISECONDS);
		go_on(s);
	}
	s->gap = 0;
	return 0;
}

/* Templates are not in the way of records: each connection begins with all of them. */
static int remember(struct stream *s, const struct transport_message *m)
{
	struct parcel *p = backlog_add(s->templates, m, 0);

	if (p && !s->unsaid)
		s->unsaid = p;
	return p ? 0 : E2BIG;
}

static unsigned stream_send(struct transport *t, struct transport_message *messages, unsigned count)
{
	struct stream *s = (struct stream *)t;

	for (unsigned i = 0; i < count; i++) {
		struct transport_message *m = &messages[i];
		int error = m->templates ? remember(s, m) : keep(s, m);
		m->error = error ? error : EINPROGRESS;
		if (error)
			s->gap += m->step;
	}
	go_on(s);
	return 0;
}

static bool worth_waiting(const struct stream *s)
{
	if (s->connection)
		return true;
	return backlog_first(s->backlog) &&
	       s->attempt + s->reconnect < clock_steady() + TRANSPORT_PATIENCE;
}

static void stream_work(struct transport *t, struct transport_report *report)
{
	struct stream *s = (struct stream *)t;

	go_on(s);
	transport_load_add(&report->delivered, &s->report.delivered);
	transport_load_add(&report->lost, &s->report.lost);
	if (s->report.lost.messages)
		report->error = s->report.error;
	s->report = (struct transport_report){.away = false};
	report->away = !s->ready;
	report->busy = worth_waiting(s);
}

static void stream_end(struct transport *t)
{
	((struct stream *)t)->ending = true;
}

static void stream_close(struct transport *t)
{
	struct stream *s = (struct stream *)t;

	connection_free(s->connection);
	tls_context_free(s->tls);
	tls_context_free(s->renewed);
	backlog_free(s->backlog);
	backlog_free(s->templates);
	memory_unmap(s->out, CONNECTION_OUT);
	spool_close(s->spool);
	free(s);
}

static void stream_renew(struct transport *t, struct tls_context *context)
{
	struct stream *s = (struct stream *)t;

	tls_context_free(s->renewed);
	s->renewed = context;
}

/* What is kept still needs them, in the next connection too. */
static void stream_forget(struct transport *t)
{
	struct stream *s = (struct stream *)t;

	if (s->unsaid || backlog_first(s->backlog) || (s->spool && !spool_is_empty(s->spool)))
		return;
	while (backlog_first(s->templates))
		backlog_drop(s->templates);
}

/* What the old place has not acknowledged goes to the new one; templates go there by
 * themselves. */
static bool stream_redirect(struct transport *t, const struct socket_addresses *list)
{
	struct stream *s = (struct stream *)t;

	s->addresses = *list;
	if (s->connection && socket_has(list, &s->peer)) {
		s->address = list->count;
		return false;
	}
	if (s->connection) {
		if (s->ready)
			let_go(s);
		hang_up(s);
	}
	s->address = 0;
	s->attempt = clock_steady();
	return true;
}

static const struct transport_ops stream_ops = {
	.send = stream_send,
	.work = stream_work,
	.end = stream_end,
	.forget = stream_forget,
	.renew = stream_renew,
	.redirect = stream_redirect,
	.close = stream_close,
	.keeps_templates = true,
};

/* The options' texts are the caller's. */
static void copy_options(struct stream *s, const struct transport_stream_options *o)
{
	snprintf(s->host, sizeof s->host, "%s", o->path.host);
	snprintf(s->service, sizeof s->service, "%s", o->path.service);
	snprintf(s->source, sizeof s->source, "%s", o->path.source);
	snprintf(s->name, sizeof s->name, "%s", o->name);
	snprintf(s->interface, sizeof s->interface, "%s", o->path.interface);
	s->path = o->path;
	s->path.host = s->host;
	s->path.service = s->service;
	s->path.source = s->source;
	s->path.interface = s->interface;
	s->reconnect = o->reconnect;
	s->patient = o->path.patient;
}

struct transport *transport_stream_open(
	const struct transport_stream_options *options, struct transport_error *error)
{
	struct stream *s = calloc(1, sizeof *s);

	snprintf(error->text, sizeof error->text, "out of memory");
	if (!s)
		return NULL;
	s->transport.ops = &stream_ops;
	copy_options(s, options);
	s->backlog = backlog_new(options->buffer);
	s->templates = backlog_new(TEMPLATES);
	s->out = memory_map(CONNECTION_OUT);
	s->progress = clock_steady();
	bool good = s->backlog && s->templates && s->out;
	if (good)
		memory_touch(s->out, CONNECTION_OUT);
	if (good && options->tls) {
		s->tls = tls_context_new(options->tls, error);
		good = s->tls != NULL;
	}
	if (good && options->spool) {
		s->spool = spool_open(options->spool, options->spool_limit, error);
		good = s->spool != NULL;
	}
	if (good && socket_find(&s->path, SOCK_STREAM, &s->addresses, error)) {
		s->address = s->addresses.count;
		return &s->transport;
	}
	stream_close(&s->transport);
	return NULL;
}
