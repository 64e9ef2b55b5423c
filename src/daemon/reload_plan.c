#include "daemon/reload_plan.h"

#include "config/compare.h"
#include "daemon/assembly.h"
#include "daemon/dedup.h"
#include "export/ie.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What another value of a key means: the first row that the key begins with. */
enum meaning { TIMES, METERING, OWN, NUMBERS, RESTART };

static const struct row {
	const char *begin;
	enum meaning meaning;
} rows[] = {
	{"cache.entries", RESTART},
	{"cache.timeouts.", TIMES},
	{"cache.pressure", TIMES},
	{"cache.", METERING},
	{"sampling.scale_output", RESTART},
	{"sampling.", METERING},
	{"meter_own", OWN},
	{"routes.asn_database", NUMBERS},
	{"", RESTART},
};

struct comparison {
	struct reload_plan *plan;
	struct reload_report *report;
};

__attribute__((format(printf, 2, 3))) static void note(
	struct reload_notes *notes, const char *format, ...)
{
	va_list ap;

	if (notes->count == RELOAD_NOTES)
		return;
	va_start(ap, format);
	vsnprintf(notes->text[notes->count++], RELOAD_NOTE, format, ap);
	va_end(ap);
}

static enum meaning meaning_of(const char *path)
{
	const struct row *r = rows;

	while (strncmp(path, r->begin, strlen(r->begin)) != 0)
		r++;
	return r->meaning;
}

static void judge(void *context, const char *path)
{
	struct comparison *c = context;
	enum meaning meaning = meaning_of(path);

	if (meaning == RESTART) {
		config_copy_key(path, c->plan->to, c->plan->from);
		note(&c->report->restart, "%s", path);
		return;
	}
	c->plan->times |= meaning == TIMES;
	c->plan->metering |= meaning == METERING;
	c->plan->own |= meaning == OWN;
	note(&c->report->changed, "%s", path);
}

static bool same_definition(const struct definition *a, const struct definition *b)
{
	for (unsigned i = 0; i < a->count && i < b->count; i++)
		if (a->field[i].element != b->field[i].element ||
			a->field[i].side != b->field[i].side || a->field[i].key != b->field[i].key)
			return false;
	return a->count == b->count;
}

/* Records that have begun would tell of time-outs that they did not have. */
static bool tells_times(const struct definition *d)
{
	for (unsigned i = 0; i < d->count; i++)
		if (d->field[i].element == IE_flowActiveTimeout ||
			d->field[i].element == IE_flowIdleTimeout)
			return true;
	return false;
}

static void compare_times(struct reload_plan *p)
{
	int64_t from = assembly_timeouts(p->from).active, to = assembly_timeouts(p->to).active;

	p->times |= from != to;
	p->metering |= p->times && tells_times(&p->to->cache.definition);
	/* What is live would be more than a new collector's protocol can tell. */
	p->metering |= from > assembly_longest(p->to);
}

/* ---- inputs ---- */

/* Keys of which a source or its memory is made: they stay, and are told. */
static void keep_made(struct comparison *c, const struct config_input *old, struct config_input *in)
{
	static const char *const made[] = {"inputs[].snaplen", "inputs[].buffer",
		"inputs[].workers", "inputs[].cpu", "inputs[].promiscuous"};
	struct config_input given = *in;

	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		config_copy_key(made[i], in, old);
		const char *differs = config_compare_elements("inputs[]", &given, in);
		if (differs)
			note(&c->report->restart, "%s of %.64s", differs, in->interface);
		given = *in;
	}
}

static int find_input(const struct reload_plan *p, const struct config_input *in, const bool *used)
{
	for (unsigned i = 0; i < p->from->input_count; i++)
		if (!used[i] && p->from->inputs[i].index == in->index &&
			strcmp(p->from->inputs[i].interface, in->interface) == 0)
			return (int)i;
	return RELOAD_NONE;
}

static void compare_inputs(struct comparison *c)
{
	struct reload_plan *p = c->plan;
	bool used[CONFIG_INPUTS] = {false};

	for (unsigned i = 0; i < p->to->input_count; i++) {
		struct config_input *in = &p->to->inputs[i];
		p->old[i] = find_input(p, in, used);
		if (p->old[i] == RELOAD_NONE) {
			p->has_added = true;
			note(&c->report->changed, "inputs: %.64s added", in->interface);
			continue;
		}
		const struct config_input *old = &p->from->inputs[p->old[i]];
		used[p->old[i]] = true;
		keep_made(c, old, in);
		p->filter[i] = strcmp(old->filter, in->filter) != 0;
		if (p->filter[i])
			note(&c->report->changed, "inputs[].filter of %.64s", in->interface);
	}
	for (unsigned i = 0; i < p->from->input_count; i++) {
		p->removed[i] = !used[i];
		if (!used[i])
			note(&c->report->changed, "inputs: %.64s removed",
				p->from->inputs[i].interface);
	}
}

/* ---- exporters ---- */

static bool is_among(const struct config_exporter *x, const struct config *c)
{
	for (unsigned i = 0; i < c->exporter_count; i++)
		if (!config_compare_elements("exporters[]", x, &c->exporters[i]))
			return true;
	return false;
}

static void note_exporters(struct comparison *c, const struct config *one,
	const struct config *other, const char *what)
{
	for (unsigned i = 0; i < one->exporter_count; i++) {
		const struct config_exporter *x = &one->exporters[i];
		if (is_among(x, other))
			continue;
		c->plan->exporters = true;
		note(&c->report->changed, "exporters: %.64s:%s %s",
			*x->host ? x->host : x->file_path, x->service, what);
	}
}

static bool same_groups(const struct config *a, const struct config *b)
{
	for (unsigned i = 0; i < a->group_count && i < b->group_count; i++)
		if (config_compare_elements("groups[]", &a->groups[i], &b->groups[i]))
			return false;
	return a->group_count == b->group_count;
}

/* In a group, the first that is well is chosen. */
static bool same_order(const struct config *a, const struct config *b)
{
	for (unsigned i = 0; i < a->exporter_count && i < b->exporter_count; i++)
		if (config_compare_elements("exporters[]", &a->exporters[i], &b->exporters[i]))
			return false;
	return true;
}

static void compare_groups(struct comparison *c)
{
	const struct config *from = c->plan->from, *to = c->plan->to;
	bool groups = !same_groups(from, to);

	if (groups)
		note(&c->report->changed, "groups");
	else if (!c->plan->exporters && to->group_count && !same_order(from, to))
		note(&c->report->changed, "exporters: another order");
	else
		return;
	c->plan->exporters = true;
}

static void compare_exporters(struct comparison *c)
{
	const struct config *from = c->plan->from, *to = c->plan->to;

	note_exporters(c, from, to, "removed");
	note_exporters(c, to, from, "added");
	c->plan->exporters |= from->exporter_count != to->exporter_count;
	c->plan->own |= c->plan->exporters;
	compare_groups(c);
}

/* ---- what cannot be ---- */

/* Threads that wait for work are on any processor, and may not leave it. */
static bool check_added(const struct reload_plan *p, bool opener, struct config_error *error)
{
	const struct config *to = p->to;

	if (p->has_added && !opener)
		return config_fail(error,
			"inputs: the right to capture was given up, so another one needs a "
			"restart; with privileges.capture = true it does not");
	for (unsigned i = 0; i < to->input_count; i++)
		if (p->old[i] == RELOAD_NONE && to->inputs[i].cpu.count &&
			p->from->privileges.confine)
			return config_fail(error,
				"inputs: threads on processors of their choice cannot be had while "
				"calls are confined, so %.64s needs a restart, or no cpu",
				to->inputs[i].interface);
	if (p->has_added && to->dedup && dedup_sees_several(to) && !dedup_sees_several(p->from))
		return config_fail(error,
			"inputs: one was alone, so what passes several is not told apart; "
			"another one needs a restart, or dedup = \"none\"");
	return true;
}

static bool check(const struct reload_plan *p, bool opener, bool dedup, struct config_error *error)
{
	const struct config *to = p->to;

	if (*to->inputs[0].file)
		return config_fail(error, "inputs: a capture file is for a weir of its own");
	if (to->output != CONFIG_OUTPUT_NONE && p->metering)
		return config_fail(error, "output: what records tell can change with a restart "
					  "only, where they are printed");
	for (unsigned i = 0; i < to->input_count; i++)
		if (dedup && !opener && p->filter[i])
			return config_fail(error,
				"inputs: the right to load programs was given up, so the filter of "
				"%.64s needs a restart; privileges.capture = true keeps it, and "
				"dedup = \"none\" does without",
				to->inputs[i].interface);
	return check_added(p, opener, error);
}

bool reload_plan_make(struct reload_plan *p, const struct config *from, struct config *to,
	bool opener, bool dedup, struct reload_report *report, struct config_error *error)
{
	struct comparison c = {p, report};

	*p = (struct reload_plan){.from = from, .to = to};
	memset(report, 0, sizeof *report);
	config_compare(from, to, judge, &c);
	if (!p->metering && !same_definition(&from->cache.definition, &to->cache.definition)) {
		p->metering = true;
		note(&report->changed, "records");
	}
	compare_times(p);
	compare_inputs(&c);
	if (from->dedup && dedup_sees_several(from) && !dedup_sees_several(to))
		note(&report->restart, "dedup, which is as for several inputs");
	compare_exporters(&c);
	return check(p, opener, dedup, error);
}
