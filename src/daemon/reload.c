#include "daemon/reload.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/log.h"
#include "daemon/intake.h"

#include <stdlib.h>

/* What an input that stays is given. */
struct input_change {
	struct worker *next[CONFIG_WORKERS];          /* or NULL each */
	struct source_filter *filter[CONFIG_WORKERS]; /* the same */
};

struct change {
	struct assembly *a;
	struct reload_plan plan;
	struct crew_input *added[CONFIG_INPUTS];   /* by number in the new configuration, or NULL */
	struct input_change *stays[CONFIG_INPUTS]; /* the same */
	bool inputs_only;                          /* no file is read again */
	struct roster *roster;                     /* NULL: the collectors stay as they are */
	struct own *own;                           /* the new one's, where plan.own */
	struct worker *retired[CREW_MOST];
	unsigned retirees;
};

/* The crew's input that is the old configuration's i-th: they are in one order. */
static struct crew_input *input_of(const struct change *c, unsigned i)
{
	return c->a->crew->input[i];
}

/* ---- making ---- */

/* Memory comes from the node of the processor that is to use it. */
static struct worker *make_successor(
	const struct change *c, const struct crew_input *in, unsigned k)
{
	struct worker *w = assembly_worker(c->a, c->plan.to, NULL);
	cpu_set_t before;

	if (!w)
		return NULL;
	/* not where calls are confined, of which that is one */
	bool moved = in->cpu.count && !c->a->config->privileges.confine &&
		     cpu_move_to(in->cpu.number[k], &before);
	worker_touch(w);
	if (moved)
		cpu_move_back(&before);
	return w;
}

static bool make_stay(struct change *c, unsigned i, struct config_error *error)
{
	const struct crew_input *in = input_of(c, (unsigned)c->plan.old[i]);
	struct input_change *s = c->stays[i] = calloc(1, sizeof *s);
	struct source_error why;

	if (!s)
		return config_fail(error, "out of memory");
	for (unsigned k = 0; k < in->workers; k++) {
		if (c->plan.filter[i]) {
			s->filter[k] = source_prepare(
				worker_source(in->worker[k]), c->plan.to->inputs[i].filter, &why);
			if (!s->filter[k])
				return config_fail(error, "inputs: %s: %s", in->name, why.text);
		}
		if (c->plan.metering && !(s->next[k] = make_successor(c, in, k)))
			return config_fail(
				error, "not enough memory for a second flow cache (cache.entries)");
	}
	return true;
}

/* With its threads, which wait. */
static bool make_added(struct change *c, unsigned i, struct config_error *error)
{
	struct crew_input *in = c->added[i] = assembly_input(c->a, c->plan.to, i, error);

	if (!in)
		return false;
	in->intake = intake_new(in, c->a->crew->hands);
	if (in->intake && intake_start(in->intake))
		return true;
	return config_fail(error, "inputs: %s: no thread for it", in->name);
}

/* They are read again, also where nothing differs. */
static bool has_certificates(const struct config *c)
{
	for (unsigned i = 0; i < c->exporter_count; i++)
		if (c->exporters[i].transport == CONFIG_TLS)
			return true;
	return false;
}

static bool make_all(struct change *c, struct config_error *error)
{
	const struct reload_plan *p = &c->plan;

	if (p->own && !p->to->meter_own)
		c->own = own_new(p->to, true);
	for (unsigned i = 0; i < p->to->input_count; i++) {
		bool good =
			p->old[i] == RELOAD_NONE ? make_added(c, i, error) : make_stay(c, i, error);
		if (!good)
			return false;
	}
	if (c->inputs_only)
		return true;
	if (p->metering || p->exporters || has_certificates(p->to)) {
		c->roster = exporter_prepare(c->a->exporter, p->from, p->to, p->metering, error);
		if (!c->roster)
			return false;
	}
	/* Read even where the path is the same, and last: this cannot be taken back. */
	return guide_reload_asn(c->a->guide, p->to->routes.asn_database, error);
}

static void unmake_added(struct crew_input *in)
{
	if (in->intake) {
		intake_stop(in->intake);
		(void)intake_join(in->intake);
		intake_free(in->intake);
	}
	assembly_free_input(in);
}

static void unmake_stay(struct input_change *s)
{
	for (unsigned k = 0; k < CONFIG_WORKERS; k++) {
		source_filter_free(s->filter[k]);
		worker_free(s->next[k]);
	}
	free(s);
}

static void unmake_all(struct change *c)
{
	for (unsigned i = 0; i < CONFIG_INPUTS; i++) {
		if (c->added[i])
			unmake_added(c->added[i]);
		if (c->stays[i])
			unmake_stay(c->stays[i]);
	}
	roster_discard(c->roster);
	own_free(c->own);
}

/* ---- the change ---- */

static void join_crew(struct change *c, struct crew_input *in)
{
	for (unsigned k = 0; k < in->workers; k++)
		(void)crew_add(c->a->crew, in->worker[k], c->plan.metering);
	(void)crew_add_input(c->a->crew, in);
}

static void change_stay(
	struct change *c, struct crew_input *in, struct input_change *s, bool filter)
{
	bool metering = c->plan.metering;

	for (unsigned k = 0; metering && k < in->workers; k++) {
		c->retired[c->retirees++] = in->worker[k];
		(void)crew_add(c->a->crew, s->next[k], true);
	}
	if ((metering || filter) &&
		!intake_change(in->intake, metering ? s->next : NULL, filter ? s->filter : NULL))
		log_error("capture", "%s: the kernel refuses the new filter, the old one stays",
			in->name);
	free(s);
}

static void change_inputs(struct change *c)
{
	const struct reload_plan *p = &c->plan;

	for (unsigned i = 0; i < p->to->input_count; i++) {
		if (p->old[i] != RELOAD_NONE)
			change_stay(c, input_of(c, (unsigned)p->old[i]), c->stays[i], p->filter[i]);
		c->stays[i] = NULL;
	}
	for (unsigned i = 0; i < p->to->input_count; i++)
		if (c->added[i])
			join_crew(c, c->added[i]);
}

static void change_own(struct change *c)
{
	const struct crew *crew = c->a->crew;

	if (!c->plan.own)
		return;
	exporter_own(c->a->exporter, c->own);
	for (unsigned i = 0; i < crew->count; i++)
		worker_own(crew->member[i].worker, c->own);
	own_free(c->a->own);
	c->a->own = c->own;
}

/* Those that have come are made by the new ones. */
static void change_times(struct change *c)
{
	struct flow_timeouts t = assembly_timeouts(c->plan.to);
	const struct crew *crew = c->a->crew;

	for (unsigned i = 0; c->plan.times && !c->plan.metering && i < crew->count; i++)
		worker_retime(crew->member[i].worker, &t, c->plan.to->cache.pressure);
}

/* Reads what is left in their rings. */
static void stop_removed(struct change *c)
{
	for (unsigned i = 0; i < c->plan.from->input_count; i++) {
		struct crew_input *in = input_of(c, i);
		if (!c->plan.removed[i])
			continue;
		intake_stop(in->intake);
		(void)intake_join(in->intake);
		for (unsigned k = 0; k < in->workers; k++)
			c->retired[c->retirees++] = in->worker[k];
	}
}

static bool is_empty(struct worker *w)
{
	struct worker_statistics s;

	while (worker_drain(w) == WORKER_DRAIN_MORE)
		;
	worker_statistics(w, &s);
	return s.live.flows == 0 && s.ring_fill == 0;
}

/* The exporter's thread takes what they have. */
static void drain_retired(struct change *c)
{
	for (unsigned i = 0; i < c->retirees; i++)
		while (!is_empty(c->retired[i]))
			clock_pause(CLOCK_MILLISECOND / 10);
}

/* The crew's inputs as the new configuration has them. */
static void order(const struct change *c, struct crew_input **inputs)
{
	const struct reload_plan *p = &c->plan;

	for (unsigned i = 0; i < p->to->input_count; i++)
		inputs[i] = c->added[i] ? c->added[i] : input_of(c, (unsigned)p->old[i]);
}

static void dismiss(struct change *c)
{
	struct crew_input *inputs[CONFIG_INPUTS];
	struct crew *crew = c->a->crew;

	order(c, inputs);

	crew_close(crew);
	for (unsigned i = 0; i < c->retirees; i++)
		crew_remove(crew, c->retired[i]);
	for (unsigned i = c->plan.from->input_count; i-- > 0;) {
		struct crew_input *in = input_of(c, i);
		if (!c->plan.removed[i])
			continue;
		intake_free(in->intake);
		crew_remove_input(crew, in);
	}
	crew_order(crew, inputs);
	crew_admit(crew);
	crew_open(crew);
}

static void change_all(struct change *c)
{
	crew_close(c->a->crew);
	change_inputs(c);
	change_times(c);
	change_own(c);
	dedup_change(c->a->dedup, c->plan.to, guide_links(c->a->guide));
	crew_open(c->a->crew);
	for (unsigned i = 0; i < c->plan.to->input_count; i++)
		if (c->added[i])
			(void)intake_open(c->added[i]->intake);
	stop_removed(c);
	drain_retired(c);
	if (c->roster)
		exporter_succeed(c->a->exporter, c->roster);
	if (c->plan.times)
		exporter_retime(c->a->exporter, c->plan.to);
	dismiss(c);
}

static bool take_up(struct assembly *a, struct config *to, bool inputs_only,
	struct reload_report *report, struct config_error *error)
{
	struct change *c = calloc(1, sizeof *c);

	if (!c)
		return config_fail(error, "out of memory");
	c->a = a;
	c->inputs_only = inputs_only;
	if (!reload_plan_make(&c->plan, a->config, to, a->opener != NULL,
		    dedup_table(a->dedup) != NULL, report, error) ||
		!make_all(c, error)) {
		unmake_all(c);
		free(c);
		return false;
	}
	change_all(c);
	free(a->config);
	a->config = to;
	free(c);
	return true;
}

bool reload(struct assembly *a, struct config *to, struct reload_report *report,
	struct config_error *error)
{
	return take_up(a, to, false, report, error);
}

bool reload_inputs(struct assembly *a, struct config *to, struct reload_report *report,
	struct config_error *error)
{
	return take_up(a, to, true, report, error);
}
