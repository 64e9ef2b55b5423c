/* Which packets are one flow: a cache with masks over the key and the details, each octet alone and
 * many together, held against the plain comparison of masked octets. Packets end where memory
 * does. */
#include "flow/biflow.h"
#include "flow/cache.h"
#include "guard.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

enum {
	KEY = sizeof(struct flow_key),
	DETAILS = sizeof(struct packet_details),
	OCTETS = KEY + DETAILS,
	PACKETS = 300,
	ROUNDS = 60,
	FLOWS = OCTETS + 1,
	STRIDE = 8, /* octets are looked at by so many tests */
};

static struct guard guard;
static uint64_t state;

/* Marsaglia's xorshift: the same numbers everywhere */
static unsigned any(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % below);
}

/* Counts of packets, of the flows that left. */
struct gone {
	unsigned flows;
	uint64_t packets[FLOWS];
};

static void leave(void *context, const struct flow_record *r)
{
	struct gone *gone = context;

	ck_assert_uint_lt(gone->flows, FLOWS);
	gone->packets[gone->flows++] = r->packets;
}

static struct cache *open(const struct flow_selection *selection, struct gone *gone)
{
	const struct cache_options options = {
		.entries = 1000,
		.timeouts = flow_timeouts_default,
		.selection = *selection,
		.seed = 7,
	};
	struct cache *c = cache_new(&options, (struct flow_sink){leave, gone});

	ck_assert_ptr_nonnull(c);
	gone->flows = 0;
	return c;
}

static void see(struct cache *c, const struct packet *packet)
{
	cache_see(c, (const void *)guard_copy(&guard, (const void *)packet, sizeof *packet), 1);
}

static void close_all(struct cache *c)
{
	while (cache_drain(c, 100))
		;
	cache_free(c);
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The n-th octet that a selection has a mask for, in the mask or in a packet. */
static uint8_t *mask_octet(struct flow_selection *s, unsigned n)
{
	return n < KEY ? (uint8_t *)&s->key + n : (uint8_t *)&s->details + n - KEY;
}

static uint8_t *packet_octet(struct packet *p, unsigned n)
{
	return n < KEY ? (uint8_t *)p + n : (uint8_t *)&p->details + n - KEY;
}

static struct packet first_packet(void)
{
	return (struct packet){.protocol = 17, .ip_version = 4, .time = 1, .octets = 100};
}

/* Packets that differ in one of them are flows of their own; in all others they may differ. */
static void told_apart(unsigned octet, unsigned other)
{
	struct flow_selection selection = {.keeps_details = true};
	unsigned apart = 1 + (octet != other);
	struct packet p = first_packet();
	struct gone gone;

	*mask_octet(&selection, octet) = 0xff;
	*mask_octet(&selection, other) = 0xff;
	struct cache *c = open(&selection, &gone);
	see(c, &p);
	for (unsigned n = 0; n < OCTETS; n++) {
		*packet_octet(&p, n) ^= 0x41;
		see(c, &p);
		*packet_octet(&p, n) ^= 0x41;
	}
	close_all(c);
	ck_assert_msg(
		gone.flows == 1 + apart, "octets %u and %u: %u flows", octet, other, gone.flows);
	qsort(gone.packets, gone.flows, sizeof *gone.packets, by_size);
	ck_assert_uint_eq(gone.packets[apart - 1], 1);
	ck_assert_uint_eq(gone.packets[apart], 1 + OCTETS - apart);
}

/* It is in the hash, too: flows of any of its values find room. */
static void spread(unsigned octet, bool biflow)
{
	enum { VALUES = 200 };
	struct flow_selection selection = {.keeps_details = true, .biflow = biflow};
	struct packet p = first_packet();
	struct gone gone;

	*mask_octet(&selection, octet) = 0xff;
	struct cache *c = open(&selection, &gone);
	for (unsigned value = 0; value < VALUES; value++) {
		*packet_octet(&p, octet) = (uint8_t)value;
		see(c, &p);
	}
	ck_assert_msg(gone.flows == 0, "octet %u: %u left", octet, gone.flows);
	ck_assert_uint_eq(cache_live(c).flows, VALUES);
	close_all(c);
}

START_TEST(an_octet_alone)
{
	for (unsigned octet = (unsigned)_i; octet < OCTETS; octet += STRIDE) {
		told_apart(octet, octet);
		spread(octet, false);
		spread(octet, true);
	}
}
END_TEST

/* Details of any number of words, odd or even, at any place. */
START_TEST(from_one_word_to_another)
{
	enum { WORD = 8, WORDS = DETAILS / WORD };

	for (unsigned other = 0; other < WORDS; other++)
		told_apart(KEY + (unsigned)_i * WORD, KEY + other * WORD + WORD - 1);
}
END_TEST

/* All that the default key has, and nothing of the details. */
START_TEST(the_default_key)
{
	struct flow_selection selection = flow_selection_default();
	struct packet p = first_packet();
	struct gone gone;

	selection.keeps_details = _i;
	struct cache *c = open(&selection, &gone);
	see(c, &p);
	for (unsigned n = 0; n < OCTETS; n++) {
		*packet_octet(&p, n) ^= 0x41;
		see(c, &p);
		*packet_octet(&p, n) ^= 0x41;
	}
	close_all(c);
	ck_assert_uint_eq(gone.flows, 1 + KEY);
	qsort(gone.packets, gone.flows, sizeof *gone.packets, by_size);
	ck_assert_uint_eq(gone.packets[KEY - 1], 1);
	ck_assert_uint_eq(gone.packets[KEY], 1 + DETAILS);
}
END_TEST

/* Both ends of a key that they stand in, exchanged. */
static struct packet turned(struct packet p)
{
	biflow_turn_key((struct flow_key *)(void *)&p);
	biflow_turn_details(&p.details);
	return p;
}

static struct packet masked(struct packet p, struct flow_selection *s)
{
	for (unsigned n = 0; n < OCTETS; n++)
		*packet_octet(&p, n) &= *mask_octet(s, n);
	return p;
}

static bool same_octets(struct packet a, struct packet b)
{
	return memcmp(&a, &b, KEY) == 0 && memcmp(&a.details, &b.details, DETAILS) == 0;
}

/* Both masked. Where the ends are the same there is no other direction. */
static bool same_flow(struct packet a, struct packet b, bool biflow)
{
	if (same_octets(a, b))
		return true;
	bool ends = memcmp(a.source_address, a.destination_address, 16) != 0 ||
		    a.source_port != a.destination_port;
	return biflow && ends && same_octets(a, turned(b));
}

/* Some octets of the key's, and of the details' none, some next to each other, or any. */
static struct flow_selection any_selection(unsigned kind, bool biflow)
{
	struct flow_selection s = {.keeps_details = true, .biflow = biflow};
	unsigned first = KEY + any(DETAILS), last = first + any(24);

	for (unsigned n = 0; n < OCTETS; n++) {
		bool in = n < KEY ? any(4) : kind == 1 ? n >= first && n <= last : kind && !any(20);
		*mask_octet(&s, n) = in ? (uint8_t)(any(3) ? 0xff : any(256)) : 0;
	}
	if (kind == 3)
		memset(&s.key, 0xff, sizeof s.key);
	return s;
}

/* Zeros with a few octets that are not, so that many packets are alike. */
static struct packet any_packet(const struct packet *last)
{
	struct packet p = any(3) ? *last : first_packet();

	if (any(4) == 0)
		p = turned(p);
	for (unsigned n = any(4); n > 0; n--)
		*packet_octet(&p, any(OCTETS)) = (uint8_t)any(3);
	p.protocol = 17;
	p.source_port %= 3;
	p.destination_port %= 3;
	p.time = 1;
	return p;
}

/* Flows of the model: the masked first packet of each, and how many there were. */
struct model {
	unsigned flows;
	struct packet first[PACKETS];
	uint64_t packets[PACKETS];
};

static void add(struct model *m, struct packet p, bool biflow)
{
	unsigned i = 0;

	while (i < m->flows && !same_flow(m->first[i], p, biflow))
		i++;
	if (i == m->flows) {
		m->first[m->flows++] = p;
		m->packets[i] = 0;
	}
	m->packets[i]++;
}

START_TEST(any_mask)
{
	static struct model m;
	bool biflow = _i % 2;

	state = (uint64_t)_i + 1;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct flow_selection s = any_selection((unsigned)_i / 2 % 4, biflow);
		struct gone gone;
		struct cache *c = open(&s, &gone);
		struct packet p = first_packet();
		m.flows = 0;
		for (unsigned n = 0; n < PACKETS && m.flows < FLOWS; n++) {
			p = any_packet(&p);
			see(c, &p);
			add(&m, masked(p, &s), biflow);
		}
		close_all(c);
		ck_assert_uint_eq(gone.flows, m.flows);
		qsort(gone.packets, gone.flows, sizeof *gone.packets, by_size);
		qsort(m.packets, m.flows, sizeof *m.packets, by_size);
		ck_assert_mem_eq(gone.packets, m.packets, m.flows * sizeof *m.packets);
	}
}
END_TEST

static void setup(void)
{
	guard = guard_new(sizeof(struct packet));
}

static void teardown(void)
{
	guard_free(&guard);
}

int main(void)
{
	Suite *suite = suite_create("selection");
	TCase *cases = tcase_create("selection");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, an_octet_alone, 0, STRIDE);
	tcase_add_loop_test(cases, from_one_word_to_another, 0, DETAILS / 8);
	tcase_add_loop_test(cases, the_default_key, 0, 2);
	tcase_add_loop_test(cases, any_mask, 0, 8);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
