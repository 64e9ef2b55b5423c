/* session: one collector's stream of messages (RFC 7011: transport session).
 *
 * Owns the protocol's state towards one collector: templates and when they go
 * out again, sequence number, sysUptime's zero, messages under construction.
 * Sessions share nothing, so that one in trouble costs the others nothing. No
 * clock: the caller says what time it is (the wall clock's live, packet time when
 * a file is read). One thread's, the exporter's; fixed memory after session_new(). */
#ifndef EXPORT_SESSION_H
#define EXPORT_SESSION_H

#include "export/layout.h"
#include "export/transport.h"
#include "flow/record.h"

#include <stdbool.h>
#include <stdint.h>

struct session_options {
	struct layout_options layout; /* the version too: 5, 9 or 10 */
	uint32_t domain;
	uint32_t max_datagram; /* octets of a message */
	int64_t template_refresh;
	uint32_t template_datagrams; /* templates again after so many, 0: by time only */
	uint32_t sampling;           /* interval, for v5's header */
	bool random_sampling;
	uint16_t active_timeout; /* seconds, as records can tell them */
	uint16_t idle_timeout;
	int64_t boot; /* nanoseconds since 1970 that sysUptime counts from;
			 INT64_MIN: a day before the first record */
};

/* Flow records and what they count. */
struct session_tally {
	uint64_t flows;
	uint64_t packets;
	uint64_t octets;
};

struct session_statistics {
	struct session_tally sent;
	struct session_tally lost;   /* their message could not be sent */
	struct session_tally untold; /* the protocol cannot tell them: IPv6 in v5 */
	struct session_tally pending;
	uint64_t records;  /* sent: a flow past v5's counters makes several */
	uint64_t messages; /* sent */
	uint64_t octets;   /* in them */
	uint64_t lost_messages;
	uint64_t templates; /* sent or lost */
	uint64_t refusals;  /* seen by ICMP: the collector was not listening */
	int last_error;     /* errno of the last message that was lost */
	bool away;          /* a collector to be connected to cannot be reached now */
};

struct session;

/* Takes over the transport, also when it fails; NULL when memory is short. */
struct session *session_new(const struct session_options *options, struct transport *transport);
/* Closes the transport. What is still pending is lost: flush first. */
void session_free(struct session *session);

/* Takes a finished flow; `now` in nanoseconds since 1970. */
void session_record(struct session *session, const struct flow_record *record, int64_t now);

/* Sends what is complete, or has waited for a second, and templates that are due. */
void session_tick(struct session *session, int64_t now);

/* Sends all that is pending; a transport may keep it until the collector has it. */
void session_flush(struct session *session, int64_t now);

/* After the last record: flushes and begins the transport's end. */
void session_end(struct session *session, int64_t now);
/* Goes on with that; false when there is nothing left to wait for. */
bool session_ending(struct session *session);
/* What is still pending then is lost. */
void session_abandon(struct session *session);

struct session_statistics session_statistics(const struct session *session);

#endif
