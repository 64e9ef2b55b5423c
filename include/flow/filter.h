/* filter: which flow records are wanted, in words as those of pcap-filter(7).
 *
 *     host 192.0.2.1 and (tcp or udp) and not dst port 53
 *
 * Compiled once to a few steps, which look at a record's key and interfaces. As in
 * pcap-filter(7), "and" and "or" weigh the same and go from left to right, "not" binds
 * what follows it, and what stands side by side is joined by "and". Pure functions, any
 * thread; no I/O but what `interface` does. */
#ifndef FLOW_FILTER_H
#define FLOW_FILTER_H

#include "flow/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOW_FILTER_STEPS = 64 };

struct flow_filter_step {
	uint8_t kind;        /* of filter.c */
	uint8_t sides;       /* source, destination or either; in, out or either */
	uint8_t version;     /* of an address */
	uint8_t prefix;      /* bits of it that count */
	uint32_t low;        /* of a number, host order */
	uint32_t high;       /* and its last */
	uint8_t address[16]; /* network order, zeros beyond the prefix */
};

struct flow_filter {
	unsigned count; /* 0: every record is wanted */
	struct flow_filter_step step[FLOW_FILTER_STEPS];
};

/* Numbers of interfaces by their names, 0: there is none; NULL: any name is taken, for
 * text that is only to be checked. */
typedef unsigned (*flow_filter_interface)(const char *name);

/* False: `why`, of `size` octets, says what is wrong with the text. */
bool flow_filter_compile(struct flow_filter *filter, const char *text,
	flow_filter_interface interface, char *why, size_t size);

bool flow_filter_matches(const struct flow_filter *filter, const struct flow_record *record);

#endif
