/* server: clients on a socket, who ask and are answered.
 *
 * What a request means is the answering function's business. Made for clients that
 * mean no good: a request has 4096 octets at most, a client that does not come to the
 * point in time or does not read its answer is dropped, the next request is looked at
 * when the last answer has gone, and all clients together have so many answers a
 * second. It runs in the event loop of the main thread. */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SERVER_REQUEST = 4096, /* octets at most, its end not counted */
	SERVER_CLIENTS = 32,   /* at one time */
	SERVER_RATE = 200,     /* answers a second, all clients together */
};

struct event_base;
struct server;

/* Answers one request: octets without its end, whatever they are, a 0 behind them. The
 * server frees the answer; NULL: memory is short, the client is dropped. */
typedef char *server_answer(void *context, const char *request, size_t length);

struct server_options {
	const char *room; /* for the log */
	int socket;       /* listens; the caller's, who closes it after server_free() */
	const char *end;  /* what a request ends with */
	server_answer *answer;
	void *context;        /* lent */
	const char *after;    /* goes behind each answer */
	bool once;            /* one request, then the connection is closed */
	const char *too_long; /* the answer to a request without end */
	const char *too_many; /* the answer to a client for whom there is no room */
	int64_t patience;     /* nanoseconds that a client may take for a request, and for
				 taking its answer */
};

/* Begins to accept clients, in this loop. Texts are lent, as is the context. NULL: memory
 * is short. */
struct server *server_new(const struct server_options *options, struct event_base *base);
/* Drops all clients. */
void server_free(struct server *server);

#endif
