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
#include "daemon/own.h"
#include "daemon/worker_statistics.h"
#include "flow/cache.h"
#include "flow/sampler.h"
#include "packet/decode.h"

#include <stdbool.h>
#include <stdint.h>

struct worker_options {
	struct decoder_options decoder;
	struct cache_options cache;
	enum sampler_algorithm sampling;
	uint32_t interval;     /* one in so many is metered */
	size_t ring;           /* records between this worker and the exporter, 0: none */
	const struct own *own; /* what is not metered; lent, or NULL */
};

struct worker;

/* Takes over the source, also when it fails (NULL: memory is short). Without one, NULL, it
 * reads nothing until worker_succeed(). Records go
 * to the ring, or where there is none straight to `sink`. */
struct worker *worker_new(
	const struct worker_options *options, struct source *source, struct flow_sink sink);
void worker_free(struct worker *worker);

/* Live, before the first frame: takes the memory of cache, ring and decoder, all that
 * the worker will ever have, from the memory node of the calling thread. That is the
 * capture thread, as its first act: it reads and writes this memory for each packet. */
void worker_touch(struct worker *worker);
/* Octets of all that; the source's ring is the kernel's. */
size_t worker_memory(const struct worker *worker);

/* Capture thread: reads frames and accounts them. */
enum source_status worker_read(struct worker *worker);

/* Reading a file, after each worker_read(): closes what is over. */
void worker_sweep(struct worker *worker);

/* Expiry thread: one slice of the sweep, not longer than some tens of microseconds;
 * `idle_now` is what the observation clock is moved on to when nothing arrives; while
 * frames wait in the ring, theirs is the time.
 * True: there is more to do at once. */
bool worker_expire(struct worker *worker, int64_t idle_now);

/* Capture thread, between two reads: from the next frame on `next` meters what comes, with
 * the source, and with the fragments that are known where it looks at frames in the same
 * way. What was counted of frames, losses and turns goes with it; live flows, their
 * records and what is counted of them stay behind. */
void worker_succeed(struct worker *next, struct worker *worker);

/* Any thread: what is not metered from now on; lent, or NULL. */
void worker_own(struct worker *worker, const struct own *own);

/* Any thread: when flows are over from now on, see cache_retime(). */
void worker_retime(struct worker *worker, const struct flow_timeouts *timeouts, unsigned pressure);

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
