/* weir: reads the command line, builds the pipeline, runs it, sums up. */
#include "base/log.h"
#include "daemon/doctor.h"
#include "daemon/ledger_json.h"
#include "daemon/options.h"
#include "daemon/pipeline.h"
#include "export/ie.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_CANNOT_START = 2 };

static int complain(const struct config_error *error, int status)
{
	log_sentence(error->text);
	return status;
}

/* The summary and the ledger, if they are wanted. */
static bool sum_up(struct pipeline *p, const struct options *o, FILE *file)
{
	struct ledger *ledger = malloc(sizeof *ledger);
	bool good = true;

	if (!ledger)
		return false;
	pipeline_ledger(p, ledger);
	if (o->verbosity >= 0)
		ledger_summary(ledger, stderr);
	if (file)
		good = ledger_json_write(ledger, file);
	free(ledger);
	return good;
}

static int run_pipeline(struct pipeline *p, const struct options *o, FILE *file)
{
	if (o->verbosity >= 0)
		pipeline_show_progress(p);
	int status = (int)pipeline_run(p);

	if (sum_up(p, o, file))
		return status;
	log_error("main", "event=ledger-unwritten file=\"%s\"", o->ledger);
	return status == PIPELINE_DONE ? PIPELINE_FAULT : status;
}

/* Opened at the start, so that a wrong path is known before the packets are. */
static FILE *open_ledger(const char *path, struct config_error *error)
{
	FILE *file = strcmp(path, "-") == 0 ? stderr : fopen(path, "we");

	if (!file)
		config_fail(error, "--ledger %s: %s", path, strerror(errno));
	return file;
}

static int run(const struct options *o)
{
	struct config_error error;
	FILE *file = NULL;

	signal(SIGPIPE, SIG_IGN);
	if (o->debug_rooms)
		log_set_level(LOG_DEBUG_LEVEL, o->debug_rooms);
	if (o->ledger && !(file = open_ledger(o->ledger, &error)))
		return complain(&error, EXIT_CANNOT_START);
	struct pipeline *p = pipeline_new(&o->config, &error);
	int status = p ? run_pipeline(p, o, file) : complain(&error, EXIT_CANNOT_START);
	pipeline_free(p);
	log_settle(true);
	if (file && file != stderr)
		fclose(file);
	return status;
}

static int dispatch(struct options *o, int argc, char **argv)
{
	struct config_error error;

	bool good = options_read(o, argc, argv, &error);
	log_start((enum log_level)(LOG_INFO_LEVEL + o->verbosity));
	if (!good)
		return complain(&error, EXIT_USAGE);
	if (o->help)
		options_help(stdout);
	else if (o->help_config)
		config_help(stdout);
	else if (o->version)
		printf("weir %s\nprotocols: NetFlow v5, NetFlow v9 (RFC 3954), IPFIX (RFC 7011)\n"
		       "transports: UDP (not SCTP, which RFC 7011 section 10.1 asks for)\n",
			WEIR_VERSION);
	else if (o->list_elements)
		ie_list(stdout);
	else if (o->doctor)
		return doctor(&o->config, stdout) && fflush(stdout) == 0 ? EXIT_DONE : EXIT_USAGE;
	else if (!o->check_config)
		return run(o);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_CANNOT_START;
}

int main(int argc, char **argv)
{
	struct options *o = calloc(1, sizeof *o);

	if (!o)
		return EXIT_CANNOT_START;
	int status = dispatch(o, argc, argv);
	free(o);
	return status;
}
