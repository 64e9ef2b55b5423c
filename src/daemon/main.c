/* weir: reads the command line, builds the pipeline, runs it, sums up. */
#include "base/log.h"
#include "base/memory.h"
#include "daemon/doctor.h"
#include "daemon/ledger_json.h"
#include "daemon/options.h"
#include "daemon/pipeline.h"
#include "export/ie.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_CANNOT_START = 2 };

static int complain(const struct config_error *error, int status)
{
	log_sentence(error->text);
	return status;
}

/* By way of memory, for who reads standard error may have stopped. */
static void print_summary(const struct ledger *ledger)
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);

	if (memory) {
		ledger_summary(ledger, memory);
		fclose(memory);
		log_text(text, length);
	}
	free(text);
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
		print_summary(ledger);
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

/* As it was started; the command line still counts for more than the file. */
struct command_line {
	int argc;
	char **argv;
};

static bool read_again(void *context, struct config *config, struct config_error *error)
{
	const struct command_line *line = context;
	struct options *o = calloc(1, sizeof *o);
	bool good = o && options_read(o, line->argc, line->argv, error);

	if (!o)
		config_fail(error, "out of memory");
	if (good)
		memcpy(config, &o->config, sizeof *config);
	free(o);
	return good;
}

static int run(const struct options *o, struct command_line *line)
{
	struct config_error error;
	FILE *file = NULL;

	signal(SIGPIPE, SIG_IGN);
	if (o->debug_rooms)
		log_set_level(LOG_DEBUG_LEVEL, o->debug_rooms);
	if (o->ledger && !(file = open_ledger(o->ledger, &error)))
		return complain(&error, EXIT_CANNOT_START);
	struct pipeline_reload again = {o->config_path, read_again, line};
	struct pipeline *p = pipeline_new(&o->config, o->config_path ? &again : NULL, &error);
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
		       "transports: UDP; of IPFIX also TCP, TLS and files (RFC 5655); not SCTP "
		       "(RFC 7011 10.1)\n",
			WEIR_VERSION);
	else if (o->list_elements)
		ie_list(stdout);
	else if (o->doctor)
		return doctor(&o->config, stdout) && fflush(stdout) == 0 ? EXIT_DONE : EXIT_USAGE;
	else if (!o->check_config)
		return run(o, &(struct command_line){argc, argv});
	if (fflush(stdout) == 0)
		return EXIT_DONE;
	config_fail(&error, "standard output: %s", strerror(errno));
	return complain(&error, EXIT_CANNOT_START);
}

/* Else the first socket becomes standard error and gets the log. */
static bool keep_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv)
{
	memory_give_back();
	struct options *o = keep_standard_streams() ? calloc(1, sizeof *o) : NULL;

	if (!o)
		return complain(&(struct config_error){"out of memory"}, EXIT_CANNOT_START);
	int status = dispatch(o, argc, argv);
	free(o);
	return status;
}
