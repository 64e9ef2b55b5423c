/*
 * tool_wire [FILE]: takes frames (see frames.h) from FILE or standard input, meters them by every
 * ready-made record, as outer and as inner packets, and writes the messages of all versions that
 * can tell the flows, one a line in hexadecimal.
 *
 * Needs no library but C's, so that it can be built for machines whose others are not there. Flows
 * are told in an order of their own: in which order a cache lets them go depends on a hash, which
 * is not the same on all machines. All else has to be.
 */
#include "export/session.h"
#include "flow/cache.h"
#include "frames.h"
#include "packet/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 1 << 13, DATAGRAM = 1400, SWEEP_EACH = 1000, SEED = 7 };

#define SECOND INT64_C(1000000000)

struct told {
	struct flow_told *flow;
	size_t count, room;
};

/* One way to meter. */
struct meter {
	const struct definition *definition;
	bool inner;
	struct flow_selection selection;
	struct decoder *decoder;
	struct cache *cache;
	struct told told;
	unsigned frames;
	int64_t now;
};

struct run {
	struct meter meter[64];
	unsigned count;
};

/* ------------------------------------------------------------------ metering */

static void keep(void *context, const struct flow_record *r)
{
	struct meter *m = context;
	struct told *t = &m->told;

	if (t->count == t->room) {
		t->room = 2 * t->room + 1024;
		t->flow = realloc(t->flow, t->room * sizeof *t->flow);
		if (!t->flow)
			abort();
	}
	memset(&t->flow[t->count], 0, sizeof *t->flow);
	memcpy(&t->flow[t->count++], r, cache_record_octets(m->cache));
}

static void add_meter(struct run *run, const char *name, bool inner)
{
	struct meter *m = &run->meter[run->count++];
	struct cache_options cache = {
		.entries = ENTRIES, .timeouts = flow_timeouts_default, .seed = SEED};
	struct decoder_options decoder = {.inner = inner, .seed = SEED};

	m->definition = definition_ready(name);
	m->inner = inner;
	definition_select(m->definition, inner, false, &m->selection);
	cache.selection = m->selection;
	decoder.details = m->selection.keeps_details;
	decoder.tunnel_facts = definition_has_tunnel(m->definition, inner);
	m->decoder = decoder_new(&decoder);
	m->cache = cache_new(&cache, (struct flow_sink){keep, m});
	if (!m->decoder || !m->cache)
		abort();
}

static void begin_capture(void *context, const char *name)
{
	(void)context;
	(void)name;
}

static void meter_frame(void *context, const struct frame *frame, uint8_t *data)
{
	struct run *run = context;

	(void)data;
	for (unsigned i = 0; i < run->count; i++) {
		struct meter *m = &run->meter[i];
		struct packet packet = {0};
		struct decoder_ignored ignored;
		m->now = frame->time > m->now ? frame->time : m->now;
		if (decoder_read(m->decoder, frame, &packet, &ignored) != PACKET_OK)
			printf("ignored %u %llu\n", ignored.reason,
				(unsigned long long)ignored.value);
		else
			cache_see(m->cache, &packet, 1);
		if (++m->frames % SWEEP_EACH == 0)
			cache_sweep(m->cache, ENTRIES);
	}
}

/* ------------------------------------------------------------------ telling */

static int compare_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By values, never by the octets of numbers. */
static int compare(const void *x, const void *y)
{
	const struct flow_record *a = &((const struct flow_told *)x)->record;
	const struct flow_record *b = &((const struct flow_told *)y)->record;
	int order = compare_number((uint64_t)a->first, (uint64_t)b->first);

	order = order ? order : compare_number((uint64_t)a->last, (uint64_t)b->last);
	order = order ? order : memcmp(a->key.source_address, b->key.source_address, 32);
	order = order ? order : compare_number(a->key.source_port, b->key.source_port);
	order = order ? order : compare_number(a->key.destination_port, b->key.destination_port);
	order = order ? order : compare_number(a->key.protocol, b->key.protocol);
	order = order ? order : compare_number(a->key.tos, b->key.tos);
	order = order ? order : compare_number(a->packets, b->packets);
	return order ? order : compare_number(a->octets, b->octets);
}

static unsigned print_messages(
	struct transport *transport, struct transport_message *m, unsigned count)
{
	(void)transport;
	for (unsigned i = 0; i < count; i++) {
		for (uint32_t k = 0; k < m[i].length; k++)
			printf("%02x", m[i].octets[k]);
		putchar('\n');
		m[i].error = 0;
	}
	return 0;
}

static void stay(struct transport *transport)
{
	(void)transport;
}

static void tell(const struct meter *m, uint16_t version)
{
	static const struct transport_ops ops = {.send = print_messages, .close = stay};
	struct transport transport = {.ops = &ops};
	struct session_options options = {
		.layout = {.version = version, .inner = m->inner, .definition = m->definition},
		.domain = 0x01020304,
		.max_datagram = DATAGRAM,
		.template_refresh = 600 * SECOND,
		.options = {.enabled = version != 5,
			.refresh = 60 * SECOND,
			.interval = 10,
			.process = 77},
		.active_timeout = 60,
		.idle_timeout = 15,
		.boot = INT64_MIN,
	};
	struct session *s = session_new(&options, &transport);

	if (!s)
		abort();
	printf("%s version %u %s\n", m->definition->name, version, m->inner ? "inner" : "outer");
	for (size_t i = 0; i < m->told.count; i++)
		session_record(s, &m->told.flow[i].record, NULL, m->now);
	session_flush(s, m->now);
	session_free(s);
}

static void finish(struct meter *m)
{
	static const uint16_t versions[] = {5, 9, 10};
	char why[256];

	while (cache_drain(m->cache, 64))
		continue;
	qsort(m->told.flow, m->told.count, sizeof *m->told.flow, compare);
	for (unsigned i = 0; i < sizeof versions / sizeof *versions; i++)
		if (definition_check(m->definition, versions[i], why, sizeof why))
			tell(m, versions[i]);
	decoder_free(m->decoder);
	cache_free(m->cache);
	free(m->told.flow);
}

int main(int argc, char **argv)
{
	static struct run run;
	FILE *in = argc > 1 ? fopen(argv[1], "rb") : stdin;
	char names[1024];

	definition_names(names, sizeof names);
	for (char *name = strtok(names, ", "); name; name = strtok(NULL, ", ")) {
		add_meter(&run, name, false);
		add_meter(&run, name, true);
	}
	if (!in || !frames_each(in, &run, begin_capture, meter_frame)) {
		fprintf(stderr, "wire: these are no frames\n");
		return 1;
	}
	for (unsigned i = 0; i < run.count; i++)
		finish(&run.meter[i]);
	return fflush(stdout) != 0;
}
