#include "daemon/command.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/flows.h"
#include "daemon/ledger_json.h"
#include "daemon/status.h"
#include "export/ie.h"

#include <stdlib.h>
#include <string.h>

struct command {
	const char *name;
	const char *help;
	json_t *(*run)(struct view *view, const json_t *request);
};

static json_t *run_ledger(struct view *v, const json_t *request)
{
	struct ledger *l = view_ledger(v);
	json_t *all = l ? ledger_json(l) : NULL;

	(void)request;
	free(l);
	return all;
}

static json_t *run_status(struct view *v, const json_t *request)
{
	struct ledger *l = view_ledger(v);
	json_t *all = l ? status_json(v, l, clock_steady()) : NULL;

	(void)request;
	free(l);
	return all;
}

/* Seconds; those that are as idle are given as idle is. */
static json_t *run_timeouts(struct view *v, const json_t *request)
{
	const struct flow_timeouts *t = &v->timeouts;
	double second = (double)CLOCK_SECOND;

	(void)request;
	return json_pack("{sf sf sf sf sf sf}", "active", (double)t->active / second, "idle",
		(double)t->idle / second, "udp", (double)(t->udp < 0 ? t->idle : t->udp) / second,
		"icmp", (double)(t->icmp < 0 ? t->idle : t->icmp) / second, "tcp.fin",
		(double)t->tcp_fin / second, "tcp.rst", (double)t->tcp_rst / second);
}

static json_t *run_elements(struct view *v, const json_t *request)
{
	json_t *all = json_array();

	(void)v;
	(void)request;
	for (size_t i = 0; i < IE_COUNT; i++) {
		const struct ie *ie = &ie_table[i];
		if (ie->encoding == IE_NONE)
			continue;
		json_array_append_new(
			all, json_pack("{ss si ss* ss}", "name", ie->name, "id", (int)ie->id, "v9",
				     ie->v9_name, "type", ie_type_name((enum ie_type)ie->type)));
	}
	return json_pack("{so}", "elements", all);
}

static json_t *run_flush(struct view *v, const json_t *request)
{
	json_int_t live = 0;
	struct worker_statistics w;

	(void)request;
	for (unsigned i = 0; i < v->crew->count; i++) {
		struct worker *worker = v->crew->member[i].worker;
		worker_statistics(worker, &w);
		live += (json_int_t)w.live.flows;
		worker_flush(worker);
	}
	log_info("control", "flush: %lld live flows are being exported", (long long)live);
	return json_pack("{sI}", "flushed", live);
}

static json_t *run_log(struct view *v, const json_t *request)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	const char *level = json_string_value(json_object_get(request, "level"));

	(void)v;
	for (int i = LOG_ERROR_LEVEL; level && i <= LOG_DEBUG_LEVEL; i++) {
		if (strcmp(names[i], level) == 0) {
			log_set_level((enum log_level)i);
			return json_pack("{ss}", "level", level);
		}
	}
	return json_pack("{ss}", "error", "level: allowed are error, warning, info and debug");
}

static json_t *notes_of(const struct reload_notes *notes)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < notes->count; i++)
		json_array_append_new(all, json_string(notes->text[i]));
	return all;
}

static json_t *run_reload(struct view *v, const json_t *request)
{
	struct reload_report report;
	struct config_error error;

	(void)request;
	if (!v->reload)
		return json_pack("{ss}", "error", "there is nothing to reload");
	if (!v->reload(v->context, &report, &error))
		return json_pack("{ss}", "error", error.text);
	return json_pack("{so so}", "changed", notes_of(&report.changed), "needs_restart",
		notes_of(&report.restart));
}

static json_t *run_help(struct view *view, const json_t *request);

/* clang-format off */
static const struct command commands[] = {
	{"ledger", "where every packet and every record went", run_ledger},
	{"status", "inputs, cache, rings and collectors", run_status},
	{"timeouts", "when a flow record is over", run_timeouts},
	{"elements", "the information elements that can be sent", run_elements},
	{"flows", "live flows, the largest first: limit= by= filter=", flows_json},
	{"flush", "export all live flows now", run_flush},
	{"reload", "read the configuration again and take it up", run_reload},
	{"log", "what is logged: error, warning, info or debug", run_log},
	{"help", "this list", run_help},
};
/* clang-format on */
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static json_t *run_help(struct view *v, const json_t *request)
{
	json_t *all = json_array();

	(void)v;
	(void)request;
	for (size_t i = 0; i < COMMANDS; i++)
		json_array_append_new(all,
			json_pack("{ss ss}", "name", commands[i].name, "help", commands[i].help));
	return json_pack("{so}", "commands", all);
}

/* What was sent may be no text at all, and then is not repeated. */
static json_t *error_answer(const char *format, const char *what)
{
	json_t *text = json_sprintf(format, what);

	return json_pack("{so}", "error", text ? text : json_string("this is no JSON"));
}

static json_t *dispatch(struct view *v, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "command"));

	if (!name)
		return error_answer("%s", "a request is an object with a member \"command\"");
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(v, request);
	return error_answer("\"%s\" is no command; help lists them", name);
}

char *command_answer(void *context, const char *line, size_t length)
{
	json_error_t why;
	json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
	json_t *answer = request ? dispatch(context, request)
				 : error_answer("this is no JSON: %s", why.text);
	char *text = answer ? json_dumps(answer, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(request);
	json_decref(answer);
	return text;
}
