/* options: the command line.
 *
 * One table of options gives the parser its letters and --help its lines. The
 * configuration file is read first, then inputs and collectors of the command
 * line, then all other options in the order in which they were given, most of
 * them shorthands of --set: the later one wins. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include "config/config.h"

#include <stdbool.h>
#include <stdio.h>

struct options {
	struct config config;
	const char *config_path; /* the file that was read, NULL: none; argv's, or constant */
	const char *ledger;      /* where --ledger goes, NULL: nowhere; argv's */
	int verbosity;           /* -q takes one off, -d adds one */
	const char *debug_rooms; /* for log_set_level(), NULL: -d named none; argv's */
	/* What to do in the place of metering; config is not filled in where one of
	 * the last four is set. */
	bool check_config;
	bool doctor; /* look at the machine instead */
	bool help;
	bool help_config;
	bool version;
	bool list_elements;
};

/* Reads the command line and the configuration file. False: *error is one line
 * for the user, and the exit status 1. getopt's state and the order of argv
 * change: main thread, at start. The struct is large: not for the stack. */
bool options_read(struct options *options, int argc, char **argv, struct config_error *error);

/* What --help prints. */
void options_help(FILE *out);

#endif
