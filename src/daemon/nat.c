#include "daemon/nat.h"

#include "base/clock.h"
#include "base/log.h"
#include "route/conntrack.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURN = 1024 }; /* events at most, before flow records have theirs */

/* A record waits that much at most for its way through ring and exporter. */
#define ON_ITS_WAY (10 * CLOCK_SECOND)

#define MINUTE (60 * CLOCK_SECOND)

struct nat {
	struct conntrack *conntrack;
	struct translations *translations;
	uint64_t events;
	uint64_t overruns;
	uint64_t complained_of; /* overruns */
	int64_t complained;     /* steady clock, 0: never */
};

/* A flow is exported when it has been idle for so long, and its connection may have ended
 * with its last packet. */
static int64_t linger_of(const struct flow_timeouts *t)
{
	const int64_t idle[] = {t->idle, t->tcp_fin, t->tcp_rst, t->udp, t->icmp};
	int64_t longest = 0;

	for (size_t i = 0; i < sizeof idle / sizeof *idle; i++)
		if (idle[i] > longest)
			longest = idle[i];
	return longest + ON_ITS_WAY;
}

static void account(struct nat *n, const struct conntrack_event *e)
{
	if (e->ends)
		translations_end(n->translations, &e->translation, e->time);
	else
		translations_begin(n->translations, &e->translation, e->time);
}

/* What there was before needs no event. */
static void take_first(void *context, const struct conntrack_event *event)
{
	account(context, event);
}

void nat_retime(struct nat *n, const struct flow_timeouts *timeouts)
{
	translations_linger(n->translations, linger_of(timeouts));
}

struct nat *nat_new(const struct config *c, struct config_error *error)
{
	struct nat *n = calloc(1, sizeof *n);

	if (n)
		n->translations = translations_new(&(struct translations_options){
			.entries = c->nat_entries, .linger = linger_of(&c->cache.timeouts)});
	if (!n || !n->translations) {
		nat_free(n);
		config_fail(error, "nat: out of memory");
		return NULL;
	}
	n->conntrack = conntrack_open(take_first, n);
	if (n->conntrack)
		return n;
	config_fail(error, "nat: the kernel does not tell of translated connections: %s%s",
		strerror(errno), errno == EPERM ? "; it takes CAP_NET_ADMIN at the start" : "");
	nat_free(n);
	return NULL;
}

void nat_free(struct nat *n)
{
	if (!n)
		return;
	conntrack_close(n->conntrack);
	translations_free(n->translations);
	free(n);
}

static void put_path(struct flow_path *path, const struct translation_tuple *after)
{
	memcpy(path->post_source, after->source, sizeof path->post_source);
	memcpy(path->post_destination, after->destination, sizeof path->post_destination);
	path->post_source_port = after->source_port;
	path->post_destination_port = after->destination_port;
}

static struct flow_event event_of(const struct conntrack_event *e)
{
	const struct translation_tuple *from = &e->translation.original;
	struct translation_tuple to = translation_turned(&e->translation.reply);
	struct flow_event event = {
		.record =
			{
				.key =
					{
						.source_port = from->source_port | e->icmp_id,
						.destination_port = from->destination_port,
						.ip_version = from->ip_version,
						.protocol = from->protocol,
					},
				.first = e->time,
				.last = e->time,
			},
		.nat = e->ends ? FLOW_NAT_DELETE : FLOW_NAT_CREATE,
	};

	memcpy(event.record.key.source_address, from->source, sizeof from->source);
	memcpy(event.record.key.destination_address, from->destination, sizeof from->destination);
	put_path(&event.path, &to);
	event.nat_session = event.nat;
	if (from->ip_version == 4)
		event.nat_session = e->ends ? FLOW_NAT44_DELETE : FLOW_NAT44_CREATE;
	return event;
}

struct hearing {
	struct nat *nat;
	nat_take *take;
	void *context;
};

static void take_event(void *context, const struct conntrack_event *e)
{
	const struct hearing *h = context;
	struct flow_event event = event_of(e);

	h->nat->events++;
	account(h->nat, e);
	h->take(h->context, &event);
}

static void complain(struct nat *n)
{
	int64_t now = clock_steady();

	if (n->overruns == n->complained_of || (n->complained && now - n->complained < MINUTE))
		return;
	log_warning("nat",
		"translated connections came and went faster than they could be heard of: some "
		"have no event, and their flows no translation");
	n->complained_of = n->overruns;
	n->complained = now;
}

bool nat_hear(struct nat *n, nat_take *take, void *context)
{
	struct hearing h = {n, take, context};
	bool heard = conntrack_hear(n->conntrack, TURN, &n->overruns, take_event, &h);

	translations_expire(n->translations, clock_wall());
	complain(n);
	return heard;
}

bool nat_tell(struct nat *n, const struct flow_record *r, struct flow_path *path)
{
	const struct flow_key *k = &r->key;
	struct translation_tuple after, tuple = {
						.source_port = k->source_port,
						.destination_port = k->destination_port,
						.ip_version = k->ip_version,
						.protocol = k->protocol,
					};

	memcpy(tuple.source, k->source_address, sizeof tuple.source);
	memcpy(tuple.destination, k->destination_address, sizeof tuple.destination);
	if (!translations_find(n->translations, &tuple, r->first, r->last, &after))
		return false;
	put_path(path, &after);
	return true;
}

struct nat_statistics nat_statistics(const struct nat *n)
{
	struct translations_statistics t = translations_statistics(n->translations);

	return (struct nat_statistics){.events = n->events,
		.overruns = n->overruns,
		.entries = t.entries,
		.displaced = t.displaced};
}
