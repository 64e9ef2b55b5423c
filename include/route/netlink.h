/* netlink: questions to the kernel, and news from it.
 *
 * A thin cover over libmnl. One thread's. */
#ifndef ROUTE_NETLINK_H
#define ROUTE_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlattr;
struct nlmsghdr;
struct netlink;

/* What is done with a message. */
typedef void netlink_take(void *context, const struct nlmsghdr *message);

/* `bus`: NETLINK_ROUTE or another one. `groups`: its numbers (RTNLGRP_...) of the news that
 * is wanted, 0 ends; NULL: none. NULL: errno says why. */
struct netlink *netlink_open(int bus, const unsigned *groups);
void netlink_close(struct netlink *netlink);

/* To be polled for news. */
int netlink_fd(const struct netlink *netlink);

/* Sends a request of this type and flags, begun by netlink_begin(), and takes the answers, a
 * dump's all. 0, or a negative errno: the kernel's own where it has refused. */
struct nlmsghdr *netlink_begin(struct netlink *netlink, unsigned type, unsigned flags);
int netlink_ask(struct netlink *netlink, netlink_take *take, void *context);

/* The attributes of a message behind a header of so many octets, one after the other;
 * NULL: there are no more. */
const struct nlattr *netlink_first(const struct nlmsghdr *message, size_t header);
const struct nlattr *netlink_next(const struct nlmsghdr *message, const struct nlattr *attribute);

enum netlink_news {
	NETLINK_QUIET, /* nothing was there */
	NETLINK_NEWS,  /* all that was there has been taken */
	NETLINK_LOST,  /* some is lost, for it was not read in time */
};

/* Takes the news that has come, without waiting, of at most so many datagrams. */
enum netlink_news netlink_hear(
	struct netlink *netlink, unsigned most, netlink_take *take, void *context);

#endif
