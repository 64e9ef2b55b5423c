/* dedup: that a packet is metered once, whatever inputs it passes. */
#ifndef DAEMON_DEDUP_H
#define DAEMON_DEDUP_H

#include "capture/duplicates.h"
#include "config/config.h"

#include <stdbool.h>

struct dedup {
	struct duplicates *table; /* lent to the sources; NULL: none */
	bool only_incoming;       /* instead of it */
};

/* As the configuration wants it for these inputs; says on the log where the kernel does
 * not allow it. Sources must be closed before dedup_close(). */
void dedup_open(struct dedup *dedup, const struct config *config);
void dedup_close(struct dedup *dedup);

#endif
