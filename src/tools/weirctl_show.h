/* weirctl_show: an answer of weir as text for a person.
 *
 * One function per command, for 80 columns. An answer is the other side's word:
 * what is missing in it is shown as 0 or "-". */
#ifndef WEIRCTL_SHOW_H
#define WEIRCTL_SHOW_H

#include <jansson.h>
#include <stdio.h>

/* Writes the answer to a command; a command that has no form of its own is
 * written as indented JSON. */
void weirctl_show(const char *command, const json_t *answer, FILE *out);

#endif
