/* fib: one question to the kernel's routing tables, and its answer.
 *
 * RTM_GETROUTE, IPv4 and IPv6 alike. One thread's. */
#ifndef ROUTE_FIB_H
#define ROUTE_FIB_H

#include "route/netlink.h"

#include <stdbool.h>
#include <stdint.h>

/* How the question is meant. */
enum fib_mode {
	FIB_INCOMING, /* a packet that comes in by `interface` */
	FIB_OUTGOING, /* one of this host, by `interface` where that is not 0 */
};

/* 48 octets without padding, to be hashed and compared as octets. Addresses in network order,
 * IPv4 in the first 4 octets and zeros after; zeros in source, protocol and ports: any. */
struct fib_question {
	uint8_t source[16];
	uint8_t destination[16];
	uint32_t interface; /* ifIndex */
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t ip_version;
	uint8_t protocol;
	uint8_t mode; /* enum fib_mode */
	uint8_t match;
	uint32_t reserved;
};

struct fib_answer {
	uint8_t next_hop[16];
	uint32_t interface; /* ifIndex by which it leaves, 0: none */
	uint8_t prefix;     /* length; of a match alone */
	bool local;
	bool many; /* several paths, of which the kernel chooses by addresses and ports; of a match
		    */
};

/* Which route holds, by its prefix (RTM_F_FIB_MATCH), where question->match is set; else the one
 * way that this packet takes. False: there is none, *answer is all zeros. */
bool fib_ask(
	struct netlink *netlink, const struct fib_question *question, struct fib_answer *answer);

/* Whether some rule (ip-rule(8)) looks at more of a packet than its destination and interface. */
bool fib_rules_look_closer(struct netlink *netlink);

#endif
