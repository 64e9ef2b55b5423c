/*
 * What fuzzers begin with: frames of the scenarios, in the form that each fuzzer reads (its first
 * comment tells). Few and short: a fuzzer finds the rest, but not the shape of a tunnel.
 */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 200, MOST = 60, GROUP = 10, CAPTURED = 104 };

static const struct {
	const char *scenario;
	unsigned each; /* every so many-th frame */
} sources[] = {{"tunnels", 1}, {"ethertypes", 1}, {"fragments", 3}, {"damage", 9}, {"ports", 9},
	{"timeouts", 2}, {"times", 5}, {"counters", 7}, {"office", 9}};

struct seed {
	uint64_t time;
	uint32_t captured, wire;
	uint8_t octets[LONGEST];
};

/* The frames that were taken of one scenario. */
struct seeds {
	const char *name, *folder, *scenario;
	uint16_t linktype;
	unsigned each, seen, count;
	struct seed seed[MOST];
};

static void take(void *arg, uint64_t ns, const uint8_t *data, uint32_t captured, uint32_t wire)
{
	struct seeds *s = arg;

	if (s->seen++ % s->each || s->count == MOST)
		return;
	struct seed *seed = &s->seed[s->count++];
	seed->time = ns;
	seed->captured = captured < LONGEST ? captured : LONGEST;
	seed->wire = wire;
	memcpy(seed->octets, data, seed->captured);
}

static void path_of(const struct seeds *s, const char *what, unsigned n, char path[512])
{
	snprintf(path, 512, "%s/%s-%u-%s-%u", s->folder, s->scenario, s->linktype, what, n);
}

static FILE *open_seed(const struct seeds *s, unsigned n)
{
	char path[512];

	path_of(s, "frame", n, path);
	FILE *file = fopen(path, "wb");
	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

static void put(FILE *file, uint64_t value, unsigned octets)
{
	while (octets--)
		fputc((int)(value >> 8 * octets & 0xff), file);
}

static void write_decode(const struct seeds *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		FILE *file = open_seed(s, i);
		put(file, s->linktype, 2);
		fwrite(s->seed[i].octets, 1, s->seed[i].captured, file);
		fclose(file);
	}
}

static void write_roundtrip(const struct seeds *s)
{
	for (unsigned i = 0; i < s->count; i += GROUP) {
		FILE *file = open_seed(s, i);
		uint64_t before = 1700000000 * SECOND;

		put(file, 64 * (i / GROUP % 4) + i / GROUP % 2, 1);
		for (unsigned k = i; k < i + GROUP && k < s->count; k++) {
			const struct seed *seed = &s->seed[k];
			uint32_t unseen = seed->wire - seed->captured;
			put(file, s->linktype, 2);
			put(file, seed->captured, 2);
			put(file, unseen < UINT16_MAX ? unseen : UINT16_MAX, 2);
			put(file, (seed->time - before) / MILLISECOND, 4);
			fwrite(seed->octets, 1, seed->captured, file);
			before = seed->time;
		}
		fclose(file);
	}
}

/* In each format, the broken ones too; frames again from the first when there are too few. */
static void write_capture(const struct seeds *s)
{
	static const char *const names[] = {"pcap", "pcapng", "pcap-ns", "pcap-swapped", "pcap-cut",
		"pcapng-cut", "pcapng-mixed"};

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		unsigned frames = i < 4 ? 6 : CAPTURED;
		char path[512];

		if (i >= 4 && strcmp(s->scenario, "timeouts") != 0)
			continue;
		path_of(s, names[i], 0, path);
		struct sink *sink = sink_open(path, names[i], s->linktype);
		if (!sink)
			exit(2);
		for (unsigned k = 0; k < frames && s->count; k++) {
			const struct seed *seed = &s->seed[k % s->count];
			sink_write(sink, seed->time, seed->octets, seed->captured, seed->wire);
		}
		sink_close(sink);
	}
}

static const struct {
	const char *name;
	void (*write)(const struct seeds *s);
} writers[] = {
	{"decode", write_decode},
	{"roundtrip", write_roundtrip},
	{"capture", write_capture},
};

static void write_scenario(
	size_t writer, const char *folder, const char *scenario, uint16_t linktype, unsigned each)
{
	static struct seeds s;
	struct gen g = {.time = 1700000000 * SECOND, .random = 1, .linktype = linktype};

	s.folder = folder;
	s.scenario = scenario;
	s.linktype = linktype;
	s.each = each;
	s.seen = s.count = 0;
	g.sink = sink_to(take, &s);
	if (!g.sink)
		exit(3);
	run_scenario(&g, scenario);
	sink_close(g.sink);
	writers[writer].write(&s);
}

int seeds_write(const char *name, const char *folder)
{
	size_t writer = 0, links;
	const uint16_t *types = link_types(&links);

	while (writer < sizeof writers / sizeof *writers && strcmp(writers[writer].name, name) != 0)
		writer++;
	if (writer == sizeof writers / sizeof *writers) {
		fprintf(stderr, "gen: no seeds for %s\n", name);
		return 1;
	}
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
		write_scenario(writer, folder, sources[i].scenario, 1, sources[i].each);
	for (size_t i = 0; i < links; i++)
		write_scenario(writer, folder, "links", types[i], 2);
	return 0;
}
