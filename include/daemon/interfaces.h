/* interfaces: the network interfaces that the system has, as options data tell them. */
#ifndef DAEMON_INTERFACES_H
#define DAEMON_INTERFACES_H

#include "export/option_values.h"
#include "route/links.h"

enum { INTERFACES_TOLD = 4096 }; /* to collectors, at most */

/* Fills at most `most` and returns how many; 0 as well when the system does not say.
 * Asks the kernel, so not for each packet. Any thread. */
unsigned interfaces_read(struct option_interface *interfaces, unsigned most);

/* The same from what is known of the links, with what somebody has written of them. */
unsigned interfaces_of(
	const struct links *links, struct option_interface *interfaces, unsigned most);

/* The number of the interface that has this name now, 0: there is none. Reads a file below
 * /sys, as a confined weir may. Any thread. */
unsigned interfaces_index(const char *name);

#endif
