#include "daemon/assembly.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "capture/sources.h"
#include "daemon/interfaces.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RING_LEAST = 1 << 12,
	RING_MOST = 1 << 16,
};

/* v5 and v9 count flow times in 32 bits of milliseconds, 49.7 days: a record of
 * theirs must be shorter. */
#define LONGEST_RELATIVE (INT64_C(48) * 86400 * CLOCK_SECOND)

/* The seed of a run that shall be repeatable. */
#define FILE_SEED UINT64_C(0x77656972)

int64_t assembly_longest(const struct config *c)
{
	for (unsigned i = 0; i < c->exporter_count; i++)
		if (c->exporters[i].protocol != CONFIG_IPFIX ||
			c->exporters[i].times == LAYOUT_TIMES_RELATIVE)
			return LONGEST_RELATIVE;
	return INT64_MAX;
}

struct flow_timeouts assembly_timeouts(const struct config *c)
{
	struct flow_timeouts t = c->cache.timeouts;
	int64_t longest = assembly_longest(c);

	if (t.active > longest)
		t.active = longest;
	return t;
}

static void take_record(void *context, const struct flow_record *r)
{
	struct assembly *a = context;
	struct flow_path path;
	bool known = guide_knows(a->guide, r, &path);

	exporter_take(a->exporter, r, known ? &path : NULL, worker_now(a->crew->member[0].worker));
}

static struct worker_options worker_options_of(const struct assembly *a, const struct config *c)
{
	uint64_t seed = a->is_file ? FILE_SEED : hash_seed();
	size_t ring = c->cache.entries < RING_LEAST ? RING_LEAST : c->cache.entries;
	struct worker_options o = {
		.decoder =
			{
				.inner = c->cache.decapsulate_inner,
				.depth = c->cache.tunnel_depth,
				.fragments = c->cache.fragments,
				.seed = seed,
			},
		.cache =
			{
				.entries = c->cache.entries,
				.timeouts = assembly_timeouts(c),
				.pressure = c->cache.pressure,
				.seed = seed,
				.first_id = (uint64_t)(a->made % 255) << 56,
			},
		.own = a->own,
		.sampling = c->sampling.algorithm,
		.interval = c->sampling.interval,
		.ring = a->is_file         ? 0
			: ring > RING_MOST ? RING_MOST
					   : ring,
	};

	_Static_assert(sizeof o.decoder.ports == sizeof c->cache.tunnel_ports, "one layout");
	memcpy(o.decoder.ports, c->cache.tunnel_ports, sizeof o.decoder.ports);
	definition_select(&c->cache.definition, c->cache.decapsulate_inner, c->cache.biflow,
		&o.cache.selection);
	o.decoder.details = o.cache.selection.keeps_details;
	o.decoder.tunnel_facts =
		definition_has_tunnel(&c->cache.definition, c->cache.decapsulate_inner);
	return o;
}

/* The source of an input's k-th worker. The kernel takes the memory of a ring from the
 * node of the processor on which it is asked for it, so that is done on the worker's. */
static struct source *open_source(const struct assembly *a, const struct config_input *in,
	unsigned k, struct source_error *why)
{
	cpu_set_t before;
	bool moved = !*in->file && in->cpu.count && cpu_move_to(in->cpu.number[k], &before);
	struct source *s = source_open(
		&(struct source_options){
			.interface = *in->file ? NULL : in->interface,
			.file = *in->file ? in->file : NULL,
			.filter = in->filter,
			.snaplen = in->snaplen,
			.buffer = in->buffer,
			.promiscuous = in->promiscuous,
			.opener = opener_way(a->opener),
			.covered = dedup_covered(a->dedup, in->interface),
			.only_incoming = dedup_only_incoming(a->dedup),
			.duplicates = dedup_table(a->dedup),
		},
		why);

	if (moved)
		cpu_move_back(&before);
	return s;
}

struct worker *assembly_worker(struct assembly *a, const struct config *c, struct source *source)
{
	struct worker_options options = worker_options_of(a, c);

	a->made++;
	return worker_new(&options, source, (struct flow_sink){take_record, a});
}

/* Fanout groups are the kernel's per network namespace: a process takes its own. */
static unsigned group_of(const struct assembly *a)
{
	return a->pid + a->opened;
}

static bool check_cpus(const struct config_input *in, unsigned i, struct config_error *error)
{
	char allowed[256];

	for (unsigned k = 0; k < in->cpu.count; k++) {
		if (cpu_allowed(in->cpu.number[k]))
			continue;
		cpu_list_allowed(allowed, sizeof allowed);
		return config_fail(error,
			"%sinputs[%u].cpu: %u is not there or not for this process, allowed: %s",
			in->cpu.where, i, in->cpu.number[k], allowed);
	}
	return true;
}

static bool add_worker(struct assembly *a, const struct config *c, const struct config_input *in,
	struct crew_input *to, struct config_error *error)
{
	struct source_error why;
	struct source *s = open_source(a, in, to->workers, &why);

	if (!s || (in->workers > 1 && !source_share(s, group_of(a), &why))) {
		source_close(s);
		return config_fail(error, "%s", why.text);
	}
	to->worker[to->workers] = assembly_worker(a, c, s);
	if (!to->worker[to->workers])
		return config_fail(error, "not enough memory for the flow cache (cache.entries)");
	to->workers++;
	return true;
}

struct crew_input *assembly_input(
	struct assembly *a, const struct config *c, unsigned i, struct config_error *error)
{
	const struct config_input *in = &c->inputs[i];
	struct crew_input *to = calloc(1, sizeof *to);
	unsigned workers = a->is_file ? 1 : in->workers;
	bool good = to != NULL;

	if (!good)
		config_fail(error, "out of memory");
	else if (!a->is_file)
		good = check_cpus(in, i, error);
	if (good) {
		memcpy(to->name, in->interface, sizeof to->name);
		to->cpu = in->cpu;
		to->by_pattern = in->index != 0;
	}
	while (good && to->workers < workers)
		good = add_worker(a, c, in, to, error);
	a->opened++;
	if (good)
		return to;
	assembly_free_input(to);
	return NULL;
}

void assembly_free_input(struct crew_input *in)
{
	for (unsigned i = 0; in && i < in->workers; i++)
		worker_free(in->worker[i]);
	free(in);
}

/* One that a pattern stands for, and that nobody has asked for by name. */
static void leave_out(struct assembly *a, unsigned i, const struct config_error *error)
{
	struct config *c = a->config;

	log_warning("capture",
		"event=cannot-capture interface=\"%s\" error=\"%s\" note=\"it is left out\"",
		c->inputs[i].interface, error->text);
	present_refuse(a->present, c->inputs[i].index);
	memmove(&c->inputs[i], &c->inputs[i + 1], (--c->input_count - i) * sizeof *c->inputs);
}

static bool add_inputs(struct assembly *a, struct config_error *error)
{
	for (unsigned i = 0; i < a->config->input_count; i++) {
		struct crew_input *in = assembly_input(a, a->config, i, error);
		if (!in && a->config->inputs[i].index && !opener_has_ended(a->opener)) {
			leave_out(a, i--, error);
			continue;
		}
		if (!in)
			return false;
		for (unsigned k = 0; k < in->workers; k++)
			(void)crew_add(a->crew, in->worker[k], false);
		(void)crew_add_input(a->crew, in);
	}
	return true;
}

bool assembly_tell_interfaces(struct assembly *a)
{
	struct option_interface *all = calloc(INTERFACES_TOLD, sizeof *all);
	unsigned count = !all ? 0
			 : guide_links(a->guide)
				 ? interfaces_of(guide_links(a->guide), all, INTERFACES_TOLD)
				 : interfaces_read(all, INTERFACES_TOLD);
	bool told = all && exporter_interfaces(a->exporter, all, count);

	free(all);
	return told;
}

/* Before rings are mapped, as the resolver: and so all inputs are opened by it. Where there is
 * one, interfaces may come. */
static bool make_opener(struct assembly *a, struct config_error *error)
{
	if (a->is_file || !(a->config->privileges.capture || a->config->patterns))
		return true;
	a->opener = opener_new(a->config, dedup_table(a->dedup), error);
	a->present = a->opener ? present_new(error) : NULL;
	if (!a->present)
		return false;
	a->given = malloc(sizeof *a->given);
	if (!a->given)
		return config_fail(error, "out of memory");
	memcpy(a->given, a->config, sizeof *a->given);
	return present_expand(a->present, a->given, NULL, a->config) ||
	       config_fail(error, "out of memory");
}

bool assembly_make(struct assembly *a, const struct config *c, struct config_error *error)
{
	*a = (struct assembly){
		.config = malloc(sizeof *c), .crew = crew_new(), .pid = (unsigned)getpid()};
	if (!a->config || !a->crew)
		return config_fail(error, "out of memory");
	memcpy(a->config, c, sizeof *c);
	a->is_file = c->input_count > 0 && *c->inputs[0].file;
	a->dedup = a->is_file ? NULL : dedup_new(c); /* its table is the opener's, too */
	if (!make_opener(a, error))
		return false;
	a->own = a->is_file || c->meter_own ? NULL : own_new(c, false);
	c = a->config;
	a->guide = guide_new(c, a->dedup, error);
	if (!a->guide)
		return false;
	a->exporter = exporter_new(c, a->is_file ? INT64_MIN : clock_wall(), error);
	if (!a->exporter || !add_inputs(a, error))
		return false;
	exporter_guide(a->exporter, a->guide);
	exporter_own(a->exporter, a->own);
	if (!a->is_file && !assembly_tell_interfaces(a))
		return config_fail(error, "out of memory");
	return true;
}

void assembly_free(struct assembly *a)
{
	crew_free(a->crew);
	exporter_free(a->exporter);
	guide_free(a->guide);
	own_free(a->own);
	present_free(a->present);
	opener_free(a->opener);
	dedup_free(a->dedup);
	free(a->given);
	free(a->config);
}
