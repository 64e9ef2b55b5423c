#include "daemon/ledger.h"

#include <inttypes.h>
#include <string.h>

void ledger_read(struct ledger *l, const struct crew *crew, struct exporter *exporter)
{
	struct worker_statistics w;

	memset(l, 0, sizeof *l);
	exporter_statistics(exporter, &l->exporter);
	l->workers = crew->past;
	for (unsigned i = 0; i < crew->count; i++) {
		worker_statistics(crew->member[i].worker, &w);
		worker_statistics_add(&l->workers, &w);
	}
	l->sources = l->workers.source;
	for (int i = 0; i < FLOW_END_REASONS; i++)
		cache_tally_add(&l->closed, &l->workers.cache.closed[i]);
	l->transit.flows = l->closed.flows - l->workers.lost.flows - l->exporter.taken.flows;
	l->transit.packets =
		l->closed.packets - l->workers.lost.packets - l->exporter.taken.packets;
	l->transit.octets = l->closed.octets - l->workers.lost.octets - l->exporter.taken.octets;
}

/* A difference of counters that has gone below zero. */
static bool negative(const struct cache_tally *t)
{
	return t->flows >> 63 || t->packets >> 63 || t->octets >> 63;
}

static bool collector_adds_up(const struct exporter_collector *c, const struct session_tally *taken)
{
	const struct session_statistics *s = &c->session;
	const struct session_tally *part[] = {&s->sent, &s->lost, &s->untold, &s->pending,
		&c->elsewhere, &c->filtered, &c->absent};
	struct session_tally sum = {0};

	for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
		sum.flows += part[i]->flows;
		sum.packets += part[i]->packets;
		sum.octets += part[i]->octets;
	}
	return sum.flows == taken->flows && sum.packets == taken->packets &&
	       sum.octets == taken->octets;
}

static bool events_add_up(const struct session_events *e)
{
	return e->sent + e->lost + e->untold + e->pending == e->taken;
}

/* Each record was one member's: with n of them, n - 1 times it was another's. */
static bool group_adds_up(const struct exporter_statistics *e, unsigned group)
{
	const struct exporter_group *g = &e->group[group];
	uint64_t others = g->mode == CONFIG_REPLICATE || !g->members ? 0 : g->members - 1;
	struct session_tally sum = {0};

	for (unsigned i = 0; i < e->collectors; i++) {
		const struct session_tally *t = &e->collector[i].passed;
		if (e->collector[i].group == (int)group)
			session_tally_add(&sum, t->flows, t->packets, t->octets);
	}
	return sum.flows == others * g->taken.flows && sum.packets == others * g->taken.packets &&
	       sum.octets == others * g->taken.octets;
}

bool ledger_adds_up(const struct ledger *l, const char **what)
{
	const struct worker_statistics *w = &l->workers;
	struct source_count seen = w->metered;

	source_count_add(&seen, &w->sampled_out);
	source_count_add(&seen, &w->own);
	for (int i = 0; i < PACKET_IGNORED_REASONS; i++)
		source_count_add(&seen, &w->ignored[i]);
	*what = "frames seen = metered + ignored + sampled out + own";
	if (seen.frames != w->seen.frames || seen.octets != w->seen.octets)
		return false;
	*what = "packets metered = packets that opened or joined a flow";
	if (w->metered.frames != w->cache.opened.packets)
		return false;
	*what = "flows opened = closed + live";
	if (negative(&w->live) || (w->live.flows == 0 && (w->live.packets || w->live.octets)))
		return false;
	*what = "records closed = exported + lost + in transit";
	if (negative(&l->transit))
		return false;
	*what = "records at the exporter = sent + lost + pending + not exportable + elsewhere + "
		"filtered";
	for (unsigned i = 0; i < l->exporter.collectors; i++)
		if (!collector_adds_up(&l->exporter.collector[i], &l->exporter.taken))
			return false;
	*what = "NAT events = sent + lost + pending + not exportable";
	for (unsigned i = 0; i < l->exporter.collectors; i++)
		if (!events_add_up(&l->exporter.collector[i].session.events))
			return false;
	*what = "records at the exporter = records of a group's collectors";
	for (unsigned i = 0; i < l->exporter.groups; i++)
		if (!group_adds_up(&l->exporter, i))
			return false;
	*what = NULL;
	return true;
}

static void print_ignored(const struct worker_statistics *w, FILE *out)
{
	uint64_t all = 0;
	const char *separator = " (";

	for (int i = 0; i < PACKET_IGNORED_REASONS; i++)
		all += w->ignored[i].frames;
	fprintf(out, ", ignored %" PRIu64, all);
	for (unsigned i = 0; i < w->other_count; i++) {
		char text[96];
		packet_ignored_print(text, sizeof text, w->other[i].reason, w->other[i].value);
		fprintf(out, "%s%s: %" PRIu64, separator, text, w->other[i].count.frames);
		separator = ", ";
		all -= w->other[i].count.frames;
	}
	if (all)
		fprintf(out, "%sothers: %" PRIu64, separator, all);
	if (w->other_count)
		fputc(')', out);
}

/* Records that say lack of resources, if there are any. */
static void print_early(const struct cache_statistics *c, FILE *out)
{
	uint64_t pressed = c->pressed.flows, all = c->closed[FLOW_END_RESOURCES].flows;

	if (all > pressed)
		fprintf(out, ", displaced %" PRIu64 " flows", all - pressed);
	if (pressed)
		fprintf(out, ", closed %" PRIu64 " idle flows under pressure", pressed);
}

static void print_collector(const struct exporter_collector *c, FILE *out)
{
	const struct session_statistics *s = &c->session;

	fprintf(out, "; %s: %" PRIu64 " records in %" PRIu64 " %s", c->name, s->records,
		s->messages, c->transport == CONFIG_UDP ? "datagrams" : "messages");
	if (c->elsewhere.flows)
		fprintf(out, ", %" PRIu64 " flows to others of its group", c->elsewhere.flows);
	if (c->filtered.flows)
		fprintf(out, ", %" PRIu64 " flows filtered", c->filtered.flows);
	if (c->in_doubt.flows)
		fprintf(out, ", %" PRIu64 " of them in doubt", c->in_doubt.flows);
	if (s->untold.flows)
		fprintf(out, ", %" PRIu64 " flows not exportable in v5 (IPv6)", s->untold.flows);
	fprintf(out, ", lost %" PRIu64, s->lost.flows);
	if (s->events.sent)
		fprintf(out, ", %" PRIu64 " NAT events", s->events.sent);
	if (s->events.lost)
		fprintf(out, ", lost %" PRIu64 " of them", s->events.lost);
	if (s->refusals)
		fprintf(out, ", refused %" PRIu64 " times", s->refusals);
}

void ledger_summary(const struct ledger *l, FILE *out)
{
	const struct worker_statistics *w = &l->workers;
	const struct cache_tally *opened = &w->cache.opened;
	const char *what;

	fprintf(out,
		"weir: %" PRIu64 " packets seen: %" PRIu64 " (%" PRIu64 " octets) in %" PRIu64
		" flows",
		w->seen.frames, opened->packets, opened->octets, opened->flows);
	print_early(&w->cache, out);
	print_ignored(w, out);
	if (w->sampled_out.frames)
		fprintf(out, ", sampled out %" PRIu64, w->sampled_out.frames);
	if (w->own.frames)
		fprintf(out, ", own messages %" PRIu64, w->own.frames);
	if (l->sources.filtered.frames)
		fprintf(out, ", filtered %" PRIu64, l->sources.filtered.frames);
	if (l->sources.duplicates.frames)
		fprintf(out, ", seen on another input %" PRIu64, l->sources.duplicates.frames);
	if (l->sources.kernel_received)
		fprintf(out, ", dropped by the kernel %" PRIu64, l->sources.kernel_dropped);
	if (w->lost.flows)
		fprintf(out, ", records lost in the ring %" PRIu64, w->lost.flows);
	if (l->exporter.gone.flows)
		fprintf(out, ", records lost by collectors that are no more %" PRIu64,
			l->exporter.gone.flows);
	if (l->exporter.unprinted)
		fprintf(out, "; standard output: lost %" PRIu64, l->exporter.unprinted);
	for (unsigned i = 0; i < l->exporter.collectors; i++)
		print_collector(&l->exporter.collector[i], out);
	if (ledger_adds_up(l, &what))
		fprintf(out, "; the ledger adds up\n");
	else
		fprintf(out, "; THE LEDGER DOES NOT ADD UP: %s\n", what);
}
