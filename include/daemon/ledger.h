/* ledger: where every packet and every record went.
 *
 * Flow rule 7, conservation: what was seen is in exported records, in live flows,
 * on its way, ignored by a reason, or lost by a reason, and it adds up at every
 * moment that it is read, to the packet. Built from what workers and exporter
 * count; it counts nothing itself. */
#ifndef DAEMON_LEDGER_H
#define DAEMON_LEDGER_H

#include "daemon/crew.h"
#include "daemon/exporter.h"

#include <stdbool.h>
#include <stdio.h>

struct ledger {
	struct worker_statistics workers; /* the sum of all */
	struct source_statistics sources;
	struct exporter_statistics exporter;
	struct cache_tally closed;  /* left a cache */
	struct cache_tally transit; /* between a cache and the exporter */
};

/* Reads everything, the exporter first: so what is in transit is never negative. */
void ledger_read(struct ledger *ledger, const struct crew *crew, struct exporter *exporter);

/* True when it adds up; else *what names the sum that does not. */
bool ledger_adds_up(const struct ledger *ledger, const char **what);

/* Writes the one-line summary. */
void ledger_summary(const struct ledger *ledger, FILE *out);

#endif
