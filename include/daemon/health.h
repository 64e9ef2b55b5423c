/* health: whether a collector takes what is sent to it, as far as can be known.
 *
 * With a connection: whether there is one. UDP is well until an ICMP error or the kernel
 * says otherwise, and again once nothing was heard for a while, though it was asked by
 * templates every second. What UDP sent in the five to ten seconds before such an error may be
 * lost, as neighbours are asked for several seconds: it is in doubt. No clock: the caller says what
 * time it is. */
#ifndef DAEMON_HEALTH_H
#define DAEMON_HEALTH_H

#include "export/statistics.h"

#include <stdbool.h>
#include <stdint.h>

struct health {
	bool connects; /* the transport has connections */
	bool asks;     /* there is something to ask with: not NetFlow v5 */

	bool well;
	uint64_t troubles; /* seen so far: refusals and lost messages */
	int64_t troubled;  /* steady clock, of the last one */
	int64_t asked;
	int64_t marked;                /* when `recent` was */
	struct session_tally recent;   /* sent until then */
	struct session_tally earlier;  /* until the mark before it */
	struct session_tally from;     /* sent until the doubt began */
	struct session_tally in_doubt; /* of doubts that are over */
};

void health_init(struct health *health, bool connects, bool asks, int64_t now);

/* Looks at what a session counts, every few milliseconds; `now` by the steady clock. True:
 * the collector is to be asked, by templates. */
bool health_look(struct health *health, const struct session_statistics *session, int64_t now);

/* What was sent to a collector that may not have been there. */
struct session_tally health_in_doubt(
	const struct health *health, const struct session_statistics *session);

#endif
