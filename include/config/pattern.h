/* pattern: inputs by patterns of names, as a shell has them: "eth*". */
#ifndef CONFIG_PATTERN_H
#define CONFIG_PATTERN_H

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

/* An interface that is there. */
struct config_interface {
	const char *name; /* lent */
	uint32_t index;   /* ifIndex */
};

bool config_is_pattern(const char *name);

/* *to is *given, but an input for each interface that a pattern stands for in the pattern's
 * place: each interface once, by its name if it has an input of its own, else by the first
 * pattern that it matches. Returns for how many there was no place. */
unsigned config_expand(const struct config *given, const struct config_interface *interfaces,
	unsigned count, struct config *to);

#endif
