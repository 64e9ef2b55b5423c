#include "daemon/ledger_json.h"

#define N(value) ((json_int_t)(value))

/* One unlike the others by a 0 is a negative difference, and is shown as one. */
static json_t *three(uint64_t flows, uint64_t packets, uint64_t octets)
{
	return json_pack(
		"{sI sI sI}", "flows", N(flows), "packets", N(packets), "octets", N(octets));
}

json_t *ledger_json_tally(const struct cache_tally *t)
{
	return three(t->flows, t->packets, t->octets);
}

static json_t *session_tally(const struct session_tally *t)
{
	return three(t->flows, t->packets, t->octets);
}

json_t *ledger_json_count(const struct source_count *c)
{
	return json_pack("{sI sI}", "frames", N(c->frames), "octets", N(c->octets));
}

const char *ledger_json_end(enum flow_end_reason reason)
{
	static const char *const names[FLOW_END_REASONS] = {
		[FLOW_END_IDLE] = "idle",
		[FLOW_END_ACTIVE] = "active",
		[FLOW_END_DETECTED] = "end of flow",
		[FLOW_END_FORCED] = "forced",
		[FLOW_END_RESOURCES] = "lack of resources",
	};
	return names[reason];
}

static json_t *closed(const struct worker_statistics *w)
{
	json_t *all = json_object();

	for (int i = 0; i < FLOW_END_REASONS; i++)
		if (ledger_json_end((enum flow_end_reason)i))
			json_object_set_new(all, ledger_json_end((enum flow_end_reason)i),
				ledger_json_tally(&w->cache.closed[i]));
	return all;
}

static json_t *ignored_row(
	enum packet_ignored reason, const char *text, json_t *value, const struct source_count *c)
{
	return json_pack("{ss ss so sI sI}", "reason", packet_ignored_name(reason), "text", text,
		"value", value, "frames", N(c->frames), "octets", N(c->octets));
}

/* By value as far as values were told apart, then what is left of the reason. */
static void add_reason(json_t *rows, const struct worker_statistics *w, enum packet_ignored reason)
{
	struct source_count rest = w->ignored[reason];
	char text[96];

	for (unsigned i = 0; i < w->other_count; i++) {
		const struct worker_ignored *o = &w->other[i];
		if (o->reason != reason)
			continue;
		packet_ignored_print(text, sizeof text, reason, o->value);
		json_array_append_new(
			rows, ignored_row(reason, text, json_integer(N(o->value)), &o->count));
		rest.frames -= o->count.frames;
		rest.octets -= o->count.octets;
	}
	if (!rest.frames)
		return;
	snprintf(text, sizeof text, "%s, others", packet_ignored_name(reason));
	json_array_append_new(rows, ignored_row(reason, text, json_null(), &rest));
}

static json_t *ignored(const struct worker_statistics *w)
{
	struct source_count all = {0};
	json_t *rows = json_array();

	for (int i = 0; i < PACKET_IGNORED_REASONS; i++) {
		all.frames += w->ignored[i].frames;
		all.octets += w->ignored[i].octets;
		add_reason(rows, w, (enum packet_ignored)i);
	}
	return json_pack(
		"{sI sI so}", "frames", N(all.frames), "octets", N(all.octets), "by", rows);
}

static json_t *events(const struct session_events *e)
{
	return json_pack("{sI sI sI sI}", "sent", N(e->sent), "lost", N(e->lost), "not_exportable",
		N(e->untold), "pending", N(e->pending));
}

static json_t *nat(const struct nat_statistics *n)
{
	return json_pack("{sI sI sI sI}", "events", N(n->events), "overruns", N(n->overruns),
		"connections", N(n->entries), "displaced", N(n->displaced));
}

static json_t *collectors(const struct exporter_statistics *e)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < e->collectors; i++) {
		const struct exporter_collector *c = &e->collector[i];
		const struct session_statistics *s = &c->session;
		json_array_append_new(all,
			json_pack("{ss so so so so so so so so so sI sI sI sI}", "name", c->name,
				"sent", session_tally(&s->sent), "lost", session_tally(&s->lost),
				"not_exportable", session_tally(&s->untold), "pending",
				session_tally(&s->pending), "elsewhere",
				session_tally(&c->elsewhere), "filtered",
				session_tally(&c->filtered), "absent", session_tally(&c->absent),
				"in_doubt", session_tally(&c->in_doubt), "events",
				events(&s->events), "records", N(s->records), "datagrams",
				N(s->messages), "lost_datagrams", N(s->lost_messages), "refusals",
				N(s->refusals)));
	}
	return all;
}

static json_t *packets(const struct ledger *l)
{
	const struct worker_statistics *w = &l->workers;

	return json_pack("{so so so so so so so s{sI sI sI}}", "seen", ledger_json_count(&w->seen),
		"metered", ledger_json_count(&w->metered), "ignored", ignored(w), "sampled_out",
		ledger_json_count(&w->sampled_out), "own", ledger_json_count(&w->own), "filtered",
		ledger_json_count(&l->sources.filtered), "duplicates",
		ledger_json_count(&l->sources.duplicates), "kernel", "received",
		N(l->sources.kernel_received), "dropped", N(l->sources.kernel_dropped),
		"interface_dropped", N(l->sources.interface_dropped));
}

static json_t *flows(const struct ledger *l)
{
	const struct worker_statistics *w = &l->workers;
	const struct cache_tally lost = {w->lost.flows, w->lost.packets, w->lost.octets};

	return json_pack("{so so so so so so so so}", "metered",
		ledger_json_tally(&w->cache.opened), "live", ledger_json_tally(&w->live), "transit",
		ledger_json_tally(&l->transit), "lost", ledger_json_tally(&lost), "exported",
		session_tally(&l->exporter.taken), "closed", closed(w), "closed under pressure",
		ledger_json_tally(&w->cache.pressed), "collectors", collectors(&l->exporter));
}

json_t *ledger_json(const struct ledger *l)
{
	const char *what;
	bool good = ledger_adds_up(l, &what);

	return json_pack("{sb ss? so so so}", "adds_up", good, "wrong", what, "packets", packets(l),
		"flows", flows(l), "nat", nat(&l->exporter.nat));
}

bool ledger_json_write(const struct ledger *l, FILE *out)
{
	json_t *all = ledger_json(l);
	bool good = all && json_dumpf(all, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF &&
		    fflush(out) == 0;

	json_decref(all);
	return good;
}
