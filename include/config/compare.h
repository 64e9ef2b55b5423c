/* compare: in which keys two configurations differ.
 *
 * By the schema's table, so a key that is added is compared without another line. Pure
 * functions, any thread. */
#ifndef CONFIG_COMPARE_H
#define CONFIG_COMPARE_H

#include "config/config.h"

#include <stdbool.h>

/* A key outside of lists, as in the table: "cache.timeouts.idle". */
typedef void config_difference(void *context, const char *path);

/* Tells of every key that is not in a list and differs; lists are the callers' to go
 * through. */
void config_compare(
	const struct config *a, const struct config *b, config_difference *tell, void *context);

/* The first key of a list in which two of its elements differ, as in the table:
 * "exporters[].rate"; NULL: they are the same. The list is named as in the table:
 * "exporters[]". */
const char *config_compare_elements(const char *list, const void *a, const void *b);

/* Gives `to` the value that `from` has of a key outside of lists, or, with elements of its list,
 * of one in it. */
void config_copy_key(const char *path, void *to, const void *from);

#endif
