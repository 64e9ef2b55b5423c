/* present: which interfaces are there, for inputs that are named by patterns.
 *
 * Kept true by news from the kernel, by sockets of its own. Main thread. */
#ifndef DAEMON_PRESENT_H
#define DAEMON_PRESENT_H

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct present;

/* Reads which there are. NULL: *error says why the kernel does not tell. */
struct present *present_new(struct config_error *error);
void present_free(struct present *present);

/* Readable when there is news; then present_hear() takes it, which never waits. */
int present_fd(const struct present *present);
void present_hear(struct present *present);

/* *to: the configuration with an input for each interface that its patterns stand for now and
 * that is up, which libpcap wants it to be, or has an input in `now` (NULL: none has). Says on the
 * log, once, when there are more than there may be inputs. False: memory is short. */
bool present_expand(struct present *present, const struct config *given, const struct config *now,
	struct config *to);

/* One that could not be captured is left out, until it has been down. */
void present_refuse(struct present *present, uint32_t index);

#endif
