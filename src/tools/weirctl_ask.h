/* weirctl_ask: a line to the control socket, a line from it. */
#ifndef WEIRCTL_ASK_H
#define WEIRCTL_ASK_H

#include <jansson.h>

/* Connects to the socket at `path`. -1: it was said on standard error why not. */
int weirctl_connect(const char *path);

/* Sends the request and takes the answer's line; the caller frees it. When weir wants
 * to be left alone for a moment, asks again after it. NULL: it was said on standard
 * error why there is none. */
char *weirctl_ask(int socket, const json_t *request);

#endif
