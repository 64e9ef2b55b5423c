/* collector: one destination of records, from its configuration to its session.
 *
 * Opens the transport, makes the session, and complains where an operator should
 * know. The exporter's thread only. */
#ifndef DAEMON_COLLECTOR_H
#define DAEMON_COLLECTOR_H

#include "config/config.h"
#include "daemon/resolver.h"
#include "export/session.h"

#include <stdbool.h>
#include <stdint.h>

enum { EXPORTER_COLLECTOR_NAME = CONFIG_NAME + 40 };

/* One collector as the ledger shows it. */
struct exporter_collector {
	char name[EXPORTER_COLLECTOR_NAME];
	struct session_statistics session;
	unsigned version; /* 5, 9 or 10 */
	enum config_transport transport;
	bool trouble; /* within the last minute: refused, or records lost */
};

struct collector;

/* `boot` as exporter_new() has it. NULL: *error says why. */
struct collector *collector_new(const struct config *config, const struct config_exporter *exporter,
	int64_t boot, struct config_error *error);
void collector_free(struct collector *collector);

/* Of the host and port, or the file's path; for as long as it lives. */
const char *collector_name(const struct collector *collector);

/* Its session, for as long as it lives. */
struct session *collector_session(const struct collector *collector);

/* Asks for its name when that is due, and takes an answer that is for it. */
void collector_ask(struct collector *collector, struct resolver *resolver);
void collector_hear(struct collector *collector, const struct resolver_answer *answer);

/* One line a minute at most while it is in trouble. */
void collector_complain(struct collector *collector);

void collector_statistics(const struct collector *collector, struct exporter_collector *statistics);

#endif
