/* pipeline: builds the way of a packet from the configuration and runs it.
 *
 *   source -> worker (decoder, cache) -> exporter (sessions, output)
 *
 * Live, every worker has a capture thread, one expiry thread goes round all
 * caches, the exporter has its own, and the caller's thread waits for signals.
 * Reading a file, the caller's thread does all of it in order, with packet time
 * as the only clock, so that the same file gives the same octets. */
#ifndef DAEMON_PIPELINE_H
#define DAEMON_PIPELINE_H

#include "config/config.h"
#include "daemon/ledger.h"

enum pipeline_status {
	PIPELINE_DONE = 0,
	PIPELINE_BROKE_OFF = 2, /* an input could not be read to its end */
	PIPELINE_FAULT = 3,
};

struct pipeline;

/* Where another configuration comes from, live, at SIGHUP and when a client asks. */
struct pipeline_reload {
	const char *file; /* it is in there */
	/* Reads it again as it was read at the start. False: *error says why not. */
	bool (*read)(void *context, struct config *config, struct config_error *error);
	void *context;
};

/* Opens inputs, collectors and tables. NULL: *error says what could not be. The
 * configuration is only read, and only here. `again`: lent, or NULL, there is no other. */
struct pipeline *pipeline_new(const struct config *config, const struct pipeline_reload *again,
	struct config_error *error);
void pipeline_free(struct pipeline *pipeline);

/* Before pipeline_run(): while a file is read, says on a terminal how far it has come. */
void pipeline_show_progress(struct pipeline *pipeline);

/* Runs until the file ends, or live until SIGTERM or SIGINT, or until no input is
 * left; then exports all that is live. Says on the log what went wrong. */
enum pipeline_status pipeline_run(struct pipeline *pipeline);

/* Any thread while it runs, or the caller's after. */
void pipeline_ledger(struct pipeline *pipeline, struct ledger *ledger);

#endif
