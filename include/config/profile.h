/* profile: what a collector reads right, as values of an exporter's keys.
 *
 * A table of collectors, keys and values, each row with its reason; weir.conf(5) has the
 * same for users. What the configuration itself says of a key wins. */
#ifndef CONFIG_PROFILE_H
#define CONFIG_PROFILE_H

#include "config/config.h"

/* Sets what the exporter's profile asks for and nobody has said; protocol and sampling
 * must be final. May be called again. */
void profile_apply(const struct config *config, struct config_exporter *exporter);

#endif
