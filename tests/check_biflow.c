/* What a biflow keeps of its two directions, held against a model of each; who its source is; and
 * what the details of its first packet then say. */
#include "flow/cache.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 20, PACKETS = 3000, SYN = 0x02, ACK = 0x10 };

static uint64_t state;

/* Marsaglia's xorshift: the same numbers everywhere */
static unsigned any(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % below);
}

struct side {
	uint64_t packets, octets;
	int64_t first, last;
	uint16_t bits;
	uint8_t lowest, highest;
};

struct pair {
	unsigned packets;
	bool turned; /* the second end is the source */
	bool initiated;
	struct side side[2]; /* what each end sent */
};

struct model {
	struct pair pair[PAIRS];
	unsigned gone;
};

static void add(struct side *s, const struct packet *p)
{
	if (!s->packets++) {
		s->first = s->last = p->time;
		s->lowest = s->highest = p->details.ttl;
	}
	s->octets += p->octets;
	s->first = p->time < s->first ? p->time : s->first;
	s->last = p->time > s->last ? p->time : s->last;
	s->bits |= p->tcp_control_bits;
	s->lowest = p->details.ttl < s->lowest ? p->details.ttl : s->lowest;
	s->highest = p->details.ttl > s->highest ? p->details.ttl : s->highest;
}

static void same_side(const struct flow_direction *d, const struct side *s)
{
	ck_assert_uint_eq(d->packets, s->packets);
	ck_assert_uint_eq(d->octets, s->octets);
	ck_assert_int_eq(d->first, s->first);
	ck_assert_int_eq(d->last, s->last);
	ck_assert_uint_eq(d->tcp_control_bits, s->bits);
	ck_assert_uint_eq(d->minimum_ttl, s->lowest);
	ck_assert_uint_eq(d->maximum_ttl, s->highest);
}

/* Octets by which an end is known wherever it stands. */
static void put_end(uint8_t *address, uint16_t *port, unsigned pair, bool second)
{
	memset(address, 0, 16);
	address[0] = 10;
	address[1] = (uint8_t)(pair % 2 ? second : !second);
	address[3] = (uint8_t)pair;
	*port = (uint16_t)(second ? 443 : 1024 + pair);
}

static void fill_details(struct packet_details *d, bool second)
{
	memset(d->source_mac, second ? 0xbb : 0xaa, 6);
	memset(d->destination_mac, second ? 0xaa : 0xbb, 6);
	memset(d->outer_source_address, second ? 4 : 3, 16);
	memset(d->outer_destination_address, second ? 3 : 4, 16);
	memset(d->inner_source_address, second ? 6 : 5, 16);
	memset(d->inner_destination_address, second ? 5 : 6, 16);
	d->inner_source_port = second ? 8 : 7;
	d->inner_destination_port = second ? 7 : 8;
}

/* Sent by the second end of the pair, or by the first. */
static struct packet packet_of(unsigned pair, bool second, uint16_t bits)
{
	struct packet p = {
		.ip_version = 4, .protocol = pair % 3 ? 6 : 17, .octets = 40 + any(1000)};

	put_end(p.source_address, &p.source_port, pair, second);
	put_end(p.destination_address, &p.destination_port, pair, !second);
	fill_details(&p.details, second);
	p.details.ttl = (uint8_t)(1 + any(255));
	p.time = 1000 + any(1000);
	p.tcp_control_bits = p.protocol == 6 ? bits : 0;
	return p;
}

static void judge(void *context, const struct flow_record *r)
{
	struct model *m = context;
	const struct flow_details *d = &((const struct flow_full_record *)(const void *)r)->details;
	unsigned n = r->key.source_address[3];
	struct pair *pair = &m->pair[n];
	const struct packet wanted = packet_of(n, pair->turned, 0);

	ck_assert_mem_eq(r->key.source_address, wanted.source_address, 32);
	ck_assert_uint_eq(r->key.source_port, wanted.source_port);
	ck_assert_uint_eq(r->key.destination_port, wanted.destination_port);
	ck_assert_mem_eq(d->first.source_mac, wanted.details.source_mac, 12);
	ck_assert_mem_eq(d->first.outer_source_address, wanted.details.outer_source_address, 64);
	ck_assert_uint_eq(d->first.inner_source_port, wanted.details.inner_source_port);
	ck_assert_uint_eq(d->first.inner_destination_port, wanted.details.inner_destination_port);
	ck_assert_uint_eq(d->biflow_direction,
		pair->initiated ? FLOW_BIFLOW_INITIATOR : FLOW_BIFLOW_ARBITRARY);
	ck_assert_uint_eq(r->packets, pair->packets);
	same_side(&d->forward, &pair->side[pair->turned]);
	same_side(&d->reverse, &pair->side[!pair->turned]);
	pair->packets = 0;
	m->gone++;
}

static void note(struct pair *pair, const struct packet *p, bool second)
{
	bool answer = (p->tcp_control_bits & (SYN | ACK)) == (SYN | ACK);

	if (!pair->packets++) {
		pair->turned = second != answer;
		pair->initiated = p->protocol != 6 || p->tcp_control_bits & SYN;
	}
	add(&pair->side[second], p);
}

static struct cache *open_for(struct flow_sink sink)
{
	struct cache_options options = {
		.entries = 100,
		.timeouts = flow_timeouts_default,
		.selection = flow_selection_default(),
		.seed = 7,
	};

	options.selection.keeps_details = options.selection.biflow = true;
	struct cache *c = cache_new(&options, sink);
	ck_assert_ptr_nonnull(c);
	return c;
}

static struct cache *open(struct model *m)
{
	memset(m, 0, sizeof *m);
	return open_for((struct flow_sink){judge, m});
}

/* The first packet is anybody's: a SYN, its answer, data; the second end's in every other pair. */
START_TEST(both_directions)
{
	static const uint16_t bits[] = {SYN, SYN | ACK, ACK, 0x18, 0x20, SYN | 0x40};
	static struct model m;
	struct cache *c = open(&m);

	state = (uint64_t)_i + 1;
	for (unsigned i = 0; i < PACKETS; i++) {
		unsigned n = any(PAIRS);
		bool second = any(2);
		struct packet p = packet_of(n, second, bits[any(6)]);
		note(&m.pair[n], &p, second);
		cache_see(c, &p, 1);
	}
	while (cache_drain(c, 100))
		;
	ck_assert_uint_eq(m.gone, PAIRS);
	cache_free(c);
}
END_TEST

/* A direction without packets says nothing. */
START_TEST(one_direction)
{
	static struct model m;
	struct cache *c = open(&m);
	struct packet p = packet_of(1, _i, ACK);

	note(&m.pair[1], &p, _i);
	cache_see(c, &p, 1);
	while (cache_drain(c, 100))
		;
	ck_assert_uint_eq(m.gone, 1);
	cache_free(c);
}
END_TEST

/* Looked at, a record stays; each is seen once, in steps of any size. */
START_TEST(peeked_at)
{
	static struct model m;
	static struct flow_record out[100];
	struct cache *c = open(&m);
	uint32_t steps[] = {1, 2, 7, 1000}, next = 0;
	unsigned seen[PAIRS] = {0}, count, all = 0;
	bool more;

	for (unsigned n = 0; n < PAIRS; n++) {
		struct packet p = packet_of(n, false, SYN);
		note(&m.pair[n], &p, false);
		cache_see(c, &p, 1);
	}
	do {
		uint32_t before = next;
		count = 1000;
		more = cache_peek(c, &next, steps[_i], out, &count);
		ck_assert_uint_le(next - before, steps[_i]);
		ck_assert_uint_le(count, steps[_i] * cache_ways());
		ck_assert(next - before == steps[_i] || !more);
		for (unsigned i = 0; i < count; i++)
			seen[out[i].key.source_address[3]]++;
		all += count;
	} while (more);
	ck_assert_uint_eq(next, cache_sets(c));
	ck_assert(!cache_peek(c, &next, 1, out, &count));
	ck_assert_uint_eq(count, 0);
	ck_assert_uint_eq(all, PAIRS);
	for (unsigned n = 0; n < PAIRS; n++)
		ck_assert_uint_eq(seen[n], 1);
	ck_assert_uint_eq(cache_live(c).flows, PAIRS);
	ck_assert_uint_eq(m.gone, 0);
	while (cache_drain(c, 100))
		;
	ck_assert_uint_eq(m.gone, PAIRS);
	cache_free(c);
}
END_TEST

static void keep(void *context, const struct flow_record *r)
{
	memcpy(context, r, sizeof(struct flow_full_record));
}

/* What check_tcp.c has the rules of: here, that packets come to it, and to their direction's. */
START_TEST(handshake_and_segments)
{
	static const struct {
		bool second;
		uint16_t bits, payload;
		uint32_t sequence;
		int64_t time;
	} sent[] = {{false, SYN, 0, 0, 1000}, {true, SYN | ACK, 0, 70, 4000},
		{false, ACK, 0, 1, 9000}, {false, ACK, 100, 1, 9000}, {true, ACK, 10, 71, 9000},
		{false, ACK, 100, 1, 9000}};
	struct flow_full_record got = {.record = {.packets = 0}};
	struct cache *c = open_for((struct flow_sink){keep, &got});

	for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
		struct packet p = packet_of(1, sent[i].second, sent[i].bits);
		p.facts = PACKET_TCP;
		p.time = sent[i].time;
		p.details.tcp_sequence = sent[i].sequence;
		p.details.tcp_payload = sent[i].payload;
		cache_see(c, &p, 1);
	}
	while (cache_drain(c, 100))
		;
	ck_assert_uint_eq(got.record.packets, sizeof sent / sizeof *sent);
	ck_assert_uint_eq(got.details.handshake.server, 3); /* microseconds */
	ck_assert_uint_eq(got.details.handshake.client, 5);
	ck_assert_uint_eq(got.details.forward.tcp.retransmitted, 1);
	ck_assert_uint_eq(got.details.reverse.tcp.retransmitted, 0);
	cache_free(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("biflow");
	TCase *cases = tcase_create("biflow");

	tcase_add_loop_test(cases, both_directions, 0, 10);
	tcase_add_loop_test(cases, one_direction, 0, 2);
	tcase_add_loop_test(cases, peeked_at, 0, 4);
	tcase_add_test(cases, handshake_and_segments);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
