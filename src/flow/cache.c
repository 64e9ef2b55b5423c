/* A known flow costs three cache lines (its set, and the two that its record lies
 * in), an unknown one one or two more. A batch walks through stages (hash all and
 * fetch sets, probe all and fetch records, account all), so that the misses of 32
 * packets overlap instead of queueing: that alone is worth 2.2 times with a million
 * flows. */
#include "flow/cache.h"

#include "base/clock.h"
#include "flow/biflow.h"
#include "flow/pressure.h"
#include "flow/table.h"

#include <stdlib.h>

enum {
	AGE_TICKS = 1024, /* of an idle time-out, about */
	AGE_SHIFT_LEAST = 20,
	AGE_SHIFT_MOST = 30, /* a second: beyond that an order of the oldest has no use */
};

#define ROUND_SHORTEST (10 * CLOCK_MILLISECOND)
#define ROUND_LONGEST  (10 * CLOCK_SECOND)

struct cache {
	struct table table;
	struct flow_limits limits;
	struct flow_sink sink;
	struct flow_selection selection;
	uint64_t next_id;
	int64_t now;
	int64_t idle; /* what ages are counted from */
	unsigned age_shift;
	struct pressure pressure;
	int due[FLOW_GRADES]; /* ticks of age from which on a flow may be over */
	/* The sweep: where its hand is, up to which packet time it has gone, and how
	 * long a round takes. */
	uint32_t hand;
	uint32_t drained;
	int64_t swept;
	int64_t round;
	int64_t round_began; /* packet time then; and of the round before */
	int64_t last_round_began;
	uint32_t unjudged; /* sets whose ages may be counted by other time-outs */
	struct cache_statistics count;
};

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void set_pace(struct cache *c, const struct flow_timeouts *t)
{
	int64_t shortest = t->active;

	for (int i = 0; i < FLOW_CLASSES; i++)
		shortest = least(shortest, c->limits.idle[i]);
	c->idle = least(t->idle, t->active);
	c->age_shift = AGE_SHIFT_LEAST;
	while (c->age_shift < AGE_SHIFT_MOST && c->idle >> c->age_shift > AGE_TICKS)
		c->age_shift++;
	c->round = least(shortest / 8, ROUND_LONGEST);
	if (c->round < ROUND_SHORTEST)
		c->round = ROUND_SHORTEST;
}

/* The least age in ticks that a flow of each grade may have when it is over. Under
 * pressure a tick or two later: a record is then looked at once, and leaves. */
static void set_due(struct cache *c)
{
	int64_t tick = INT64_C(1) << c->age_shift;

	for (int g = 0; g < FLOW_GRADES; g++) {
		const int64_t *idle = c->pressure.limits[g].idle;
		int64_t pressed = c->idle;
		for (int i = 0; i < FLOW_CLASSES; i++)
			pressed = least(pressed,
				c->idle - least(c->limits.idle[i], c->limits.active) + idle[i]);
		int64_t due = least(c->idle, pressed + 2 * tick - 1) >> c->age_shift;
		c->due[g] = (int)(due < -SET_AGES ? -SET_AGES : least(due, SET_AGES));
	}
}

struct cache *cache_new(const struct cache_options *o, struct flow_sink sink)
{
	struct cache *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->limits = flow_limits_of(&o->timeouts);
	c->sink = sink;
	c->now = INT64_MIN;
	set_pace(c, &o->timeouts);
	c->selection = o->selection;
	c->next_id = o->first_id;
	pressure_init(&c->pressure, &c->limits, o->entries, o->pressure);
	set_due(c);
	if (!table_init(&c->table, o->entries, o->seed, &c->selection)) {
		cache_free(c);
		return NULL;
	}
	c->count.entries = c->table.entries;
	return c;
}

void cache_retime(struct cache *c, const struct flow_timeouts *timeouts, unsigned pressure)
{
	c->limits = flow_limits_of(timeouts);
	set_pace(c, timeouts);
	pressure_change(&c->pressure, &c->limits, c->table.entries, pressure);
	set_due(c);
	c->unjudged = c->table.set_count;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	table_free(&c->table);
	free(c);
}

void cache_touch(struct cache *c)
{
	table_touch(&c->table);
}

size_t cache_memory(const struct cache *c)
{
	return sizeof *c + table_memory(&c->table);
}

static inline uint16_t tick(const struct cache *c)
{
	return (uint16_t)(c->now >> c->age_shift);
}

static inline uint16_t age_of(const struct cache *c, int64_t deadline)
{
	int64_t now = c->now >> c->age_shift;
	int64_t ticks = ((deadline - c->idle) >> c->age_shift) - now;

	if (__builtin_expect(ticks < -SET_AGES, 0))
		ticks = -SET_AGES;
	else if (__builtin_expect(ticks >= SET_AGES, 0))
		ticks = SET_AGES - 1;
	return (uint16_t)(now + ticks);
}

/* The record leaves and its way is free. */
static void close_record(struct cache *c, struct place at, enum flow_end_reason why)
{
	struct flow_record *r = at.record;
	struct cache_tally *t = &c->count.closed[why];

	r->end_reason = (uint8_t)why;
	table_remove(&c->table, at);
	t->flows++;
	t->packets += r->packets;
	t->octets += r->octets;
	c->sink.take(c->sink.context, r);
}

static inline bool is_over(const struct cache *c, const struct flow_record *r)
{
	return c->now >= flow_deadline(&c->limits, r);
}

/* Whether the record's time has come, and then closes it. */
static inline bool close_if_over(struct cache *c, struct place at)
{
	if (__builtin_expect(!is_over(c, at.record), 1))
		return false;
	close_record(c, at, flow_end_reason_of(&c->limits, at.record));
	return true;
}

static void open_details(struct cache *c, struct flow_record *r, const struct packet *p)
{
	flow_details_open(flow_details_of(r), p, c->next_id++);
	if (c->selection.biflow)
		flow_biflow_open((struct flow_full_record *)(void *)r, p);
}

static void add_details(struct cache *c, struct flow_record *r, const struct packet *p)
{
	flow_details_add(flow_details_of(r), p);
	if (c->selection.biflow)
		flow_biflow_add(flow_details_of(r), p,
			biflow_is_turned(flow_key_of(p), &c->selection) !=
				biflow_is_turned(&r->key, &c->selection));
}

static void open_record(
	struct cache *c, uint64_t hash, const struct packet *packet, enum flow_grade grade)
{
	struct place at;

	if (!table_insert(&c->table, hash, &at)) {
		at = table_victim(&c->table, hash, tick(c));
		if (!close_if_over(c, at))
			close_record(c, at, FLOW_END_RESOURCES);
		(void)table_insert(&c->table, hash, &at);
	}
	flow_record_open(at.record, flow_key_of(packet), packet);
	if (__builtin_expect(c->selection.keeps_details, 0))
		open_details(c, at.record, packet);
	at.set->age[at.way] = age_of(c, flow_deadline(&c->limits, at.record));
	if (grade != FLOW_SINGLE)
		table_raise(&c->table, at, grade);
	c->count.opened.flows++;
}

static inline bool is_idle(
	const struct cache *c, const struct flow_limits *limits, const struct flow_record *r)
{
	return c->now >= r->last + limits->idle[r->class];
}

/* A packet for a record that is over. A flow that goes on beyond its active time-out is
 * no new one: it keeps its grade. */
static void reopen_record(struct cache *c, uint64_t hash, struct place at, const struct packet *p)
{
	enum flow_grade grade = is_idle(c, &c->limits, at.record) ? FLOW_SINGLE : table_grade(at);

	close_record(c, at, flow_end_reason_of(&c->limits, at.record));
	open_record(c, hash, p, grade);
}

static inline void raise_grade(struct cache *c, struct place at)
{
	enum flow_grade is = table_grade(at), grade;

	if (is == FLOW_LASTING || (is == FLOW_ESTABLISHED && !flow_lasts(at.record)))
		return;
	grade = flow_grade_of(at.record);
	if (grade > is)
		table_raise(&c->table, at, grade);
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
	if (__builtin_expect(c->selection.keeps_details, 0))
		add_details(c, r, p);
	at.set->age[at.way] = age_of(c, flow_deadline(&c->limits, r));
	raise_grade(c, at);
}

/* The clock was set back by more than disorder explains: what is live belongs to
 * the time before. */
static void set_back(struct cache *c, int64_t time)
{
	while (cache_drain(c, c->table.set_count))
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

/* `at`: where table_probe() saw the flow, whose set and record it has fetched; what the
 * batch has done since may have taken it from there. */
static inline void see(struct cache *c, uint64_t hash, struct place at, const struct packet *p)
{
	struct table_key key = table_key_of_packet(p);

	move_clock(c, p->time);
	if (!table_holds(&c->table, at, hash, key) && !table_find(&c->table, hash, key, &at)) {
		open_record(c, hash, p, FLOW_SINGLE);
	} else if (__builtin_expect(is_over(c, at.record), 0)) {
		reopen_record(c, hash, at, p);
	} else if (__builtin_expect(flow_reopens(at.record, p->tcp_control_bits), 0)) {
		close_record(c, at, FLOW_END_DETECTED);
		open_record(c, hash, p, FLOW_SINGLE);
	} else {
		update_record(c, at, p);
	}
}

void cache_see(struct cache *c, const struct packet *packets, unsigned count)
{
	const struct table *t = &c->table;
	uint64_t hash[CACHE_BATCH], octets = 0;
	struct place at[CACHE_BATCH];
	unsigned other[CACHE_BATCH], others = 0;

	for (unsigned i = 0; i < count; i++) {
		octets += packets[i].octets;
		hash[i] = table_hash(t, table_key_of_packet(&packets[i]));
		__builtin_prefetch(table_first(t, hash[i]), 1);
	}
	c->count.opened.packets += count;
	c->count.opened.octets += octets;
	for (unsigned i = 0; i < count; i++) {
		other[others] = i;
		others += !table_probe(t, hash[i], &at[i]);
	}
	for (unsigned i = 0; i < others; i++)
		table_fetch_other(t, hash[other[i]], tick(c));
	for (unsigned i = 0; i < count; i++)
		see(c, hash[i], at[i], &packets[i]);
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

/* What the sweep does with a record that may be over. Under pressure it is to leave when
 * it is idle by the time of its grade; and when only the active time is up of a flow
 * that would lose its place and grade with the record, when both are hard to come by,
 * that is left to its next packet or to its idle time. */
static void judge(struct cache *c, struct place at)
{
	enum flow_grade grade = table_grade(at);
	bool idle = is_idle(c, &c->pressure.limits[grade], at.record);

	if (c->pressure.on && !idle && grade != FLOW_SINGLE && is_over(c, at.record))
		return;
	if (close_if_over(c, at))
		return;
	if (!idle) {
		at.set->age[at.way] = age_of(c, flow_deadline(&c->limits, at.record));
		return;
	}
	c->count.pressed.flows++;
	c->count.pressed.packets += at.record->packets;
	c->count.pressed.octets += at.record->octets;
	close_record(c, at, FLOW_END_RESOURCES);
}

static void sweep_set(struct cache *c, struct set *s, bool judge_all)
{
	int first = (int)least(
		least(c->due[FLOW_SINGLE], c->due[FLOW_ESTABLISHED]), c->due[FLOW_LASTING]);
	unsigned due = judge_all ? SET_ALL : set_ways_aged(s, tick(c), first);

	for (unsigned m = due & ~set_ways_with(s, 0); m; m &= m - 1) {
		unsigned way = (unsigned)__builtin_ctz(m);
		struct place at = {s, table_record(&c->table, s, way), way};
		if (judge_all || (int16_t)(tick(c) - s->age[way]) >= c->due[table_grade(at)])
			judge(c, at);
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
	uint32_t sets = c->table.set_count;

	if (c->now == INT64_MIN)
		return 0;
	if (pressure_feel(&c->pressure, &c->limits, c->table.graded))
		set_due(c);
	int64_t round = c->pressure.on ? least(c->round, PRESSURE_ROUND) : c->round;
	uint64_t step = (uint64_t)round / sets + 1;
	int64_t all = (int64_t)(step * sets);
	if (c->now - c->swept > all)
		c->swept = c->now - all;

	uint64_t due = (uint64_t)(c->now - c->swept) / step;
	uint32_t n = due < most ? (uint32_t)due : most;
	/* A set was last visited after the round before this one began: when packet time
	 * has leapt since, its ages may have come near to wrapping. */
	bool leapt = c->now - c->last_round_began >= (int64_t)SET_AGES / 2 << c->age_shift;
	for (uint32_t i = 0; i < n; i++) {
		if (c->hand == sets)
			begin_round(c);
		__builtin_prefetch(&c->table.sets[c->hand + 4 < sets ? c->hand + 4 : 0], 1);
		sweep_set(c, &c->table.sets[c->hand++], leapt || c->unjudged);
		c->unjudged -= c->unjudged > 0;
	}
	c->swept += (int64_t)(n * step);
	return n;
}

bool cache_drain(struct cache *c, uint32_t most)
{
	if (cache_live(c).flows == 0)
		return false;
	for (uint32_t i = 0; i < most; i++) {
		struct set *s = &c->table.sets[c->drained];
		table_fetch_ahead(&c->table, c->drained);
		c->drained = c->drained + 1 < c->table.set_count ? c->drained + 1 : 0;
		for (unsigned m = ~set_ways_with(s, 0) & SET_ALL; m; m &= m - 1) {
			unsigned way = (unsigned)__builtin_ctz(m);
			struct place at = {s, table_record(&c->table, s, way), way};
			if (!close_if_over(c, at))
				close_record(c, at, FLOW_END_FORCED);
		}
	}
	return true;
}

size_t cache_record_octets(const struct cache *c)
{
	return c->table.stride;
}

bool cache_peek(const struct cache *c, uint32_t *next, uint32_t most, struct flow_record *out,
	unsigned *count)
{
	*count = 0;
	for (; most && *next < c->table.set_count; most--, ++*next) {
		const struct set *s = &c->table.sets[*next];
		for (unsigned m = SET_ALL & ~set_ways_with(s, 0); m; m &= m - 1)
			out[(*count)++] = *table_record(&c->table, s, (unsigned)__builtin_ctz(m));
	}
	return *next < c->table.set_count;
}

uint32_t cache_sets(const struct cache *c)
{
	return c->table.set_count;
}

unsigned cache_ways(void)
{
	return SET_WAYS;
}

struct cache_statistics cache_statistics(const struct cache *c)
{
	struct cache_statistics s = c->count;

	s.under_pressure = c->pressure.on;
	s.pressures = c->pressure.times;
	s.idle = c->pressure.limits[FLOW_SINGLE].idle[FLOW_OTHER];
	return s;
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
