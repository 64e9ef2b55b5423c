/* control: the UNIX socket on which a running weir is asked.
 *
 * One line in, one line out, as often as the client likes; what a line means is
 * the answering function's business (command.h), what becomes of hostile clients
 * server.h's. */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "config/config.h"
#include "daemon/server.h"

#include <stdbool.h>
#include <stdint.h>

struct control;

struct control_options {
	const char *path;
	server_answer *answer; /* one line without its newline to another */
	void *context;         /* lent */
	int64_t patience;      /* nanoseconds that a client may take for a request, and for
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
