/* collector: one destination of records, from its configuration to its session.
 *
 * Opens the transport, makes the session, and complains where an operator should
 * know. The exporter's thread only. */
#ifndef DAEMON_COLLECTOR_H
#define DAEMON_COLLECTOR_H

#include "config/config.h"
#include "daemon/group.h"
#include "daemon/resolver.h"
#include "export/session.h"

#include <stdbool.h>
#include <stdint.h>

enum { EXPORTER_COLLECTOR_NAME = CONFIG_NAME + 40 };

/* One collector as the ledger shows it. */
struct exporter_collector {
	char name[EXPORTER_COLLECTOR_NAME];
	struct session_statistics session;
	struct session_tally elsewhere; /* records that others of its group were given */
	struct session_tally filtered;  /* records that its filter left out */
	struct session_tally in_doubt;  /* sent when it may not have been there */
	int group;                      /* number, -1: none */
	struct session_tally passed;    /* of elsewhere, since the group is as it is */
	struct session_tally absent;    /* records that came before it did, or after its end */
	unsigned version;               /* 5, 9 or 10 */
	enum config_transport transport;
	bool trouble; /* within the last minute: refused, or records lost */
	bool ending;  /* it is configured no more */
	bool well;    /* as health.h has it */
	bool standby; /* others of its group are given the records now */
};

struct collector;

/* `boot` as exporter_new() has it. While weir runs a name is not resolved here: the resolver is
 * asked for it. NULL: *error says why. */
struct collector *collector_new(const struct config *config, const struct config_exporter *exporter,
	int64_t boot, bool running, struct config_error *error);
void collector_free(struct collector *collector);

/* Of the host and port, or the file's path; for as long as it lives. */
const char *collector_name(const struct collector *collector);

/* Its session, for as long as it lives. */
struct session *collector_session(const struct collector *collector);

/* Asks for its name when that is due, and takes an answer that is for it. */
void collector_ask(struct collector *collector, struct resolver *resolver);
void collector_hear(struct collector *collector, const struct resolver_answer *answer);

/* A new configuration has it as it is: certificates are read again and, where what records
 * tell changes (`redefine`), another session is made ready. They take the place of its own with
 * collector_change(), or do not with collector_discard(). False: *error says why not. */
bool collector_prepare(struct collector *collector, const struct config *config,
	const struct config_exporter *exporter, int64_t boot, bool redefine,
	struct config_error *error);
void collector_discard(struct collector *collector);
/* Does nothing where nothing is prepared. */
void collector_change(struct collector *collector, int64_t now);

/* Flows have the time-outs of this configuration, which options data tell. */
void collector_retime(struct collector *collector, const struct config *to);

/* It comes, or begins to end, when so many records had come to the exporter. */
void collector_come(struct collector *collector, const struct session_tally *taken);
void collector_leave(struct collector *collector, const struct session_tally *taken, int64_t now);
/* Says on the log that it has ended, and what it lost. */
void collector_farewell(const struct collector *collector);

/* It belongs to this group, lent, from now on; NULL and -1: to none. */
void collector_join(struct collector *collector, struct group *group, int number);

/* A record, where the group, if there is one, has chosen it, and the filter takes it. */
void collector_take(struct collector *collector, const struct flow_record *record,
	const struct flow_path *path, int64_t now);

/* Every few milliseconds: session_tick(), its health, and one line a minute at most while
 * it is in trouble. */
void collector_tick(struct collector *collector, int64_t now);

/* `taken`: records that have come to the exporter. */
void collector_statistics(const struct collector *collector, const struct session_tally *taken,
	struct exporter_collector *statistics);

#endif
