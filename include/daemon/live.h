/* live: the threads of a live pipeline.
 *
 * Capture threads (one per worker, intake.h), the expiry thread and the main
 * thread's event loop with its signals. The exporter's thread is its own
 * (exporter.h). */
#ifndef DAEMON_LIVE_H
#define DAEMON_LIVE_H

#include "daemon/control.h"
#include "daemon/http.h"
#include "daemon/notify.h"
#include "daemon/view.h"

#include <stdbool.h>

/* What a live pipeline is seen by; the caller's. */
struct live_services {
	struct control *control; /* NULL: none */
	struct http *metrics;    /* NULL: none */
	const struct notify *notify;
	unsigned spares; /* threads for inputs that come later, where calls are confined */
	unsigned needs;  /* of enum confine_need */
	bool confine;    /* to a few system calls, before the first packet is looked at */
};

/* Runs the workers until SIGTERM, SIGINT, a broken output or the end of the last
 * input; then closes what is live and hands it to the exporter, which has sent all
 * when this returns. A second signal ends the process at once. Meanwhile the services
 * run in this thread's loop, and the watch warns. False: a thread could not be started,
 * or an input failed. */
bool live_run(const struct view *view, const struct live_services *services);

#endif
