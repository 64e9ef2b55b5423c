/* http: the TCP socket on which metrics are fetched.
 *
 * One GET, one answer, then the connection is closed. What becomes of hostile clients is
 * server.h's business. */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include "config/config.h"
#include "daemon/server.h"

#include <stdbool.h>
#include <stdint.h>

struct http;

/* What every answer looks like; the caller frees it. NULL: memory is short. `status` is
 * "200 OK" and the like, `type` a media type. */
char *http_response(const char *status, const char *type, const char *body);

/* "127.0.0.1:9416", "[::1]:9416": listens there. NULL: *error says why not. */
struct http *http_new(const char *listen, server_answer *answer, void *context, int64_t patience,
	struct config_error *error);
void http_free(struct http *http);

/* Begins to accept clients, in this loop; main thread. */
bool http_start(struct http *http, struct event_base *base);
/* Drops all clients and leaves the loop, which has ended or is this thread's. */
void http_stop(struct http *http);

#endif
