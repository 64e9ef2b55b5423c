/* session: one collector's stream of messages (RFC 7011: transport session).
 *
 * Owns the protocol's state towards one collector: templates and when they go
 * out again, sequence number, sysUptime's zero, messages under construction.
 * Sessions share nothing, so that one in trouble costs the others nothing. No
 * clock: the caller says what time it is (the wall clock's live, packet time when
 * a file is read). One thread's, the exporter's; fixed memory after session_new(). */
#ifndef EXPORT_SESSION_H
#define EXPORT_SESSION_H

#include "export/events.h"
#include "export/layout.h"
#include "export/listing.h"
#include "export/options_data.h"
#include "export/statistics.h"
#include "export/transport.h"
#include "flow/record.h"

#include <stdbool.h>
#include <stdint.h>

/* What is told of the exporter itself. */
struct session_options_data {
	bool enabled;
	int64_t refresh;
	uint32_t datagrams; /* again after so many, 0: by time only */
	enum option_sampling_elements sampling_elements;
	enum sampler_algorithm algorithm;
	uint32_t interval; /* one in so many is metered; 0 or 1: every packet */
	uint32_t process;  /* exportingProcessId */
};

struct session_options {
	struct layout_options layout; /* the version too: 5, 9 or 10 */
	uint32_t domain;
	uint32_t max_datagram; /* octets of a message */
	int64_t template_refresh;
	uint32_t template_datagrams;         /* templates again after so many, 0: by time only */
	struct session_options_data options; /* none in v5, whose header tells of sampling */
	uint16_t active_timeout;             /* seconds, as records can tell them */
	uint16_t idle_timeout;
	bool nat_events;
	int64_t boot; /* nanoseconds since 1970 that sysUptime counts from;
			 INT64_MIN: a day before the first record */
};

struct session;

/* Takes over the transport, also when it fails; NULL when memory is short. */
struct session *session_new(const struct session_options *options, struct transport *transport);
/* Closes the transport. What is still pending is lost: flush first. */
void session_free(struct session *session);

/* Another session for what records are to be told from now on, with the same transport. It has
 * taken the memory that it needs, and nothing else yet. NULL: memory is short. */
struct session *session_prepare(
	const struct session *session, const struct session_options *options);
/* It does not come to that. */
void session_discard(struct session *prepared);
/* Sends what the old one has begun, and goes on in its place: with its transport, its sequence
 * numbers, its counts, and template ids that it had not. Frees it. */
void session_succeed(struct session *prepared, struct session *old, int64_t now);

/* The time-outs that it tells of from now on, in seconds; options data are due at once. */
void session_retime(struct session *session, uint16_t active, uint16_t idle);

/* Other certificates for its next connection, which it takes over. */
void session_renew(struct session *session, struct tls_context *context);

/* Takes a finished flow; `now` in nanoseconds since 1970. */
void session_record(struct session *session, const struct flow_record *record,
	const struct flow_path *path, int64_t now);

/* Takes an event, which is told where nat_events are; v5 has no way to. */
void session_event(struct session *session, const struct flow_event *event, int64_t now);

/* What options data tell of interfaces from now on, lent until the next such call or
 * session_free(); they are due at once. */
void session_interfaces(
	struct session *session, const struct option_interface *interfaces, unsigned count);

/* What they tell of losses elsewhere than in this session: packets that the Metering
 * Process ignored, records that were lost before they came here. */
void session_losses(
	struct session *session, const struct loss *ignored, const struct loss *not_sent);

/* Templates are due at once: they ask a collector whether it is there. */
void session_ask(struct session *session);

/* Sends what is complete, or has waited for a second, and templates that are due. */
void session_tick(struct session *session, int64_t now);

/* The collector's addresses are these now. True: what follows goes to another one, and the
 * templates with it. */
bool session_redirect(struct session *session, const struct socket_addresses *addresses);

/* Sends all that is pending, and what has been sent and lost till then; a transport may
 * keep it until the collector has it. */
void session_flush(struct session *session, int64_t now);

/* After the last record: flushes and begins the transport's end. */
void session_end(struct session *session, int64_t now);
/* Goes on with that; false when there is nothing left to wait for. */
bool session_ending(struct session *session, int64_t now);
/* What is still pending then is lost. */
void session_abandon(struct session *session);

struct session_statistics session_statistics(const struct session *session);

/* Fills what the session sends, or has sent, as templates; NetFlow v5's one record stands
 * there with the id 0 and is never sent as one. */
void session_templates(const struct session *session, struct session_templates *templates);

#endif
