/* A pace for another transport: by a token bucket, no more than so many messages a second, in
 * bursts that the buffer of a collector's socket has room for; or, where that socket is in sight,
 * by how full it is. */
#include "export/backlog.h"
#include "export/receiver.h"
#include "export/transport.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

enum { BURST = 64 }; /* messages, some 140 KB in the far buffer */

/* Nanoseconds between two looks at a receiver that is behind. */
#define SHORTEST_PAUSE (INT64_C(100) * 1000)
#define LONGEST_PAUSE  (INT64_C(10) * 1000000)

struct paced {
	struct transport transport;
	struct transport *inner;
	struct backlog *backlog;
	int64_t cost;   /* nanoseconds of one message */
	int64_t credit; /* nanoseconds, of BURST messages or a tick's at most */
	int64_t most_credit;
	int64_t credited; /* steady clock */
	unsigned refused; /* seen while what was kept went out */
	bool patient;

	/* Of a receiver in sight. */
	bool watch;
	bool proved; /* something was seen in its buffer */
	bool stuck;  /* it has stood still for too long */
	bool told;   /* of that */
	int64_t standstill;
	uint32_t room; /* octets of its buffer that may still be filled before the next look */
};

static void earn(struct paced *p)
{
	int64_t now = clock_steady();

	p->credit += now - p->credited;
	if (p->credit > p->most_credit)
		p->credit = p->most_credit;
	p->credited = now;
}

static unsigned affordable(struct paced *p, unsigned count)
{
	earn(p);
	int64_t n = p->credit / p->cost;
	return n < count ? (unsigned)n : count;
}

static unsigned pass_on(struct paced *p, struct transport_message *messages, unsigned count)
{
	p->credit -= p->cost * count;
	if (p->credit < 0) /* a receiver in sight had room for more */
		p->credit = 0;
	return p->inner->ops->send(p->inner, messages, count);
}

/* What was kept; what has become too long for the path since is lost. */
static void drain(struct paced *p, struct transport_report *report)
{
	struct parcel *first;

	while ((first = backlog_first(p->backlog)) && affordable(p, 1)) {
		struct transport_message m = {
			.octets = first->octets, .length = first->length, .load = first->load};
		p->refused += pass_on(p, &m, 1);
		transport_load_add(m.error ? &report->lost : &report->delivered, &m.load);
		if (m.error)
			report->error = m.error;
		backlog_drop(p->backlog);
	}
}

/* Where there is not enough credit, until there is as much as can be: long pauses cost less
 * than short ones, and what leaves in one train less than single messages. */
static unsigned wait_for(struct paced *p, unsigned count)
{
	unsigned n = count < BURST ? count : BURST;

	if (affordable(p, n) == n)
		return n;
	do
		clock_pause(p->most_credit - p->credit);
	while (affordable(p, n) < n);
	return n;
}

/* ---- a receiver in sight ---- */

static void give_up(struct paced *p)
{
	p->stuck = true;
	if (!p->told)
		log_warning("exporter",
			"the collector's socket on this host is full and nobody reads it: "
			"what is sent now may be lost there");
	p->told = true;
}

/* Half of the buffer stays free: for others who send there, and for datagrams that are still on
 * their way through the kernel when it is looked at. It is filled again when a quarter is left, so
 * that there are trains to send. Octets that may be sent; 0: it is not so far. */
static uint32_t room_of(const struct receiver_room *r, uint32_t least)
{
	uint32_t most = r->whole / 2;

	if (!r->taken) /* a buffer may be smaller than two messages */
		return most > least ? most : least;
	return r->taken <= r->whole / 4 ? most - r->taken : 0;
}

/* Waits until there is room for a message of this cost, unless the receiver stands still. */
static bool wait_for_room(struct paced *p, uint32_t cost)
{
	struct receiver_room now;
	uint32_t least = UINT32_MAX;
	int64_t moved = 0, pause = SHORTEST_PAUSE;

	while (p->inner->ops->look(p->inner, &now)) {
		p->room = room_of(&now, cost);
		if (p->room >= cost) {
			p->stuck = false;
			return true;
		}
		if (now.taken < least) {
			least = now.taken;
			moved = clock_steady();
		}
		if (p->stuck || clock_steady() - moved >= p->standstill) {
			give_up(p);
			return false;
		}
		clock_pause(pause);
		pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
	}
	return false;
}

/* How many of these the receiver has room for, after some time; 0: nothing is known of it. */
static unsigned watched(struct paced *p, const struct transport_message *messages, unsigned count)
{
	unsigned n = 0;

	if (!p->proved)
		return 0;
	for (; n < count; n++) {
		uint32_t cost = receiver_cost(messages[n].length);
		if (p->room < cost && (n || !wait_for_room(p, cost)))
			break;
		p->room -= cost;
	}
	return n;
}

/* A socket may be bound and yet get nothing, where the kernel translates addresses. One that has
 * had something in its buffer right after a burst is the one. */
static void prove(struct paced *p)
{
	struct receiver_room now;

	p->proved = p->inner->ops->look(p->inner, &now) && now.taken;
}

/* The messages from the first on that may leave now, at least one. */
static unsigned wait_for_turn(
	struct paced *p, const struct transport_message *messages, unsigned count)
{
	unsigned n = p->watch ? watched(p, messages, count) : 0;

	return n ? n : wait_for(p, count);
}

static void keep(struct paced *p, struct transport_message *m)
{
	m->error = backlog_add(p->backlog, m, 0) ? EINPROGRESS : ENOBUFS;
}

static unsigned paced_send(struct transport *t, struct transport_message *messages, unsigned count)
{
	struct paced *p = (struct paced *)t;
	unsigned refused = p->refused;

	p->refused = 0;

	for (unsigned i = 0; i < count;) {
		bool waiting = backlog_first(p->backlog) != NULL;
		unsigned n = p->patient ? wait_for_turn(p, &messages[i], count - i)
			     : waiting  ? 0
					: affordable(p, count - i);
		if (!n) {
			keep(p, &messages[i++]);
		} else {
			refused += pass_on(p, &messages[i], n);
			if (p->watch && !p->proved)
				prove(p);
			i += n;
			for (; messages[i - 1].error == EMSGSIZE && i < count; i++)
				messages[i].error = EMSGSIZE;
		}
	}
	return refused;
}

static uint32_t paced_most(struct transport *t)
{
	struct paced *p = (struct paced *)t;

	return p->inner->ops->most ? p->inner->ops->most(p->inner) : UINT32_MAX;
}

static void paced_work(struct transport *t, struct transport_report *report)
{
	struct paced *p = (struct paced *)t;

	drain(p, report);
	if (p->inner->ops->work)
		p->inner->ops->work(p->inner, report);
	report->busy = backlog_first(p->backlog) != NULL;
}

static bool paced_redirect(struct transport *t, const struct socket_addresses *list)
{
	struct paced *p = (struct paced *)t;

	return p->inner->ops->redirect && p->inner->ops->redirect(p->inner, list);
}

static void paced_close(struct transport *t)
{
	struct paced *p = (struct paced *)t;

	p->inner->ops->close(p->inner);
	backlog_free(p->backlog);
	free(p);
}

static const struct transport_ops paced_ops = {.send = paced_send,
	.most = paced_most,
	.work = paced_work,
	.redirect = paced_redirect,
	.close = paced_close};

struct transport *transport_paced_new(struct transport *inner, const struct transport_pace *pace)
{
	struct paced *p = calloc(1, sizeof *p);

	if (p)
		p->backlog = backlog_new(pace->patient ? 1 : pace->buffer);
	if (!p || !p->backlog) {
		free(p);
		inner->ops->close(inner);
		return NULL;
	}
	p->transport = (struct transport){.ops = &paced_ops, .local = inner->local};
	p->inner = inner;
	p->patient = pace->patient;
	p->watch = pace->watch && inner->ops->look;
	/* What that takes to open is opened now: later on it may be forbidden. */
	if (p->watch)
		(void)inner->ops->look(inner, &(struct receiver_room){0});
	p->standstill = pace->standstill;
	p->cost = CLOCK_SECOND / pace->rate ? CLOCK_SECOND / pace->rate : 1;
	p->most_credit = BURST * p->cost;
	p->credit = p->most_credit;
	p->credited = clock_steady();
	return (struct transport *)p;
}
