/* metrics: what a running weir counts, in the words of Prometheus.
 *
 * Everything that the ledger and the status have: packets, flows and records, the
 * cache, the rings, the inputs and the collectors. A value is a row of a table in
 * metrics.c. Octets of packets are those on the wire, octets of flows layer 3's. */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "daemon/view.h"

/* A server_answer (server.h) to HTTP requests, the head of one without its empty line:
 * GET /metrics, as OpenMetrics where the client takes that, else in the older text
 * format; GET /healthz, 200 or 503 and why. `context` is a struct view. Main thread. */
char *metrics_answer(void *context, const char *request, size_t length);

#endif
