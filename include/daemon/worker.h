/* worker: one input queue and the cache that its packets go to.
 *
 * frame -> packet -> flow record happens here. Nothing is shared between
 * workers. Live, the capture thread runs worker_read(); what it touches is
 * guarded by the baton, so the expiry thread and whoever reads the counters find
 * them consistent to the packet. Reading a file, one thread calls everything and
 * the baton stays where it is. */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include "capture/source.h"
#include "daemon/hold.h"
#include "daemon/own.h"
#include "export/loss.h"
#include "flow/cache.h"
#include "flow/sampler.h"
#include "packet/decode.h"

#include <stdbool.h>
#include <stdint.h>

enum { WORKER_OTHERS = 64 }; /* kinds of ignored frames told apart by value */

struct worker_options {
	struct decoder_options decoder;
	struct cache_options cache;
	enum sampler_algorithm sampling;
	uint32_t interval;     /* one in so many is metered */
	size_t ring;           /* records between this worker and the exporter, 0: none */
	const struct own *own; /* what is not metered; lent, or NULL */
};

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

struct worker;

/* Takes over the source, also when it fails (NULL: memory is short). Records go
 * to the ring, or where there is none straight to `sink`. */
struct worker *worker_new(
	const struct worker_options *options, struct source *source, struct flow_sink sink);
void worker_free(struct worker *worker);

/* Live, before the first frame: takes the memory of cache, ring and decoder, all that
 * the worker will ever have, from the memory node of the calling thread. That is the
 * capture thread, as its first act: it reads and writes this memory for each packet. */
void worker_touch(struct worker *worker);

/* Capture thread: reads frames and accounts them. */
enum source_status worker_read(struct worker *worker);

/* Reading a file, after each worker_read(): closes what is over. */
void worker_sweep(struct worker *worker);

/* Expiry thread: one slice of the sweep, not longer than some tens of microseconds;
 * `idle_now` is what the observation clock is moved on to when nothing arrives; while
 * frames wait in the ring, theirs is the time.
 * True: there is more to do at once. */
bool worker_expire(struct worker *worker, int64_t idle_now);

enum worker_drain {
	WORKER_DRAIN_MORE,  /* there is more to close */
	WORKER_DRAIN_FULL,  /* the ring has no room: nothing was done */
	WORKER_DRAIN_EMPTY, /* no flow is live */
};

/* Any thread: asks for all that is live to be closed as forced; worker_expire() does
 * it, slice by slice. */
void worker_flush(struct worker *worker);

/* Any thread: copies live records to out[WORKER_PEEK], those of a slice of the
 * cache; *next, at first 0, is where to go on. False: that was the last slice. */
enum { WORKER_PEEK = 240 };
bool worker_peek(struct worker *worker, uint32_t *next, struct flow_record *out, unsigned *count);

/* After the capture thread has left: closes a slice of what is live. */
enum worker_drain worker_drain(struct worker *worker);

/* Exporter thread: the oldest record in the ring, or NULL; the caller's until released. */
struct flow_record *worker_front(struct worker *worker);
void worker_release(struct worker *worker);

/* Any thread. The source's counters and state are up to a second old while it is being read. */
void worker_statistics(struct worker *worker, struct worker_statistics *statistics);
struct source *worker_source(struct worker *worker);
int64_t worker_now(const struct worker *worker);

#endif
