/*
 * The truth: the records that an exact exporter with a large enough cache must give for the packets
 * that were generated. now is the largest packet time so far. A record's deadline is the earlier of
 * last + idle and first + active, where after FIN or RST the idle time is a shorter one; it is over
 * as soon as now has reached its deadline. A bare SYN after FIN or RST opens a new record. A packet
 * more than ten seconds older than now sets the clock back: every live record closes.
 *
 * Nothing ages in the background: whether a record was over is asked when its flow's next packet
 * comes, when the clock is set back, and at the end. What it says does not depend on the asking.
 */
#include "gen.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_BACK (10 * SECOND)
#define NONE     UINT32_MAX

enum { LIVE, IDLE, ACTIVE, END_OF_FLOW, FORCED };

struct rec {
	struct flow key;
	uint64_t packets, octets, first, last;
	uint32_t next;
	uint8_t flags, reason;
};

struct truth {
	struct limits limit;
	struct rec *recs; /* live and closed ones, in the order of opening */
	uint32_t count, room, live;
	uint32_t *heads, mask;
	uint64_t now;
	bool started;
};

static void *must(void *p)
{
	if (!p) {
		fputs("gen: out of memory\n", stderr);
		exit(3);
	}
	return p;
}

struct truth *truth_new(const struct limits *limits)
{
	struct truth *t = must(calloc(1, sizeof *t));

	t->limit = *limits;
	t->mask = 1023;
	t->heads = must(malloc((t->mask + 1) * sizeof *t->heads));
	memset(t->heads, 0xff, (t->mask + 1) * sizeof *t->heads);
	return t;
}

void truth_free(struct truth *t)
{
	free(t->heads);
	free(t->recs);
	free(t);
}

static uint32_t *head(const struct truth *t, const struct flow *key)
{
	const uint8_t *b = (const uint8_t *)key;
	uint64_t h = 14695981039346656037ULL;

	for (size_t i = 0; i < sizeof *key; i++)
		h = (h ^ b[i]) * 1099511628211ULL;
	return &t->heads[(h ^ h >> 29) & t->mask];
}

static void grow(struct truth *t)
{
	if (t->count == t->room) {
		t->room = t->room ? 2 * t->room : 1024;
		t->recs = must(realloc(t->recs, t->room * sizeof *t->recs));
	}
	if (t->live <= t->mask)
		return;
	t->mask = 2 * t->mask + 1;
	t->heads = must(realloc(t->heads, ((size_t)t->mask + 1) * sizeof *t->heads));
	memset(t->heads, 0xff, ((size_t)t->mask + 1) * sizeof *t->heads);
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->recs[i].reason != LIVE)
			continue;
		uint32_t *h = head(t, &t->recs[i].key);
		t->recs[i].next = *h;
		*h = i;
	}
}

static uint64_t idle_time(const struct truth *t, const struct rec *r)
{
	const struct limits *l = &t->limit;

	if (r->key.proto == TCP && r->flags & RST)
		return l->rst;
	if (r->key.proto == TCP && r->flags & FIN)
		return l->fin;
	if (r->key.proto == UDP && l->udp)
		return l->udp;
	if ((r->key.proto == ICMP || r->key.proto == ICMP6) && l->icmp)
		return l->icmp;
	return l->idle;
}

/* The reason for which the record is over, LIVE when it is not. */
static uint8_t over(const struct truth *t, const struct rec *r)
{
	uint64_t active = r->first + t->limit.active, idle = r->last + idle_time(t, r);

	if (t->now < active && t->now < idle)
		return LIVE;
	if (active <= idle)
		return ACTIVE;
	return r->key.proto == TCP && r->flags & (FIN | RST) ? END_OF_FLOW : IDLE;
}

static void close_all(struct truth *t)
{
	for (uint32_t i = 0; i < t->count; i++) {
		struct rec *r = &t->recs[i];

		if (r->reason != LIVE)
			continue;
		r->reason = over(t, r);
		if (r->reason == LIVE)
			r->reason = FORCED;
	}
	memset(t->heads, 0xff, ((size_t)t->mask + 1) * sizeof *t->heads);
	t->live = 0;
}

static struct rec *open_record(struct truth *t, const struct flow *key, uint64_t time)
{
	grow(t);
	uint32_t *h = head(t, key);
	struct rec *r = &t->recs[t->count];

	*r = (struct rec){.key = *key, .first = time, .last = time, .next = *h};
	*h = t->count++;
	t->live++;
	return r;
}

/* The flow's live record, unless this packet finds it over: then it is closed, and NULL. */
static struct rec *live_record(struct truth *t, const struct note *n)
{
	for (uint32_t *link = head(t, &n->flow); *link != NONE; link = &t->recs[*link].next) {
		struct rec *r = &t->recs[*link];

		if (memcmp(&r->key, &n->flow, sizeof r->key))
			continue;
		r->reason = over(t, r);
		if (r->reason == LIVE && r->key.proto == TCP && r->flags & (FIN | RST) &&
			n->flags & SYN && !(n->flags & ACK))
			r->reason = END_OF_FLOW;
		if (r->reason == LIVE)
			return r;
		*link = r->next;
		t->live--;
		return NULL;
	}
	return NULL;
}

void truth_packet(struct truth *t, const struct note *n, uint64_t time)
{
	struct rec *r;

	if (t->started && time + SET_BACK < t->now) {
		close_all(t);
		t->now = time;
	}
	if (!t->started || time > t->now)
		t->now = time;
	t->started = true;
	r = live_record(t, n);
	if (!r)
		r = open_record(t, &n->flow, time);
	r->packets++;
	r->octets += n->octets;
	r->flags |= n->flags;
	if (time < r->first)
		r->first = time;
	if (time > r->last)
		r->last = time;
}

static int by_time(const void *x, const void *y)
{
	const struct rec *a = x, *b = y;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return memcmp(&a->key, &b->key, sizeof a->key);
}

static void write_record(const struct rec *r, FILE *file)
{
	const struct flow *k = &r->key;
	int family = k->version == 4 ? AF_INET : AF_INET6;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	inet_ntop(family, k->src, src, sizeof src);
	inet_ntop(family, k->dst, dst, sizeof dst);
	fprintf(file,
		"%s\t%s\t%u\t%u\t%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%u\t%" PRIu64 "\t%" PRIu64
		"\t%u\n",
		src, dst, k->proto, k->sport, k->dport, k->tos, r->packets, r->octets, r->flags,
		r->first / MILLISECOND, r->last / MILLISECOND, r->reason);
}

bool truth_write(struct truth *t, const struct gen *g, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file) {
		perror(path);
		return false;
	}
	close_all(t);
	if (t->count)
		qsort(t->recs, t->count, sizeof *t->recs, by_time);
	for (uint32_t i = 0; i < t->count; i++)
		write_record(&t->recs[i], file);
	fprintf(file,
		"# seen %" PRIu64 " ip %" PRIu64 " non_ip %" PRIu64 " malformed %" PRIu64
		" unsupported %" PRIu64 " octets %" PRIu64 " records %" PRIu32 "\n",
		g->seen, g->ip, g->non_ip, g->malformed, g->unsupported, g->octets, t->count);
	bool good = !ferror(file);
	return !fclose(file) && good;
}
