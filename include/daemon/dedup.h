/* dedup: that a packet is metered once, whatever inputs it passes. */
#ifndef DAEMON_DEDUP_H
#define DAEMON_DEDUP_H

#include "capture/duplicates.h"
#include "config/config.h"
#include "route/links.h"

#include <stdbool.h>

struct dedup;

/* As the configuration wants it for these inputs; says on the log where the kernel does
 * not allow it. NULL: nothing is left out. */
struct dedup *dedup_new(const struct config *config);
/* When the sources are closed. */
void dedup_free(struct dedup *dedup);

/* What sources are given; `dedup` may be NULL. */
struct duplicates *dedup_table(const struct dedup *dedup);
bool dedup_only_incoming(const struct dedup *dedup);

/* Other inputs, and the links, or NULL where they are not known; `dedup` may be NULL. No other
 * thread has it in this moment. */
void dedup_change(struct dedup *dedup, const struct config *config, const struct links *links);

/* The links are these now. One thread at a time. */
void dedup_see(struct dedup *dedup, const struct links *links);

/* Says on the log which inputs see the same packets because one lies over the other. */
void dedup_warn(const struct config *config, const struct links *links);

#endif
