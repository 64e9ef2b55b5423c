/* router: where this host sends packets, as its kernel would.
 *
 * The kernel itself is asked, with all that its rules may look at, so policy routing,
 * several paths and all tables are the kernel's business. Answers are kept in tables of
 * fixed size until the kernel tells of any change of routes, rules, addresses or links.
 * One thread's; off the way of packets. */
#ifndef ROUTE_ROUTER_H
#define ROUTE_ROUTER_H

#include "route/links.h"

#include <stdbool.h>
#include <stdint.h>

/* Addresses in network order, IPv4 in the first 4 octets and zeros after. */
struct router_question {
	uint8_t source[16];
	uint8_t destination[16];
	uint8_t ip_version;
	uint8_t protocol;
	uint16_t source_port; /* host order */
	uint16_t destination_port;
	uint32_t interface; /* ifIndex by which it came in, or goes out where `outgoing` */
	bool outgoing;
};

struct router_answer {
	uint8_t next_hop[16];      /* zeros: none, the destination is on the link, or not known */
	uint32_t egress_interface; /* ifIndex, 0: not known, or none */
	uint8_t source_prefix;     /* length of the route's prefix, 0: default route or not known */
	uint8_t destination_prefix;
	bool local;        /* for this host */
	bool source_local; /* the source is an address of this host */
};

struct router_options {
	uint32_t answers;    /* kept at most */
	uint32_t per_second; /* questions to the kernel at most */
};

struct router_statistics {
	uint64_t asked;      /* the kernel */
	uint64_t kept;       /* answered from what was kept */
	uint64_t unanswered; /* for want of time */
	uint64_t changes;    /* that made all answers void */
};

struct router;

/* NULL: errno says why. */
struct router *router_new(const struct router_options *options);
void router_free(struct router *router);

/* Hears what has changed, without waiting; `now` on the steady clock, nanoseconds. To be
 * called before questions, and often. True: links have changed. */
bool router_hear(struct router *router, int64_t now);

/* False: it may ask no more at this time; *answer is all zeros then. */
bool router_ask(struct router *router, const struct router_question *question,
	struct router_answer *answer);

const struct links *router_links(const struct router *router);
struct router_statistics router_statistics(const struct router *router);

#endif
