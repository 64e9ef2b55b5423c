/* conntrack: news of the connections whose addresses or ports this host changes, NAT.
 *
 * What the kernel's connection tracking tells by netlink of those that begin and end;
 * libnetfilter_conntrack is known in this module only. Opening takes CAP_NET_ADMIN,
 * hearing takes none. One thread's. */
#ifndef ROUTE_CONNTRACK_H
#define ROUTE_CONNTRACK_H

#include "route/translations.h"

#include <stdbool.h>
#include <stdint.h>

struct conntrack;

/* A connection with a translation has begun or ended. */
struct conntrack_event {
	struct translation translation;
	int64_t time; /* nanoseconds since 1970: the kernel's, where it keeps it, else when heard */
	uint16_t icmp_id; /* of ICMP's questions */
	bool ends;
};

typedef void conntrack_take(void *context, const struct conntrack_event *event);

/* Takes those that there are already, as events that begin them, and then listens. NULL: errno
 * says why. */
struct conntrack *conntrack_open(conntrack_take *take, void *context);
void conntrack_close(struct conntrack *conntrack);

/* Takes what has come, in the kernel's order and without waiting, but no more than `most`
 * events; adds to *lost how often some were lost because they were not read in time. True:
 * something had come. */
bool conntrack_hear(struct conntrack *conntrack, unsigned most, uint64_t *lost,
	conntrack_take *take, void *context);

#endif
