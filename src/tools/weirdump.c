/* weirdump: shows what an exporter of NetFlow v5, v9 or IPFIX really sends.
 *
 * Options, then either datagrams from a socket or messages from a file, each
 * handed to the decoder; records go to stdout, remarks to stderr. */
#include "weirdump_decode.h"
#include "weirdump_socket.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#ifndef WEIR_VERSION
#define WEIR_VERSION "unknown"
#endif

enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_IO = 2 };

#define COLUMNS_MOST 128

struct options {
	enum print_format format;
	const char *port;
	const char *address;
	const char *file;
	double quiet; /* seconds without a datagram until it leaves, 0: never */
	uint64_t most;
	bool templates;
	struct print_column columns[COLUMNS_MOST];
	size_t column_count;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void usage(FILE *out)
{
	fputs("usage: weirdump [-cjt] [-e NAME,...] [-l ADDRESS] [-n COUNT] [-p PORT] [-q "
	      "SECONDS]\n"
	      "       weirdump [-cjt] [-e NAME,...] [-n COUNT] -r FILE\n"
	      "  -j          JSON, one object a line\n"
	      "  -c          CSV\n"
	      "  -e NAMES    CSV with these elements as columns\n"
	      "  -t          templates too\n"
	      "  -p PORT     listen there (4739); 0: a free one\n"
	      "  -l ADDRESS  listen on this address only\n"
	      "  -r FILE     read IPFIX messages from a file, - is the standard input\n"
	      "  -n COUNT    leave after so many flow records\n"
	      "  -q SECONDS  leave when nothing came for so long\n"
	      "  -V, -h      version, this help\n",
		out);
}

static bool wrong(const char *option, const char *value, const char *allowed)
{
	fprintf(stderr, "weirdump: %s %s: %s\n", option, value, allowed);
	return false;
}

static bool take_columns(struct options *o, char *names)
{
	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		const struct ie *ie = ie_named(name);

		if (!ie)
			return wrong("-e", name, "no element has this name");
		if (o->column_count == COLUMNS_MOST)
			return wrong("-e", name, "too many elements");
		o->columns[o->column_count++] = (struct print_column){ie, ie->pen, 0};
	}
	o->format = PRINT_CSV;
	return o->column_count > 0 || wrong("-e", "", "names of elements are wanted");
}

static bool take_option(struct options *o, int letter, char *value)
{
	char *end = "";

	switch (letter) {
	case 'j': o->format = PRINT_JSON; break;
	case 'c': o->format = PRINT_CSV; break;
	case 't': o->templates = true; break;
	case 'e': return take_columns(o, value);
	case 'l': o->address = value; break;
	case 'r': o->file = value; break;
	case 'p':
		if (strtoul(value, &end, 10) > 65535 || *end != '\0' || *value < '0' ||
			*value > '9')
			return wrong("-p", value, "a port is a number from 0 to 65535");
		o->port = value;
		break;
	case 'n':
		o->most = strtoull(value, &end, 10);
		if (o->most == 0 || *end != '\0' || *value < '0' || *value > '9')
			return wrong("-n", value, "a number of records, at least 1, is wanted");
		break;
	case 'q':
		o->quiet = strtod(value, &end);
		if (end == value || *end != '\0' || !(o->quiet > 0 && o->quiet < 1e9))
			return wrong("-q", value, "a number of seconds above 0 is wanted");
		break;
	default: return false;
	}
	return true;
}

/* The exit status, or -1 to go on. */
static int take_options(struct options *o, int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "jcte:l:r:p:n:q:hV")) != -1) {
		if (letter == 'h') {
			usage(stdout);
			return EXIT_DONE;
		}
		if (letter == 'V') {
			puts("weirdump " WEIR_VERSION);
			return EXIT_DONE;
		}
		if (letter == '?')
			usage(stderr);
		if (!take_option(o, letter, optarg))
			return EXIT_USAGE;
	}
	if (optind < argc) {
		wrong(argv[optind], "", "not an option");
		usage(stderr);
		return EXIT_USAGE;
	}
	return -1;
}

/* From a byte stream: messages back to back (RFC 5655). */
static int read_file(struct dump *dump, const char *name)
{
	static uint8_t octets[UINT16_MAX];
	FILE *in = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
	struct peer peer = {.name = in == stdin ? "standard input" : name};
	struct sigaction action = {.sa_handler = stop};
	uint64_t at = 0;
	const char *fault = NULL;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!in) {
		fprintf(stderr, "weirdump: %s: %s\n", name, strerror(errno));
		return EXIT_IO;
	}
	while (!stopped && !fault && !dump_is_done(dump)) {
		size_t n = fread(octets, 1, 4, in), length = n == 4 ? be16(octets + 2) : 0;

		if (n == 0)
			break;
		if (n < 4)
			fault = "breaks off in a message";
		else if (be16(octets) != 10 || length < 16)
			fault = "is not an IPFIX message";
		else if (fread(octets + 4, 1, length - 4, in) < length - 4)
			fault = "breaks off in a message";
		else
			dump_message(dump, &peer, octets, length);
		if (!fault)
			at += length;
	}
	fflush(stdout);
	if (ferror(in) && !stopped)
		fault = strerror(errno);
	if (fault && !stopped)
		fprintf(stderr, "weirdump: %s, octet %" PRIu64 ": %s\n", peer.name, at, fault);
	if (in != stdin)
		fclose(in);
	return fault && !stopped ? EXIT_IO : EXIT_DONE;
}

/* Datagrams that are there, up to a number after which signals get their turn;
 * false: the socket has failed. */
static bool drain(struct dump *dump, int fd, uint32_t *dropped, bool *heard)
{
	static uint8_t octets[UINT16_MAX];
	struct peer peer;
	uint32_t before = *dropped;

	for (int i = 0; i < 256 && !dump_is_done(dump); i++) {
		ssize_t n = socket_receive(fd, octets, sizeof octets, &peer, dropped);

		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
		*heard = true;
		if (*dropped != before)
			fprintf(stderr,
				"weirdump: %" PRIu32 " datagrams lost here, as they came faster "
				"than they were printed\n",
				*dropped - before);
		before = *dropped;
		dump_message(dump, &peer, octets, (size_t)n);
	}
	return true;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int listen_udp(struct dump *dump, int fd, int signals, double quiet)
{
	struct pollfd polls[] = {{.fd = fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	double last = seconds();
	uint32_t dropped = 0;

	while (!dump_is_done(dump)) {
		double left = quiet > 0 ? last + quiet - seconds() : 3600;
		bool heard = false;

		if (left <= 0)
			break;
		fflush(stdout);
		if (poll(polls, 2, left < 3600 ? (int)(left * 1000) + 1 : -1) < 0 &&
			errno != EINTR) {
			perror("weirdump: poll");
			return EXIT_IO;
		}
		if (!drain(dump, fd, &dropped, &heard)) {
			perror("weirdump: receive");
			return EXIT_IO;
		}
		if (heard)
			last = seconds();
		if (polls[1].revents != 0)
			break;
	}
	return EXIT_DONE;
}

static int collect(struct dump *dump, const struct options *o)
{
	char name[SOCKET_NAME];
	sigset_t set;
	int fd = socket_open(o->address, o->port, name), signals, status;

	if (fd < 0)
		return EXIT_IO;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0) {
		perror("weirdump: signals");
		close(fd);
		return EXIT_IO;
	}
	fprintf(stderr, "weirdump: listening on %s\n", name);
	status = listen_udp(dump, fd, signals, o->quiet);
	close(signals);
	close(fd);
	return status;
}

static int run(struct dump *dump, const struct options *o)
{
	int status;

	dump->sessions.log = stderr;
	dump->show_templates = o->templates;
	dump->is_stream = o->file != NULL;
	dump->most = o->most;
	if (o->column_count > 0)
		printer_columns(dump->printer, o->columns, o->column_count);
	status = o->file ? read_file(dump, o->file) : collect(dump, o);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("weirdump: standard output");
		status = EXIT_IO;
	}
	sessions_summary(&dump->sessions, stderr);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {.format = PRINT_TEXT, .port = "4739"};
	struct dump *dump;
	int status = take_options(&options, argc, argv);

	if (status >= 0)
		return status;
	dump = calloc(1, sizeof *dump);
	if (dump) {
		dump->printer = printer_new(options.format, stdout);
		dump->templates = templates_new();
	}
	if (dump && dump->printer && dump->templates) {
		status = run(dump, &options);
	} else {
		fputs("weirdump: no memory\n", stderr);
		status = EXIT_IO;
	}
	if (dump) {
		printer_free(dump->printer);
		templates_free(dump->templates);
	}
	free(dump);
	return status;
}
