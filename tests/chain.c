#include "chain.h"

#include "base/hash.h"
#include "daemon/ledger.h"
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define ASSERT_SET(p, octets) __msan_check_mem_is_initialized(p, octets)
#define UNSET(p, octets)      __msan_poison(p, octets)
#endif
#endif
#ifndef ASSERT_SET
#define UNSET(p, octets)      ((void)(p), (void)(octets))
#define ASSERT_SET(p, octets) ((void)(p), (void)(octets))
#endif

enum { PROTOCOLS = 3, DATAGRAM = 1400 };

/* A sum over packets that does not depend on how they are divided into records: each key's
 * number, made by a hash, times what its packets count. */
struct sums {
	uint64_t packets, octets, keyed_packets, keyed_octets;
};

struct collector {
	struct transport transport; /* first: the session's */
	struct session *session;
	struct reader *reader;
	struct sums told;
};

/* The chain takes the exporter's place: this is the ledger's view of it. */
struct exporter {
	struct session_tally taken;
	struct collector collectors[PROTOCOLS];
};

struct feed {
	struct source source;
	const struct frame *frame; /* the next one to lend, or NULL */
};

struct chain {
	struct exporter exporter;
	struct feed *feed; /* the worker's */
	struct worker *worker;
	struct decoder *decoder;
	bool finished;
	struct sums metered, metered4;
	struct source_count seen, ok, ignored[PACKET_IGNORED_REASONS];
	struct ledger ledger;
	char fault[256];
};

static enum source_status feed_read(
	struct source *s, unsigned most, source_take *take, void *context)
{
	struct feed *f = (struct feed *)s;
	const struct frame *frame = f->frame;

	(void)most;
	f->frame = NULL;
	if (frame)
		take(context, frame, 1);
	return SOURCE_READY;
}

static struct source_statistics feed_statistics(struct source *s)
{
	(void)s;
	return (struct source_statistics){0};
}

static void feed_close(struct source *s)
{
	free(s);
}

static const struct source_ops feed_ops = {
	.read = feed_read,
	.statistics = feed_statistics,
	.close = feed_close,
};

static unsigned to_reader(struct transport *t, struct transport_message *m, unsigned count)
{
	struct collector *c = (struct collector *)t;

	for (unsigned i = 0; i < count; i++) {
		ASSERT_SET(m[i].octets, m[i].length);
		reader_feed(c->reader, m[i].octets, m[i].length);
		m[i].error = 0;
	}
	return 0;
}

static void stay(struct transport *t)
{
	(void)t;
}

static const struct transport_ops reader_transport = {.send = to_reader, .close = stay};

static void add(struct sums *s, uint64_t key, uint64_t packets, uint64_t octets)
{
	s->packets += packets;
	s->octets += octets;
	s->keyed_packets += key * packets;
	s->keyed_octets += key * octets;
}

static uint64_t number_of(const uint8_t *src, const uint8_t *dst, const uint16_t numbers[5])
{
	uint8_t octets[42];

	memcpy(octets, src, 16);
	memcpy(octets + 16, dst, 16);
	memcpy(octets + 32, numbers, 10);
	return hash_octets(octets, sizeof octets, 1) | 1;
}

static void read_back(void *arg, const struct reader_record *r)
{
	struct collector *c = arg;
	uint16_t numbers[5] = {r->sport, r->dport, r->proto, r->tos, r->family};

	if (!r->options)
		add(&c->told, number_of(r->src, r->dst, numbers), r->packets, r->octets);
}

static void take_record(void *context, const struct flow_record *r)
{
	struct chain *c = context;

	ASSERT_SET(r, sizeof *r);
	c->exporter.taken.flows++;
	c->exporter.taken.packets += r->packets;
	c->exporter.taken.octets += r->octets;
	for (int i = 0; i < PROTOCOLS; i++)
		session_record(c->exporter.collectors[i].session, r, NULL, worker_now(c->worker));
}

/* In the place of the daemon's own. */
void exporter_statistics(struct exporter *e, struct exporter_statistics *s)
{
	s->taken = e->taken;
	s->collectors = PROTOCOLS;
	for (int i = 0; i < PROTOCOLS; i++)
		s->collector[i].session = session_statistics(e->collectors[i].session);
}

static void collector_open(struct collector *c, uint16_t version)
{
	const struct session_options options = {
		.layout = {.version = version, .definition = definition_ready("default")},
		.domain = 1,
		.max_datagram = DATAGRAM,
		.template_refresh = INT64_C(600) * 1000000000,
		.boot = INT64_MIN,
	};

	c->transport.ops = &reader_transport;
	c->reader = reader_new(read_back, c);
	c->session = session_new(&options, &c->transport);
	if (!c->session)
		abort();
}

struct chain *chain_new(const struct chain_options *o)
{
	static const uint16_t versions[PROTOCOLS] = {5, 9, 10};
	struct worker_options options = {
		.decoder = {.details = true,
			.inner = o->inner,
			.tunnel_facts = o->tunnel_facts,
			.fragments = 64,
			.seed = 1},
		.cache = {.selection = flow_selection_default(),
			.entries = o->entries,
			.timeouts = flow_timeouts_default,
			.seed = 1},
		.interval = 1,
	};
	struct chain *c = calloc(1, sizeof *c);
	struct feed *f = calloc(1, sizeof *f);

	if (!c || !f)
		abort();
	f->source.ops = &feed_ops;
	c->feed = f;
	c->decoder = decoder_new(&options.decoder);
	c->worker = worker_new(&options, &f->source, (struct flow_sink){take_record, c});
	if (!c->decoder || !c->worker)
		abort();
	for (int i = 0; i < PROTOCOLS; i++)
		collector_open(&c->exporter.collectors[i], versions[i]);
	return c;
}

void chain_free(struct chain *c)
{
	for (int i = 0; i < PROTOCOLS; i++) {
		session_free(c->exporter.collectors[i].session);
		reader_free(c->exporter.collectors[i].reader);
	}
	decoder_free(c->decoder);
	worker_free(c->worker);
	free(c);
}

/* Every member has a value, set or zero. */
static void assert_members(const struct packet *p)
{
	ASSERT_SET(p, offsetof(struct packet, fragment) + sizeof p->fragment);
	ASSERT_SET(&p->details, sizeof p->details);
}

static void count(struct source_count *c, const struct frame *frame)
{
	c->frames++;
	c->octets += frame->wire_octets;
}

enum packet_verdict chain_take(struct chain *c, const struct frame *frame, struct packet *packet)
{
	struct decoder_ignored why = {0};
	enum packet_verdict verdict;

	UNSET(packet, sizeof *packet);
	verdict = decoder_read(c->decoder, frame, packet, &why);
	count(&c->seen, frame);
	if (verdict != PACKET_OK) {
		if (why.reason >= PACKET_IGNORED_REASONS ||
			packet_ignored_verdict(why.reason) != verdict)
			abort();
		count(&c->ignored[why.reason], frame);
	} else {
		uint16_t numbers[5] = {packet->source_port, packet->destination_port,
			packet->protocol, packet->tos, packet->ip_version};
		uint64_t key =
			number_of(packet->source_address, packet->destination_address, numbers);

		assert_members(packet);
		count(&c->ok, frame);
		add(&c->metered, key, 1, packet->octets);
		if (packet->ip_version == 4)
			add(&c->metered4, key, 1, packet->octets);
	}
	c->feed->frame = frame;
	worker_read(c->worker);
	worker_sweep(c->worker);
	return verdict;
}

void chain_finish(struct chain *c)
{
	while (worker_drain(c->worker) != WORKER_DRAIN_EMPTY)
		;
	for (int i = 0; i < PROTOCOLS; i++)
		session_flush(c->exporter.collectors[i].session, worker_now(c->worker));
	c->finished = true;
}

static bool same(const struct source_count *a, const struct source_count *b)
{
	return a->frames == b->frames && a->octets == b->octets;
}

static const char *worker_fault(const struct chain *c, const struct worker_statistics *w)
{
	if (!same(&w->seen, &c->seen))
		return "frames seen";
	if (!same(&w->metered, &c->ok))
		return "frames metered";
	for (int i = 0; i < PACKET_IGNORED_REASONS; i++)
		if (!same(&w->ignored[i], &c->ignored[i]))
			return packet_ignored_name((enum packet_ignored)i);
	if (w->cache.opened.packets != c->metered.packets ||
		w->cache.opened.octets != c->metered.octets)
		return "packets and octets in flows";
	return NULL;
}

static const char *collector_fault(struct chain *c, int i)
{
	struct collector *collector = &c->exporter.collectors[i];
	const struct sums *due = i == 0 ? &c->metered4 : &c->metered;

	for (size_t n = 0; n < reader_faults(collector->reader); n++) {
		const char *fault = reader_fault(collector->reader, n);
		snprintf(c->fault, sizeof c->fault, "collector %d: %s", i, fault ? fault : "...");
		return c->fault;
	}
	if (!c->finished)
		return NULL;
	if (memcmp(&collector->told, due, sizeof *due) != 0) {
		snprintf(c->fault, sizeof c->fault,
			"collector %d: %llu packets, %llu octets in records, not %llu and %llu", i,
			(unsigned long long)collector->told.packets,
			(unsigned long long)collector->told.octets,
			(unsigned long long)due->packets, (unsigned long long)due->octets);
		return c->fault;
	}
	return NULL;
}

const char *chain_fault(struct chain *c)
{
	struct crew_member member = {.worker = c->worker};
	const struct crew crew = {.member = &member, .count = 1};
	const char *what;

	ledger_read(&c->ledger, &crew, &c->exporter);
	if (!ledger_adds_up(&c->ledger, &what))
		return what;
	what = worker_fault(c, &c->ledger.workers);
	if (!what && c->finished && (c->ledger.transit.flows || c->ledger.workers.live.flows))
		what = "records left behind";
	for (int i = 0; i < PROTOCOLS && !what; i++)
		what = collector_fault(c, i);
	return what;
}
