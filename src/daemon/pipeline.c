#include "daemon/pipeline.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "capture/sources.h"
#include "daemon/command.h"
#include "daemon/dedup.h"
#include "daemon/interfaces.h"
#include "daemon/live.h"
#include "daemon/losses.h"
#include "daemon/metrics.h"
#include "daemon/privileges.h"
#include "daemon/progress.h"
#include "export/protocol.h"

#include <errno.h>
#include <stdio.h>
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

/* What a client of the control socket may take. */
#define PATIENCE (INT64_C(10) * CLOCK_SECOND)

/* The seed of a run that shall be repeatable. */
#define FILE_SEED UINT64_C(0x77656972)

struct pipeline {
	struct worker **workers;
	unsigned count;
	struct exporter *exporter;
	struct dedup *dedup; /* NULL: none */
	struct guide *guide;
	struct own *own; /* NULL: none */
	struct view view;
	struct control *control; /* NULL: none */
	struct http *metrics;    /* NULL: none */
	struct notify notify;
	bool confine;   /* to a few system calls, once it runs */
	unsigned needs; /* of enum confine_need */
	bool is_file, prints;
	struct progress *progress; /* NULL: nothing is shown */
	char file[sizeof((struct config_input *)0)->file];
};

static bool fail(struct config_error *error, const char *text)
{
	snprintf(error->text, sizeof error->text, "%s", text);
	return false;
}

static struct flow_timeouts timeouts_of(const struct config *c)
{
	struct flow_timeouts t = c->cache.timeouts;

	for (unsigned i = 0; i < c->exporter_count; i++)
		if ((c->exporters[i].protocol != CONFIG_IPFIX ||
			    c->exporters[i].times == LAYOUT_TIMES_RELATIVE) &&
			t.active > LONGEST_RELATIVE)
			t.active = LONGEST_RELATIVE;
	return t;
}

static void take_record(void *context, const struct flow_record *r)
{
	struct pipeline *p = context;
	struct flow_path path;
	bool known = guide_knows(p->guide, r, &path);

	exporter_take(p->exporter, r, known ? &path : NULL, worker_now(p->workers[0]));
}

static struct worker_options worker_options_of(const struct pipeline *p, const struct config *c)
{
	uint64_t seed = p->is_file ? FILE_SEED : hash_seed();
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
				.timeouts = timeouts_of(c),
				.pressure = c->cache.pressure,
				.seed = seed,
				.first_id = (uint64_t)p->count << 56,
			},
		.own = p->own,
		.sampling = c->sampling.algorithm,
		.interval = c->sampling.interval,
		.ring = p->is_file         ? 0
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
static struct source *open_source(const struct pipeline *p, const struct config_input *in,
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
			.only_incoming = dedup_only_incoming(p->dedup),
			.duplicates = dedup_table(p->dedup),
		},
		why);

	if (moved)
		cpu_move_back(&before);
	return s;
}

static bool add_worker(struct pipeline *p, const struct config *c, const struct config_input *in,
	unsigned k, unsigned group, struct config_error *error)
{
	struct worker_options options = worker_options_of(p, c);
	struct flow_sink sink = {take_record, p};
	struct source_error why;
	struct source *s = open_source(p, in, k, &why);

	if (!s || (in->workers > 1 && !source_share(s, group, &why))) {
		source_close(s);
		return fail(error, why.text);
	}
	p->workers[p->count] = worker_new(&options, s, sink);
	if (!p->workers[p->count])
		return fail(error, "not enough memory for the flow cache (cache.entries)");
	p->count++;
	return true;
}

/* Fanout groups are the kernel's per network namespace: a process takes its own. */
static unsigned group_of(unsigned input)
{
	return (unsigned)getpid() + input;
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

static bool add_inputs(struct pipeline *p, const struct config *c, struct config_error *error)
{
	size_t all = 0;

	for (unsigned i = 0; i < c->input_count; i++)
		all += c->inputs[i].workers;
	p->workers = calloc(all ? all : 1, sizeof(*p->workers));
	if (!p->workers)
		return fail(error, "out of memory");
	for (unsigned i = 0; i < c->input_count; i++) {
		unsigned workers = p->is_file ? 1 : c->inputs[i].workers;
		if (!p->is_file && !check_cpus(&c->inputs[i], i, error))
			return false;
		for (unsigned k = 0; k < workers; k++)
			if (!add_worker(p, c, &c->inputs[i], k, group_of(i), error))
				return false;
	}
	return true;
}

/* "0,2", or "any". */
static void show_cpus(const struct config_cpus *cpus, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "any");
	for (unsigned k = 0; k < cpus->count && used < size; k++)
		used += (size_t)snprintf(
			text + used, size - used, "%s%u", k ? "," : "", cpus->number[k]);
}

/* What a live run will do, in a few lines. */
static void announce(const struct config *c)
{
	char cpus[8 * CONFIG_WORKERS];

	for (unsigned i = 0; i < c->input_count; i++) {
		const struct config_input *in = &c->inputs[i];
		show_cpus(&in->cpu, cpus, sizeof cpus);
		log_info("capture",
			"interface=%s workers=%u cpu=%s buffer=%lluM snaplen=%u filter=\"%s\"",
			in->interface, in->workers, cpus, (unsigned long long)(in->buffer >> 20),
			in->snaplen, in->filter);
	}
	log_info("cache", "entries=%u for each worker, decapsulate=%s sampling=%u",
		c->cache.entries, c->cache.decapsulate_inner ? "inner" : "none",
		c->sampling.interval);
	for (unsigned i = 0; i < c->exporter_count; i++) {
		const struct config_exporter *x = &c->exporters[i];
		bool file = x->transport == CONFIG_FILE;
		log_info("exporter", "collector=%s port=%s transport=%s protocol=%s domain=%u",
			file ? x->file_path : x->host, file ? "" : x->service,
			config_transport_name(x->transport), protocol_find(x->protocol)->name,
			x->observation_domain);
	}
}

/* What the control socket and the watch see; they are a live pipeline's. */
static bool make_view(struct pipeline *p, const struct config *c, struct config_error *error)
{
	struct view *v = &p->view;

	*v = (struct view){
		.workers = p->workers,
		.count = p->count,
		.inputs = calloc(c->input_count, sizeof(*v->inputs)),
		.input_count = c->input_count,
		.exporter = p->exporter,
		.timeouts = timeouts_of(c),
		.sampling = c->sampling.interval,
		.started = clock_steady(),
		.pid = getpid(),
	};
	v->watch = watch_new(v->started);
	if (!v->inputs || !v->watch)
		return fail(error, "out of memory");
	for (unsigned i = 0; i < c->input_count; i++) {
		memcpy(v->inputs[i].name, c->inputs[i].interface, sizeof v->inputs[i].name);
		v->inputs[i].workers = c->inputs[i].workers;
		v->inputs[i].cpu = c->inputs[i].cpu;
	}
	return true;
}

/* Collectors of what is captured live are told of all interfaces that there are. */
static bool tell_interfaces(struct pipeline *p, struct config_error *error)
{
	struct option_interface *all = calloc(INTERFACES_TOLD, sizeof *all);
	unsigned count = !all ? 0
			 : guide_links(p->guide)
				 ? interfaces_of(guide_links(p->guide), all, INTERFACES_TOLD)
				 : interfaces_read(all, INTERFACES_TOLD);
	bool told = all && exporter_interfaces(p->exporter, all, count);

	free(all);
	return told || fail(error, "out of memory");
}

static bool add_control(struct pipeline *p, const struct config *c, struct config_error *error)
{
	if (!*c->control.socket)
		return true;
	p->control = control_new(
		&(struct control_options){
			.path = c->control.socket,
			.answer = command_answer,
			.context = &p->view,
			.patience = PATIENCE,
		},
		error);
	return p->control != NULL;
}

static bool add_metrics(struct pipeline *p, const struct config *c, struct config_error *error)
{
	if (!*c->metrics.listen)
		return true;
	p->metrics = http_new(c->metrics.listen, metrics_answer, &p->view, PATIENCE, error);
	return p->metrics != NULL;
}

/* What is written while weir runs; `paths` has room for every exporter and one more. */
static unsigned written_paths(
	const struct pipeline *p, const struct config *c, struct confine_path *paths)
{
	unsigned n = 0;

	if (p->control)
		paths[n++] = (struct confine_path){CONFINE_SOCKET, c->control.socket};
	for (unsigned i = 0; i < c->exporter_count; i++) {
		const struct config_exporter *x = &c->exporters[i];
		if (x->transport == CONFIG_FILE)
			paths[n++] = (struct confine_path){CONFINE_FILE, x->file_path};
		else if (*x->spool_directory)
			paths[n++] = (struct confine_path){CONFINE_WRITE, x->spool_directory};
	}
	return n;
}

static unsigned needs_of(const struct config *c)
{
	unsigned needs = 0;

	for (unsigned i = 0; i < c->exporter_count; i++) {
		const struct config_exporter *x = &c->exporters[i];
		if (x->transport == CONFIG_TCP || x->transport == CONFIG_TLS)
			needs |= CONFINE_STREAMS;
		if (x->transport == CONFIG_TLS)
			needs |= CONFINE_TLS;
		if (*x->file_path || *x->spool_directory)
			needs |= CONFINE_FILES;
	}
	return needs;
}

/* The last step of the start: nothing is opened after it. */
static bool give_up_privileges(
	struct pipeline *p, const struct config *c, struct config_error *error)
{
	struct confine_path paths[CONFIG_EXPORTERS + 1];
	unsigned count = written_paths(p, c, paths);

	p->confine = c->privileges.confine;
	p->needs = needs_of(c);
	return privileges_drop(
		&(struct privileges_options){
			.user = c->privileges.user,
			.confine = c->privileges.confine,
			.capture = c->privileges.capture,
			.paths = paths,
			.path_count = count,
		},
		error);
}

struct pipeline *pipeline_new(const struct config *c, struct config_error *error)
{
	struct pipeline *p = calloc(1, sizeof *p);

	if (!p) {
		fail(error, "out of memory");
		return NULL;
	}
	p->is_file = c->input_count > 0 && *c->inputs[0].file;
	p->prints = c->output != CONFIG_OUTPUT_NONE;
	p->notify = notify_open();
	if (p->is_file)
		snprintf(p->file, sizeof p->file, "%s", c->inputs[0].file);
	p->dedup = p->is_file ? NULL : dedup_new(c);
	p->own = p->is_file || c->meter_own ? NULL : own_new(c);
	p->guide = guide_new(c, p->dedup, error);
	p->exporter =
		!p->guide ? NULL : exporter_new(c, p->is_file ? INT64_MIN : clock_wall(), error);
	bool good = p->guide && p->exporter && add_inputs(p, c, error);
	if (good)
		exporter_guide(p->exporter, p->guide);
	if (good && !p->is_file) {
		announce(c);
		good = make_view(p, c, error) && add_control(p, c, error) &&
		       add_metrics(p, c, error) && tell_interfaces(p, error) &&
		       give_up_privileges(p, c, error);
	}
	if (!good) {
		pipeline_free(p);
		return NULL;
	}
	return p;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	control_free(p->control);
	http_free(p->metrics);
	notify_close(&p->notify);
	watch_free(p->view.watch);
	free(p->view.inputs);
	for (unsigned i = 0; i < p->count; i++)
		worker_free(p->workers[i]);
	free(p->workers);
	exporter_free(p->exporter);
	guide_free(p->guide);
	own_free(p->own);
	dedup_free(p->dedup);
	free(p);
}

void pipeline_show_progress(struct pipeline *p)
{
	if (p->is_file)
		p->progress = progress_new(p->file, p->prints);
}

static void show_progress(struct pipeline *p)
{
	struct worker_statistics s;
	struct source_statistics source = source_statistics(worker_source(p->workers[0]));

	worker_statistics(p->workers[0], &s);
	progress_show(p->progress, (struct progress_facts){
					   .octets = source.file_octets,
					   .packets = s.seen.frames + source.filtered.frames,
					   .flows = s.cache.opened.flows,
				   });
}

static void read_losses(struct pipeline *p, struct losses *losses)
{
	losses_read(losses, p->workers, p->count, worker_now(p->workers[0]));
	exporter_losses(p->exporter, &losses->ignored, &losses->not_sent);
}

/* One thread, the same functions in order, packet time the only clock. */
static enum pipeline_status read_file(struct pipeline *p)
{
	struct worker *w = p->workers[0];
	struct losses losses = {.ignored = {0}};
	enum source_status status;
	int64_t next = INT64_MIN;
	int error;

	do {
		status = worker_read(w);
		worker_sweep(w);
		if (worker_now(w) >= next) {
			read_losses(p, &losses);
			next = worker_now(w) + CLOCK_SECOND;
		}
		error = exporter_output_error(p->exporter);
		if (progress_due(p->progress))
			show_progress(p);
	} while (status == SOURCE_READY && !error);
	while (worker_drain(w) != WORKER_DRAIN_EMPTY)
		;
	read_losses(p, &losses);
	exporter_end(p->exporter, worker_now(w));
	progress_end(p->progress);
	p->progress = NULL;
	error = exporter_output_error(p->exporter);
	if (error == EPIPE)
		return PIPELINE_DONE; /* whoever reads has seen enough */
	if (error) {
		log_error("main", "event=output-failed error=\"%s\"", strerror(error));
		return PIPELINE_FAULT;
	}
	if (status != SOURCE_FAILED)
		return PIPELINE_DONE;
	log_error("capture",
		"event=broke-off file=\"%s\" error=\"%s\" note=\"what came before is exported\"",
		strcmp(p->file, "-") == 0 ? "standard input" : p->file,
		source_failure(worker_source(w)));
	return PIPELINE_BROKE_OFF;
}

enum pipeline_status pipeline_run(struct pipeline *p)
{
	if (p->is_file)
		return read_file(p);
	struct live_services services = {.control = p->control,
		.metrics = p->metrics,
		.notify = &p->notify,
		.needs = p->needs,
		.confine = p->confine};
	return live_run(&p->view, &services) ? PIPELINE_DONE : PIPELINE_FAULT;
}

void pipeline_ledger(struct pipeline *p, struct ledger *ledger)
{
	ledger_read(ledger, p->workers, p->count, p->exporter);
}
