#include "daemon/status.h"

#include "base/clock.h"
#include "daemon/ledger_json.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "unknown"
#endif

#define N(value) ((json_int_t)(value))

/* The kernel lets an interface have a name that is no text. */
static json_t *name_of(const struct crew_input *in)
{
	json_t *name = json_string(in->name);

	return name ? name : json_string("?");
}

/* In the order of the workers; empty: any processor. */
static json_t *cpus_of(const struct crew_input *in)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < in->cpu.count; i++)
		json_array_append_new(all, json_integer(in->cpu.number[i]));
	return all;
}

static json_t *input(const struct crew_input *in)
{
	struct source_count seen = {0};
	struct source_statistics sum = {0};
	struct worker_statistics w;
	unsigned failed = 0, down = 0, gone = 0;

	for (unsigned i = 0; i < in->workers; i++) {
		worker_statistics(in->worker[i], &w);
		seen.frames += w.seen.frames;
		seen.octets += w.seen.octets;
		sum.kernel_received += w.source.kernel_received;
		sum.kernel_dropped += w.source.kernel_dropped;
		sum.interface_dropped += w.source.interface_dropped;
		failed += w.state == SOURCE_FAILED;
		down += w.state == SOURCE_DOWN;
		gone += w.state == SOURCE_GONE;
	}
	const char *state = failed ? "failed" : gone ? "gone" : down ? "down" : "capturing";
	return json_pack("{so ss sI sI so sI sI sI sI sI}", "interface", name_of(in), "state",
		state, "workers", N(in->workers), "failed", N(failed), "cpu", cpus_of(in), "frames",
		N(seen.frames), "octets", N(seen.octets), "kernel_received", N(sum.kernel_received),
		"kernel_dropped", N(sum.kernel_dropped), "interface_dropped",
		N(sum.interface_dropped));
}

static json_t *inputs(const struct view *v)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < v->crew->inputs; i++)
		json_array_append_new(all, input(v->crew->input[i]));
	return all;
}

static json_t *cache(const struct worker_statistics *w)
{
	const struct cache_statistics *c = &w->cache;
	uint64_t entries = c->entries;
	uint64_t displaced = c->closed[FLOW_END_RESOURCES].flows - c->pressed.flows;

	return json_pack("{sI sI sf sI sI sI s{sb sf sI sI}}", "entries", N(entries), "live",
		N(w->live.flows), "fill", entries ? (double)w->live.flows / (double)entries : 0.0,
		"opened", N(c->opened.flows), "displaced", N(displaced), "clock_set_back",
		N(c->clock_set_back), "pressure", "now", c->under_pressure, "idle",
		(double)c->idle / (double)CLOCK_SECOND, "times", N(c->pressures), "closed",
		N(c->pressed.flows));
}

static const char *protocol_name(unsigned version)
{
	return version == 5 ? "netflow5" : version == 9 ? "netflow9" : "ipfix";
}

static json_t *collectors(const struct exporter_statistics *e)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < e->collectors; i++) {
		const struct exporter_collector *c = &e->collector[i];
		const struct session_statistics *s = &c->session;
		const char *state = s->away       ? "away"
				    : !c->well    ? "dead"
				    : c->standby  ? "standby"
				    : c->trouble  ? "trouble"
				    : s->messages ? "sending"
						  : "silent";
		json_array_append_new(
			all, json_pack("{ss ss ss ss? sI sI sI sI sI sI sI sI sI}", "name", c->name,
				     "protocol", protocol_name(c->version), "state", state, "group",
				     c->group < 0 ? NULL : e->group[c->group].name, "records",
				     N(s->records), "datagrams", N(s->messages), "octets",
				     N(s->octets), "lost", N(s->lost.flows), "pending",
				     N(s->pending.flows), "refusals", N(s->refusals), "elsewhere",
				     N(c->elsewhere.flows), "filtered", N(c->filtered.flows),
				     "in_doubt", N(c->in_doubt.flows)));
	}
	return all;
}

static json_t *groups(const struct exporter_statistics *e)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < e->groups; i++) {
		const struct exporter_group *g = &e->group[i];
		json_array_append_new(
			all, json_pack("{ss ss sI sI sI}", "name", g->name, "mode",
				     config_mode_name(g->mode), "members", N(g->members), "well",
				     N(g->well), "switches", N(g->switches)));
	}
	return all;
}

static json_t *fragments(const struct decoder_statistics *f)
{
	return json_pack("{sI sI sI sI}", "first", N(f->first_fragments), "later",
		N(f->later_fragments), "orphans", N(f->orphans), "displaced", N(f->displaced));
}

/* Percentiles are upper bounds; classes are turns below 1, 2, 4, ... us: see hold.h. */
static json_t *hold(const struct hold *h)
{
	json_t *classes = json_array();

	for (int i = 0; i < HOLD_CLASSES; i++)
		json_array_append_new(classes, json_integer(N(h->class[i])));
	return json_pack("{sI sI sI sI sI so}", "turns", N(h->turns), "p50_us",
		N(hold_below(h, 500)), "p99_us", N(hold_below(h, 990)), "p999_us",
		N(hold_below(h, 999)), "longest_us", N((h->longest + 999) / 1000), "classes",
		classes);
}

static json_t *holds(const struct worker_statistics *w)
{
	return json_pack("{so so so so}", "expiry", hold(&w->held[WORKER_EXPIRY]), "flows",
		hold(&w->held[WORKER_FLOWS]), "counters", hold(&w->held[WORKER_COUNTERS]),
		"capture_waited", hold(&w->waited));
}

json_t *status_json(const struct view *v, const struct ledger *l, int64_t now)
{
	const struct worker_statistics *w = &l->workers;
	const char *what;

	return json_pack("{ss sI sI so so so s{sI sI sI} so so so sI sb}", "version", WEIR_VERSION,
		"pid", N(v->pid), "uptime", N((now - v->started) / CLOCK_SECOND), "inputs",
		inputs(v), "cache", cache(w), "holds", holds(w), "ring", "records", N(w->ring_fill),
		"size", N(w->ring_size), "lost", N(w->lost.flows), "collectors",
		collectors(&l->exporter), "groups", groups(&l->exporter), "fragments",
		fragments(&w->fragments), "sampling", N(v->sampling), "adds_up",
		ledger_adds_up(l, &what));
}
