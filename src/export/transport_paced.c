/* A pace for another transport, by a token bucket: no more than so many messages a second, in
 * bursts that the buffer of a collector's socket has room for. */
#include "export/backlog.h"
#include "export/transport.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { BURST = 64 }; /* messages, some 140 KB in the far buffer */

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
	do {
		int64_t time = p->most_credit - p->credit;
		nanosleep(&(struct timespec){.tv_sec = time / CLOCK_SECOND,
				  .tv_nsec = time % CLOCK_SECOND},
			NULL);
	} while (affordable(p, n) < n);
	return n;
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
		unsigned n = p->patient ? wait_for(p, count - i)
			     : waiting  ? 0
					: affordable(p, count - i);
		if (!n) {
			keep(p, &messages[i++]);
		} else {
			refused += pass_on(p, &messages[i], n);
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

struct transport *transport_paced_new(
	struct transport *inner, uint32_t rate, uint64_t buffer, bool patient)
{
	struct paced *p = calloc(1, sizeof *p);

	if (p)
		p->backlog = backlog_new(patient ? 1 : buffer);
	if (!p || !p->backlog) {
		free(p);
		inner->ops->close(inner);
		return NULL;
	}
	p->transport = (struct transport){.ops = &paced_ops, .local = inner->local};
	p->inner = inner;
	p->patient = patient;
	p->cost = CLOCK_SECOND / rate ? CLOCK_SECOND / rate : 1;
	p->most_credit = BURST * p->cost;
	p->credit = p->most_credit;
	p->credited = clock_steady();
	return &p->transport;
}
