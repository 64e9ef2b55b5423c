/* flows: the largest or newest of the live flows.
 *
 * Goes through the caches slice by slice, each copied out under the baton in some
 * tens of microseconds with a pause after it, so that capture has its turn; and
 * not longer than half a second in all, after which the answer says that it is
 * not complete. */
#ifndef DAEMON_FLOWS_H
#define DAEMON_FLOWS_H

#include "daemon/view.h"

#include <jansson.h>

enum { FLOWS_DEFAULT = 20, FLOWS_MOST = 1000 };

/* `request` may have the members limit (1 to FLOWS_MOST), by ("octets", "packets",
 * "rate" or "recent"), host, port and protocol. Main thread. A new reference:
 * {"flows": [...]} or {"error": ...}; NULL when memory is short. */
json_t *flows_json(struct view *view, const json_t *request);

#endif
