/* command: what can be asked over the control socket.
 *
 * A request is one JSON object: {"command": "ledger"}. The answer is one too: what
 * the command answers, or {"error": "..."}. A command is a function and a row of
 * the table in command.c. Main thread. */
#ifndef DAEMON_COMMAND_H
#define DAEMON_COMMAND_H

#include "daemon/view.h"

#include <stddef.h>

/* A server_answer (server.h); `context` is a struct view. */
char *command_answer(void *context, const char *line, size_t length);

#endif
