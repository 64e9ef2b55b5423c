/* A known flow costs three cache lines (its set, see flow/set.h, and the two of its
 * record), an unknown one two more at most. A batch walks through three stages
 * (hash all and fetch sets, probe all and fetch records, account all) so that the
 * misses of 32 packets overlap instead of queueing: that alone is worth 2.2 times
 * with a million flows. */
#include "flow/cache.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "flow/set.h"

#include <stdlib.h>

enum {
	WAYS = SET_WAYS,
	ROOMY = 3,        /* a first set with more free ways takes a flow without a look further */
	AGE_TICKS = 1024, /* of an idle time-out, about */
};

#define SWEEP_SHORTEST (10 * CLOCK_MILLISECOND)
#define SWEEP_LONGEST (10 * CLOCK_SECOND)

struct cache {
	struct set *sets;
	struct flow_record *records; /* WAYS for each set */
	uint32_t set_count;
	unsigned age_shift;
	int64_t now;
	struct flow_limits limits;
	int64_t idle; /* what ages are counted from */
	uint64_t seed;
	struct flow_sink sink;
	/* The sweep: where its hand is, up to which packet time it has gone, and how
	 * long a round takes. */
	uint32_t hand;
	uint32_t drained;
	int64_t swept;
	int64_t round;
	int64_t round_began; /* packet time then; and of the round before */
	int64_t last_round_began;
	struct cache_statistics count;
};

/* Where a record stands. */
struct place {
	struct set *set;
	struct flow_record *record;
	unsigned way;
};

static size_t sets_size(const struct cache *c)
{
	return c->set_count * sizeof *c->sets;
}

static size_t records_size(const struct cache *c)
{
	return (size_t)c->set_count * WAYS * sizeof *c->records;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Ages tick so that an idle time-out is about a thousand of them, but never
 * slower than a second: beyond that an order of the oldest has no use. */
static void set_pace(struct cache *c, const struct flow_timeouts *t)
{
	int64_t shortest = t->active;

	for (int i = 0; i < FLOW_CLASSES; i++)
		shortest = least(shortest, c->limits.idle[i]);
	c->idle = least(t->idle, t->active);
	c->age_shift = 20;
	while (c->age_shift < 30 && c->idle >> c->age_shift > AGE_TICKS)
		c->age_shift++;
	c->round = least(shortest / 8, SWEEP_LONGEST);
	if (c->round < SWEEP_SHORTEST)
		c->round = SWEEP_SHORTEST;
}

struct cache *cache_new(const struct cache_options *o, struct flow_sink sink)
{
	struct cache *c = aligned_alloc(64, (sizeof *c + 63) / 64 * 64);

	if (!c)
		return NULL;
	*c = (struct cache){
		.set_count = o->entries / WAYS + (o->entries % WAYS != 0) + (o->entries == 0),
		.now = INT64_MIN,
		.limits = flow_limits_of(&o->timeouts),
		.seed = o->seed,
		.sink = sink,
	};
	c->count.entries = c->set_count * WAYS;
	set_pace(c, &o->timeouts);
	c->sets = memory_map(sets_size(c));
	c->records = memory_map(records_size(c));
	if (!c->sets || !c->records) {
		cache_free(c);
		return NULL;
	}
	if (o->touch) {
		memory_touch(c->sets, sets_size(c));
		memory_touch(c->records, records_size(c));
	}
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	memory_unmap(c->sets, sets_size(c));
	memory_unmap(c->records, records_size(c));
	free(c);
}

/* The two sets and the tag come from different bits of one hash. */
static inline struct set *first_set(const struct cache *c, uint64_t hash)
{
	return &c->sets[hash_range((uint32_t)(hash >> 32), c->set_count)];
}

static inline struct set *second_set(const struct cache *c, uint64_t hash)
{
	return &c->sets[hash_range((uint32_t)hash, c->set_count)];
}

static inline uint16_t tag_of(uint64_t hash)
{
	uint16_t tag = hash & SET_TAG;
	return tag ? tag : 1; /* 0 is an empty way */
}

static inline struct flow_record *record_at(const struct cache *c, const struct set *s,
	unsigned way)
{
	return &c->records[(size_t)(s - c->sets) * WAYS + way];
}

static inline bool same_key(const struct flow_key *a, const struct flow_key *b)
{
	uint64_t x[6], y[6], differ = 0;

	memcpy(x, a, sizeof x);
	memcpy(y, b, sizeof y);
	for (int i = 0; i < 6; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

static inline bool find_in(const struct cache *c, struct set *s, uint16_t tag,
	const struct flow_key *key, struct place *place)
{
	for (unsigned m = set_ways_with(s, tag); m; m &= m - 1) {
		unsigned way = (unsigned)__builtin_ctz(m);
		struct flow_record *r = record_at(c, s, way);
		if (same_key(&r->key, key)) {
			*place = (struct place){s, r, way};
			return true;
		}
	}
	return false;
}

static inline bool find(const struct cache *c, uint64_t hash, const struct flow_key *key,
	struct place *place)
{
	struct set *s = first_set(c, hash);

	if (find_in(c, s, tag_of(hash), key, place))
		return true;
	return s->tag[SET_DISPLACED] && find_in(c, second_set(c, hash), tag_of(hash), key, place);
}

static inline uint16_t tick(const struct cache *c)
{
	return (uint16_t)(c->now >> c->age_shift);
}

static inline uint16_t age_of(const struct cache *c, int64_t deadline)
{
	int64_t now = c->now >> c->age_shift;
	int64_t ticks = ((deadline - c->idle) >> c->age_shift) - now;

	if (ticks < -SET_AGES)
		ticks = -SET_AGES;
	else if (ticks >= SET_AGES)
		ticks = SET_AGES - 1;
	return (uint16_t)(now + ticks);
}

/* A flow that an attacker's single packet does not make: it was answered to or
 * goes on. Eviction spares it as long as there is another. */
static inline bool established(const struct flow_record *r)
{
	return r->packets > 1 &&
		(r->key.protocol != 6 || (r->tcp_control_bits & (TCP_SYN | TCP_ACK)) != TCP_SYN);
}

static void account_closed(struct cache *c, const struct flow_record *r)
{
	struct cache_tally *t = &c->count.closed[r->end_reason];

	t->flows++;
	t->packets += r->packets;
	t->octets += r->octets;
}

/* The record leaves and its way is free. */
static void close_record(struct cache *c, struct place at, enum flow_end_reason why)
{
	struct flow_record *r = at.record;

	r->end_reason = (uint8_t)why;
	at.set->tag[at.way] = 0;
	if (r->displaced) {
		uint64_t hash = hash_octets(&r->key, sizeof r->key, c->seed);
		uint16_t *displaced = &first_set(c, hash)->tag[SET_DISPLACED];
		if (*displaced != UINT16_MAX) /* full: it no longer counts, it only says yes */
			--*displaced;
	}
	account_closed(c, r);
	c->sink.take(c->sink.context, r);
}

/* Whether the record's time has come, and then closes it. */
static inline bool close_if_over(struct cache *c, struct place at)
{
	if (c->now < flow_deadline(&c->limits, at.record))
		return false;
	close_record(c, at, flow_end_reason_of(&c->limits, at.record));
	return true;
}

static struct place oldest_in_two(const struct cache *c, struct set *a, unsigned among_a,
	struct set *b, unsigned among_b)
{
	uint16_t now = tick(c);
	int age_a = 0, age_b = 0;
	unsigned way_a = set_oldest(a, among_a, now, &age_a);
	unsigned way_b = set_oldest(b, among_b, now, &age_b);

	if (way_a == WAYS && way_b == WAYS)
		return (struct place){0};
	if (way_b == WAYS || (way_a != WAYS && age_a <= age_b))
		return (struct place){a, record_at(c, a, way_a), way_a};
	return (struct place){b, record_at(c, b, way_b), way_b};
}

/* Both sets are full. What is over leaves by its own reason; else the oldest
 * of those that are not established, else the oldest. */
static struct place evict(struct cache *c, struct set *a, struct set *b)
{
	const unsigned all = SET_ALL;
	struct place at = oldest_in_two(c, a, all, b, a == b ? 0 : all);

	if (close_if_over(c, at))
		return at;
	struct place spare = oldest_in_two(c, a, set_ways_spare(a), b,
		a == b ? 0 : set_ways_spare(b));
	if (spare.record)
		at = spare;
	if (!close_if_over(c, at))
		close_record(c, at, FLOW_END_RESOURCES);
	return at;
}

/* A free way for a new flow: in its first set while that has room to spare, then
 * in the emptier of the two, which fills both evenly (the power of two choices). */
static struct place make_room(struct cache *c, uint64_t hash)
{
	struct set *a = first_set(c, hash), *s = a;
	unsigned free_a = set_ways_with(a, 0), use = free_a;

	if (__builtin_popcount(free_a) <= ROOMY) {
		struct set *b = second_set(c, hash);
		unsigned free_b = set_ways_with(b, 0);
		if (__builtin_popcount(free_b) > __builtin_popcount(free_a)) {
			s = b;
			use = free_b;
		} else if (!free_a) {
			return evict(c, a, b);
		}
	}
	unsigned way = (unsigned)__builtin_ctz(use);
	return (struct place){s, record_at(c, s, way), way};
}

static void open_record(struct cache *c, uint64_t hash, const struct flow_key *key,
	const struct packet *packet)
{
	struct place at = make_room(c, hash);
	struct set *first = first_set(c, hash);

	flow_record_open(at.record, key, packet);
	at.set->tag[at.way] = tag_of(hash);
	at.set->age[at.way] = age_of(c, flow_deadline(&c->limits, at.record));
	if (at.set != first) {
		at.record->displaced = 1;
		if (first->tag[SET_DISPLACED] != UINT16_MAX)
			first->tag[SET_DISPLACED]++;
	}
	c->count.opened.flows++;
}

static inline void update_record(struct cache *c, struct place at, const struct packet *p)
{
	struct flow_record *r = at.record;

	r->packets++;
	r->octets += p->octets;
	if (p->time < r->first)
		r->first = p->time;
	if (p->time > r->last)
		r->last = p->time;
	if (p->tcp_control_bits & ~r->tcp_control_bits) {
		r->tcp_control_bits |= p->tcp_control_bits;
		r->class = (uint8_t)flow_class_of(r->key.protocol, r->tcp_control_bits);
	}
	if (p->ttl < r->minimum_ttl)
		r->minimum_ttl = p->ttl;
	if (p->ttl > r->maximum_ttl)
		r->maximum_ttl = p->ttl;
	at.set->age[at.way] = age_of(c, flow_deadline(&c->limits, r));
	if (established(r))
		at.set->tag[at.way] |= SET_ESTABLISHED;
}

/* The clock was set back by more than disorder explains: what is live belongs to
 * the time before. */
static void set_back(struct cache *c, int64_t time)
{
	while (cache_drain(c, c->set_count))
		;
	c->count.clock_set_back++;
	c->now = time;
	c->swept = time;
	c->round_began = c->last_round_began = time;
}

static inline void move_clock(struct cache *c, int64_t time)
{
	if (time > c->now) {
		if (__builtin_expect(c->now == INT64_MIN, 0))
			c->swept = c->round_began = c->last_round_began = time;
		c->now = time;
	} else if (__builtin_expect(c->now - time > FLOW_CLOCK_STEP, 0)) {
		set_back(c, time);
	}
}

static inline void see(struct cache *c, uint64_t hash, const struct flow_key *key,
	const struct packet *p)
{
	struct place at;

	move_clock(c, p->time);
	c->count.opened.packets++;
	c->count.opened.octets += p->octets;
	if (!find(c, hash, key, &at)) {
		open_record(c, hash, key, p);
	} else if (close_if_over(c, at)) {
		open_record(c, hash, key, p);
	} else if (__builtin_expect(flow_reopens(at.record, p->tcp_control_bits), 0)) {
		close_record(c, at, FLOW_END_DETECTED);
		open_record(c, hash, key, p);
	} else {
		update_record(c, at, p);
	}
}

/* Fetches what see() will touch; a wrong guess costs time and nothing else. */
static inline void fetch_record(const struct cache *c, uint64_t hash)
{
	const struct set *s = first_set(c, hash);
	unsigned m = set_ways_with(s, tag_of(hash));

	if (!m) {
		if (s->tag[SET_DISPLACED])
			__builtin_prefetch(second_set(c, hash), 1);
		m = set_ways_with(s, 0);
		if (__builtin_popcount(m) <= ROOMY)
			__builtin_prefetch(second_set(c, hash), 1);
		if (!m)
			return;
	}
	const struct flow_record *r = record_at(c, s, (unsigned)__builtin_ctz(m));
	__builtin_prefetch(r, 1);
	__builtin_prefetch(&r->packets, 1);
}

void cache_see(struct cache *c, const struct packet *packets, unsigned count)
{
	struct flow_key key[CACHE_BATCH];
	uint64_t hash[CACHE_BATCH];

	for (unsigned i = 0; i < count; i++) {
		flow_key_of(&key[i], &packets[i]);
		hash[i] = hash_octets(&key[i], sizeof key[i], c->seed);
		__builtin_prefetch(first_set(c, hash[i]), 1);
	}
	for (unsigned i = 0; i < count; i++)
		fetch_record(c, hash[i]);
	for (unsigned i = 0; i < count; i++)
		see(c, hash[i], &key[i], &packets[i]);
}

void cache_advance(struct cache *c, int64_t now)
{
	if (c->now != INT64_MIN && now > c->now)
		c->now = now;
}

int64_t cache_now(const struct cache *c)
{
	return c->now;
}

static void sweep_set(struct cache *c, struct set *s, bool judge_all)
{
	int limit = (int)least(c->idle >> c->age_shift, SET_AGES);
	unsigned due = judge_all ? SET_ALL : set_ways_aged(s, tick(c), limit);

	for (unsigned m = due & ~set_ways_with(s, 0); m; m &= m - 1) {
		unsigned way = (unsigned)__builtin_ctz(m);
		struct flow_record *r = record_at(c, s, way);
		if (!close_if_over(c, (struct place){s, r, way}))
			s->age[way] = age_of(c, flow_deadline(&c->limits, r));
	}
}

static void begin_round(struct cache *c)
{
	c->hand = 0;
	c->last_round_began = c->round_began;
	c->round_began = c->now;
}

uint32_t cache_sweep(struct cache *c, uint32_t most)
{
	if (c->now == INT64_MIN)
		return 0;
	if (c->now - c->swept > c->round)
		c->swept = c->now - c->round;

	uint64_t step = (uint64_t)c->round / c->set_count + 1;
	uint64_t due = (uint64_t)(c->now - c->swept) / step;
	uint32_t n = due < most ? (uint32_t)due : most;
	/* A set was last visited after the round before this one began: when packet time
	 * has leapt since, its ages may have come near to wrapping. */
	bool leapt = c->now - c->last_round_began >= (int64_t)SET_AGES / 2 << c->age_shift;
	for (uint32_t i = 0; i < n; i++) {
		if (c->hand == c->set_count)
			begin_round(c);
		__builtin_prefetch(&c->sets[c->hand + 4 < c->set_count ? c->hand + 4 : 0], 1);
		sweep_set(c, &c->sets[c->hand++], leapt);
	}
	c->swept += (int64_t)(n * step);
	return n;
}

bool cache_drain(struct cache *c, uint32_t most)
{
	if (cache_live(c).flows == 0) {
		c->drained = 0;
		return false;
	}
	for (uint32_t i = 0; i < most; i++) {
		struct set *s = &c->sets[c->drained];
		c->drained = c->drained + 1 < c->set_count ? c->drained + 1 : 0;
		for (unsigned way = 0; way < WAYS; way++) {
			struct place at = {s, record_at(c, s, way), way};
			if (s->tag[way] && !close_if_over(c, at))
				close_record(c, at, FLOW_END_FORCED);
		}
	}
	return true;
}

bool cache_peek(const struct cache *c, uint32_t *next, uint32_t most, struct flow_record *out,
	unsigned *count)
{
	*count = 0;
	for (; most && *next < c->set_count; most--, ++*next) {
		const struct set *s = &c->sets[*next];
		for (unsigned m = SET_ALL & ~set_ways_with(s, 0); m; m &= m - 1)
			out[(*count)++] = *record_at(c, s, (unsigned)__builtin_ctz(m));
	}
	return *next < c->set_count;
}

unsigned cache_ways(void)
{
	return WAYS;
}

struct cache_statistics cache_statistics(const struct cache *c)
{
	return c->count;
}

struct cache_tally cache_live(const struct cache *c)
{
	struct cache_tally live = c->count.opened;

	for (int i = 0; i < FLOW_END_REASONS; i++) {
		live.flows -= c->count.closed[i].flows;
		live.packets -= c->count.closed[i].packets;
		live.octets -= c->count.closed[i].octets;
	}
	return live;
}
