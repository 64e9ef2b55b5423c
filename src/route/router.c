/* An answer holds for all packets to one destination that come in by one interface, unless
 * a rule looks closer or there are several paths: then it holds for one flow. It is kept in
 * one of two places that its hash names. */
#include "route/router.h"

#include "base/clock.h"
#include "base/hash.h"
#include "route/fib.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS = 10 }; /* a second's; what is allowed in it is allowed evenly */

#define WINDOW (CLOCK_SECOND / WINDOWS)

struct kept {
	struct fib_question question;
	struct fib_answer answer;
	uint32_t generation; /* 0: empty */
};

struct router {
	struct netlink *questions;
	struct netlink *news;
	struct links *links;
	struct kept *kept;
	uint32_t room; /* for answers */
	struct hash_secret secret;
	uint32_t generation; /* of the answers that hold */
	bool closer;         /* some rule looks closer */
	bool stale;          /* what is kept is void when the next window begins */
	uint32_t allowed;    /* questions in a window, */
	uint32_t left;       /* and what is left of them */
	int64_t window;      /* begin of this one */
	struct router_statistics count;
};

_Static_assert(sizeof(struct fib_question) == 48, "hashed as octets: no padding");

/* What void answers means all that they depend on. */
static void begin_generation(struct router *r)
{
	r->generation++;
	if (r->generation == 0) {
		memset(r->kept, 0, r->room * sizeof *r->kept);
		r->generation = 1;
	}
	r->closer = fib_rules_look_closer(r->questions);
	r->stale = false;
}

static bool open_all(struct router *r, const struct router_options *o)
{
	static const unsigned groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
		RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE, 0};

	r->room = o->answers > 1 ? o->answers : 2;
	r->allowed = o->per_second / WINDOWS;
	r->secret = hash_secret_of(hash_seed());
	r->kept = calloc(r->room, sizeof *r->kept);
	r->links = links_new();
	r->news = netlink_open(NETLINK_ROUTE, groups); /* before what it tells news of is read */
	r->questions = netlink_open(NETLINK_ROUTE, NULL);
	if (!r->kept || !r->links || !r->news || !r->questions)
		return false;
	errno = EIO;
	return links_read(r->links, r->questions);
}

struct router *router_new(const struct router_options *o)
{
	struct router *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	if (open_all(r, o)) {
		begin_generation(r);
		return r;
	}
	int error = errno;
	router_free(r);
	errno = error;
	return NULL;
}

void router_free(struct router *r)
{
	if (!r)
		return;
	netlink_close(r->questions);
	netlink_close(r->news);
	links_free(r->links);
	free(r->kept);
	free(r);
}

struct hearing {
	struct router *router;
	bool links;
};

static void take_news(void *context, const struct nlmsghdr *message)
{
	struct hearing *h = context;

	h->links |= links_hear(h->router->links, message);
}

bool router_hear(struct router *r, int64_t now)
{
	struct hearing h = {r, false};
	enum netlink_news news = netlink_hear(r->news, UINT_MAX, take_news, &h);

	if (news != NETLINK_QUIET)
		r->count.changes += !r->stale;
	r->stale |= news != NETLINK_QUIET;
	if (news == NETLINK_LOST)
		h.links = links_read(r->links, r->questions);
	if (now - r->window >= WINDOW) {
		r->window = now;
		r->left = r->allowed;
		if (r->stale)
			begin_generation(r);
	}
	return h.links;
}

/* The answer's place; *found: it is there. */
static struct kept *place_of(struct router *r, const struct fib_question *q, bool *found)
{
	uint64_t hash = hash_48(q, &r->secret);
	struct kept *a = &r->kept[hash_range((uint32_t)hash, r->room)];
	struct kept *b = &r->kept[hash_range((uint32_t)(hash >> 32), r->room)];

	*found = true;
	if (a->generation == r->generation && memcmp(&a->question, q, sizeof *q) == 0)
		return a;
	if (b->generation == r->generation && memcmp(&b->question, q, sizeof *q) == 0)
		return b;
	*found = false;
	return a->generation == r->generation && b->generation != r->generation ? b : a;
}

static void keep(struct router *r, struct kept *at, const struct fib_question *q,
	const struct fib_answer *answer)
{
	*at = (struct kept){*q, *answer, r->generation};
}

/* From what is kept, or from the kernel: asked with all that `whole` says, which need not be
 * all that the answer depends on. False: it may not be asked now. */
static bool answer_to(struct router *r, const struct fib_question *q,
	const struct fib_question *whole, struct fib_answer *answer)
{
	bool found;
	struct kept *at = place_of(r, q, &found);

	if (found) {
		r->count.kept++;
		*answer = at->answer;
		return true;
	}
	if (r->left == 0) {
		r->count.unanswered++;
		return false;
	}
	r->left--;
	r->count.asked++;
	/* What is refused for its source says nothing of other packets. */
	bool good = fib_ask(r->questions, whole, answer);
	if (good || memcmp(q, whole, sizeof *q) == 0)
		keep(r, at, q, answer);
	return true;
}

static struct fib_question whole_of(const struct router_question *q)
{
	struct fib_question whole = {
		.interface = q->interface,
		.source_port = q->source_port,
		.destination_port = q->destination_port,
		.ip_version = q->ip_version,
		.protocol = q->protocol,
		.mode = q->outgoing ? FIB_OUTGOING : FIB_INCOMING,
	};

	/* Of a packet that goes out, the kernel takes an address of its own alone. */
	if (!q->outgoing)
		memcpy(whole.source, q->source, sizeof whole.source);
	memcpy(whole.destination, q->destination, sizeof whole.destination);
	return whole;
}

static struct fib_question without_flow(const struct fib_question *whole)
{
	struct fib_question q = *whole;

	memset(q.source, 0, sizeof q.source);
	q.source_port = q.destination_port = 0;
	q.protocol = 0;
	return q;
}

/* By which prefix the source is known, whatever comes from there. */
static bool ask_source(
	struct router *r, const struct router_question *of, struct router_answer *answer)
{
	struct fib_question q = {.ip_version = of->ip_version, .mode = FIB_OUTGOING, .match = true};
	struct fib_answer route;

	memcpy(q.destination, of->source, sizeof q.destination);
	if (!answer_to(r, &q, &q, &route))
		return false;
	answer->source_prefix = route.prefix;
	answer->source_local = route.local;
	return true;
}

static bool ask_destination(
	struct router *r, const struct router_question *of, struct router_answer *answer)
{
	struct fib_question whole = whole_of(of), whole_match = whole, path, match;
	struct fib_answer route, way;

	path = r->closer ? whole : without_flow(&whole);
	match = path;
	match.match = whole_match.match = true;
	if (!answer_to(r, &match, &whole_match, &route) ||
		!answer_to(r, route.many ? &whole : &path, &whole, &way))
		return false;
	answer->destination_prefix = route.prefix;
	answer->local = route.local;
	answer->egress_interface = way.interface;
	memcpy(answer->next_hop, way.next_hop, sizeof answer->next_hop);
	return true;
}

bool router_ask(struct router *r, const struct router_question *q, struct router_answer *answer)
{
	*answer = (struct router_answer){0};
	if (ask_source(r, q, answer) && ask_destination(r, q, answer))
		return true;
	*answer = (struct router_answer){0};
	return false;
}

const struct links *router_links(const struct router *r)
{
	return r->links;
}

struct router_statistics router_statistics(const struct router *r)
{
	return r->count;
}
