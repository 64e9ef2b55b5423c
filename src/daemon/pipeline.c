#include "daemon/pipeline.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/pattern.h"
#include "daemon/announce.h"
#include "daemon/assembly.h"
#include "daemon/command.h"
#include "daemon/hotplug.h"
#include "daemon/live.h"
#include "daemon/losses.h"
#include "daemon/metrics.h"
#include "daemon/privileges.h"
#include "daemon/progress.h"
#include "daemon/reload.h"
#include "daemon/resolver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a client of the control socket may take. */
#define PATIENCE (INT64_C(10) * CLOCK_SECOND)

/* Threads for inputs that come while weir runs. */
enum { SPARES_MOST = 4 * CONFIG_INPUTS };

struct pipeline {
	struct assembly parts;
	struct view view;
	struct resolver *resolver; /* NULL: none */
	struct control *control;   /* NULL: none */
	struct http *metrics;      /* NULL: none */
	struct notify notify;
	const struct pipeline_reload *again; /* NULL: there is no other configuration */
	bool confine;                        /* to a few system calls, once it runs */
	unsigned needs;                      /* of enum confine_need */
	struct progress *progress;           /* NULL: nothing is shown */
};

static bool fail(struct config_error *error, const char *text)
{
	snprintf(error->text, sizeof error->text, "%s", text);
	return false;
}

static void log_notes(const char *what, const struct reload_notes *notes)
{
	for (unsigned i = 0; i < notes->count; i++)
		log_info("main", "event=reload %s=\"%s\"", what, notes->text[i]);
}

static bool take_up(struct pipeline *p, struct config *to, struct reload_report *report,
	struct config_error *error)
{
	if (!to)
		return fail(error, "out of memory");
	if (!p->again->read(p->again->context, to, error) ||
		!hotplug_reload(&p->parts, to, report, error))
		return false;
	p->view.waits = p->parts.config->patterns;
	p->view.timeouts = assembly_timeouts(p->parts.config);
	p->view.sampling = p->parts.config->sampling.interval;
	return true;
}

/* The service manager is told that it begins, and that it is over, however it went. */
static bool read_again(void *context, struct reload_report *report, struct config_error *error)
{
	struct pipeline *p = context;
	struct config *to = malloc(sizeof *to);

	notify_reloading(&p->notify);
	bool good = take_up(p, to, report, error);
	if (good) {
		log_notes("changed", &report->changed);
		log_notes("restart", &report->restart);
		log_info("main", "event=reloaded changes=%u waiting=%u", report->changed.count,
			report->restart.count);
	} else {
		free(to);
		log_error("main", "event=reload-refused error=\"%s\" note=\"all stays as it was\"",
			error->text);
	}
	memory_trim();
	notify_ready(&p->notify);
	return good;
}

static void follow(void *context)
{
	struct pipeline *p = context;

	hotplug_follow(&p->parts);
	memory_trim();
}

/* What the control socket and the watch see; they are a live pipeline's. */
static bool make_view(struct pipeline *p, const struct config *c, struct config_error *error)
{
	struct view *v = &p->view;

	*v = (struct view){
		.crew = p->parts.crew,
		.exporter = p->parts.exporter,
		.timeouts = assembly_timeouts(c),
		.sampling = c->sampling.interval,
		.started = clock_steady(),
		.pid = getpid(),
		.reload = p->again ? read_again : NULL,
		.follow = follow,
		.links = p->parts.present ? present_fd(p->parts.present) : -1,
		.waits = c->patterns,
		.context = p,
	};
	v->watch = watch_new(v->started);
	return v->watch || fail(error, "out of memory");
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

enum { PATHS = 4 * CONFIG_EXPORTERS + 3 };

/* What is read again with the configuration. */
static unsigned read_paths(
	const struct pipeline *p, const struct config *c, struct confine_path *paths)
{
	unsigned n = 0;

	if (!p->again)
		return 0;
	paths[n++] = (struct confine_path){CONFINE_READ, p->again->file};
	for (unsigned i = 0; i < c->exporter_count; i++) {
		const struct config_exporter *x = &c->exporters[i];
		const char *const files[] = {x->tls_ca, x->tls_certificate, x->tls_key};
		for (unsigned k = 0; k < 3; k++)
			if (*files[k])
				paths[n++] = (struct confine_path){CONFINE_READ, files[k]};
	}
	return n;
}

/* What is written while weir runs, or read again by itself. */
static unsigned written_paths(
	const struct pipeline *p, const struct config *c, struct confine_path *paths)
{
	unsigned n = 0;

	if (p->control)
		paths[n++] = (struct confine_path){CONFINE_SOCKET, c->control.socket};
	if (*c->routes.asn_database)
		paths[n++] = (struct confine_path){CONFINE_READ, c->routes.asn_database};
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
	unsigned needs = c->privileges.capture || c->patterns ? CONFINE_INPUTS : 0;

	for (unsigned i = 0; i < c->exporter_count; i++) {
		const struct config_exporter *x = &c->exporters[i];
		if (x->transport == CONFIG_TCP || x->transport == CONFIG_TLS ||
			!socket_is_address(x->host))
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
	struct confine_path paths[PATHS];
	unsigned count = written_paths(p, c, paths);

	count += read_paths(p, c, paths + count);

	p->confine = c->privileges.confine;
	p->needs = needs_of(c) | (p->again ? CONFINE_RELOAD : 0);
	return privileges_drop(
		&(struct privileges_options){
			.user = c->privileges.user,
			.confine = c->privileges.confine,
			.is_file = p->parts.is_file,
			.paths = paths,
			.path_count = count,
		},
		error);
}

static bool open_services(struct pipeline *p, const struct config *c, struct config_error *error)
{
	announce(&p->parts);
	exporter_resolver(p->parts.exporter, p->resolver);
	return make_view(p, c, error) && add_control(p, c, error) && add_metrics(p, c, error) &&
	       give_up_privileges(p, c, error);
}

/* Before rings are mapped: a process that was made after them would keep their sockets, which
 * stay members of their group then, when weir has let go of the interface. */
static bool make_resolver(struct pipeline *p, const struct config *c, struct config_error *error)
{
	if (c->input_count > 0 && *c->inputs[0].file)
		return true;
	p->resolver = resolver_new(c, error);
	return p->resolver != NULL;
}

struct pipeline *pipeline_new(
	const struct config *c, const struct pipeline_reload *again, struct config_error *error)
{
	struct pipeline *p = calloc(1, sizeof *p);

	if (!p) {
		fail(error, "out of memory");
		return NULL;
	}
	p->notify = notify_open();
	p->again = again;
	if (make_resolver(p, c, error) && assembly_make(&p->parts, c, error) &&
		(p->parts.is_file ? give_up_privileges(p, p->parts.config, error)
				  : open_services(p, p->parts.config, error)))
		return p;
	pipeline_free(p);
	return NULL;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	control_free(p->control);
	http_free(p->metrics);
	notify_close(&p->notify);
	watch_free(p->view.watch);
	assembly_free(&p->parts);
	resolver_free(p->resolver);
	free(p);
}

void pipeline_show_progress(struct pipeline *p)
{
	const struct config *c = p->parts.config;

	if (p->parts.is_file)
		p->progress = progress_new(c->inputs[0].file, c->output != CONFIG_OUTPUT_NONE);
}

static void show_progress(struct pipeline *p)
{
	struct worker *w = p->parts.crew->member[0].worker;
	struct source_statistics source = source_statistics(worker_source(w));
	struct worker_statistics s;

	worker_statistics(w, &s);
	progress_show(p->progress, (struct progress_facts){
					   .octets = source.file_octets,
					   .packets = s.seen.frames + source.filtered.frames,
					   .flows = s.cache.opened.flows,
				   });
}

static void read_losses(struct pipeline *p, struct losses *losses)
{
	const struct crew *crew = p->parts.crew;

	losses_read(losses, crew, worker_now(crew->member[0].worker));
	exporter_losses(p->parts.exporter, &losses->ignored, &losses->not_sent);
}

/* One thread, the same functions in order, packet time the only clock. */
static enum pipeline_status read_file(struct pipeline *p)
{
	struct worker *w = p->parts.crew->member[0].worker;
	struct exporter *exporter = p->parts.exporter;
	const char *file = p->parts.config->inputs[0].file;
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
		error = exporter_output_error(exporter);
		if (progress_due(p->progress))
			show_progress(p);
	} while (status == SOURCE_READY && !error);
	while (worker_drain(w) != WORKER_DRAIN_EMPTY)
		;
	read_losses(p, &losses);
	exporter_end(exporter, worker_now(w));
	progress_end(p->progress);
	p->progress = NULL;
	error = exporter_output_error(exporter);
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
		strcmp(file, "-") == 0 ? "standard input" : file, source_failure(worker_source(w)));
	return PIPELINE_BROKE_OFF;
}

/* As many as inputs need where each has the most workers that a pattern has. */
static unsigned spares_of(const struct assembly *a)
{
	unsigned workers = 1;

	for (unsigned i = 0; i < a->given->input_count; i++)
		if (config_is_pattern(a->given->inputs[i].interface) &&
			a->given->inputs[i].workers > workers)
			workers = a->given->inputs[i].workers;
	return workers < SPARES_MOST / CONFIG_INPUTS ? workers * CONFIG_INPUTS : SPARES_MOST;
}

enum pipeline_status pipeline_run(struct pipeline *p)
{
	struct config_error error;

	if (p->parts.is_file && p->confine && !confine_calls(p->needs, &error)) {
		log_error("main", "event=unconfined error=\"%s\"", error.text);
		return PIPELINE_FAULT;
	}
	if (p->parts.is_file)
		return read_file(p);
	struct live_services services = {.control = p->control,
		.metrics = p->metrics,
		.notify = &p->notify,
		.spares = p->parts.opener ? spares_of(&p->parts) : 0,
		.needs = p->needs,
		.confine = p->confine};
	return live_run(&p->view, &services) ? PIPELINE_DONE : PIPELINE_FAULT;
}

void pipeline_ledger(struct pipeline *p, struct ledger *ledger)
{
	ledger_read(ledger, p->parts.crew, p->parts.exporter);
}
