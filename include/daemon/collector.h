/* collector: one destination of records, from its configuration to its session.
 *
 * Opens the transport, makes the session, and complains where an operator should
 * know. The exporter's thread only. */
#ifndef DAEMON_COLLECTOR_H
#define DAEMON_COLLECTOR_H

#include "config/config.h"
#include "export/session.h"

#include <stdbool.h>
#include <stdint.h>

/* One collector as the ledger shows it. */
struct exporter_collector {
	char name[CONFIG_NAME + 40];
	struct session_statistics session;
	struct session_tally absent; /* records that came before it did, or after its end */
	unsigned version;            /* 5, 9 or 10 */
	enum config_transport transport;
	bool trouble; /* within the last minute: refused, or records lost */
	bool ending;  /* it is configured no more */
};

struct collector;

/* `boot` as exporter_new() has it. NULL: *error says why. */
struct collector *collector_new(const struct config *config, const struct config_exporter *exporter,
	int64_t boot, struct config_error *error);
void collector_free(struct collector *collector);

/* Its session, for as long as it lives. */
struct session *collector_session(const struct collector *collector);

/* What records tell changes: another session for it is made ready, and takes the place of its
 * own with collector_change(), or does not with collector_discard(). False: *error says
 * why not. */
bool collector_prepare(struct collector *collector, const struct config *config,
	const struct config_exporter *exporter, int64_t boot, struct config_error *error);
void collector_discard(struct collector *collector);
/* Does nothing where nothing is prepared. */
void collector_change(struct collector *collector, int64_t now);

/* It comes, or begins to end, when so many records had come to the exporter. */
void collector_come(struct collector *collector, const struct session_tally *taken);
void collector_leave(struct collector *collector, const struct session_tally *taken, int64_t now);
/* Says on the log that it has ended, and what it lost. */
void collector_farewell(const struct collector *collector);

/* One line a minute at most while it is in trouble. */
void collector_complain(struct collector *collector);

/* `taken`: records that have come to the exporter. */
void collector_statistics(const struct collector *collector, const struct session_tally *taken,
	struct exporter_collector *statistics);

#endif
