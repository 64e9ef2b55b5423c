/*
 * fragments: the first fragment says which ports a datagram has; what belongs to it by source,
 * destination, identification and protocol gets them if it comes later, and ports 0 if not.
 */
#include "gen.h"

static struct frame whole;

static struct flow between(bool six, uint8_t proto, uint16_t sport, uint16_t dport)
{
	return six ? flow6(1, 2, proto, sport, dport)
		   : flow4(0x0a010001, 0x0a010002, proto, sport, dport);
}

static void compose(const struct flow *flow, uint8_t flags, size_t octets)
{
	payload(&whole, octets);
	transport(&whole, flow, flags);
}

/* One piece of a datagram of the flow, by hand; the note's ports are 0 when its first was not seen.
 */
static void piece(
	struct gen *g, struct flow flow, uint32_t id, uint16_t offset, bool more, bool known)
{
	static struct frame f;

	payload(&f, offset ? 64 : 56);
	if (offset)
		f.next = flow.proto;
	else
		transport(&f, &flow, ACK);
	if (flow.version == 6)
		fragment_header(&f, id, offset, more);
	ip_with(&f, &flow, &(struct ip_more){.id = id, .offset = offset, .more = more});
	if (!known)
		f.outer.flow = f.inner.flow = flow_portless(&flow);
	eth(&f);
	emit(g, &f);
	g->time += 10 * MILLISECOND;
}

static void in_order(struct gen *g, bool six)
{
	static const uint8_t protos[] = {TCP, UDP, 132, 33, 136};

	for (uint16_t i = 0; i < sizeof protos; i++) {
		struct flow flow = between(six, protos[i], (uint16_t)(2000 + i), 80);
		compose(&flow, PSH | ACK, 3000);
		fragments(g, &whole, &flow, 10u + i, 1480, MILLISECOND);
	}
	/* a ping of 4,000 octets; one fragment header per 8 octets; the first with ports but no
	 * flags */
	struct flow nodes = between(six, 0, 0, 0), ping = flow_icmp(&nodes, six ? 128 : 8, 0);
	compose(&ping, 0, 4000);
	fragments(g, &whole, &ping, 30, 1280, MILLISECOND);
	struct flow tiny = between(six, UDP, 2100, 53);
	compose(&tiny, 0, 200);
	fragments(g, &whole, &tiny, 31, 8, MILLISECOND);
	tiny = between(six, TCP, 2101, 80);
	compose(&tiny, SYN, 100);
	fragments(g, &whole, &tiny, 32, 8, MILLISECOND);
	struct flow esp = between(six, 50, 0, 0);
	compose(&esp, 0, 3000);
	fragments(g, &whole, &esp, 33, 1480, MILLISECOND);
}

static void out_of_order(struct gen *g, bool six)
{
	struct flow a = between(six, UDP, 3000, 1), b = between(six, UDP, 3001, 2);

	/* last, middle, first, and one that comes again */
	piece(g, a, 40, 128, false, false);
	piece(g, a, 40, 64, true, false);
	piece(g, a, 40, 0, true, true);
	piece(g, a, 40, 64, true, true);
	/* never a first one */
	piece(g, b, 41, 64, true, false);
	piece(g, b, 41, 128, false, false);
	/* two datagrams mixed, then the same identification for another flow */
	piece(g, a, 42, 0, true, true);
	piece(g, b, 43, 0, true, true);
	piece(g, a, 42, 64, false, true);
	piece(g, b, 43, 64, false, true);
	piece(g, b, 42, 0, true, true);
	piece(g, b, 42, 64, false, true);
	/* identification 43 in the other direction and in another protocol is another datagram */
	struct flow back = flow_back(&b), tcp_flow = between(six, TCP, 3002, 3);
	piece(g, back, 43, 64, false, false);
	piece(g, tcp_flow, 43, 64, false, false);
	piece(g, tcp_flow, 43, 0, true, true);
	piece(g, tcp_flow, 43, 64, false, true);
	/* after the flow's record is over the datagram is still known */
	g->time += 16 * SECOND;
	piece(g, b, 43, 64, false, true);
	/* the ToS of each fragment is its own, and part of the key */
	struct flow marked = b;
	marked.tos = 0xb8;
	piece(g, marked, 43, 64, false, true);
	/* offset 0 without MF is a whole packet, in IPv6 with the header of an atomic fragment */
	piece(g, a, 44, 0, false, true);
	piece(g, a, 44, 64, false, false);
}

/* 100 datagrams, all begun before the first one is finished. */
static void interleaved(struct gen *g, bool six)
{
	for (uint16_t offset = 0; offset <= 128; offset = (uint16_t)(offset + 64))
		for (uint16_t i = 0; i < 100; i++)
			piece(g, between(six, UDP, (uint16_t)(5000 + i), 53), 1000u + i, offset,
				offset < 128, true);
}

/* Extension headers before and behind the fragment header; a fragment of 16 bits' length. */
static void extended(struct gen *g)
{
	static struct frame f;
	struct flow flow = between(true, UDP, 6000, 6001);

	payload(&f, 40);
	udp(&f, &flow);
	extension(&f, 60, 16);
	fragment_header(&f, 70, 0, true);
	extension(&f, 0, 8);
	ip(&f, &flow);
	eth(&f);
	emit(g, &f);
	/* the rest says what follows the fragment header: destination options */
	payload(&f, 40);
	f.next = 60;
	fragment_header(&f, 70, 64, false);
	extension(&f, 43, 24);
	ip(&f, &flow);
	eth(&f);
	emit(g, &f);
	/* without its first one it is known only by that number */
	payload(&f, 40);
	f.next = 60;
	fragment_header(&f, 71, 64, false);
	flow = flow_portless(&flow);
	flow.proto = 60;
	ip(&f, &flow);
	eth(&f);
	emit(g, &f);
	flow = between(false, UDP, 6002, 6003);
	compose(&flow, 0, 65000);
	fragments(g, &whole, &flow, 72, 65000 / 8 * 8 / 2, MILLISECOND);
}

void scenario_fragments(struct gen *g)
{
	for (int six = 0; six < 2; six++) {
		in_order(g, six);
		out_of_order(g, six);
		interleaved(g, six);
	}
	extended(g);
}
