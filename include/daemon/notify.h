/* notify: tells the service manager how weir is doing, sd_notify(3)'s protocol.
 *
 * Lines of NAME=VALUE in datagrams to the socket that $NOTIFY_SOCKET names, without a
 * library. Nobody waits for an answer, and a manager that does not read costs
 * nothing: what does not fit is left out. Without $NOTIFY_SOCKET all of this does
 * nothing. One thread's, the main thread's. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;           /* connected, -1: nobody wants to know */
	int64_t watchdog; /* nanoseconds within which it must be heard from, 0: no limit */
};

/* Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID and connects. Before privileges are
 * given up: afterwards the socket's path may be out of reach. */
struct notify notify_open(void);
void notify_close(struct notify *notify);

/* It works, after the start or after a reload. */
void notify_ready(const struct notify *notify);
/* The configuration is being read anew; notify_ready() ends that. */
void notify_reloading(const struct notify *notify);
void notify_stopping(const struct notify *notify);
/* Within `watchdog` of the last one. */
void notify_alive(const struct notify *notify);
/* One line for a person; control characters are made visible as '?'. */
void notify_status(const struct notify *notify, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
