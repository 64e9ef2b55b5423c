/*
 * tunnels: one flow inside another. Seen from outside the last IP header that was put on is the
 * flow, seen from inside (--inner) the first. What a tunnel carries that is no IP packet, what
 * comes in a fragment, and what no rule takes for a tunnel stays the outer flow either way.
 */
#include "gen.h"

#include <string.h>

static struct frame f;
static unsigned turn;

static struct flow inner_flow(void)
{
	static const uint8_t protos[] = {UDP, TCP, ICMP};
	uint8_t proto = protos[turn % 3];
	struct flow flow =
		turn & 1 ? flow6(turn, 7, proto, (uint16_t)(2000 + turn), 80)
			 : flow4(0x0a630000 + turn, 0x0a630007, proto, (uint16_t)(2000 + turn), 80);

	return proto == ICMP ? flow_icmp(&flow, turn & 1 ? 128 : 8, 0) : flow;
}

static struct flow outer_flow(uint8_t proto, uint16_t port)
{
	uint16_t from = port ? (uint16_t)(49152 + turn) : 0;

	return turn & 2 ? flow6(0x20001, 0x20002, proto, from, port)
			: flow4(0xac100001, 0xac100002, proto, from, port);
}

static void start(void)
{
	struct flow flow = inner_flow();

	payload(&f, 40 + turn % 50);
	transport(&f, &flow, SYN | ECE);
	ip(&f, &flow);
}

static void out(struct gen *g)
{
	eth(&f);
	ether_pad(&f);
	emit(g, &f);
	g->time += 100 * MILLISECOND;
	turn++;
}

static void over_ip(struct gen *g, uint8_t proto)
{
	struct flow flow = outer_flow(proto, 0);

	ip(&f, &flow);
	out(g);
}

static void over_udp(struct gen *g, uint16_t port)
{
	struct flow flow = outer_flow(UDP, port);

	udp(&f, &flow);
	ip(&f, &flow);
	out(g);
}

static void ip_in_ip(struct gen *g)
{
	for (int i = 0; i < 4; i++) {
		start();
		over_ip(g, turn & 1 ? SIXIN4 : IPIP);
	}
	for (int i = 0; i < 4; i++) { /* AH: from outside a flow of AH */
		start();
		ah(&f, i & 1 ? 12 : 0);
		over_ip(g, AH);
	}
	for (int i = 0; i < 4; i++) {
		start();
		eth(&f);
		etherip(&f);
		over_ip(g, 97);
		start();
		mpls(&f, 31);
		f.next = 137;
		over_ip(g, 137);
	}
}

static void all_gre(struct gen *g)
{
	static const uint16_t flags[] = {0, GRE_SUM, GRE_KEY, GRE_SEQ, GRE_SUM | GRE_KEY,
		GRE_SUM | GRE_SEQ, GRE_KEY | GRE_SEQ, GRE_SUM | GRE_KEY | GRE_SEQ};

	for (unsigned i = 0; i < 32; i++) {
		start();
		if (i & 8)
			eth(&f);
		else if (i & 16)
			mpls(&f, 40 + i);
		gre(&f, flags[i % 8]);
		over_ip(g, GRE);
	}
	for (int i = 0; i < 4; i++) {
		start();
		pptp(&f, i & 1);
		over_ip(g, GRE);
	}
	for (unsigned i = 0; i < 8; i++) {
		start();
		if (i & 1)
			vlan(&f, 0x8100, 5);
		eth(&f);
		erspan(&f, 1 + i / 2);
		over_ip(g, GRE);
	}
}

static void overlays(struct gen *g)
{
	for (unsigned i = 0; i < 4; i++) {
		start();
		if (i & 1)
			vlan(&f, 0x8100, 5);
		eth(&f);
		vxlan(&f, 5000 + i);
		over_udp(g, i & 2 ? 8472 : 4789);
	}
	for (unsigned i = 0; i < 4; i++) {
		start();
		if (i & 2)
			eth(&f);
		vxlan_gpe(&f, 6000 + i);
		over_udp(g, 4790);
	}
	for (unsigned i = 0; i < 8; i++) {
		start();
		if (i & 1)
			eth(&f);
		geneve(&f, 7000 + i, i * 8);
		over_udp(g, 6081);
	}
	for (unsigned i = 0; i < 4; i++) {
		start();
		mpls(&f, 100 + i);
		if (i & 1)
			mpls(&f, 200);
		over_udp(g, 6635);
		start();
		lisp(&f);
		over_udp(g, 4341);
	}
}

static void mobile_and_dial_up(struct gen *g)
{
	for (unsigned i = 0; i < 6; i++) {
		start();
		gtpu(&f, 0x1000 + i, i % 3);
		over_udp(g, 2152);
	}
	for (unsigned i = 0; i < 8; i++) {
		start();
		l2tp(&f, i & 1, i & 2, i & 4 ? 6 : 0);
		over_udp(g, 1701);
	}
	for (unsigned i = 0; i < 4; i++) { /* Teredo carries IPv6 only, and counts at either port */
		turn |= 1;
		start();
		teredo(&f, i & 1, i & 2);
		over_udp(g, 3544);
	}
	turn |= 1;
	start();
	teredo(&f, false, false);
	struct flow flow = flow4(0xac100002, 0xac100001, UDP, 3544, 50000);
	udp(&f, &flow);
	ip(&f, &flow);
	out(g);
}

/* Tunnels in tunnels: three of a kind, and one of each kind. */
static void nested(struct gen *g)
{
	for (int depth = 2; depth < 8; depth++) {
		start();
		for (int i = 0; i < depth; i++) {
			struct flow flow = outer_flow(turn & 1 ? SIXIN4 : IPIP, 0);
			flow.proto = f.next;
			put16(flow.src + 2, (unsigned)i);
			ip(&f, &flow);
		}
		out(g);
	}
	start();
	eth(&f);
	vxlan(&f, 1);
	struct flow flow = outer_flow(UDP, 4789);
	udp(&f, &flow);
	ip(&f, &flow);
	gre(&f, GRE_KEY);
	flow = outer_flow(GRE, 0);
	ip(&f, &flow);
	mpls(&f, 17);
	vlan(&f, 0x8100, 9);
	vlan(&f, 0x88a8, 8);
	out(g);
}

/* The outer flow remains: no IP inside, not the header that the port promises, a later fragment. */
static void not_inside(struct gen *g)
{
	static const uint16_t ports[] = {
		4789, 8472, 4790, 6081, 2152, 1701, 3544, 6635, 4341, 4788};

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		payload(&f, 60);
		memset(f.room + f.at, 0xff, 60);
		over_udp(g, ports[i]);
		payload(&f, i); /* shorter than any tunnel's header */
		over_udp(g, ports[i]);
	}
	payload(&f, 40); /* GRE version 2; GRE with routing */
	memcpy(push(&f, 4), "\0\2\x08\0", 4);
	f.next = GRE;
	over_ip(g, GRE);
	payload(&f, 40);
	memcpy(push(&f, 8), "\x40\0\x08\0\0\0\0\0", 8);
	f.next = GRE;
	over_ip(g, GRE);
	for (int i = 0; i < 4; i++) { /* the first fragment opens the tunnel, the second can't */
		struct flow flow = flow4(0xac100003, 0xac100004, GRE, 0, 0);

		start();
		gre(&f, 0);
		ip_with(&f, &flow,
			&(struct ip_more){.id = 9, .more = i == 1, .offset = i == 2 ? 64 : 0});
		if (i == 2)
			f.inner = f.outer;
		out(g);
	}
}

void scenario_tunnels(struct gen *g)
{
	turn = 0;
	ip_in_ip(g);
	all_gre(g);
	overlays(g);
	mobile_and_dial_up(g);
	nested(g);
	not_inside(g);
}
