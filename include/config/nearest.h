/* nearest: what a name may have been meant to be that is written wrong. Pure functions. */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

enum { NEAREST_MOST = 96 }; /* octets of a name */

/* Insertions, deletions and changes from a to the first `length` octets of b, no matter
 * the case; both at most NEAREST_MOST long. */
unsigned nearest_distance(const char *a, const char *b, size_t length);

/* How many of them a name may have and still be meant. */
unsigned nearest_limit(const char *name);

/* The element of a flow record that is nearest, by IANA's or NetFlow v9's name and with the
 * side that stands before it ("inner."). False: none is near. */
bool nearest_element(const char *name, char *text, size_t size);

#endif
