#include "daemon/worker.h"

#include "base/clock.h"
#include "base/ring.h"
#include "daemon/baton.h"

#include <stdlib.h>

enum {
	READ_FRAMES = 256, /* at most in the capture thread's turn with the baton */
	SLICE_SETS = 64,   /* at most in the expiry thread's, */
	STEP_SETS = 8,     /* which looks at the clock after so many */
	READS = 64,        /* between two looks at the source's counters */
	FULL_TRIES = 200,  /* for a record that may wait for room in the ring */
};

#define FULL_PAUSE 100000 /* nanoseconds each, 20 ms in all */

/* Nanoseconds after which a turn of the expiry thread ends. A step beyond that takes as
 * long again where each of its records is over and in no cache of the processor. */
#define SLICE_TIME 10000

/* Nanoseconds that the capture thread waits for the end of such a turn without falling
 * asleep: about as long as one takes. */
#define SPIN 20000

struct worker {
	struct source *source;
	struct decoder *decoder;
	struct cache *cache;
	struct ring *ring;
	struct flow_sink sink;
	const struct own *own;
	struct decoder_options looks; /* at frames */
	struct baton baton;
	bool holding;
	bool idle; /* nothing arrived when the source was last read */
	struct sampler sampler;
	uint32_t flush;             /* sets that are to be closed whole, from the drain's hand on */
	unsigned reads;             /* since the source's counters were read */
	struct decoder_ignored why; /* of the frame at hand */
	unsigned filled;
	struct packet batch[CACHE_BATCH];
	struct worker_statistics count;
};

/* A record that had to leave because its flow was displaced does not wait: the
 * kernel's ring is filling meanwhile. Others may, for the exporter is quick. */
static void *room_for(struct worker *w, const struct flow_record *r)
{
	void *slot = ring_reserve(w->ring);

	for (int i = 0; !slot && i < FULL_TRIES && r->end_reason != FLOW_END_RESOURCES; i++) {
		clock_pause(FULL_PAUSE);
		slot = ring_reserve(w->ring);
	}
	return slot;
}

static void push(void *context, const struct flow_record *r)
{
	struct worker *w = context;
	void *slot = room_for(w, r);

	if (!slot) {
		loss_add(&w->count.lost, 1, r->packets, r->octets, worker_now(w));
		return;
	}
	memcpy(slot, r, cache_record_octets(w->cache));
	ring_commit(w->ring);
}

struct worker *worker_new(
	const struct worker_options *o, struct source *source, struct flow_sink sink)
{
	struct worker *w = calloc(1, sizeof *w);

	if (!w) {
		source_close(source);
		return NULL;
	}
	w->source = source;
	w->sampler = sampler_of(o->sampling, o->interval, o->cache.seed);
	w->sink = sink;
	w->own = o->own;
	w->looks = o->decoder;
	w->decoder = decoder_new(&o->decoder);
	if (o->ring)
		w->sink = (struct flow_sink){push, w};
	else
		w->holding = true; /* one thread does it all */
	w->cache = cache_new(&o->cache, w->sink);
	if (o->ring && w->cache)
		w->ring = ring_new(o->ring, cache_record_octets(w->cache));
	if (!w->decoder || !w->cache || (o->ring && !w->ring)) {
		worker_free(w);
		return NULL;
	}
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	source_close(w->source);
	decoder_free(w->decoder);
	cache_free(w->cache);
	ring_free(w->ring);
	free(w);
}

void worker_touch(struct worker *w)
{
	cache_touch(w->cache);
	ring_touch(w->ring);
	decoder_touch(w->decoder);
}

size_t worker_memory(const struct worker *w)
{
	size_t ring = w->ring ? ring_memory(w->ring) : 0;

	return sizeof *w + cache_memory(w->cache) + ring + decoder_memory(w->decoder);
}

static void count_frame(struct source_count *c, uint32_t octets)
{
	c->frames++;
	c->octets += octets;
}

/* Ignored frames told apart by value too, as far as there is room to. */
static void account_ignored(struct worker *w, const struct frame *frame)
{
	const struct decoder_ignored *why = &w->why;
	uint32_t octets = frame->wire_octets;
	struct worker_statistics *c = &w->count;
	unsigned i = 0;

	count_frame(&c->ignored[why->reason], octets);
	if (packet_ignored_verdict(why->reason) != PACKET_NOT_IP)
		loss_add(&c->malformed, 0, 1, octets, frame->time);
	while (i < c->other_count &&
		(c->other[i].reason != why->reason || c->other[i].value != why->value))
		i++;
	if (i == WORKER_OTHERS)
		return;
	if (i == c->other_count)
		c->other[c->other_count++] = (struct worker_ignored){why->reason, why->value, {0}};
	count_frame(&c->other[i].count, octets);
}

static void account_batch(struct worker *w)
{
	cache_see(w->cache, w->batch, w->filled);
	w->filled = 0;
}

static inline void hold(struct worker *w)
{
	if (w->holding)
		return;
	int64_t waited = baton_take(&w->baton, SPIN);
	if (waited)
		hold_note(&w->count.waited, waited);
	w->holding = true;
	w->idle = false;
}

static void take(void *context, const struct frame *frames, unsigned count)
{
	struct worker *w = context;
	uint64_t seen = 0;
	struct source_count metered = {0};

	hold(w);
	for (unsigned i = 0; i < count; i++) {
		const struct frame *frame = &frames[i];
		seen += frame->wire_octets;
		struct packet *packet = &w->batch[w->filled];
		if (!sampler_takes_frame(&w->sampler)) {
			count_frame(&w->count.sampled_out, frame->wire_octets);
			continue;
		}
		if (decoder_read(w->decoder, frame, packet, &w->why) != PACKET_OK) {
			account_ignored(w, frame);
			continue;
		}
		if (w->own && own_is(w->own, packet)) {
			count_frame(&w->count.own, frame->wire_octets);
			continue;
		}
		if (!sampler_takes_packet(&w->sampler, packet)) {
			count_frame(&w->count.sampled_out, frame->wire_octets);
			continue;
		}
		count_frame(&metered, frame->wire_octets);
		if (++w->filled == CACHE_BATCH)
			account_batch(w);
	}
	w->count.seen.frames += count;
	w->count.seen.octets += seen;
	w->count.metered.frames += metered.frames;
	w->count.metered.octets += metered.octets;
}

/* The source's counters are read by the thread that owns it, when it has nothing
 * better to do and every now and then. */
static void read_source(struct worker *w, enum source_status status)
{
	w->reads = 0;
	hold(w);
	/* Also when nothing comes any more: what is live ends by the wall clock. */
	w->idle = status != SOURCE_READY;
	w->count.state = status;
	w->count.source = source_statistics(w->source);
}

enum source_status worker_read(struct worker *w)
{
	enum source_status status = source_read(w->source, READ_FRAMES, take, w);

	if (w->filled)
		account_batch(w);
	if (status != SOURCE_READY || ++w->reads == READS)
		read_source(w, status);
	if (w->ring && w->holding) {
		w->holding = false;
		baton_give(&w->baton);
	}
	return status;
}

void worker_sweep(struct worker *w)
{
	cache_sweep(w->cache, UINT32_MAX);
}

/* Sets that can be closed whole with the room that the ring has. */
static uint32_t slice(struct worker *w)
{
	size_t sets = ring_room(w->ring) / cache_ways();

	return sets < SLICE_SETS ? (uint32_t)sets : SLICE_SETS;
}

/* Goes on with a flush; the sets it visits come out of the slice's. */
static uint32_t flush_some(struct worker *w, uint32_t most)
{
	uint32_t n = w->flush < most ? w->flush : most;

	if (n == 0)
		return 0;
	w->flush -= n;
	if (!cache_drain(w->cache, n))
		w->flush = 0;
	return n;
}

/* Begins and ends a turn that is not the capture thread's. */
static int64_t borrow(struct worker *w)
{
	(void)baton_take(&w->baton, 0);
	return clock_steady();
}

static void give_back(struct worker *w, enum worker_holder who, int64_t began)
{
	hold_note(&w->count.held[who], clock_steady() - began);
	baton_give(&w->baton);
}

/* The seed is a worker's own. */
static bool looks_as(const struct decoder_options *a, const struct decoder_options *b)
{
	return a->inner == b->inner && a->depth == b->depth && a->fragments == b->fragments &&
	       a->details == b->details && a->tunnel_facts == b->tunnel_facts &&
	       memcmp(a->ports, b->ports, sizeof a->ports) == 0;
}

/* What has been counted of frames goes with the source. */
static void succeed(struct worker *next, struct worker *w)
{
	next->source = w->source;
	w->source = NULL;
	if (looks_as(&next->looks, &w->looks)) {
		struct decoder *known = w->decoder;
		w->decoder = next->decoder;
		next->decoder = known;
	}
	next->reads = w->reads;
	next->idle = w->idle;
	worker_statistics_add(&next->count, &w->count);
	next->count.state = w->count.state;
	w->count = (struct worker_statistics){.state = SOURCE_END};
}

void worker_succeed(struct worker *next, struct worker *w)
{
	(void)baton_take(&w->baton, 0);
	(void)baton_take(&next->baton, 0);
	succeed(next, w);
	baton_give(&next->baton);
	baton_give(&w->baton);
}

void worker_own(struct worker *w, const struct own *own)
{
	int64_t began = borrow(w);

	w->own = own;
	give_back(w, WORKER_COUNTERS, began);
}

void worker_retime(struct worker *w, const struct flow_timeouts *timeouts, unsigned pressure)
{
	int64_t began = borrow(w);

	cache_retime(w->cache, timeouts, pressure);
	give_back(w, WORKER_COUNTERS, began);
}

bool worker_expire(struct worker *w, int64_t idle_now)
{
	int64_t began = borrow(w);
	uint32_t most = slice(w), done = 0, step, n;

	if (w->idle)
		cache_advance(w->cache, idle_now);
	do {
		step = most - done < STEP_SETS ? most - done : STEP_SETS;
		n = flush_some(w, step);
		n += cache_sweep(w->cache, step - n);
		done += n;
	} while (n == step && done < most && clock_steady() - began < SLICE_TIME);
	give_back(w, WORKER_EXPIRY, began);
	return n == step && most > 0;
}

void worker_flush(struct worker *w)
{
	int64_t began = borrow(w);

	w->flush = cache_sets(w->cache);
	give_back(w, WORKER_COUNTERS, began);
}

bool worker_peek(struct worker *w, uint32_t *next, struct flow_record *out, unsigned *count)
{
	int64_t began = borrow(w);
	bool more = cache_peek(w->cache, next, WORKER_PEEK / cache_ways(), out, count);

	give_back(w, WORKER_FLOWS, began);
	return more;
}

enum worker_drain worker_drain(struct worker *w)
{
	if (!w->ring)
		return cache_drain(w->cache, SLICE_SETS) ? WORKER_DRAIN_MORE : WORKER_DRAIN_EMPTY;
	(void)baton_take(&w->baton, 0);
	uint32_t most = slice(w);
	bool more = most == 0 || cache_drain(w->cache, most);
	baton_give(&w->baton);
	return !more ? WORKER_DRAIN_EMPTY : most == 0 ? WORKER_DRAIN_FULL : WORKER_DRAIN_MORE;
}

struct flow_record *worker_front(struct worker *w)
{
	return ring_front(w->ring);
}

void worker_release(struct worker *w)
{
	ring_release(w->ring);
}

void worker_statistics(struct worker *w, struct worker_statistics *s)
{
	int64_t began = w->ring ? borrow(w) : 0;

	*s = w->count;
	s->cache = cache_statistics(w->cache);
	s->live = cache_live(w->cache);
	decoder_statistics(w->decoder, &s->fragments);
	s->ring_fill = w->ring ? ring_fill(w->ring) : 0;
	s->ring_size = w->ring ? ring_size(w->ring) : 0;
	if (w->ring)
		give_back(w, WORKER_COUNTERS, began);
}

struct source *worker_source(struct worker *w)
{
	return w->source;
}

int64_t worker_now(const struct worker *w)
{
	return cache_now(w->cache);
}
