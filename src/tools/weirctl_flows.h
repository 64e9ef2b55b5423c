/* weirctl_flows: the answer to flows as text for a person.
 *
 * As weirctl_show.h, of which it is a part, and for the live view. */
#ifndef WEIRCTL_FLOWS_H
#define WEIRCTL_FLOWS_H

#include <jansson.h>
#include <stdio.h>

/* In so many lines at most and for so many columns. */
void weirctl_flows(const json_t *answer, FILE *out, int lines, int columns);

#endif
