/*
 * cache_model: a cache beside flow_model.h. Records that leave go into a list; a watched cache gets
 * one packet at a time, and what leaves it is held against the model at once.
 */
#ifndef TESTS_CACHE_MODEL_H
#define TESTS_CACHE_MODEL_H

#include "flow/cache.h"
#include "flow_stream.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

#define SECOND  STREAM_SECOND
#define HOUR    (3600 * SECOND)
#define DAY     (24 * HOUR)
#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))

enum { PACKETS = 5000, LIST = 2 * PACKETS };

static const struct times_row {
	struct model_times times;
	int64_t pace;
} rows[] = {
	{{60 * SECOND, 15 * SECOND, 5 * SECOND, 5 * SECOND, -1, -1}, SECOND / 50},
	{{SECOND, SECOND / 2, SECOND / 10, SECOND / 20, SECOND / 5, SECOND / 3}, SECOND / 1000},
	{{SECOND / 1000, SECOND / 1000, 0, 0, 0, SECOND}, SECOND / 5000},
	{{10 * HOUR, 3 * HOUR, HOUR, HOUR / 2, 2 * HOUR, 60 * SECOND}, 20 * SECOND},
	{{2000 * DAY, 1000 * DAY, 5 * SECOND, 1000 * DAY, 700 * DAY, -1}, HOUR},
	{{10 * SECOND, 60 * SECOND, 60 * SECOND, 30 * SECOND, 60 * SECOND, -1}, SECOND / 50},
	{{15 * SECOND, 15 * SECOND, 15 * SECOND, 15 * SECOND, 15 * SECOND, 0}, SECOND / 50},
	{{7 * DAY, SECOND, DAY, 5 * SECOND, SECOND / 100, 3 * DAY}, SECOND},
	{{36500 * DAY, 36500 * DAY, SECOND, SECOND, 36500 * DAY, 1}, DAY / 10},
};

/* Records in the order in which they left. */
struct list {
	struct model_record record[LIST];
	size_t count;
};

static inline void append(void *context, const struct flow_record *r)
{
	struct list *list = context;
	struct model_record m = stream_record(r);
	struct model_packet p = {.flow = m.flow, .protocol = m.protocol};
	struct packet packet = stream_packet(&p);

	must(memcmp(&r->key, &packet, sizeof r->key) == 0);
	must(list->count < LIST);
	list->record[list->count++] = m;
}

/* One that feels pressure from so many percent on. */
static inline struct cache *open_pressed(uint32_t entries, const struct model_times *t,
	unsigned pressure, uint64_t seed, struct flow_sink sink)
{
	struct cache *c = cache_new(
		&(struct cache_options){
			.entries = entries,
			.pressure = pressure,
			.selection = flow_selection_default(),
			.timeouts = {t->active, t->idle, t->fin, t->rst, t->udp, t->icmp},
			.seed = seed,
		},
		sink);

	ck_assert_ptr_nonnull(c);
	if (seed & 1)
		cache_touch(c);
	return c;
}

static inline struct cache *open_cache(
	uint32_t entries, const struct model_times *t, uint64_t seed, struct flow_sink sink)
{
	return open_pressed(entries, t, 0, seed, sink);
}

/* One packet of a flow, so many seconds after the start; a bare SYN or none. */
static inline void see_one(struct cache *c, uint32_t flow, int seconds, bool syn)
{
	struct packet p = stream_packet(&(struct model_packet){
		.flow = flow,
		.protocol = syn ? 6 : 17,
		.time = STREAM_START + seconds * SECOND,
		.octets = 100,
		.flags = syn ? 0x02 : 0,
	});

	cache_see(c, &p, 1);
}

static inline void drain(struct cache *c, uint32_t most)
{
	while (cache_drain(c, most))
		;
	ck_assert_uint_eq(cache_live(c).flows, 0);
	ck_assert(!cache_drain(c, most));
}

static inline struct cache_tally tally_of(const struct model_record *r, size_t count)
{
	struct cache_tally t = {count, 0, 0};

	for (size_t i = 0; i < count; i++) {
		t.packets += r[i].packets;
		t.octets += r[i].octets;
	}
	return t;
}

static inline void same_tally(struct cache_tally a, struct cache_tally b)
{
	ck_assert_uint_eq(a.flows, b.flows);
	ck_assert_uint_eq(a.packets, b.packets);
	ck_assert_uint_eq(a.octets, b.octets);
}

/* The statistics are those of the records that left, by reason. */
static inline void statistics_agree(const struct cache *c, const struct list *list)
{
	struct cache_statistics s = cache_statistics(c);
	struct cache_tally sum[FLOW_END_REASONS] = {0}, live = cache_live(c), out = {0};

	for (size_t i = 0; i < list->count; i++) {
		struct cache_tally *t = &sum[list->record[i].reason];
		t->flows++;
		t->packets += list->record[i].packets;
		t->octets += list->record[i].octets;
	}
	for (int i = 0; i < FLOW_END_REASONS; i++) {
		same_tally(s.closed[i], sum[i]);
		out.flows += sum[i].flows;
		out.packets += sum[i].packets;
		out.octets += sum[i].octets;
	}
	out.flows += live.flows;
	out.packets += live.packets;
	out.octets += live.octets;
	same_tally(s.opened, out);
}

static struct list gone;

/* One packet at a time beside the model, which is told what is displaced. */
struct watch {
	struct model *model;
	struct model_packet packet; /* in hand */
	bool in_hand, set_back, pressed;
	uint64_t displaced;
	struct list *list;
};

static inline uint32_t expected_reason(const struct watch *w, const struct model_record *r)
{
	uint32_t why = model_over(w->model, r, w->model->now);

	if (why)
		return why;
	if (w->pressed) /* what it takes for that is check_pressure.c's */
		return FLOW_END_RESOURCES;
	if (w->set_back || !w->in_hand)
		return FLOW_END_FORCED;
	if (r->flow != w->packet.flow)
		return FLOW_END_RESOURCES;
	return model_reopens(r, &w->packet) ? FLOW_END_DETECTED : FLOW_END_NONE;
}

/* What leaves is all that is known of its flow: nothing is live twice or forgotten. */
static inline void watch_leaving(void *context, const struct flow_record *r)
{
	struct watch *w = context;
	struct model_record is = stream_record(r), *live = &w->model->live[is.flow];

	must(live->packets != 0);
	live->reason = expected_reason(w, live);
	must(memcmp(&is, live, sizeof is) == 0);
	live->packets = 0;
	w->displaced += is.reason == FLOW_END_RESOURCES;
	append(w->list, r);
}

static inline void see_watched(struct cache *c, struct watch *w, const struct model_packet *p)
{
	struct packet packet = stream_packet(p);
	size_t before = w->model->count;

	w->packet = *p;
	w->in_hand = true;
	w->set_back = model_sets_back(w->model, p->time);
	if (!w->set_back)
		model_advance(w->model, p->time);
	cache_see(c, &packet, 1);
	model_see(w->model, p); /* finds that whatever was over has left */
	must(w->model->count == before);
	w->in_hand = false;
}

static inline size_t live_flows(const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < MODEL_FLOWS; i++)
		n += m->live[i].packets > 0;
	return n;
}

#endif
