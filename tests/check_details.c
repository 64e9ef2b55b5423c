/* What records keep of their packets beyond counters: sequences of packets through the real cache,
 * held against lists of what each packet had. */
#include "flow/cache.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { FLOWS = 50, PACKETS = 40, SEQUENCES = 200, FLAGS = 6 };

static uint64_t state;

/* Marsaglia's xorshift: the same numbers everywhere */
static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

struct expected {
	unsigned packets, flag[FLAGS];
	uint64_t least, most, layer2, tcp;
	uint32_t ip4, ip6;
	uint8_t lowest, highest, complete;
	struct packet_details first;
};

struct model {
	struct expected flow[FLOWS];
	unsigned closed;
	uint64_t ids; /* the next one due, at least */
	bool seen_id[FLOWS + 1];
};

static void add(struct expected *e, const struct packet *p)
{
	const struct packet_details *d = &p->details;

	if (e->packets++ == 0) {
		e->first = *d;
		e->least = e->most = p->octets;
		e->lowest = e->highest = d->ttl;
		e->complete = 1;
	}
	e->least = p->octets < e->least ? p->octets : e->least;
	e->most = p->octets > e->most ? p->octets : e->most;
	e->lowest = d->ttl < e->lowest ? d->ttl : e->lowest;
	e->highest = d->ttl > e->highest ? d->ttl : e->highest;
	e->layer2 += d->wire_octets;
	e->tcp |= d->tcp_options;
	e->ip4 |= d->ip4_options;
	e->ip6 |= d->ip6_extensions;
	if (p->facts & PACKET_EXTENSION_CUT)
		e->complete = 0;
	for (unsigned i = 0; i < FLAGS; i++)
		e->flag[i] += p->tcp_control_bits >> i & 1;
}

static void judge(void *context, const struct flow_record *r)
{
	struct model *m = context;
	const struct flow_details *d = &((const struct flow_full_record *)(const void *)r)->details;
	const struct expected *e = &m->flow[r->key.source_port];

	ck_assert_uint_eq(r->packets, e->packets);
	ck_assert_uint_eq(d->minimum_octets, e->least);
	ck_assert_uint_eq(d->maximum_octets, e->most);
	ck_assert_uint_eq(d->layer2_octets, e->layer2);
	ck_assert_uint_eq(d->tcp_options, e->tcp);
	ck_assert_uint_eq(d->ip4_options, e->ip4);
	ck_assert_uint_eq(d->ip6_extensions, e->ip6);
	ck_assert_uint_eq(d->minimum_ttl, e->lowest);
	ck_assert_uint_eq(d->maximum_ttl, e->highest);
	ck_assert_uint_eq(d->extensions_complete, e->complete);
	ck_assert_uint_eq(d->tcp_fin, e->flag[0]);
	ck_assert_uint_eq(d->tcp_syn, e->flag[1]);
	ck_assert_uint_eq(d->tcp_rst, e->flag[2]);
	ck_assert_uint_eq(d->tcp_psh, e->flag[3]);
	ck_assert_uint_eq(d->tcp_ack, e->flag[4]);
	ck_assert_uint_eq(d->tcp_urg, e->flag[5]);
	ck_assert_mem_eq(&d->first, &e->first, sizeof d->first);
	ck_assert_uint_ge(d->flow_id, m->ids);
	ck_assert_uint_lt(d->flow_id, m->ids + FLOWS);
	ck_assert(!m->seen_id[d->flow_id - m->ids]);
	m->seen_id[d->flow_id - m->ids] = true;
	m->closed++;
}

static struct packet any_packet(int64_t time)
{
	struct packet p = {.time = time, .ip_version = 4, .protocol = 17};

	for (size_t i = 0; i < sizeof p.details; i++)
		((uint8_t *)&p.details)[i] = (uint8_t)any();
	p.source_port = (uint16_t)(any() % FLOWS);
	p.octets = any() % 3 ? any() % 1500 : any() >> 20; /* a jumbogram's, too */
	p.facts = any() % 20 ? 0 : PACKET_EXTENSION_CUT;
	p.tcp_control_bits = (uint16_t)(any() & 0xfff);
	return p;
}

START_TEST(sums_of_sequences)
{
	struct model *m = calloc(1, sizeof *m);
	struct cache_options o = {.entries = 1000,
		.timeouts = flow_timeouts_default,
		.selection = flow_selection_default(),
		.first_id = UINT64_C(1) << 40,
		.seed = (uint64_t)_i};

	state = (uint64_t)_i * 2 + 1;
	m->ids = o.first_id;
	o.selection.keeps_details = true;
	struct cache *c = cache_new(&o, (struct flow_sink){judge, m});
	ck_assert_uint_eq(cache_record_octets(c), sizeof(struct flow_full_record));
	for (unsigned i = 0; i < PACKETS; i++) {
		struct packet p[CACHE_BATCH];
		unsigned count = 1 + (unsigned)(any() % CACHE_BATCH);
		for (unsigned k = 0; k < count; k++) {
			p[k] = any_packet(1000 + i);
			add(&m->flow[p[k].source_port], &p[k]);
		}
		cache_see(c, p, count);
	}
	ck_assert_uint_eq(m->closed, 0);
	while (cache_drain(c, 100))
		;
	unsigned flows = 0;
	for (unsigned i = 0; i < FLOWS; i++)
		flows += m->flow[i].packets > 0;
	ck_assert_uint_eq(m->closed, flows);
	cache_free(c);
	free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("details");
	TCase *sums = tcase_create("sums");

	tcase_add_loop_test(sums, sums_of_sequences, 0, SEQUENCES);
	suite_add_tcase(suite, sums);
	return suite_run(suite);
}
