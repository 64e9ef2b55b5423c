/* Retransmissions, disorder, windows and the handshake, from segments written by hand. */
#include "flow/tcp.h"
#include "suite.h"

#include <check.h>

#define MS INT64_C(1000000)

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static struct packet segment(uint32_t sequence, uint16_t payload, uint16_t bits)
{
	struct packet p = {.facts = PACKET_TCP, .protocol = 6, .tcp_control_bits = bits};

	p.details.tcp_sequence = sequence;
	p.details.tcp_payload = payload;
	p.details.tcp_window = 1000;
	return p;
}

/* Sequence numbers count from `base`, so that they may wrap. */
struct step {
	uint32_t sequence;
	uint16_t payload;
	uint16_t bits;
};

static const struct {
	struct step step[8];
	unsigned count, retransmitted, out_of_order;
} stories[] = {
	{{{0, 0, SYN}, {1, 100, ACK}, {101, 100, ACK}, {201, 0, FIN | ACK}, {202, 0, ACK}}, 5, 0,
		0},
	{{{0, 100, ACK}, {100, 100, ACK}, {100, 100, ACK}, {200, 1, ACK}}, 4, 1, 0},
	{{{0, 100, ACK}, {0, 100, ACK}, {0, 100, ACK}}, 3, 2, 0},
	{{{0, 0, SYN}, {0, 0, SYN}, {1, 10, ACK}}, 3, 1, 0},
	/* two exchanged, and three */
	{{{0, 100, ACK}, {200, 100, ACK}, {100, 100, ACK}, {300, 100, ACK}}, 4, 0, 1},
	{{{0, 100, ACK}, {300, 100, ACK}, {100, 100, ACK}, {200, 100, ACK}, {400, 9, ACK}}, 5, 0,
		2},
	/* the gap is filled once; then it is sent again */
	{{{0, 100, ACK}, {200, 100, ACK}, {100, 100, ACK}, {100, 100, ACK}}, 4, 1, 1},
	/* what comes in order leaves the gap open */
	{{{0, 100, ACK}, {200, 100, ACK}, {300, 100, ACK}, {100, 100, ACK}}, 4, 0, 1},
	/* what was never seen is no retransmission of its successor */
	{{{0, 100, ACK}, {5000, 100, ACK}, {5100, 100, ACK}}, 3, 0, 0},
	/* keep-alives, with an octet or none, and pure acknowledgements */
	{{{0, 100, ACK}, {99, 1, ACK}, {99, 0, ACK}, {100, 0, ACK}, {100, 0, ACK}}, 5, 0, 0},
	/* what has no data is neither old nor ahead, wherever it stands */
	{{{0, 100, ACK}, {100, 100, ACK}, {50, 0, ACK}, {200, 10, ACK}}, 4, 0, 0},
	{{{0, 100, ACK}, {300, 0, ACK}, {100, 100, ACK}}, 3, 0, 0},
	/* no keep-alives: more than an octet, or a FIN */
	{{{0, 100, ACK}, {99, 2, ACK}, {101, 10, ACK}}, 3, 1, 0},
	{{{0, 100, ACK}, {99, 1, FIN | ACK}, {101, 10, ACK}}, 3, 1, 0},
	/* a retransmission that reaches further */
	{{{0, 100, ACK}, {50, 100, ACK}, {150, 100, ACK}}, 3, 1, 0},
	{{{0, 100, ACK}, {50, 100, ACK}, {150, 100, ACK}, {100, 50, ACK}}, 4, 2, 0},
	/* a reset is no part of the stream */
	{{{0, 100, ACK}, {0, 0, RST}, {100, 10, ACK}}, 3, 0, 0},
};

enum { STORIES = sizeof stories / sizeof stories[0] };

static const uint32_t bases[] = {0, 1, 0x7fffff80, 0xffffff80, 0xffffffff};

START_TEST(streams)
{
	struct flow_tcp tcp = {0};
	uint32_t base = bases[_i / STORIES];
	int i = _i % STORIES;

	for (unsigned k = 0; k < stories[i].count; k++) {
		const struct step *s = &stories[i].step[k];
		struct packet p = segment(base + s->sequence, s->payload, s->bits);
		flow_tcp_add(&tcp, &p);
	}
	ck_assert_msg(tcp.retransmitted == stories[i].retransmitted, "story %d from %x: %u again",
		i, base, tcp.retransmitted);
	ck_assert_msg(tcp.out_of_order == stories[i].out_of_order,
		"story %d from %x: %u disordered", i, base, tcp.out_of_order);
}
END_TEST

START_TEST(windows)
{
	static const uint16_t seen[] = {1000, 500, 0, 65535, 700};
	struct flow_tcp tcp = {0};

	for (int i = 0; i < 5; i++) {
		struct packet p = segment(0, 0, ACK);
		p.details.tcp_window = seen[i];
		flow_tcp_add(&tcp, &p);
		ck_assert_uint_eq(tcp.window_min, i == 0 ? 1000 : i == 1 ? 500 : 0);
	}
	ck_assert_uint_eq(tcp.window_max, 65535);
	struct packet rst = segment(0, 0, RST);
	struct flow_tcp other = {0};
	rst.details.tcp_window = 0;
	flow_tcp_add(&other, &rst);
	ck_assert(!other.has_window); /* a reset says nothing of it */
	struct packet cut = segment(0, 0, ACK);
	cut.facts = 0;
	flow_tcp_add(&other, &cut);
	ck_assert(!other.has_window);
}
END_TEST

static void shake(struct flow_handshake *h, int64_t ms, uint16_t bits, bool reverse)
{
	struct packet p = segment(0, 0, bits);

	p.time = ms * MS;
	flow_handshake_add(h, &p, reverse);
}

START_TEST(handshake)
{
	struct flow_handshake h = {0};

	shake(&h, 1000, SYN, false);
	shake(&h, 1030, SYN | ACK, true);
	shake(&h, 1035, ACK, false);
	ck_assert(h.server == 30000 && h.client == 5000);
	shake(&h, 2000, ACK, false); /* later ones change nothing */
	shake(&h, 2000, SYN | ACK, true);
	shake(&h, 2000, SYN, false);
	ck_assert(h.server == 30000 && h.client == 5000);
}
END_TEST

START_TEST(handshake_sent_again)
{
	struct flow_handshake h = {0};

	shake(&h, 1000, SYN, false);
	shake(&h, 2000, SYN, false);
	shake(&h, 2030, SYN | ACK, true);
	shake(&h, 3030, SYN | ACK, true);
	shake(&h, 3031, ACK, false);
	ck_assert_uint_eq(h.client, 1000);
	ck_assert_uint_eq(h.server, 1030000);
}
END_TEST

START_TEST(no_handshake)
{
	struct flow_handshake h = {0};

	shake(&h, 1000, ACK, false);
	shake(&h, 1001, SYN | ACK, true);
	shake(&h, 1002, SYN, true);
	shake(&h, 1003, ACK, false);
	ck_assert(h.server == 0 && h.client == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tcp");
	TCase *cases = tcase_create("tcp");

	tcase_add_loop_test(cases, streams, 0, STORIES * 5);
	tcase_add_test(cases, windows);
	tcase_add_test(cases, handshake);
	tcase_add_test(cases, handshake_sent_again);
	tcase_add_test(cases, no_handshake);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
