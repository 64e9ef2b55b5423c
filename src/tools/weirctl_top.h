/* weirctl_top: the largest live flows, again and again.
 *
 * On a terminal the screen is redrawn every second until q is pressed; elsewhere
 * the list is printed again, with an empty line between. */
#ifndef WEIRCTL_TOP_H
#define WEIRCTL_TOP_H

#include <jansson.h>
#include <stdbool.h>

/* `request` is changed to ask for flows; its member count, if any, says after how
 * many lists to leave. False: it was said on standard error what went wrong. */
bool weirctl_top(int socket, json_t *request);

#endif
