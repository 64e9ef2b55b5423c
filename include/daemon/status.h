/* status: how a running weir is doing, as JSON.
 *
 * Inputs with their packets and drops, cache, rings, collectors, fragments. The
 * ledger says where everything went, this says whether all is well. */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "daemon/view.h"

#include <jansson.h>

/* `ledger`: just read; `now`: steady clock. A new reference, NULL when memory is
 * short. Main thread. */
json_t *status_json(const struct view *view, const struct ledger *ledger, int64_t now);

#endif
