#define _GNU_SOURCE
#include "daemon/options.h"

#include "base/log.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef WEIR_CONF
#define WEIR_CONF "/etc/weir/weir.conf"
#endif

/* Options without a letter. */
enum { LIST_ELEMENTS = 256, SET, HELP_CONFIG, VERSION, LEDGER };

struct option_row {
	int letter;
	const char *name;
	const char *argument; /* NULL: takes none; in brackets: need not be there */
	const char *key;      /* the option is --set KEY=..., NULL: it is more than that */
	const char *help;
};

/* clang-format off */
static const struct option_row rows[] = {
	{'f', "config", "FILE", NULL, "configuration file"},
	{'i', "interface", "IF", NULL, "meter an interface or a pattern (repeatable)"},
	{'r', "read", "FILE", NULL, "meter a capture file (-: standard input) and exit"},
	{'n', "collector", "HOST[:PORT]", NULL, "send records there, [IPv6]:PORT (repeatable)"},
	{'v', "protocol", "P", NULL, "for -n: netflow5, netflow9 or ipfix (ipfix)"},
	{'o', "output", "FORMAT", "output", "print records instead: text, json or csv"},
	{'m', "entries", "N", "cache.entries", "flows that the cache holds (65536)"},
	{'t', "timeout", "NAME=TIME", NULL, "active, idle, udp, icmp, tcp.fin, tcp.rst"},
	{'s', "sample", "N", "sampling.interval", "meter one packet in N (1)"},
	{SET, "set", "KEY=VALUE", NULL, "set any key of the configuration (repeatable)"},
	{LEDGER, "ledger", "FILE", NULL, "write the ledger as JSON at the end (-: stderr)"},
	{'C', "check-config", NULL, NULL, "say whether the configuration is good, then exit"},
	{HELP_CONFIG, "help-config", NULL, NULL, "list the keys of the configuration"},
	{LIST_ELEMENTS, "list-elements", NULL, NULL, "list the information elements"},
	{'q', "quiet", NULL, NULL, "say less (repeatable)"},
	{'d', "debug", "[=ROOMS]", NULL, "say more (repeatable); of rooms: capture,cache"},
	{VERSION, "version", NULL, NULL, "print the version"},
	{'h', "help", NULL, NULL, "print this"},
};
/* clang-format on */
enum { ROWS = sizeof(rows) / sizeof(rows[0]), NAME = 24 };

/* An option as it was given. */
struct given {
	const struct option_row *row;
	const char *argument;
};

struct command_line {
	struct given *options;
	size_t count;
	const char *interface, *file, *collector; /* the last of each, or NULL */
	const struct given *protocol;             /* the same */
	bool output;
	char *filter; /* "": none */
};

void options_help(FILE *out)
{
	fputs("usage: weir [options] [filter words ...]\n"
	      "       weir doctor [options] [filter words ...]\n"
	      "Meters packets and sends NetFlow v5, NetFlow v9 or IPFIX flow records;\n"
	      "doctor looks at the machine and says what is wrong for that.\n\n",
		out);
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];
		char letter[8] = "    ", name[40];
		if (row->letter < LIST_ELEMENTS)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		snprintf(name, sizeof(name), "--%s%s%s", row->name,
			row->argument && row->argument[0] != '[' ? " " : "",
			row->argument ? row->argument : "");
		fprintf(out, "  %s%-24s %s\n", letter, name, row->help);
	}
	fputs("\nWithout -f, -i and -r the configuration file is " WEIR_CONF ".\n"
	      "Without a collector, records are printed. Filter words are a pcap-filter(7)\n"
	      "expression for the inputs of -i and -r. More: weir(8), weir.conf(5).\n",
		out);
}

static const struct option_row *find_row(int letter)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

static bool is_optional(const struct option_row *row)
{
	return row->argument && row->argument[0] == '[';
}

/* "-m", or "--set" where an option has no letter. */
static const char *name_of(const struct option_row *row, char text[NAME])
{
	if (row->letter < LIST_ELEMENTS)
		snprintf(text, NAME, "-%c", row->letter);
	else
		snprintf(text, NAME, "--%s", row->name);
	return text;
}

/* getopt_long's tables from ours. */
static void describe(char letters[3 * ROWS + 2], struct option options[ROWS + 1])
{
	char *at = letters;

	*at++ = ':';
	for (size_t i = 0; i < ROWS; i++) {
		options[i] = (struct option){rows[i].name,
			is_optional(&rows[i]) ? optional_argument
			: rows[i].argument    ? required_argument
					      : no_argument,
			NULL, rows[i].letter};
		if (rows[i].letter >= LIST_ELEMENTS)
			continue;
		*at++ = (char)rows[i].letter;
		for (int n = is_optional(&rows[i]) ? 2 : rows[i].argument != NULL; n > 0; n--)
			*at++ = ':';
	}
	*at = '\0';
	options[ROWS] = (struct option){0};
}

/* What getopt_long found wrong: `why` is '?' or ':'. */
static bool fail_usage(int why, char **argv, struct config_error *error)
{
	const struct option_row *row = find_row(optopt);
	char name[NAME];

	if (why == ':' && row)
		return config_fail(
			error, "%s: needs %s; see weir --help", name_of(row, name), row->argument);
	if (row)
		return config_fail(
			error, "%.64s: takes no value; see weir --help", argv[optind - 1]);
	if (optopt)
		return config_fail(error, "-%c: unknown option; see weir --help", optopt);
	return config_fail(error, "%.64s: unknown option, or short for several; see weir --help",
		argv[optind - 1]);
}

/* Does what needs no configuration, and remembers the option for the rest. */
static bool note(struct options *options, struct command_line *line, struct given given,
	struct config_error *error)
{
	line->options[line->count++] = given;
	switch (given.row->letter) {
	case 'f': options->config_path = given.argument; break;
	case 'i': line->interface = given.argument; break;
	case 'n': line->collector = given.argument; break;
	case 'v': line->protocol = &line->options[line->count - 1]; break;
	case 'o': line->output = true; break;
	case 'C': options->check_config = true; break;
	case 'q': options->verbosity--; break;
	case 'd':
		if (!given.argument)
			options->verbosity++;
		else if (!log_knows(given.argument))
			return config_fail(error, "--debug: %.64s: allowed: %s; see weir --help",
				given.argument, log_rooms());
		else
			options->debug_rooms = given.argument;
		break;
	case 'h': options->help = true; break;
	case HELP_CONFIG: options->help_config = true; break;
	case VERSION: options->version = true; break;
	case LEDGER: options->ledger = given.argument; break;
	case LIST_ELEMENTS: options->list_elements = true; break;
	case 'r':
		if (line->file)
			return config_fail(error,
				"-r %.64s: there is -r %.64s already, allowed: "
				"one file; see weir --help",
				given.argument, line->file);
		line->file = given.argument;
		break;
	default: break;
	}
	return true;
}

/* NULL: out of memory. */
static char *join(char **words, int count)
{
	size_t size = 1;
	char *text;

	for (int i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	text = calloc(1, size);
	for (int i = 0; text && i < count; i++) {
		if (i > 0)
			strcat(text, " ");
		strcat(text, words[i]);
	}
	return text;
}

/* The command line into *line, and contradictions in it. */
static bool scan(struct options *options, struct command_line *line, int argc, char **argv,
	struct config_error *error)
{
	char letters[3 * ROWS + 2];
	struct option names[ROWS + 1];
	int letter;

	describe(letters, names);
	optind = 0; /* glibc and musl: begin anew */
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		struct given given = {find_row(letter), optarg};
		if (!given.row) /* '?' or ':' */
			return fail_usage(letter, argv, error);
		if (is_optional(given.row) && !optarg && optind < argc && log_knows(argv[optind]))
			given.argument = argv[optind++];
		if (!note(options, line, given, error))
			return false;
	}
	line->filter = join(argv + optind, argc - optind);
	if (!line->filter)
		return config_fail(error, "out of memory");
	if (line->interface && line->file)
		return config_fail(error,
			"-i %.64s and -r %.64s: allowed is one of the two; see "
			"weir --help",
			line->interface, line->file);
	if (line->filter[0] && !line->interface && !line->file)
		return config_fail(error,
			"\"%.64s\": words are a filter, allowed beside -i INTERFACE or -r FILE "
			"(inputs of the file have a key filter); see weir --help",
			line->filter);
	if (line->protocol && !line->collector)
		return config_fail(error,
			"-v %.64s: there is no -n that it is for; see weir "
			"--help",
			line->protocol->argument);
	return true;
}

/* Defaults and file. What is said on the command line takes the place of what
 * the file says: its inputs, and its exporters where records are printed. */
static bool load(
	struct options *options, const struct command_line *line, struct config_error *error)
{
	bool inputs = line->interface || line->file;

	config_defaults(&options->config);
	if (!options->config_path && !inputs && access(WEIR_CONF, F_OK) == 0)
		options->config_path = WEIR_CONF;
	if (!options->config_path)
		return true;
	if (!config_load(&options->config, options->config_path, error))
		return false;
	if (inputs)
		options->config.input_count = 0;
	if (line->output)
		options->config.exporter_count = 0;
	return true;
}

/* config_set of what the format makes; complaints begin with the option. */
__attribute__((format(printf, 4, 5))) static bool set(struct config *config,
	const struct option_row *row, struct config_error *error, const char *format, ...)
{
	char *assignment, name[NAME];
	va_list arguments;
	bool ok;

	va_start(arguments, format);
	ok = vasprintf(&assignment, format, arguments) >= 0;
	va_end(arguments);
	if (!ok)
		return config_fail(error, "out of memory");
	ok = config_set(config, assignment, error) ||
	     config_fail(error, "%s: %s", name_of(row, name), error->text);
	free(assignment);
	return ok;
}

static bool add_input(struct config *config, const struct given *given, const char *filter,
	struct config_error *error)
{
	unsigned index = config->input_count;
	const char *kind = given->row->letter == 'i' ? "interface" : "file";

	if (!given->argument[0])
		return config_fail(
			error, "-%c: the name of the %s is empty", given->row->letter, kind);
	return set(config, given->row, error, "inputs[%u].%s=%s", index, kind, given->argument) &&
	       set(config, given->row, error, "inputs[%u].filter=%s", index, filter);
}

static bool add_collector(struct config *config, const struct given *given,
	const struct given *protocol, struct config_error *error)
{
	unsigned index = config->exporter_count;

	if (!config_add_collector(config, given->argument, error))
		return config_fail(error, "-n: %s", error->text);
	return !protocol || set(config, protocol->row, error, "exporters[%u].protocol=%s", index,
				    protocol->argument);
}

/* What opens inputs and exporters; before the rest, which may speak of them. */
static bool apply_lists(
	struct config *config, const struct command_line *line, struct config_error *error)
{
	for (size_t i = 0; i < line->count; i++) {
		const struct given *given = &line->options[i];
		int letter = given->row->letter;
		if ((letter == 'i' || letter == 'r') &&
			!add_input(config, given, line->filter, error))
			return false;
		if (letter == 'n' && !add_collector(config, given, line->protocol, error))
			return false;
	}
	return true;
}

static bool apply(struct config *config, const struct given *given, struct config_error *error)
{
	const struct option_row *row = given->row;

	if (row->key)
		return set(config, row, error, "%s=%s", row->key, given->argument);
	if (row->letter == SET)
		return set(config, row, error, "%s", given->argument);
	if (row->letter != 't')
		return true;
	if (!strchr(given->argument, '='))
		return config_fail(error,
			"-t: \"%.64s\" is not NAME=TIME, as idle=15s or "
			"tcp.fin=500ms",
			given->argument);
	return set(config, row, error, "cache.timeouts.%s", given->argument);
}

static bool configure(
	struct options *options, const struct command_line *line, struct config_error *error)
{
	if (!load(options, line, error) || !apply_lists(&options->config, line, error))
		return false;
	for (size_t i = 0; i < line->count; i++)
		if (!apply(&options->config, &line->options[i], error))
			return false;
	return config_check(&options->config, error);
}

bool options_read(struct options *options, int argc, char **argv, struct config_error *error)
{
	struct command_line line = {0};
	bool ok;

	memset(options, 0, sizeof(*options));
	options->doctor = argc > 1 && strcmp(argv[1], "doctor") == 0;
	if (options->doctor) { /* the rest is as without it */
		argc--;
		argv++;
	}
	line.options = calloc((size_t)argc + 1, sizeof(*line.options));
	if (!line.options)
		return config_fail(error, "out of memory");
	ok = scan(options, &line, argc, argv, error);
	if (ok && !options->help && !options->help_config && !options->version &&
		!options->list_elements)
		ok = configure(options, &line, error);
	free(line.options);
	free(line.filter);
	return ok;
}
