#include "daemon/guide.h"

#include "base/clock.h"
#include "base/log.h"
#include "route/asn.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ANSWERS = 65536,
	PER_SECOND = 50000, /* questions to the kernel: some tenths of a second's work */
};

/* AS numbers on their way from who has read them to the exporter's thread. */
struct handed {
	struct asn *asn;
};

struct guide {
	struct router *router; /* NULL: a capture file's, or the kernel does not tell */
	struct asn *asn;       /* NULL: none */
	_Atomic(struct handed *) handed;
	struct nat *nat;     /* NULL: none */
	struct dedup *dedup; /* lent, or NULL */
	bool lookup;         /* routes too */
	uint32_t local;      /* the number of the interface that is this host itself */
};

/* Without them the guide knows the less. */
static void open_router(struct guide *g, const struct config *c)
{
	g->router =
		router_new(&(struct router_options){.answers = ANSWERS, .per_second = PER_SECOND});
	if (!g->router) {
		log_warning("routes",
			"event=no-routes error=\"%s\" note=\"the kernel does not tell its routes "
			"and interfaces\"",
			strerror(errno));
		return;
	}
	if (g->dedup)
		dedup_see(g->dedup, guide_links(g));
	dedup_warn(g->dedup, c, guide_links(g));
}

/* NULL in *asn where there is no file. */
static bool open_asn(struct asn **asn, const char *file, struct config_error *error)
{
	char why[sizeof error->text / 2];

	*asn = *file ? asn_open(file, why, sizeof why) : NULL;
	return *asn || !*file || config_fail(error, "routes.asn_database: %s", why);
}

struct guide *guide_new(const struct config *c, struct dedup *dedup, struct config_error *error)
{
	struct guide *g = calloc(1, sizeof *g);

	if (!g) {
		snprintf(error->text, sizeof error->text, "out of memory");
		return NULL;
	}
	g->dedup = dedup;
	g->lookup = c->routes.lookup;
	g->local = c->routes.local_interface;
	if (!open_asn(&g->asn, c->routes.asn_database, error)) {
		guide_free(g);
		return NULL;
	}
	if (*c->inputs[0].file)
		return g;
	open_router(g, c);
	if (c->nat && !(g->nat = nat_new(c, error))) {
		guide_free(g);
		return NULL;
	}
	return g;
}

/* Frees what was handed over and not taken. */
static void hand_over(struct guide *g, struct handed *new)
{
	struct handed *old = atomic_exchange(&g->handed, new);

	if (old)
		asn_close(old->asn);
	free(old);
}

bool guide_reload_asn(struct guide *g, const char *file, struct config_error *error)
{
	struct handed *new = calloc(1, sizeof *new);

	if (!new)
		return config_fail(error, "out of memory");
	if (!open_asn(&new->asn, file, error)) {
		free(new);
		return false;
	}
	hand_over(g, new);
	return true;
}

static void take_asn(struct guide *g)
{
	struct handed *new = atomic_exchange(&g->handed, NULL);

	if (!new)
		return;
	asn_close(g->asn);
	g->asn = new->asn;
	free(new);
}

void guide_free(struct guide *g)
{
	if (!g)
		return;
	hand_over(g, NULL);
	asn_close(g->asn);
	nat_free(g->nat);
	router_free(g->router);
	free(g);
}

bool guide_hear(struct guide *g)
{
	take_asn(g);
	bool links = g->router && router_hear(g->router, clock_steady());

	if (links && g->dedup)
		dedup_see(g->dedup, guide_links(g));
	return links;
}

void guide_retime(struct guide *g, const struct flow_timeouts *timeouts)
{
	if (g->nat)
		nat_retime(g->nat, timeouts);
}

bool guide_hear_nat(struct guide *g, nat_take *take, void *context)
{
	return g->nat && nat_hear(g->nat, take, context);
}

/* A port of a bridge or a bond routes nothing itself: what came in by it comes up by its
 * master. */
static uint32_t routing_interface(const struct guide *g, uint32_t index)
{
	const struct link *port = links_find(guide_links(g), index), *master;

	if (!port || !port->master)
		return index;
	master = links_find(guide_links(g), port->master);
	return master && master->kind == LINK_MASTER ? master->index : index;
}

/* What is translated is routed by where it is to go then (but by where it came from). */
static struct router_question question_of(
	const struct guide *g, const struct flow_record *r, const struct flow_path *translated)
{
	struct router_question q = {
		.ip_version = r->key.ip_version,
		.protocol = r->key.protocol,
		.source_port = r->key.source_port,
		.destination_port = r->key.destination_port,
		.interface = routing_interface(
			g, r->ingress_interface ? r->ingress_interface : r->egress_interface),
		.outgoing = !r->ingress_interface,
	};

	memcpy(q.source, r->key.source_address, sizeof q.source);
	memcpy(q.destination, r->key.destination_address, sizeof q.destination);
	if (translated) {
		memcpy(q.destination, translated->post_destination, sizeof q.destination);
		q.destination_port = translated->post_destination_port;
	}
	return q;
}

bool guide_knows(const struct guide *g, const struct flow_record *r, struct flow_path *path)
{
	if (!g->asn)
		return false;
	*path = (struct flow_path){0};
	path->source_as = asn_find(g->asn, r->key.source_address, r->key.ip_version);
	path->destination_as = asn_find(g->asn, r->key.destination_address, r->key.ip_version);
	return true;
}

/* What passes by to another station is not this host's to route, and of what is known by no
 * interface nobody can say where it went. */
void guide_tell(struct guide *g, struct flow_record *r, struct flow_path *path)
{
	struct router_answer a;

	if (!guide_knows(g, r, path))
		*path = (struct flow_path){0};
	bool translated = g->nat && nat_tell(g->nat, r, path);
	if (!g->router || !g->lookup || r->key.passing)
		return;
	struct router_question q = question_of(g, r, translated ? path : NULL);
	if (!q.interface || !router_ask(g->router, &q, &a))
		return;
	memcpy(path->next_hop, a.next_hop, sizeof path->next_hop);
	path->source_prefix = a.source_prefix;
	path->destination_prefix = a.destination_prefix;
	if (!q.outgoing)
		r->egress_interface = a.local ? g->local : a.egress_interface;
	else if (a.source_local)
		r->ingress_interface = g->local;
}

const struct links *guide_links(const struct guide *g)
{
	return g->router ? router_links(g->router) : NULL;
}

struct nat_statistics guide_nat_statistics(const struct guide *g)
{
	return g->nat ? nat_statistics(g->nat) : (struct nat_statistics){0};
}

struct router_statistics guide_statistics(const struct guide *g)
{
	return g->router ? router_statistics(g->router) : (struct router_statistics){0};
}
