/* weir: reads the command line, builds the pipeline, runs it, sums up. */
#include "base/log.h"
#include "daemon/options.h"
#include "daemon/pipeline.h"
#include "export/ie.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_CANNOT_START = 2 };

static int complain(const struct config_error *error, int status)
{
	fprintf(stderr, "weir: %s\n", error->text);
	return status;
}

static void sum_up(struct pipeline *p)
{
	struct ledger *ledger = malloc(sizeof *ledger);

	if (!ledger)
		return;
	pipeline_ledger(p, ledger);
	ledger_summary(ledger, stderr);
	free(ledger);
}

static int run(const struct options *o)
{
	struct config_error error;

	signal(SIGPIPE, SIG_IGN);
	log_start((enum log_level)(LOG_INFO_LEVEL + o->verbosity));
	struct pipeline *p = pipeline_new(&o->config, &error);
	if (!p)
		return complain(&error, EXIT_CANNOT_START);
	int status = (int)pipeline_run(p);
	if (o->verbosity >= 0)
		sum_up(p);
	pipeline_free(p);
	return status;
}

static int dispatch(struct options *o, int argc, char **argv)
{
	struct config_error error;

	if (!options_read(o, argc, argv, &error))
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
