/* privileges: gives up, for good, what a running weir does not need.
 *
 * Before the first packet is looked at: another user, capabilities, the way to new
 * ones, core dumps (they would hold what was captured), files other than the few that
 * it needs (Landlock, landlock(7)) and system calls other than at most forty
 * (seccomp(2)). Decoders read what strangers send; whoever finds a fault in one gets
 * little by it.
 *
 * A build that watches itself (sanitizers, coverage) makes calls of its own and reads
 * other files (CONFINE_POSSIBLE): there nothing is given up. */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include "config/config.h"
#include "daemon/confine.h"

#include <stdbool.h>

/* What is kept where the process has it. */
enum privileges_right {
	PRIVILEGES_CAPTURE = 1, /* CAP_NET_RAW: to open packet sockets */
	PRIVILEGES_LOAD = 2,    /* CAP_BPF: to load programs */
};

struct privileges_options {
	const char *user;     /* to become, where root starts it; "": stay */
	bool confine;         /* Landlock; confine_calls() is the caller's, when threads run */
	unsigned rights;      /* of enum privileges_right */
	bool interfaces_only; /* of the system's files, those that tell of interfaces */
	bool is_file;         /* a capture file is read: who writes files by that stays who he is */
	const struct confine_path *paths;
	unsigned path_count;
};

/* User, capabilities, no_new_privs, core dumps, Landlock. For this process, so before
 * there are other threads, and when sockets and inputs are open. Sockets among the
 * paths are handed to the new user's group. False: *error says what could not be given
 * up. */
bool privileges_drop(const struct privileges_options *options, struct config_error *error);

#endif
