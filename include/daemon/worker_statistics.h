/* worker_statistics: what workers count. Plain data. */
#ifndef DAEMON_WORKER_STATISTICS_H
#define DAEMON_WORKER_STATISTICS_H

#include "capture/source.h"
#include "daemon/hold.h"
#include "export/loss.h"
#include "flow/cache.h"
#include "packet/decode.h"

#include <stdint.h>

enum { WORKER_OTHERS = 64 }; /* kinds of ignored frames told apart by value */

/* Frames of one reason and value. */
struct worker_ignored {
	uint8_t reason; /* enum packet_ignored */
	uint64_t value;
	struct source_count count;
};

/* Who holds the baton besides the capture thread: the expiry thread, who looks at live
 * flows, who reads counters. */
enum worker_holder { WORKER_EXPIRY, WORKER_FLOWS, WORKER_COUNTERS, WORKER_HOLDERS };

struct worker_statistics {
	struct source_count seen;    /* frames handed to this worker, octets on the wire */
	struct source_count metered; /* of those: valid IP packets, accounted to flows */
	struct source_count sampled_out;
	struct source_count own; /* messages of this weir */
	struct source_count ignored[PACKET_IGNORED_REASONS];
	struct worker_ignored other[WORKER_OTHERS]; /* the same, by value: the first so many */
	unsigned other_count;
	struct cache_statistics cache;
	struct cache_tally live;
	struct loss lost;      /* records that found the ring full */
	struct loss malformed; /* ignored frames that may have held IP packets */
	struct decoder_statistics fragments;
	struct source_statistics source;
	enum source_status state; /* what the last read said that was not full of frames */
	struct hold held[WORKER_HOLDERS];
	struct hold waited; /* turns of the capture thread that had to wait for another's end */
	uint64_t ring_fill; /* records in the ring, and those that it has room for */
	uint64_t ring_size;
};

/* Adds all that is counted, and what there is now: entries, live flows, rings. */
void worker_statistics_add(struct worker_statistics *sum, const struct worker_statistics *some);

#endif
