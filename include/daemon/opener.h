/* opener: interfaces that come while weir runs, and those that come back.
 *
 * What takes the right to capture is done by a process of its own, the only one that keeps it:
 * it looks at no packet, and weir, which does, has no right at all. Made where inputs may come
 * while weir runs. It does what opening.h says, one after the other, and is not waited for
 * longer than some seconds. */
#ifndef DAEMON_OPENER_H
#define DAEMON_OPENER_H

#include "capture/opening.h"
#include "config/config.h"

#include <stdbool.h>

struct opener;

/* Makes the process; main thread, while there is no other. It loads programs into the table of
 * `duplicates`, or NULL. NULL: *error says why. */
struct opener *opener_new(
	const struct config *config, struct duplicates *duplicates, struct config_error *error);
/* Ends the process. */
void opener_free(struct opener *opener);

/* Any thread: whether somebody who asked has found that the process is no more. */
bool opener_has_ended(const struct opener *opener);

/* For sources; lent. NULL for NULL. */
const struct opening_way *opener_way(const struct opener *opener);

#endif
