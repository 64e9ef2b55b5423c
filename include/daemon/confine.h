/* confine: which files and which system calls this process may still use.
 *
 * Landlock (landlock(7)) for files, by its own system calls, and libseccomp's filter
 * (seccomp(2)) for calls. Neither can be undone. What weir needs while it runs is
 * written down here and nowhere else: a new call in the program is a row in
 * src/daemon/confine.c. */
#ifndef DAEMON_CONFINE_H
#define DAEMON_CONFINE_H

#include "config/config.h"

#include <stdbool.h>

/* Sanitizers and coverage make calls and write files of their own. */
#ifdef WEIR_UNCONFINED
enum { CONFINE_POSSIBLE = false };
#else
enum { CONFINE_POSSIBLE = true };
#endif

/* What may be done with files besides reading the system's own (/etc, /usr, /sys, ...). */
enum confine_use {
	CONFINE_SOCKET, /* a socket's path: sockets made and removed in its folder */
	CONFINE_READ,   /* a file's path: files of its folder read, also one that takes its place */
	CONFINE_WRITE,  /* a folder: files read, made, written, renamed and removed */
	CONFINE_FILE,   /* what files' names begin with: the same in its folder */
};

struct confine_path {
	enum confine_use use;
	const char *path;
};

/* What the filter lets through besides what every run needs. */
enum confine_need {
	CONFINE_STREAMS = 1, /* connections that are made and ended */
	CONFINE_TLS = 2,
	CONFINE_FILES = 4,   /* files that are written, or kept messages in */
	CONFINE_RELOAD = 8,  /* other collectors */
	CONFINE_INPUTS = 16, /* that come while weir runs */
};

/* Landlock, for this thread and those that it starts: so before it starts any; of the system's
 * files with `interfaces_only` just those that tell of interfaces. *abi is what the kernel knows
 * of it, 0: nothing, and files are not confined. Needs no_new_privs. */
bool confine_files(bool interfaces_only, const struct confine_path *paths, unsigned count, int *abi,
	struct config_error *error);

/* The filter, with the sum of enum confine_need, for all threads of the process, which have all
 * begun: any other call, the beginning of a thread too, kills the process. Needs
 * no_new_privs. */
bool confine_calls(unsigned needs, struct config_error *error);

/* The same for the process that opens interfaces (opener.h), which has one thread. */
bool confine_opener(struct config_error *error);

#endif
