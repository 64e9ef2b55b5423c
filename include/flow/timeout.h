/* timeout: when a flow record is over.
 *
 * The only place that knows. Decided by packet time alone, so that when a cache
 * is swept changes when a record leaves and never what it says: a record is
 * over as soon as the observation clock reaches the earlier of last + idle and
 * first + active, whoever notices. All times are nanoseconds. Pure functions. */
#ifndef FLOW_TIMEOUT_H
#define FLOW_TIMEOUT_H

#include "flow/record.h"

#include <stdbool.h>
#include <stdint.h>

/* A packet this much older than the observation clock sets the clock back. */
#define FLOW_CLOCK_STEP (INT64_C(10) * 1000000000)

/* As configured; udp and icmp below zero: as idle. */
struct flow_timeouts {
	int64_t active;
	int64_t idle;
	int64_t tcp_fin;
	int64_t tcp_rst;
	int64_t udp;
	int64_t icmp;
};

extern const struct flow_timeouts flow_timeouts_default;

/* The same, by class of record, as the packet path reads it. */
struct flow_limits {
	int64_t active;
	int64_t idle[FLOW_CLASSES];
};

struct flow_limits flow_limits_of(const struct flow_timeouts *timeouts);

static inline int64_t flow_deadline(const struct flow_limits *limits, const struct flow_record *r)
{
	int64_t idle = r->last + limits->idle[r->class];
	int64_t active = r->first + limits->active;
	return idle < active ? idle : active;
}

/* Why a record whose deadline has come is over: the earlier of the two limits
 * names it, active on a tie (IANA flowEndReason 136). */
enum flow_end_reason flow_end_reason_of(
	const struct flow_limits *limits, const struct flow_record *record);

/* A bare SYN for a connection that was closed opens a new one. */
static inline bool flow_reopens(const struct flow_record *r, uint16_t tcp_control_bits)
{
	return (r->class == FLOW_TCP_FIN || r->class == FLOW_TCP_RST) &&
	       (tcp_control_bits & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

#endif
