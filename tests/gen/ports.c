/*
 * ports: what makes two packets one flow or two. Every protocol number, every ToS octet, every set
 * of TCP flags, ICMP types and codes, IPv4 options, chains of IPv6 extension headers, addresses and
 * ports at their ends. And what does not: TTL, flow label, identification, DF, VLAN.
 */
#include "gen.h"

#include <string.h>

static struct frame f;

static void out(struct gen *g)
{
	eth(&f);
	ether_pad(&f);
	emit(g, &f);
	g->time += 2 * MILLISECOND;
}

static struct flow pair(bool six, uint8_t proto, uint16_t sport, uint16_t dport)
{
	return six ? flow6(0xf0001, 0xf0002, proto, sport, dport)
		   : flow4(0x0a0f0001, 0x0a0f0002, proto, sport, dport);
}

static bool has_ports(unsigned proto)
{
	return proto == TCP || proto == UDP || proto == 33 || proto == 132 || proto == 136;
}

/* All 256; those of IPv6's extension headers are no protocols there. */
static void protocols(struct gen *g)
{
	for (unsigned proto = 0; proto < 256; proto++) {
		for (int six = 0; six < 2; six++) {
			struct flow flow = pair(six, (uint8_t)proto, 0, 0);

			if (six && (proto == 0 || proto == 43 || proto == 44 || proto == 60))
				continue;
			if (has_ports(proto)) {
				flow.sport = 1111;
				flow.dport = 2222;
			}
			if (proto == (six ? ICMP6 : ICMP))
				flow = flow_icmp(&flow, 200, 201);
			payload(&f, 60);
			if (proto ==
				(six ? ICMP : ICMP6)) /* the other family's ICMP is just a number */
				f.next = (uint8_t)proto;
			else
				transport(&f, &flow, 0);
			ip(&f, &flow);
			out(g);
		}
	}
}

static void octets_of_the_key(struct gen *g)
{
	for (unsigned v = 0; v < 256; v++) {
		struct flow flow = pair(v & 1, UDP, 1000, 1001), way = pair(v & 1, TCP, 1002, 1003);

		flow.tos = (uint8_t)v;
		plain(g, &flow, 0, 10);
		plain(g, &way, (uint8_t)v & (uint8_t) ~(SYN | FIN | RST), 10);
		way.sport = (uint16_t)(2000 + v);
		plain(g, &way, (uint8_t)v, 10);
		g->time += MILLISECOND;
	}
}

static void messages(struct gen *g)
{
	static const uint8_t types[] = {
		0, 3, 4, 5, 8, 11, 12, 13, 40, 128, 129, 133, 134, 135, 255};

	for (size_t i = 0; i < sizeof types; i++) {
		for (int six = 0; six < 2; six++) {
			struct flow nodes = pair(six, 0, 0, 0);
			for (uint8_t code = 0; code < 4; code++) {
				struct flow flow =
					flow_icmp(&nodes, types[i], (uint8_t)(code * 85));
				plain(g, &flow, 0, 32);
			}
			g->time += MILLISECOND;
		}
	}
}

/* Options and extension headers: the flow stays the same. */
static void chains(struct gen *g)
{
	static const char *const orders[] = {"\74", "\0", "\53", "\0\74", "\0\53", "\0\74\53\74",
		"\74\74\74", "\0\53\74\74\53\53\74\74"};
	static const size_t lengths[] = {1, 1, 1, 2, 2, 4, 3, 8};

	for (uint8_t options = 0; options <= 40; options = (uint8_t)(options + 4)) {
		struct flow flow = pair(false, TCP, 3000, 3001);
		payload(&f, 20);
		tcp(&f, &flow, ACK, 1, 1);
		ip_with(&f, &flow, &(struct ip_more){.options = options, .id = options});
		out(g);
	}
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		for (size_t octets = 8; octets <= 64; octets += 56) {
			struct flow flow = pair(true, i & 1 ? TCP : UDP, 3000, 3001);
			payload(&f, 20);
			transport(&f, &flow, ACK);
			for (size_t k = lengths[i]; k--;)
				extension(&f, (uint8_t)orders[i][k], octets);
			ip(&f, &flow);
			out(g);
		}
	}
	/* an atomic fragment, and AH and ESP behind other headers: these end the chain */
	struct flow flow = pair(true, UDP, 3100, 3101);
	payload(&f, 20);
	udp(&f, &flow);
	fragment_header(&f, 5, 0, false);
	extension(&f, 0, 8);
	ip(&f, &flow);
	out(g);
	static const uint8_t ends[] = {50, 51, 59, 135, 139, 140};
	for (size_t i = 0; i < sizeof ends; i++) {
		flow = pair(true, ends[i], 0, 0);
		payload(&f, 40);
		f.next = ends[i];
		extension(&f, 60, 8);
		ip(&f, &flow);
		out(g);
	}
}

static void same_flow(struct gen *g)
{
	for (unsigned v = 0; v < 32; v++) {
		struct flow flow = pair(v & 1, UDP, 4000, 4001);
		uint8_t *h;

		payload(&f, v);
		udp(&f, &flow);
		ip_with(&f, &flow, &(struct ip_more){.id = v * 1000, .df = v & 2});
		h = f.room + f.at;
		h[v & 1 ? 7 : 8] = (uint8_t)(v * 8); /* hop limit, TTL */
		if (v & 4)
			vlan(&f, 0x8100, (uint16_t)v);
		out(g);
	}
}

/* Both directions, the same address at both ends, all zeros and all ones. */
static void ends_of_the_range(struct gen *g)
{
	for (int six = 0; six < 2; six++) {
		struct flow flow = pair(six, TCP, 0, 65535), back = flow_back(&flow);
		plain(g, &flow, SYN, 0);
		plain(g, &back, SYN | ACK, 0);
		memcpy(flow.dst, flow.src, 16);
		flow.dport = flow.sport = 7;
		plain(g, &flow, SYN, 0);
		memset(flow.src, 0, 16);
		memset(flow.dst, 0xff, six ? 16 : 4);
		plain(g, &flow, SYN, 0);
		flow.sport = flow.dport = 0;
		flow.proto = UDP;
		payload(&f, 10);
		udp(&f, &flow);
		ip(&f, &flow);
		out(g);
	}
	struct flow mapped = pair(true, TCP, 1, 2); /* IPv4-mapped is not IPv4 */
	memset(mapped.src, 0, 16);
	memset(mapped.src + 10, 0xff, 2);
	memcpy(mapped.src + 12, "\x0a\x0f\0\1", 4);
	plain(g, &mapped, ACK, 0);
}

void scenario_ports(struct gen *g)
{
	protocols(g);
	octets_of_the_key(g);
	messages(g);
	chains(g);
	same_flow(g);
	ends_of_the_range(g);
}
