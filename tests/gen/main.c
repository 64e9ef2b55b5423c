/*
 * gen: writes a capture whose every packet is known, and the records that an exact flow exporter
 * must give for it. The same arguments give the same bytes.
 */
#include "gen.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	void (*run)(struct gen *g);
	const char *what;
} scenarios[] = {
	{"office", scenario_office, "an hour of a small office"},
	{"timeouts", scenario_timeouts,
		"idle, active, FIN, RST, ties, packets late, a clock set back"},
	{"fragments", scenario_fragments,
		"IPv4 and IPv6 fragments: whole, late, orphaned, id reused"},
	{"links", scenario_links, "links:N is one capture link type, plain links is Ethernet"},
	{"tunnels", scenario_tunnels, "every encapsulation over IP and UDP, also nested"},
	{"damage", scenario_damage, "headers cut, wrong, or longer than the packet"},
	{"ethertypes", scenario_ethertypes, "tags, PPPoE, MPLS, SNAP, and frames that are not IP"},
	{"ports", scenario_ports, "every transport, all TCP flags, all ToS, extension headers"},
	{"many", scenario_many, "--flows N, each of --packets M"},
	{"counters", scenario_counters, "flows beyond 2^32 octets, offload lengths, jumbograms"},
	{"times", scenario_times, "1970, nanoseconds, a span of 60 days, 2036, 2038, 2106"},
};

enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

struct wait {
	uint64_t time;
	size_t order;
	struct frame *frame;
};

uint64_t pick(struct gen *g, uint64_t low, uint64_t high)
{
	uint64_t z = g->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return low + (z ^ z >> 31) % (high - low + 1);
}

/* In the truth. */
static void note_frame(struct gen *g, const struct frame *f, enum fate fate, uint64_t time)
{
	g->seen++;
	g->non_ip += fate == FATE_NON_IP;
	g->malformed += fate == FATE_MALFORMED;
	g->unsupported += fate == FATE_UNSUPPORTED;
	if (fate == FATE_IP && g->truth) {
		const struct note *note = g->inner ? &f->inner : &f->outer;

		g->ip++;
		g->octets += note->octets;
		truth_packet(g->truth, note, time);
	}
}

static void write_frame(struct gen *g, const struct frame *f, uint64_t time)
{
	size_t captured = f->end - f->at;
	enum fate fate = f->fate;

	if (fate == FATE_AUTO)
		fate = f->layers ? FATE_IP : FATE_NON_IP;
	time -= time % sink_tick(g->sink);
	if (!sink_is_broken(g->sink))
		note_frame(g, f, fate, time);
	sink_write(g->sink, time, f->room + f->at, (uint32_t)captured,
		(uint32_t)(captured + f->unseen));
}

static int by_time(const void *x, const void *y)
{
	const struct wait *a = x, *b = y;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

void flush_waiting(struct gen *g)
{
	if (g->waits)
		qsort(g->waiting, g->waits, sizeof *g->waiting, by_time);
	for (size_t i = 0; i < g->waits; i++) {
		struct frame *f = g->waiting[i].frame;

		write_frame(g, f, g->waiting[i].time);
		free(f);
	}
	free(g->waiting);
	g->waiting = NULL;
	g->waits = g->room = 0;
}

/* A waiting frame keeps only the part of its room that it uses: the bytes stay at their offsets. */
void emit(struct gen *g, const struct frame *f)
{
	if (!g->sorted) {
		write_frame(g, f, g->time);
		return;
	}
	if (g->waits == g->room) {
		g->room = g->room ? 2 * g->room : 1024;
		g->waiting = realloc(g->waiting, g->room * sizeof *g->waiting);
	}
	struct frame *copy = malloc(offsetof(struct frame, room) + f->end);
	if (!g->waiting || !copy) {
		fputs("gen: out of memory\n", stderr);
		exit(3);
	}
	memcpy(copy, f, offsetof(struct frame, room));
	memcpy(copy->room + f->at, f->room + f->at, f->end - f->at);
	g->waiting[g->waits] = (struct wait){g->time, g->waits, copy};
	g->waits++;
}

static void list(void)
{
	size_t count;
	const uint16_t *types = link_types(&count);

	for (size_t i = 0; i < SCENARIOS; i++)
		printf("%-12s %s\n", scenarios[i].name, scenarios[i].what);
	for (size_t i = 0; i < count; i++)
		printf("links:%-6u link type %u\n", types[i], types[i]);
	printf("links:%-6u a link type that no exporter knows\n", 147);
}

static void usage(void)
{
	fputs("usage: gen SCENARIO FILE [--truth FILE] [--inner]\n"
	      "           [--format pcap|pcapng|pcap-ns|pcap-swapped|pcap-cut|pcapng-cut|\n"
	      "            pcapng-mixed] [--seed N] [--start SECONDS]\n"
	      "           [--timeouts NAME=SECONDS,... | --no-timeouts] [--flows N] [--packets N]\n"
	      "       gen --list\n"
	      "       gen seeds decode|roundtrip|capture FOLDER\n",
		stderr);
	exit(1);
}

static uint64_t number(const char *text)
{
	char *end;
	errno = 0;
	uint64_t v = strtoull(text, &end, 10);

	if (end == text || *end || errno) {
		fprintf(stderr, "gen: %s is not a number\n", text);
		exit(1);
	}
	return v;
}

/* NAME=SECONDS,... with fractions */
static void time_outs(struct limits *l, char *text)
{
	const struct {
		const char *name;
		uint64_t *value;
	} names[] = {{"active", &l->active}, {"idle", &l->idle}, {"tcp.fin", &l->fin},
		{"tcp.rst", &l->rst}, {"udp", &l->udp}, {"icmp", &l->icmp}};

	for (char *one = strtok(text, ","); one; one = strtok(NULL, ",")) {
		char *value = strchr(one, '='), *end = NULL;
		size_t i = 0;

		if (value)
			*value++ = '\0';
		while (i < sizeof names / sizeof *names && strcmp(one, names[i].name))
			i++;
		double seconds = value ? strtod(value, &end) : -1;
		if (i == sizeof names / sizeof *names || seconds < 0 || end == value || *end) {
			fprintf(stderr, "gen: no time-out %s=%s\n", one, value ? value : "");
			exit(1);
		}
		*names[i].value = (uint64_t)(seconds * 1e3 + 0.5) * MILLISECOND;
	}
}

static size_t scenario_named(const char *scenario)
{
	size_t name = strcspn(scenario, ":"), i = 0;

	while (i < SCENARIOS &&
		(strlen(scenarios[i].name) != name || strncmp(scenarios[i].name, scenario, name)))
		i++;
	return i;
}

static uint16_t linktype_of(const char *scenario)
{
	const char *colon = strchr(scenario, ':');

	return colon ? (uint16_t)number(colon + 1) : 1;
}

void run_scenario(struct gen *g, const char *scenario)
{
	scenarios[scenario_named(scenario)].run(g);
	flush_waiting(g);
}

static int generate(struct gen *g, const char *scenario, const char *path, const char *format,
	const char *truth)
{
	bool good = true;

	if (scenario_named(scenario) == SCENARIOS) {
		fprintf(stderr, "gen: no scenario %s; gen --list shows them\n", scenario);
		return 1;
	}
	g->linktype = linktype_of(scenario);
	g->sink = sink_open(path, format, g->linktype);
	if (!g->sink)
		return 2;
	run_scenario(g, scenario);
	if (!sink_close(g->sink)) {
		perror(path);
		good = false;
	}
	if (truth)
		good = truth_write(g->truth, g, truth) && good;
	truth_free(g->truth);
	return good ? 0 : 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"truth", 1, NULL, 't'}, {"format", 1, NULL, 'f'},
		{"seed", 1, NULL, 's'}, {"start", 1, NULL, 'b'}, {"timeouts", 1, NULL, 'o'},
		{"no-timeouts", 0, NULL, 'n'}, {"inner", 0, NULL, 'i'}, {"flows", 1, NULL, 'F'},
		{"packets", 1, NULL, 'P'}, {"list", 0, NULL, 'l'}, {0}};
	const uint64_t never = 36500 * (86400 * SECOND);
	struct limits limits = {60 * SECOND, 15 * SECOND, 5 * SECOND, 5 * SECOND, 0, 0};
	struct gen g = {.time = 1700000000 * SECOND, .random = 1, .flows = 1000, .packets = 10};
	const char *format = "pcap", *truth = NULL;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (c) {
		case 't': truth = optarg; break;
		case 'f': format = optarg; break;
		case 's': g.random = number(optarg); break;
		case 'b': g.time = number(optarg) * SECOND; break;
		case 'o': time_outs(&limits, optarg); break;
		case 'n': limits = (struct limits){never, never, never, never, 0, 0}; break;
		case 'i': g.inner = true; break;
		case 'F': g.flows = number(optarg); break;
		case 'P': g.packets = number(optarg); break;
		case 'l': list(); return 0;
		default: usage();
		}
	}
	if (argc - optind == 3 && !strcmp(argv[optind], "seeds"))
		return seeds_write(argv[optind + 1], argv[optind + 2]);
	if (argc - optind != 2)
		usage();
	g.truth = truth_new(&limits);
	return generate(&g, argv[optind], argv[optind + 1], format, truth);
}
