/* pressure: in a nearly full cache idle flows leave sooner.
 *
 * From a fill on, 80 % by default, idle times shrink in a straight line from what is
 * configured to one second where the cache is full. A flow feels the fill that it
 * shares in: those of its own grade and above, for lower ones are displaced before
 * it. So a flood of single packets shortens its own stay and no established flow's.
 *
 * Only the sweep asks: a packet that still finds its record continues it. What leaves
 * so has not come to its time-out and ends for lack of resources (IANA flowEndReason
 * 5). Pure functions on the caller's struct; nanoseconds of packet time. */
#ifndef FLOW_PRESSURE_H
#define FLOW_PRESSURE_H

#include "flow/record.h"
#include "flow/timeout.h"

#include <stdbool.h>
#include <stdint.h>

/* The sweep's round is no longer than that under pressure. */
#define PRESSURE_ROUND (INT64_C(500) * 1000000)

struct pressure {
	struct flow_limits limits[FLOW_GRADES]; /* what holds for a flow of that grade now */
	bool on;
	uint64_t times; /* that it came on */
	uint32_t from;  /* flows; UINT32_MAX: never */
	uint32_t room;  /* from there to the last entry */
	uint32_t until; /* it goes off below, a little lower, so that it does not flutter */
};

/* `percent` of the entries from which on there is pressure; 0 and 100: never. */
void pressure_init(struct pressure *pressure, const struct flow_limits *configured,
	uint32_t entries, unsigned percent);

/* The same for what is configured from now on: whether it is on is felt, and the times that
 * it came on go on. */
void pressure_change(struct pressure *pressure, const struct flow_limits *configured,
	uint32_t entries, unsigned percent);

/* `graded`: live flows of each grade. True: limits[] may have changed. */
bool pressure_feel(struct pressure *pressure, const struct flow_limits *configured,
	const uint32_t graded[FLOW_GRADES]);

#endif
