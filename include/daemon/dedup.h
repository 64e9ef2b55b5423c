/* dedup: that a packet is metered once, whatever inputs it passes. */
#ifndef DAEMON_DEDUP_H
#define DAEMON_DEDUP_H

#include "capture/duplicates.h"
#include "config/config.h"
#include "route/links.h"

#include <stdatomic.h>
#include <stdbool.h>

struct dedup;

/* Whether inputs are several; those by patterns are, however many there are now. */
bool dedup_sees_several(const struct config *config);

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

/* Whether this input gets all its packets from others, and no program leaves them out: what a
 * source is given, lent. NULL: there is a program, or nothing is left out. Main thread. */
const atomic_bool *dedup_covered(struct dedup *dedup, const char *interface);

/* The links are these now. Says on the log of which inputs the packets are metered on the
 * interfaces below them, which are inputs too. One thread at a time. */
void dedup_see(struct dedup *dedup, const struct links *links);

/* Says on the log which inputs meter the same packets because one lies over the other;
 * `dedup` may be NULL. */
void dedup_warn(struct dedup *dedup, const struct config *config, const struct links *links);

#endif
