/* view: what can be seen of a running weir.
 *
 * What the commands of the control socket and the watch look at. Filled in by the
 * pipeline, which owns all of it and outlives whoever looks; main thread. */
#ifndef DAEMON_VIEW_H
#define DAEMON_VIEW_H

#include "config/config.h"
#include "daemon/crew.h"
#include "daemon/exporter.h"
#include "daemon/ledger.h"
#include "daemon/reload.h"
#include "daemon/watch.h"

#include <stdint.h>

struct view {
	struct crew *crew;
	struct exporter *exporter;
	struct watch *watch;
	struct flow_timeouts timeouts; /* as they hold, udp and icmp below zero: as idle */
	uint32_t sampling;             /* interval */
	int64_t started;               /* steady clock */
	int pid;
	int64_t rest; /* until then no command goes through the caches */
	/* Reads the configuration again and takes it up: see reload.h; may change this view. */
	bool (*reload)(void *context, struct reload_report *report, struct config_error *error);
	/* There is news of interfaces at `links`, -1: nowhere; takes it. */
	void (*follow)(void *context);
	int links;
	bool waits;    /* interfaces may come, so weir goes on where there is none */
	void *context; /* of these */
};

/* Reads the ledger and looks whether it adds up; the caller frees it. NULL: memory
 * is short. */
struct ledger *view_ledger(const struct view *view);

#endif
