/* ledger_json: the ledger as JSON, for the control socket and for --ledger.
 *
 * Everything that flow rule 7 asks for: packets and octets seen, metered, in
 * records and in live flows, ignored by reason and by value, sampled out,
 * filtered, dropped by the kernel, and records by collector. Counters are whole
 * numbers, octets of frames are those on the wire, octets of flows layer 3's. */
#ifndef DAEMON_LEDGER_JSON_H
#define DAEMON_LEDGER_JSON_H

#include "daemon/ledger.h"

#include <jansson.h>

/* Any thread; a new reference, NULL when memory is short. */
json_t *ledger_json(const struct ledger *ledger);

/* {"frames": ..., "octets": ...} and {"flows": ..., "packets": ..., "octets": ...} */
json_t *ledger_json_count(const struct source_count *count);
json_t *ledger_json_tally(const struct cache_tally *tally);

/* The name of a flowEndReason; NULL for 0, which no record has. */
const char *ledger_json_end(enum flow_end_reason reason);

/* Writes it to the stream, with a newline. False: memory or the stream's end. */
bool ledger_json_write(const struct ledger *ledger, FILE *out);

#endif
