/* control: the UNIX socket on which a running weir is asked.
 *
 * One line in, one line out, as often as the client likes; what a line means is
 * the answering function's business (command.h). Made for clients that mean no
 * good: a request has 4096 octets at most, a client that does not come to the
 * point in time or does not read its answer is dropped, the next request is
 * looked at when the last answer has gone, and all clients together have so
 * many answers a second. It runs in the event loop of the main thread. */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONTROL_LINE = 4096,  /* octets of a request at most, its end not counted */
	CONTROL_CLIENTS = 32, /* at one time */
	CONTROL_RATE = 200,   /* answers a second, all clients together */
};

struct event_base;
struct control;

/* Answers one request: octets without the newline, whatever they are. The answer
 * is one line without its newline, the caller frees it; NULL: memory is short,
 * the client is dropped. */
typedef char *control_answer(void *context, const char *line, size_t length);

struct control_options {
	const char *path;
	control_answer *answer; /* called by control's loop */
	void *context;          /* lent */
	int64_t patience;       /* nanoseconds that a client may take for a request, and for
				   taking its answer */
};

/* Binds the socket with mode 0660, in place of one that nobody listens on. Before
 * other threads start. NULL: *error says why not. */
struct control *control_new(const struct control_options *options, struct config_error *error);
/* Drops clients and socket and takes the path away, if it is still ours. */
void control_free(struct control *control);

/* Begins to listen, in this loop; main thread. */
bool control_start(struct control *control, struct event_base *base);
/* Drops all clients and leaves the loop, which has ended or is this thread's. */
void control_stop(struct control *control);

#endif
