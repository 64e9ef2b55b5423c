/* cache: the flow table, route-cache style.
 *
 * Fixed in size, set-associative like the hardware that it is named after. A
 * flow may stand in two sets, both named by its hash; a new flow that finds no
 * room displaces the one of its sets that would leave soonest, a flow of one
 * packet or a half-open connection before an established one, so that a flood of
 * new flows drives out its own. New flows are never refused, work per packet is
 * bounded whatever the traffic, and nothing is allocated after start.
 *
 * No I/O and no clock: time is packet time. One thread at a time may call (in
 * the daemon: whoever holds the baton). Records leave by value through a sink. */
#ifndef FLOW_CACHE_H
#define FLOW_CACHE_H

#include "flow/record.h"
#include "flow/selection.h"
#include "flow/timeout.h"

#include <stdbool.h>
#include <stdint.h>

enum { CACHE_BATCH = 32 };

/* Who takes the records that leave; the record is lent for the call. */
struct flow_sink {
	void (*take)(void *context, const struct flow_record *record);
	void *context;
};

struct cache_options {
	uint32_t entries; /* records; never more are live */
	struct flow_timeouts timeouts;
	struct flow_selection selection; /* packets must have details where it needs them */
	uint64_t first_id;               /* flowId of the first record, where it keeps details */
	uint64_t seed;
	unsigned pressure; /* percent of the entries: flow/pressure.h; 0 or 100: none */
};

/* What went in and what came out; live = opened - the sum of closed. */
struct cache_tally {
	uint64_t flows;
	uint64_t packets;
	uint64_t octets;
};

static inline void cache_tally_add(struct cache_tally *sum, const struct cache_tally *tally)
{
	sum->flows += tally->flows;
	sum->packets += tally->packets;
	sum->octets += tally->octets;
}

struct cache_statistics {
	struct cache_tally opened;
	struct cache_tally closed[FLOW_END_REASONS]; /* by flowEndReason */
	struct cache_tally pressed; /* of those for lack of resources, by pressure */
	uint64_t clock_set_back;    /* times */
	uint64_t pressures;         /* times that pressure came on */
	bool under_pressure;
	int64_t idle; /* idle time of single packets as it is now, nanoseconds */
	uint32_t entries;
};

struct cache;

/* NULL when memory is short. */
struct cache *cache_new(const struct cache_options *options, struct flow_sink sink);
void cache_free(struct cache *cache);

/* Other time-outs and pressure, by which live flows are judged, too, from their next packet
 * or the sweep's next visit on, which comes within a round. Until then the order of the
 * oldest, which a full cache displaces, may be off. Takes no longer for a large cache. */
void cache_retime(struct cache *cache, const struct flow_timeouts *timeouts, unsigned pressure);

/* Takes all of its memory now, from the calling thread's node: for what runs long.
 * Before the first packet; without it, memory that no flow has needed is not had. */
void cache_touch(struct cache *cache);
/* Octets that it takes when every page is. */
size_t cache_memory(const struct cache *cache);

/* Accounts packets to their flows in order; count is at most CACHE_BATCH. */
void cache_see(struct cache *cache, const struct packet *packets, unsigned count);

/* Moves the observation clock on where no packet does (an idle link); never back. */
void cache_advance(struct cache *cache, int64_t now);

/* The largest packet time seen; INT64_MIN before the first packet. */
int64_t cache_now(const struct cache *cache);

/* Goes on with the round through the sets, as far as the observation clock asks
 * but by at most `most` sets, and closes what is over. Returns the sets visited;
 * fewer than `most`: it is up to date. */
uint32_t cache_sweep(struct cache *cache, uint32_t most);

/* Closes every record of the next `most` sets, by its time-out where that has
 * come, else as forced. False when the cache is empty. */
bool cache_drain(struct cache *cache, uint32_t most);

/* Octets of a record that the sink gets: a struct flow_record, or a flow_full_record. */
size_t cache_record_octets(const struct cache *cache);

/* Copies the live records of up to `most` sets to `out`, which has room for as many
 * as they can hold; *next, at first 0, is where to go on. False: there is no set
 * left. Changes nothing. */
bool cache_peek(const struct cache *cache, uint32_t *next, uint32_t most, struct flow_record *out,
	unsigned *count);

/* How many sets there are, and records that one visited set can close at most. */
uint32_t cache_sets(const struct cache *cache);
unsigned cache_ways(void);

struct cache_statistics cache_statistics(const struct cache *cache);
struct cache_tally cache_live(const struct cache *cache);

#endif
