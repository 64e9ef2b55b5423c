/* Each entry stands in two chains, one for the packets of either side, the newest first. Those
 * that have ended stand in a queue, in the order of their ends. */
#include "route/translations.h"

#include "base/hash.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	ORIGINAL,
	REPLY,
	SIDES,
	PROBES = 64, /* entries that are looked at for one that nobody has asked for */
};

#define NONE UINT32_MAX

/* One is heard of that much after its first packet at most, nanoseconds. */
#define LATE INT64_C(250000000)

_Static_assert(sizeof(struct translation_tuple) == 40, "hashed as octets: no padding");

struct entry {
	struct translation_tuple side[SIDES];
	uint32_t next[SIDES]; /* 2 * entry + side */
	uint32_t later;       /* in the queue, or the next free one */
	bool ended;
	bool asked; /* for, since it was last passed over */
	int64_t began;
	int64_t over; /* when it ended */
};

struct translations {
	struct entry *entry;
	uint32_t *chain;
	uint32_t count;  /* of entries */
	uint32_t chains; /* a power of two */
	uint32_t free;
	uint32_t first, last; /* that have ended */
	uint32_t hand;
	int64_t linger;
	uint64_t seed;
	struct translations_statistics statistics;
};

struct translations *translations_new(const struct translations_options *o)
{
	struct translations *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->count = o->entries;
	for (t->chains = 2; t->chains < 2 * o->entries;)
		t->chains *= 2;
	t->linger = o->linger;
	t->seed = hash_seed();
	t->entry = calloc(t->count, sizeof *t->entry);
	t->chain = malloc(t->chains * sizeof *t->chain);
	if (!t->entry || !t->chain) {
		translations_free(t);
		return NULL;
	}
	memset(t->chain, 0xff, t->chains * sizeof *t->chain);
	for (uint32_t i = 0; i < t->count; i++)
		t->entry[i].later = i + 1 < t->count ? i + 1 : NONE;
	t->first = t->last = NONE;
	return t;
}

void translations_free(struct translations *t)
{
	if (!t)
		return;
	free(t->entry);
	free(t->chain);
	free(t);
}

static bool has_ports(uint8_t protocol)
{
	return protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6;
}

struct translation_tuple translation_turned(const struct translation_tuple *tuple)
{
	struct translation_tuple t = {.ip_version = tuple->ip_version, .protocol = tuple->protocol};

	memcpy(t.source, tuple->destination, sizeof t.source);
	memcpy(t.destination, tuple->source, sizeof t.destination);
	if (has_ports(tuple->protocol)) {
		t.source_port = tuple->destination_port;
		t.destination_port = tuple->source_port;
	}
	return t;
}

static bool same(const struct translation_tuple *a, const struct translation_tuple *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static uint32_t *chain_of(const struct translations *t, const struct translation_tuple *tuple)
{
	return &t->chain[hash_octets(tuple, sizeof *tuple, t->seed) & (t->chains - 1)];
}

static void link_in(struct translations *t, uint32_t at, unsigned side)
{
	uint32_t *chain = chain_of(t, &t->entry[at].side[side]);

	t->entry[at].next[side] = *chain;
	*chain = 2 * at + side;
}

static void take_out(struct translations *t, uint32_t at, unsigned side)
{
	uint32_t *to = chain_of(t, &t->entry[at].side[side]);

	while (*to != 2 * at + side)
		to = &t->entry[*to / SIDES].next[*to % SIDES];
	*to = t->entry[at].next[side];
}

static void release(struct translations *t, uint32_t at)
{
	struct entry *e = &t->entry[at];

	take_out(t, at, ORIGINAL);
	take_out(t, at, REPLY);
	e->later = t->free;
	t->free = at;
	t->statistics.entries--;
}

static void release_first(struct translations *t)
{
	uint32_t at = t->first;

	t->first = t->entry[at].later;
	if (t->first == NONE)
		t->last = NONE;
	release(t, at);
}

/* All stand, and none has ended: a second chance to those that were asked for. */
static void displace_live(struct translations *t)
{
	for (unsigned i = 0; i < PROBES && t->entry[t->hand].asked; i++) {
		t->entry[t->hand].asked = false;
		t->hand = (t->hand + 1) % t->count;
	}
	release(t, t->hand);
	t->hand = (t->hand + 1) % t->count;
}

static uint32_t take_free(struct translations *t)
{
	if (t->free == NONE) {
		t->statistics.displaced++;
		if (t->first != NONE)
			release_first(t);
		else
			displace_live(t);
	}
	uint32_t at = t->free;

	t->free = t->entry[at].later;
	return at;
}

/* That has not ended; NONE: there is none. */
static uint32_t find_live(const struct translations *t, const struct translation_tuple *original)
{
	uint32_t node = *chain_of(t, original);

	for (; node != NONE; node = t->entry[node / SIDES].next[node % SIDES]) {
		const struct entry *e = &t->entry[node / SIDES];
		if (node % SIDES == ORIGINAL && !e->ended && same(&e->side[ORIGINAL], original))
			return node / SIDES;
	}
	return NONE;
}

static void end(struct translations *t, uint32_t at, int64_t time)
{
	t->entry[at].ended = true;
	t->entry[at].over = time;
	t->entry[at].later = NONE;
	if (t->last == NONE)
		t->first = at;
	else
		t->entry[t->last].later = at;
	t->last = at;
}

void translations_begin(struct translations *t, const struct translation *what, int64_t time)
{
	uint32_t at = find_live(t, &what->original);

	if (at != NONE) {
		if (same(&t->entry[at].side[REPLY], &what->reply))
			return;
		end(t, at, time);
	}
	at = take_free(t);
	t->entry[at] = (struct entry){
		.side = {[ORIGINAL] = what->original, [REPLY] = what->reply},
		.began = time,
	};
	link_in(t, at, ORIGINAL);
	link_in(t, at, REPLY);
	t->statistics.entries++;
}

void translations_end(struct translations *t, const struct translation *what, int64_t time)
{
	uint32_t at = find_live(t, &what->original);

	if (at != NONE && same(&t->entry[at].side[REPLY], &what->reply))
		end(t, at, time);
}

void translations_linger(struct translations *t, int64_t linger)
{
	t->linger = linger;
}

void translations_expire(struct translations *t, int64_t now)
{
	while (t->first != NONE && now - t->entry[t->first].over >= t->linger)
		release_first(t);
}

/* Of several that have had these ends, one after the other, the last one that had begun: but
 * none that had ended before. Who hears late of what happened, finds it by either. */
static uint32_t find(const struct translations *t, const struct translation_tuple *tuple,
	int64_t first, int64_t last)
{
	uint32_t node = *chain_of(t, tuple), newer = NONE;

	for (; node != NONE; node = t->entry[node / SIDES].next[node % SIDES]) {
		const struct entry *e = &t->entry[node / SIDES];
		if (!same(&e->side[node % SIDES], tuple))
			continue;
		if (newer != NONE && e->ended && e->over < first)
			break;
		newer = node;
		if (e->began <= last + LATE)
			break;
	}
	return newer;
}

bool translations_find(struct translations *t, const struct translation_tuple *tuple, int64_t first,
	int64_t last, struct translation_tuple *after)
{
	uint32_t found = find(t, tuple, first, last);

	if (found == NONE)
		return false;
	struct entry *e = &t->entry[found / SIDES];
	e->asked = true;
	*after = translation_turned(&e->side[found % SIDES == ORIGINAL ? REPLY : ORIGINAL]);
	return true;
}

struct translations_statistics translations_statistics(const struct translations *t)
{
	return t->statistics;
}
