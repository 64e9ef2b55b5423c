/* statistics: what became of the flow records that a session took. Plain data. */
#ifndef EXPORT_STATISTICS_H
#define EXPORT_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

/* Flow records and what they count. */
struct session_tally {
	uint64_t flows;
	uint64_t packets;
	uint64_t octets;
};

/* Records of events, which carry no packets. */
struct session_events {
	uint64_t taken;
	uint64_t sent;
	uint64_t lost;
	uint64_t untold; /* the protocol cannot tell them */
	uint64_t pending;
};

struct session_statistics {
	struct session_tally sent;
	struct session_tally lost;   /* their message could not be sent */
	struct session_tally untold; /* the protocol cannot tell them: IPv6 in v5 */
	struct session_tally pending;
	struct session_events events;
	uint64_t records;  /* sent: a flow past v5's counters makes several */
	uint64_t messages; /* sent */
	uint64_t octets;   /* in them */
	uint64_t lost_messages;
	uint64_t dropped_messages; /* of them, as too long on their way: sent, too */
	uint64_t templates;        /* sent or lost, options templates too */
	uint64_t options;          /* options data records sent */
	uint64_t refusals;         /* seen by ICMP: the collector was not listening */
	int last_error;            /* errno of the last message that was lost */
	bool away;                 /* a collector to be connected to cannot be reached now */
};

static inline void session_tally_add(
	struct session_tally *tally, uint64_t flows, uint64_t packets, uint64_t octets)
{
	tally->flows += flows;
	tally->packets += packets;
	tally->octets += octets;
}

#endif
