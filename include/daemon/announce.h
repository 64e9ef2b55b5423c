/* announce: what a live run is going to do, on the log.
 *
 * A line for each input, the cache, each collector, and one for what is left out and by
 * which key or capability it would be had. Main thread, at the start. */
#ifndef DAEMON_ANNOUNCE_H
#define DAEMON_ANNOUNCE_H

#include "daemon/assembly.h"

void announce(const struct assembly *assembly);

#endif
