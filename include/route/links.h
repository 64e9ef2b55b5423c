/* links: the host's network interfaces.
 *
 * A table by ifIndex, read at once and kept true by news from the kernel. */
#ifndef ROUTE_LINKS_H
#define ROUTE_LINKS_H

#include "route/netlink.h"

#include <stdbool.h>
#include <stdint.h>

enum { LINK_NAME = 16, LINK_ALIAS = 256 };

/* Interfaces that pass on what others have received, or the other way round. */
enum link_kind {
	LINK_PLAIN,
	LINK_OVER,   /* lies over one: VLAN, macvlan, ipvlan; `below` */
	LINK_MASTER, /* has others as its ports: bridge, bond, team; their `master` */
};

struct link {
	uint32_t index;
	uint32_t below;  /* ifIndex of the interface that it lies over, 0: none */
	uint32_t master; /* of the one that it is a port of, 0: none */
	uint8_t kind;    /* enum link_kind */
	bool up;
	char name[LINK_NAME];
	char alias[LINK_ALIAS]; /* what somebody has written of it, "": nothing */
};

struct links;

/* NULL when memory is short. */
struct links *links_new(void);
void links_free(struct links *links);

/* Reads all; false: the kernel does not answer, or memory is short. */
bool links_read(struct links *links, struct netlink *netlink);

/* Takes a message; true: it told of a link. */
bool links_hear(struct links *links, const struct nlmsghdr *message);

/* All of them by ifIndex; lent until the next one of the functions above. */
const struct link *links_all(const struct links *links, unsigned *count);

/* NULL: there is none. */
const struct link *links_find(const struct links *links, uint32_t index);

/* Of a link's speed the kernel tells only when asked: bits per second, 0: not known. */
uint64_t link_speed(const struct link *link);

/* Whether each of the interfaces that this one gets its frames from is among `count` in
 * `inputs`, and there is one. */
bool links_covered(
	const struct links *links, const struct link *link, const uint32_t *inputs, unsigned count);

#endif
