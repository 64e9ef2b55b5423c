#define _GNU_SOURCE
#include "daemon/metrics.h"

#include "base/clock.h"
#include "daemon/http.h"
#include "daemon/ledger_json.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is told of one input. */
struct input {
	struct source_count seen;
	struct source_statistics source;
	uint32_t workers, failed, down;
};

/* What is told of one end reason. */
struct closed {
	struct cache_tally tally;
};

enum kind { COUNT, COUNT_32, TRUTH, NANOSECONDS };

/* A value of some struct. */
struct row {
	const char *name; /* without weir_, a counter's without _total */
	const char *help;
	size_t offset;
	enum kind kind;
	bool gauge; /* may go down */
};

#define LEDGER(member) offsetof(struct ledger, member)
#define SOME(name, help, of, member)                 \
	{                                            \
		name, help, of(member), COUNT, false \
	}
#define TALLY(name, what, of, member, gauge)                                                  \
	{name, "Flow records " what, of(member.flows), COUNT, gauge},                         \
		{name "_packets", "Packets of flow records " what, of(member.packets), COUNT, \
			gauge},                                                               \
	{                                                                                     \
		name "_octets", "Octets of layer 3 of flow records " what, of(member.octets), \
			COUNT, gauge                                                          \
	}
#define FRAMES(name, what, of, member)                  \
	SOME(name, "Packets " what, of, member.frames), \
		SOME(name "_octets", "Octets on the wire of packets " what, of, member.octets)

/* clang-format off */
static const struct row ledger_rows[] = {
	FRAMES("packets_seen", "handed over by the kernel", LEDGER, workers.seen),
	FRAMES("packets_metered", "accounted to flows", LEDGER, workers.metered),
	FRAMES("packets_sampled_out", "left out by sampling", LEDGER, workers.sampled_out),
	FRAMES("packets_filtered", "of a file, left out by the filter", LEDGER, sources.filtered),
	SOME("kernel_received", "Packets that passed the filter, dropped ones too",
		LEDGER, sources.kernel_received),
	SOME("kernel_dropped", "Packets that found the ring full", LEDGER, sources.kernel_dropped),
	SOME("interface_dropped", "Packets dropped by the interface or its driver",
		LEDGER, sources.interface_dropped),
	TALLY("flows_opened", "opened in the cache", LEDGER, workers.cache.opened, false),
	TALLY("flows_live", "in the cache", LEDGER, workers.live, true),
	TALLY("flows_transit", "between cache and exporter", LEDGER, transit, true),
	TALLY("flows_lost", "lost because the ring was full", LEDGER, workers.lost, false),
	TALLY("flows_exported", "that came to the exporter", LEDGER, exporter.taken, false),
	TALLY("flows_pressed", "that left early under pressure", LEDGER, workers.cache.pressed, false),
	{"cache_entries", "Flows that the caches have room for",
		LEDGER(workers.cache.entries), COUNT_32, true},
	{"cache_pressure", "Whether idle flows leave sooner",
		LEDGER(workers.cache.under_pressure), TRUTH, true},
	{"cache_idle_seconds", "Idle time of flows of one packet, as it is now",
		LEDGER(workers.cache.idle), NANOSECONDS, true},
	SOME("cache_pressures", "Times that pressure came on", LEDGER, workers.cache.pressures),
	SOME("clock_set_back", "Times that packet time went back", LEDGER,
		workers.cache.clock_set_back),
	{"cache_hold_seconds_max", "Longest time that a cache was kept from the packets by expiry",
		LEDGER(workers.held[WORKER_EXPIRY].longest), NANOSECONDS, true},
	{"cache_wait_seconds_max", "Longest time that capture waited for its cache",
		LEDGER(workers.waited.longest), NANOSECONDS, true},
	{"ring_records", "Records between caches and exporter",
		LEDGER(workers.ring_fill), COUNT, true},
	{"ring_size", "Records for which there is room", LEDGER(workers.ring_size), COUNT, true},
	SOME("nat_events", "Translated connections that began or ended", LEDGER,
		exporter.nat.events),
	SOME("nat_overruns", "Times that some of them came too fast to be heard", LEDGER,
		exporter.nat.overruns),
	{"nat_connections", "Translated connections that are known now",
		LEDGER(exporter.nat.entries), COUNT, true},
	SOME("nat_displaced", "Translated connections forgotten for want of room", LEDGER,
		exporter.nat.displaced),
	SOME("fragments_first", "First fragments", LEDGER, workers.fragments.first_fragments),
	SOME("fragments_later", "Later fragments", LEDGER, workers.fragments.later_fragments),
	SOME("fragments_orphaned", "Later fragments whose first one is unknown",
		LEDGER, workers.fragments.orphans),
	SOME("fragments_displaced", "First fragments forgotten for want of room",
		LEDGER, workers.fragments.displaced),
};

#define CLOSED(member) offsetof(struct closed, member)
static const struct row closed_rows[] = {
	TALLY("flows_closed", "that left the cache", CLOSED, tally, false),
};

#define INPUT(member) offsetof(struct input, member)
static const struct row input_rows[] = {
	FRAMES("input_packets", "handed over by the kernel", INPUT, seen),
	SOME("input_kernel_received", "Packets that passed the filter, dropped ones too",
		INPUT, source.kernel_received),
	SOME("input_kernel_dropped", "Packets that found the ring full",
		INPUT, source.kernel_dropped),
	SOME("input_interface_dropped", "Packets dropped by the interface or its driver",
		INPUT, source.interface_dropped),
	{"input_workers", "Capture threads", INPUT(workers), COUNT_32, true},
	{"input_failed", "Capture threads that gave up", INPUT(failed), COUNT_32, true},
	{"input_down", "Capture threads whose interface is down", INPUT(down), COUNT_32, true},
};

#define COLLECTOR(member) offsetof(struct exporter_collector, member)
static const struct row collector_rows[] = {
	TALLY("collector_sent", "sent", COLLECTOR, session.sent, false),
	TALLY("collector_lost", "that could not be sent", COLLECTOR, session.lost, false),
	TALLY("collector_not_exportable", "that the protocol cannot tell",
		COLLECTOR, session.untold, false),
	TALLY("collector_elsewhere", "that others of its group were given",
		COLLECTOR, elsewhere, false),
	TALLY("collector_filtered", "that its filter left out",
		COLLECTOR, filtered, false),
	TALLY("collector_in_doubt", "sent when it may not have been there",
		COLLECTOR, in_doubt, false),
	TALLY("collector_pending", "that wait to be sent", COLLECTOR, session.pending, true),
	SOME("collector_records", "Data records sent", COLLECTOR, session.records),
	SOME("collector_datagrams", "Datagrams sent", COLLECTOR, session.messages),
	SOME("collector_datagram_octets", "Octets in datagrams sent", COLLECTOR, session.octets),
	SOME("collector_datagrams_lost", "Datagrams that could not be sent",
		COLLECTOR, session.lost_messages),
	SOME("collector_templates", "Templates sent or lost", COLLECTOR, session.templates),
	SOME("collector_nat_events_sent", "NAT events sent", COLLECTOR, session.events.sent),
	SOME("collector_nat_events_lost", "NAT events that could not be sent",
		COLLECTOR, session.events.lost),
	SOME("collector_refusals", "Times that nobody was seen to listen",
		COLLECTOR, session.refusals),
	{"collector_trouble", "Whether it refused or lost something within the last minute",
		COLLECTOR(trouble), TRUTH, true},
	{"collector_well", "Whether records that are sent to it arrive, as far as is known",
		COLLECTOR(well), TRUTH, true},
	{"collector_standby", "Whether others of its group are given the records now",
		COLLECTOR(standby), TRUTH, true},
};

#define OF_GROUP(member) offsetof(struct exporter_group, member)
static const struct row group_rows[] = {
	{"group_members", "Collectors of the group", OF_GROUP(members), COUNT_32, true},
	{"group_well", "Those of them that are well", OF_GROUP(well), COUNT_32, true},
	SOME("group_switches", "Times that records went from one collector to another",
		OF_GROUP, switches),
};
/* clang-format on */
#define ROWS(table) (sizeof(table) / sizeof *(table))

#ifndef WEIR_VERSION
#define WEIR_VERSION "unknown"
#endif

struct text {
	FILE *out;
	bool open; /* OpenMetrics: a counter's family is named without _total, and there is an end
		    */
};

static void family(const struct text *t, const char *name, const char *help, bool gauge)
{
	const char *suffix = gauge || t->open ? "" : "_total";

	fprintf(t->out, "# HELP weir_%s%s %s.\n# TYPE weir_%s%s %s\n", name, suffix, help, name,
		suffix, gauge ? "gauge" : "counter");
}

/* The value of a label, as both formats want it. */
static void label(const struct text *t, const char *name, const char *value)
{
	fprintf(t->out, "%s=\"", name);
	for (; *value; value++) {
		bool control = (unsigned char)*value < ' ' || (unsigned char)*value > '~';
		if (*value == '"' || *value == '\\')
			fputc('\\', t->out);
		fputc(control ? '?' : *value, t->out);
	}
	fputc('"', t->out);
}

static void value(const struct text *t, const struct row *row, const void *base)
{
	const char *at = (const char *)base + row->offset;

	switch (row->kind) {
	case COUNT: fprintf(t->out, " %" PRIu64 "\n", *(const uint64_t *)(const void *)at); break;
	case COUNT_32:
		fprintf(t->out, " %" PRIu32 "\n", *(const uint32_t *)(const void *)at);
		break;
	case TRUTH: fprintf(t->out, " %d\n", *(const bool *)at); break;
	case NANOSECONDS:
		fprintf(t->out, " %.9f\n",
			(double)*(const int64_t *)(const void *)at / (double)CLOCK_SECOND);
		break;
	}
}

static const char *total(const struct row *row)
{
	return row->gauge ? "" : "_total";
}

static void put_ledger(const struct text *t, const struct ledger *l)
{
	const char *what;

	for (size_t i = 0; i < ROWS(ledger_rows); i++) {
		const struct row *r = &ledger_rows[i];
		family(t, r->name, r->help, r->gauge);
		fprintf(t->out, "weir_%s%s", r->name, total(r));
		value(t, r, l);
	}
	family(t, "ledger_adds_up", "Whether every packet and record is accounted for", true);
	fprintf(t->out, "weir_ledger_adds_up %d\n", ledger_adds_up(l, &what));
}

/* By reason and, as far as they are told apart, by what the frame had; one of the two
 * counts. */
static void put_ignored(const struct text *t, const struct worker_statistics *w, bool octets)
{
	const char *name = octets ? "packets_ignored_octets" : "packets_ignored";
	char kind[96];

	family(t, name,
		octets ? "Octets on the wire of packets that make no flow"
		       : "Packets that make no flow",
		false);
	for (int i = 0; i < PACKET_IGNORED_REASONS; i++) {
		struct source_count rest = w->ignored[i];
		for (unsigned k = 0; k < w->other_count; k++) {
			const struct worker_ignored *o = &w->other[k];
			if (o->reason != i)
				continue;
			packet_ignored_print(kind, sizeof kind, o->reason, o->value);
			fprintf(t->out, "weir_%s_total{", name);
			label(t, "reason", packet_ignored_name(o->reason));
			label(t, ",kind", kind);
			fprintf(t->out, "} %" PRIu64 "\n",
				octets ? o->count.octets : o->count.frames);
			rest.frames -= o->count.frames;
			rest.octets -= o->count.octets;
		}
		fprintf(t->out, "weir_%s_total{", name);
		label(t, "reason", packet_ignored_name((enum packet_ignored)i));
		fprintf(t->out, ",kind=\"others\"} %" PRIu64 "\n",
			octets ? rest.octets : rest.frames);
	}
}

static void put_closed(const struct text *t, const struct worker_statistics *w)
{
	for (size_t i = 0; i < ROWS(closed_rows); i++) {
		const struct row *r = &closed_rows[i];
		family(t, r->name, r->help, r->gauge);
		for (int reason = 0; reason < FLOW_END_REASONS; reason++) {
			const char *name = ledger_json_end((enum flow_end_reason)reason);
			if (!name)
				continue;
			fprintf(t->out, "weir_%s_total{", r->name);
			label(t, "reason", name);
			fputc('}', t->out);
			value(t, r, &w->cache.closed[reason]);
		}
	}
}

static struct input input_of(const struct crew_input *in)
{
	struct input sum = {.workers = in->workers};
	struct worker_statistics w;

	for (unsigned i = 0; i < in->workers; i++) {
		worker_statistics(in->worker[i], &w);
		sum.seen.frames += w.seen.frames;
		sum.seen.octets += w.seen.octets;
		sum.source.kernel_received += w.source.kernel_received;
		sum.source.kernel_dropped += w.source.kernel_dropped;
		sum.source.interface_dropped += w.source.interface_dropped;
		sum.failed += w.state == SOURCE_FAILED;
		sum.down += w.state == SOURCE_DOWN;
	}
	return sum;
}

/* Two inputs may be one interface, two exporters one collector: they have numbers. */
static void put_inputs(const struct text *t, const struct view *v, const struct input *inputs)
{
	for (size_t i = 0; i < ROWS(input_rows); i++) {
		const struct row *r = &input_rows[i];
		family(t, r->name, r->help, r->gauge);
		for (unsigned k = 0; k < v->crew->inputs; k++) {
			fprintf(t->out, "weir_%s%s{input=\"%u\",", r->name, total(r), k);
			label(t, "interface", v->crew->input[k]->name);
			fputc('}', t->out);
			value(t, r, &inputs[k]);
		}
	}
}

static void put_collectors(const struct text *t, const struct exporter_statistics *e)
{
	for (size_t i = 0; i < ROWS(collector_rows) && e->collectors; i++) {
		const struct row *r = &collector_rows[i];
		family(t, r->name, r->help, r->gauge);
		for (unsigned k = 0; k < e->collectors; k++) {
			const struct exporter_collector *c = &e->collector[k];
			fprintf(t->out, "weir_%s%s{exporter=\"%u\",", r->name, total(r), k);
			label(t, "collector", c->name);
			if (c->group >= 0)
				label(t, ",group", e->group[c->group].name);
			fprintf(t->out, ",version=\"%u\"}", c->version);
			value(t, r, c);
		}
	}
}

static void put_groups(const struct text *t, const struct exporter_statistics *e)
{
	for (size_t i = 0; i < ROWS(group_rows) && e->groups; i++) {
		const struct row *r = &group_rows[i];
		family(t, r->name, r->help, r->gauge);
		for (unsigned k = 0; k < e->groups; k++) {
			fprintf(t->out, "weir_%s%s{", r->name, total(r));
			label(t, "group", e->group[k].name);
			label(t, ",mode", config_mode_name(e->group[k].mode));
			fputc('}', t->out);
			value(t, r, &e->group[k]);
		}
	}
}

static void put_all(const struct text *t, const struct view *v, const struct ledger *l,
	const struct input *inputs)
{
	family(t, "build_info", "The version of weir", true);
	fprintf(t->out, "weir_build_info{version=\"%s\"} 1\n", WEIR_VERSION);
	family(t, "uptime_seconds", "Since the start", true);
	fprintf(t->out, "weir_uptime_seconds %.3f\n",
		(double)(clock_steady() - v->started) / (double)CLOCK_SECOND);
	family(t, "sampling_interval", "One packet in so many is metered", true);
	fprintf(t->out, "weir_sampling_interval %" PRIu32 "\n", v->sampling);
	put_ledger(t, l);
	put_ignored(t, &l->workers, false);
	put_ignored(t, &l->workers, true);
	put_closed(t, &l->workers);
	put_inputs(t, v, inputs);
	put_collectors(t, &l->exporter);
	put_groups(t, &l->exporter);
	if (t->open)
		fputs("# EOF\n", t->out);
}

static struct input *read_inputs(const struct view *v)
{
	struct input *inputs = calloc(v->crew->inputs + 1, sizeof *inputs);

	for (unsigned i = 0; inputs && i < v->crew->inputs; i++)
		inputs[i] = input_of(v->crew->input[i]);
	return inputs;
}

static char *answer_metrics(const struct view *v, bool open)
{
	struct ledger *l = view_ledger(v);
	struct input *inputs = read_inputs(v);
	char *body = NULL, *all = NULL;
	size_t size;
	struct text t = {l && inputs ? open_memstream(&body, &size) : NULL, open};

	if (t.out) {
		put_all(&t, v, l, inputs);
		if (fclose(t.out) == 0)
			all = http_response("200 OK",
				open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				     : "text/plain; version=0.0.4; charset=utf-8",
				body);
	}
	free(body);
	free(inputs);
	free(l);
	return all;
}

/* Well is: the ledger adds up, and every capture thread is at its work. */
static char *answer_health(const struct view *v)
{
	struct ledger *l = view_ledger(v);
	struct input *inputs = read_inputs(v);
	const char *what, *wrong = NULL;

	if (!l || !inputs)
		wrong = "out of memory\n";
	else if (!ledger_adds_up(l, &what))
		wrong = "the ledger does not add up\n";
	for (unsigned i = 0; inputs && i < v->crew->inputs; i++)
		if (inputs[i].failed)
			wrong = "an input failed\n";
	free(inputs);
	free(l);
	return http_response(
		wrong ? "503 Service Unavailable" : "200 OK", "text/plain", wrong ? wrong : "ok\n");
}

/* Whether the request is GET for this path, whatever is asked behind a ?. */
static bool asks_for(const char *request, const char *path)
{
	size_t length = strlen(path);

	return strncmp(request, "GET ", 4) == 0 && strncmp(request + 4, path, length) == 0 &&
	       (request[4 + length] == ' ' || request[4 + length] == '?');
}

char *metrics_answer(void *context, const char *request, size_t length)
{
	const struct view *v = context;

	(void)length; /* a 0 in the request ends it, and it is a wrong one then */
	if (asks_for(request, "/metrics"))
		return answer_metrics(
			v, strcasestr(request, "application/openmetrics-text") != NULL);
	if (asks_for(request, "/healthz"))
		return answer_health(v);
	if (strncmp(request, "GET ", 4) != 0)
		return http_response("405 Method Not Allowed", "text/plain", "GET only\n");
	return http_response("404 Not Found", "text/plain", "/metrics and /healthz are here\n");
}
