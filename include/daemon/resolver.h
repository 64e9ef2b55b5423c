/* resolver: names of collectors, while weir runs.
 *
 * getaddrinfo(3) blocks, reads files and calls what the system's modules like: so a process
 * of its own does it, made before there are threads and calls are confined. It has nothing
 * but a socket to weir and the system's files to read, and ends with weir. Questions and
 * answers are messages; asking and hearing never wait. It answers one after the other. */
#ifndef DAEMON_RESOLVER_H
#define DAEMON_RESOLVER_H

#include "config/config.h"
#include "export/socket.h"

#include <stdbool.h>
#include <stdint.h>

struct resolver;

struct resolver_question {
	char host[CONFIG_NAME];
	char service[32];
	int type; /* SOCK_DGRAM or SOCK_STREAM */
};

struct resolver_answer {
	struct resolver_question question;
	bool found;
	struct socket_addresses addresses;
	struct sockaddr_storage
		here[SOCKET_ADDRESSES]; /* socket_here() of each; AF_UNSPEC: no way */
	struct transport_error error;   /* where nothing was found */
};

/* Makes the process, which becomes the user of the configuration; main thread, while there
 * is no other. NULL: *error says why. */
struct resolver *resolver_new(const struct config *config, struct config_error *error);
/* Ends the process. */
void resolver_free(struct resolver *resolver);

/* One thread's, the exporter's. False: it has enough to do, or is gone. */
bool resolver_ask(struct resolver *resolver, const struct resolver_question *question);
/* False: there is no answer now. */
bool resolver_hear(struct resolver *resolver, struct resolver_answer *answer);

/* When a name is to be asked for; plain data of whoever wants to know it. */
struct resolver_name {
	struct resolver_question question;
	int64_t refresh; /* nanoseconds; 0: never, it is an address */
	int64_t asked;   /* steady clock; 0: not yet */
	bool waiting;
	bool known; /* the last answer had addresses */
};

struct resolver_name resolver_name_of(
	const char *host, const char *service, int type, int64_t refresh, bool known, int64_t now);

/* Whether it is to be asked for now: after `refresh`, sooner where it is not known or its
 * owner is in trouble. */
bool resolver_name_due(const struct resolver_name *name, bool trouble, int64_t now);

/* Whether the answer is one for this name, which then waits no more. */
bool resolver_name_heard(struct resolver_name *name, const struct resolver_answer *answer);

#endif
