/* weirctl: asks a running weir over its control socket.
 *
 * A command is sent as one line of JSON; weir knows the commands, so that a new
 * one there needs nothing here but a form to show its answer in. */
#include "weirctl_ask.h"
#include "weirctl_show.h"
#include "weirctl_top.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef WEIR_VERSION
#define WEIR_VERSION "unknown"
#endif

enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_NO_ANSWER = 2, EXIT_LEDGER = 3 };

struct options {
	const char *socket;
	bool json;
};

static void usage(FILE *out)
{
	fputs("usage: weirctl [-j] [-s SOCKET] COMMAND [[NAME=]VALUE ...] [FILTER]\n"
	      "  -s, --socket SOCKET  where weir listens (/run/weir/weir.sock)\n"
	      "  -j, --json           the answer as it came\n"
	      "  -V, --version        print the version\n"
	      "  -h, --help           print this\n"
	      "Commands are ledger, status, top and others that 'weirctl help' lists; "
	      "weirctl(8).\n",
		out);
}

/* The exit status, or -1 to go on. */
static int take_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "s:jVh", names, NULL)) != -1) {
		switch (letter) {
		case 's': o->socket = optarg; break;
		case 'j': o->json = true; break;
		case 'V': puts("weirctl " WEIR_VERSION); return EXIT_DONE;
		case 'h': usage(stdout); return EXIT_DONE;
		default: usage(stderr); return EXIT_USAGE;
		}
	}
	if (optind < argc)
		return -1;
	fputs("weirctl: a command is missing\n", stderr);
	usage(stderr);
	return EXIT_USAGE;
}

static bool lists_flows(const char *command)
{
	return strcmp(command, "flows") == 0 || strcmp(command, "top") == 0;
}

/* What a word without a name means to a command. */
static const char *name_of_word(const char *command)
{
	return strcmp(command, "log") == 0 ? "level" : lists_flows(command) ? "limit" : NULL;
}

/* A member of the request; a second one of a name would be lost. */
static bool add_member(json_t *request, const char *name, json_t *value)
{
	if (json_object_get(request, name)) {
		fprintf(stderr, "weirctl: %s: is said twice\n", name);
		json_decref(value);
		return false;
	}
	return json_object_set_new(request, name, value) == 0;
}

/* A number where it looks like one. */
static bool add_argument(json_t *request, const char *name, const char *value)
{
	char *end;
	long long number = strtoll(value, &end, 10);
	bool is_number = end != value && *end == '\0';

	return add_member(request, name, is_number ? json_integer(number) : json_string(value));
}

/* "limit=20", or a word whose name the command tells. */
static bool add_word(json_t *request, const char *command, const char *word)
{
	const char *equals = strchr(word, '=');
	char name[64] = "";

	if (equals)
		snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
	else if (name_of_word(command))
		snprintf(name, sizeof name, "%s", name_of_word(command));
	if (!name[0]) {
		fprintf(stderr, "weirctl: %s: NAME=VALUE is expected\n", word);
		return false;
	}
	return add_argument(request, name, equals ? equals + 1 : word);
}

/* Words of a filter, which the daemon knows: "host 10.0.0.1 and tcp and port 443". They
 * begin with one that is neither NAME=VALUE nor a number. */
static bool is_of_filter(const char *word, const char *filter)
{
	return !strchr(word, '=') && (*filter || word[strspn(word, "0123456789")]);
}

static bool add_words(json_t *request, char **words)
{
	char filter[1024] = "";

	for (int i = 1; words[i]; i++) {
		size_t used = strlen(filter);
		if (!lists_flows(words[0]) || !is_of_filter(words[i], filter)) {
			if (!add_word(request, words[0], words[i]))
				return false;
		} else if (used + strlen(words[i]) + 2 > sizeof filter) {
			fputs("weirctl: the filter is too long\n", stderr);
			return false;
		} else {
			snprintf(filter + used, sizeof filter - used, "%s%s", used ? " " : "",
				words[i]);
		}
	}
	return !*filter || add_member(request, "filter", json_string(filter));
}

/* Shows the answer and says with which status to leave. */
static int show(const struct options *o, const char *command, const char *line)
{
	json_t *answer = json_loads(line, 0, NULL);
	const char *error = json_string_value(json_object_get(answer, "error"));
	int status = EXIT_DONE;

	if (!answer) {
		fputs("weirctl: the answer is no JSON: is that weir's socket?\n", stderr);
		return EXIT_NO_ANSWER;
	}
	if (json_is_false(json_object_get(answer, "adds_up")))
		status = EXIT_LEDGER;
	if (error)
		status = EXIT_USAGE;
	if (o->json)
		puts(line);
	else if (error)
		fprintf(stderr, "weirctl: %s\n", error);
	else
		weirctl_show(command, answer, stdout);
	json_decref(answer);
	return fflush(stdout) == 0 ? status : EXIT_NO_ANSWER;
}

static int ask_once(const struct options *o, int s, const json_t *request)
{
	const char *command = json_string_value(json_object_get(request, "command"));
	char *line = weirctl_ask(s, request);
	int status = line ? show(o, command, line) : EXIT_NO_ANSWER;

	free(line);
	return status;
}

static int run(const struct options *o, char **words)
{
	json_t *request = json_pack("{ss}", "command", words[0]);
	int status = EXIT_NO_ANSWER;

	if (!request || !add_words(request, words)) {
		json_decref(request);
		return EXIT_USAGE;
	}
	int s = weirctl_connect(o->socket);
	if (s >= 0 && strcmp(words[0], "top") == 0)
		status = weirctl_top(s, request) ? EXIT_DONE : EXIT_NO_ANSWER;
	else if (s >= 0)
		status = ask_once(o, s, request);
	if (s >= 0)
		close(s);
	json_decref(request);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {.socket = "/run/weir/weir.sock"};
	int status = take_options(&options, argc, argv);

	return status >= 0 ? status : run(&options, argv + optind);
}
