/* helper: a process of weir's own, for what weir itself may not do while it runs.
 *
 * It is made before there are threads, rings are mapped and calls are confined; it has a socket
 * to weir, on which each message is one, and ends with it. */
#ifndef DAEMON_HELPER_H
#define DAEMON_HELPER_H

#include "config/config.h"
#include "daemon/privileges.h"

#include <stdbool.h>

struct helper {
	const char *name; /* of the process, 15 octets at most */
	unsigned rights;  /* it keeps, of enum privileges_right */
	bool files;       /* the system's own are read, not those of interfaces alone */
	bool (*confine)(struct config_error *error); /* its calls; NULL: it makes what it likes */
	void (*serve)(int socket, void *context); /* in the process, which ends when it returns */
	void *context;
	int keep; /* a descriptor that stays open in it; -1: none */
};

/* Makes the process, which becomes the user of the configuration; main thread, while there is no
 * other. The socket, which is the caller's and whose end is the process's; -1: *error says why. */
int helper_start(
	const struct helper *helper, const struct config *config, struct config_error *error);

#endif
