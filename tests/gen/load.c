/*
 * many: --flows N flows, each of --packets M packets, taking turns, 2 microseconds apart: for load
 * and for a cache that is too small. counters: octets that come from the wire's length or a jumbo
 * option, and flows beyond 2^32 octets. times: the ends of what the formats' time fields hold.
 */
#include "gen.h"

#include <string.h>

static struct frame f;

static struct flow one_of_many(uint64_t n)
{
	uint32_t host = (uint32_t)(n >> 8) & 0xffffff;
	uint16_t port = (uint16_t)(1024 + (n & 0xff));
	uint8_t proto = n % 3 ? TCP : UDP;

	return n % 4 == 3 ? flow6(host >> 16 << 16 | 1, host << 16 | 2, proto, port, (uint16_t)host)
			  : flow4(0x0a000000 | host, 0xc6336401, proto, port, 443);
}

void scenario_many(struct gen *g)
{
	for (uint64_t m = 0; m < g->packets; m++) {
		for (uint64_t n = 0; n < g->flows; n++) {
			struct flow flow = one_of_many(n);

			plain(g, &flow, ACK, 64 + n % 64);
			g->time += 2 * MICROSECOND;
		}
	}
}

/* As a sender's offload leaves it: no length in the header, the rest of the frame not captured. */
static void offloaded(struct gen *g, const struct flow *flow, uint64_t on_wire)
{
	payload(&f, 20);
	transport(&f, flow, ACK);
	ip_with(&f, flow, &(struct ip_more){.zero_length = true});
	size_t octets = f.end - f.at;
	if (on_wire > octets)
		f.unseen = on_wire - octets;
	f.outer.octets = f.inner.octets = octets + f.unseen;
	eth(&f);
	emit(g, &f);
	g->time += 10 * MILLISECOND;
}

static void jumbo(struct gen *g, const struct flow *flow, uint32_t length)
{
	payload(&f, 64);
	udp(&f, flow);
	uint8_t *h = push(&f, 8);
	h[0] = UDP;
	h[2] = 0xc2;
	h[3] = 4;
	put32(h + 4, length);
	f.next = 0;
	ip_with(&f, flow, &(struct ip_more){.zero_length = true});
	f.outer.octets = f.inner.octets = 40 + (uint64_t)length;
	eth(&f);
	emit(g, &f);
	g->time += 10 * MILLISECOND;
}

void scenario_counters(struct gen *g)
{
	struct flow four = flow4(0x0a110001, 0x0a110002, TCP, 1, 80);
	struct flow six = flow6(0x110001, 0x110002, TCP, 1, 80);

	for (uint16_t i = 0; i < 20; i++) {
		offloaded(g, &four, 64000u + i);
		offloaded(g, &six, 64000u + i);
	}
	/* length 0 with neither TCP nor UDP behind it, or with nothing behind it: the header alone
	 */
	payload(&f, 0);
	struct flow none = flow6(0x110001, 0x110002, 59, 0, 0);
	ip(&f, &none);
	eth(&f);
	emit(g, &f);
	payload(&f, 20);
	f.next = 59;
	ip_with(&f, &none, &(struct ip_more){.zero_length = true});
	f.outer.octets = f.inner.octets = 40;
	eth(&f);
	emit(g, &f);
	/* 100 packets of 64 MB: 6.7 * 10^9 octets, each family */
	for (int i = 0; i < 100; i++) {
		four.sport = six.sport = 2;
		offloaded(g, &four, 64u << 20);
		offloaded(g, &six, 64u << 20);
	}
	/* 65,600 packets of the longest IPv4 length: also beyond 2^32, the ordinary way */
	for (unsigned i = 0; i < 65600; i++) {
		struct flow flow = flow4(0x0a110003, 0x0a110002, UDP, 3, 80);
		payload(&f, 26);
		udp(&f, &flow);
		ip(&f, &flow);
		put16(f.room + f.at + 2, 65535);
		f.outer.octets = f.inner.octets = 65535;
		eth(&f);
		f.unseen = 65535 + 14 - (f.end - f.at);
		emit(g, &f);
		g->time += 200 * MICROSECOND;
	}
	/* jumbograms: sums of 2^32 - 1, 2^32 and 2^32 + 1, and five of 2.5 * 10^9 */
	for (uint32_t i = 0; i < 3; i++) {
		struct flow flow = flow6(0x110001, 0x110003, UDP, (uint16_t)(10 + i), 80);
		jumbo(g, &flow, 0x80000000 - 40);
		jumbo(g, &flow, 0x7fffffff - 40 + i);
	}
	struct flow flow = flow6(0x110001, 0x110004, UDP, 20, 80);
	for (int i = 0; i < 5; i++)
		jumbo(g, &flow, 2500000000);
}

/* A few packets of a TCP flow, seconds apart with odd nanoseconds, the last one at the end. */
static void until(struct gen *g, uint64_t end, uint16_t port)
{
	for (uint64_t before = 36; before--;) {
		for (int six = 0; six < 2; six++) {
			struct flow flow = six ? flow6(0x120001, 0x120002, TCP, port, 80)
					       : flow4(0x0a120001, 0x0a120002, TCP, port, 80);
			g->time = end - (before > end / SECOND ? end / SECOND : before) * SECOND;
			if (before)
				g->time += before * 27182818;
			plain(g, &flow, ACK, before);
		}
	}
}

void scenario_times(struct gen *g)
{
	struct flow slow = flow4(0x0a120003, 0x0a120004, UDP, 1, 2);

	/* the epoch itself */
	for (uint64_t i = 0; i < 4; i++) {
		g->time = i * 7 * SECOND + i * 999999999;
		slow.sport = 1;
		plain(g, &slow, 0, 30);
	}
	/* 60 days, with a packet every 7 hours and pairs that are nanoseconds apart */
	for (uint64_t i = 0; i < 206; i++) {
		g->time = (1700000000 + i * 25200) * SECOND + i * 123456789;
		slow.sport = 2;
		plain(g, &slow, 0, 30);
		g->time += 1;
		plain(g, &slow, 0, 30);
		g->time += 15 * SECOND - 2;
		plain(g, &slow, 0, 30);
		g->time += 15 * SECOND - 1;
		plain(g, &slow, 0, 30);
	}
	until(g, 2085978496 * SECOND + 5 * SECOND, 2036); /* NTP's era ends 5 s before */
	until(g, 2147483648 * SECOND + 5 * SECOND, 2038); /* 31 bits */
	/* 32 bits: the last nanosecond that a header of v9, in whole seconds, is not before */
	until(g, 4294967294 * SECOND + 999999999, 2106);
}
