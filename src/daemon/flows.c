#include "daemon/flows.h"

#include "base/clock.h"
#include "daemon/interfaces.h"
#include "flow/filter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(value)     ((json_int_t)(value))
#define LONGEST      (CLOCK_SECOND / 2)
#define PAUSE        (CLOCK_SECOND / 100000)
#define LONG         (CLOCK_SECOND / 20) /* a look so long is followed by a rest */
#define MILLISECONDS (INT64_C(1000000))

struct query {
	unsigned limit;
	double (*worth)(const struct flow_record *r);
	struct flow_filter filter;
	char why[256]; /* what is wrong with that */
};

struct found {
	double worth;
	struct flow_record record;
};

/* The best so far: a heap with the least at its root. */
struct best {
	struct found *heap;
	unsigned count;
	const struct query *query;
	uint64_t looked_at;
	uint64_t matched;
};

static double by_octets(const struct flow_record *r)
{
	return (double)r->octets;
}

static double by_packets(const struct flow_record *r)
{
	return (double)r->packets;
}

/* Octets a second; what was shorter than one counts as one. */
static double by_rate(const struct flow_record *r)
{
	int64_t lasted = r->last - r->first;

	return (double)r->octets / (double)(lasted < CLOCK_SECOND ? CLOCK_SECOND : lasted);
}

static double by_recent(const struct flow_record *r)
{
	return (double)r->first;
}

static const struct {
	const char *name;
	double (*worth)(const struct flow_record *r);
} orders[] = {
	{"octets", by_octets},
	{"packets", by_packets},
	{"rate", by_rate},
	{"recent", by_recent},
};

static void swap(struct found *a, struct found *b)
{
	struct found c = *a;

	*a = *b;
	*b = c;
}

static void sink_root(struct best *b)
{
	for (unsigned i = 0, child; (child = 2 * i + 1) < b->count; i = child) {
		if (child + 1 < b->count && b->heap[child + 1].worth < b->heap[child].worth)
			child++;
		if (b->heap[i].worth <= b->heap[child].worth)
			return;
		swap(&b->heap[i], &b->heap[child]);
	}
}

static void consider(struct best *b, const struct flow_record *r)
{
	struct found new = {b->query->worth(r), *r};

	b->looked_at++;
	if (!flow_filter_matches(&b->query->filter, r))
		return;
	b->matched++;
	if (b->count == b->query->limit) {
		if (new.worth <= b->heap[0].worth)
			return;
		b->heap[0] = new;
		sink_root(b);
		return;
	}
	unsigned i = b->count++;
	for (b->heap[i] = new; i > 0 && b->heap[i].worth < b->heap[(i - 1) / 2].worth;
		i = (i - 1) / 2)
		swap(&b->heap[i], &b->heap[(i - 1) / 2]);
}

/* False when time ran out. */
static bool look_through(struct worker *w, struct best *b, struct flow_record *room, int64_t end)
{
	uint32_t next = 0;
	unsigned count;
	bool more;

	do {
		if (clock_steady() > end)
			return false;
		more = worker_peek(w, &next, room, &count);
		for (unsigned i = 0; i < count; i++)
			consider(b, &room[i]);
		if (more)
			clock_pause(PAUSE);
	} while (more);
	return true;
}

/* Most first. Not by qsort(3), which asks the system for its memory: a call that is not
 * on confine.c's list. */
static void sort(struct best *b)
{
	unsigned count = b->count;

	while (b->count > 1) {
		swap(&b->heap[0], &b->heap[--b->count]);
		sink_root(b);
	}
	b->count = count;
}

static json_t *flow(const struct flow_record *r)
{
	const struct flow_key *k = &r->key;
	int family = k->ip_version == 4 ? AF_INET : AF_INET6;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	inet_ntop(family, k->source_address, source, sizeof source);
	inet_ntop(family, k->destination_address, destination, sizeof destination);
	return json_pack("{ss ss sI sI sI sI sI sI sI sI sI sI sI}", "source", source,
		"destination", destination, "source_port", N(k->source_port), "destination_port",
		N(k->destination_port), "protocol", N(k->protocol), "tos", N(k->tos), "interface",
		N(k->interface), "packets", N(r->packets), "octets", N(r->octets), "first_ms",
		N(r->first / MILLISECONDS), "last_ms", N(r->last / MILLISECONDS),
		"tcp_control_bits", N(r->tcp_control_bits), "vlan", N(r->vlan_id));
}

static json_t *answer(struct best *b, bool complete)
{
	json_t *all = json_array();

	sort(b);
	for (unsigned i = 0; i < b->count; i++)
		json_array_append_new(all, flow(&b->heap[i].record));
	return json_pack("{sI sI sb so}", "looked_at", N(b->looked_at), "matched", N(b->matched),
		"complete", complete, "flows", all);
}

/* The filter, and what is asked by name as its words. */
static const char *read_filter(
	struct query *q, const char *filter, const char *host, json_int_t port, json_int_t protocol)
{
	char text[1024];
	int used = snprintf(text, sizeof text, "%s", filter);

	if (host && used < (int)sizeof text)
		used += snprintf(text + used, sizeof text - (size_t)used, " host %s", host);
	if (port >= 0 && used < (int)sizeof text)
		used += snprintf(
			text + used, sizeof text - (size_t)used, " port %lld", (long long)port);
	if (protocol >= 0 && used < (int)sizeof text)
		used += snprintf(text + used, sizeof text - (size_t)used, " proto %lld",
			(long long)protocol);
	if (used >= (int)sizeof text)
		return "filter: it is too long";
	memcpy(q->why, "filter: ", sizeof "filter: ");
	size_t label = strlen(q->why);
	return flow_filter_compile(
		       &q->filter, text, interfaces_index, q->why + label, sizeof q->why - label)
		       ? NULL
		       : q->why;
}

/* NULL: the query is good; else what is wrong with it. */
static const char *read_query(struct query *q, const json_t *request)
{
	const char *by = NULL, *host = NULL, *filter = "";
	json_int_t limit = FLOWS_DEFAULT, port = -1, protocol = -1;

	*q = (struct query){.worth = by_octets};
	if (json_unpack((json_t *)request, "{s?I s?s s?s s?s s?I s?I}", "limit", &limit, "by", &by,
		    "filter", &filter, "host", &host, "port", &port, "protocol", &protocol) != 0)
		return "limit, port and protocol are numbers, by, host and filter are texts";
	if (limit < 1 || limit > FLOWS_MOST)
		return "limit: allowed are 1 to 1000";
	q->limit = (unsigned)limit;
	if (by) {
		q->worth = NULL;
		for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
			if (strcmp(orders[i].name, by) == 0)
				q->worth = orders[i].worth;
	}
	if (!q->worth)
		return "by: allowed are octets, packets, rate and recent";
	return read_filter(q, filter, host, port, protocol);
}

static json_t *look(struct view *v, struct best *b)
{
	struct flow_record *room = calloc(WORKER_PEEK, sizeof *room);
	int64_t began = clock_steady();
	bool complete = true;

	b->heap = calloc(b->query->limit, sizeof *b->heap);
	for (unsigned i = 0; room && b->heap && complete && i < v->crew->count; i++)
		complete = look_through(v->crew->member[i].worker, b, room, began + LONGEST);
	json_t *all = room && b->heap ? answer(b, complete) : NULL;
	int64_t took = clock_steady() - began;
	if (took > LONG)
		v->rest = began + 4 * took;
	free(b->heap);
	free(room);
	return all;
}

json_t *flows_json(struct view *v, const json_t *request)
{
	struct query query;
	struct best best = {.query = &query};
	const char *wrong = read_query(&query, request);

	if (wrong)
		return json_pack("{ss}", "error", wrong);
	int64_t rest = v->rest - clock_steady();
	if (rest > 0)
		return json_pack("{ss sI}", "error", "the flows have just been looked through",
			"retry_ms", N(rest / MILLISECONDS + 1));
	return look(v, &best);
}
