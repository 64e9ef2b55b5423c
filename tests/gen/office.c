/*
 * office: an hour in a small office, seen at its uplink.
 *
 *   192.168.10.0/24 and 2001:db8:10::/64   twelve desks, untagged, behind the gateway
 *   192.168.20.0/24                        six telephones in VLAN 20, marked EF
 *   192.168.30.0/24                        guests, their VLAN 30 inside the provider's VLAN 100
 *   198.51.100.0/24 and 2001:db8:c633::    the world
 *
 * Desks ask the resolver and then read pages (TCP, ended by FIN; now and then the server resets
 * instead), stream over QUIC for minutes at a time, send mail, ping, and print large documents
 * whose UDP is fragmented. A backup runs for a quarter of an hour, a scanner knocks at closed
 * ports, a database link speaks SCTP. Around them: ARP, LLDP and spanning tree, which are not IP.
 */
#include "gen.h"

#include <string.h>

#define HOUR (3600 * SECOND)

enum place { DESK, PHONE, GUEST };

static void deliver(struct gen *g, struct frame *f, enum place place)
{
	if (place == PHONE)
		vlan(f, 0x8100, 5 << 13 | 20);
	if (place == GUEST) {
		vlan(f, 0x8100, 30);
		vlan(f, 0x88a8, 100);
	}
	eth(f);
	ether_pad(f);
	emit(g, f);
}

/* Both ends of a TCP connection, and how far each has come. */
struct talk {
	struct gen *g;
	enum place place;
	struct flow there, back;
	uint32_t seq, ack;
};

static void say(struct talk *t, bool server, uint8_t flags, size_t octets)
{
	static struct frame f;
	const struct flow *flow = server ? &t->back : &t->there;
	uint32_t *seq = server ? &t->ack : &t->seq;

	payload(&f, octets);
	tcp(&f, flow, flags, *seq, server ? t->seq : t->ack);
	ip(&f, flow);
	deliver(t->g, &f, t->place);
	*seq += (uint32_t)octets + (flags & (SYN | FIN) ? 1 : 0);
	t->g->time += pick(t->g, 200, 30000) * MICROSECOND;
}

static struct talk hello(struct gen *g, enum place place, struct flow flow)
{
	struct talk t = {.g = g, .place = place, .there = flow, .back = flow_back(&flow)};

	t.seq = (uint32_t)pick(g, 0, UINT32_MAX);
	t.ack = (uint32_t)pick(g, 0, UINT32_MAX);
	say(&t, false, SYN, 0);
	say(&t, true, SYN | ACK, 0);
	say(&t, false, ACK, 0);
	return t;
}

static void goodbye(struct talk *t, bool reset)
{
	if (reset) {
		say(t, true, RST | ACK, 0);
		return;
	}
	say(t, false, FIN | ACK, 0);
	say(t, true, FIN | ACK, 0);
	say(t, false, ACK, 0);
}

static void datagram(struct gen *g, enum place place, const struct flow *flow, size_t octets)
{
	static struct frame f;

	payload(&f, octets);
	udp(&f, flow);
	ip(&f, flow);
	deliver(g, &f, place);
	g->time += pick(g, 300, 20000) * MICROSECOND;
}

/* A DNS question for www.example.net, or its answer with one address. */
static void name(struct gen *g, const struct flow *flow, bool answer, bool six)
{
	static const uint8_t question[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w',
		'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n', 'e', 't', 0, 0, 1, 0, 1};
	static struct frame f;
	uint8_t message[sizeof question + 28] = {0}, *a = message + sizeof question;
	uint8_t type = six ? 28 : 1, address = six ? 16 : 4;

	memcpy(message, question, sizeof question);
	message[sizeof question - 3] = type;
	if (answer) {
		put16(message + 2, 0x8180);
		message[7] = 1;
		put16(a, 0xc00c); /* the name of the question */
		a[3] = type;
		a[5] = 1;
		a[9] = 60;
		a[11] = address;
		memcpy(a + 12,
			six ? "\x20\1\xd\xb8\xc6\x33\0\0\0\0\0\0\0\0\0\x10" : "\xc6\x33\x64\x10",
			address);
	}
	payload_bytes(&f, message, sizeof question + (answer ? 12u + address : 0));
	udp(&f, flow);
	ip(&f, flow);
	deliver(g, &f, DESK);
	g->time += pick(g, 300, 20000) * MICROSECOND;
}

static struct flow desk_to(struct gen *g, bool six, uint8_t proto, uint16_t port)
{
	uint32_t desk = (uint32_t)pick(g, 11, 22), server = (uint32_t)pick(g, 1, 60);
	uint16_t from = (uint16_t)pick(g, 32768, 60999);

	return six ? flow6(0x00100000 | desk, 0xc6330000 | server, proto, from, port)
		   : flow4(0xc0a80a00 | desk, 0xc6336400 | server, proto, from, port);
}

/* A page: ask the resolver (A and AAAA), then one connection with a few answers of some size. */
static void page(struct gen *g, uint64_t at)
{
	bool six = pick(g, 0, 2) == 0;
	struct flow web = desk_to(g, six, TCP, 443), dns = web;

	g->time = at;
	dns.proto = UDP;
	dns.dport = 53;
	dns.dst[six ? 15 : 3] = 1;
	for (int i = 0; i < 2; i++) {
		struct flow back = flow_back(&dns);

		name(g, &dns, false, i);
		name(g, &back, true, i);
		dns.sport++;
	}
	struct talk t = hello(g, DESK, web);
	for (uint64_t turns = pick(g, 1, 4); turns; turns--) {
		say(&t, false, PSH | ACK, pick(g, 80, 700));
		for (uint64_t n = pick(g, 1, 6); n; n--)
			say(&t, true, ACK, 1440);
		say(&t, true, PSH | ACK, pick(g, 40, 1400));
		say(&t, false, ACK, 0);
		g->time += pick(g, 0, 8) * SECOND;
	}
	goodbye(&t, pick(g, 0, 7) == 0);
}

/* QUIC: Initial packets of 1,200 octets, then bursts both ways for some minutes. */
static void stream(struct gen *g, uint64_t at, bool six)
{
	struct flow there = desk_to(g, six, UDP, 443), back = flow_back(&there);

	g->time = at;
	datagram(g, DESK, &there, 1200);
	datagram(g, DESK, &back, 1200);
	for (int burst = 0; burst < 25; burst++) {
		datagram(g, DESK, &there, pick(g, 30, 90));
		for (uint64_t n = pick(g, 2, 5); n; n--)
			datagram(g, DESK, &back, 1252);
		g->time += pick(g, 4, 14) * SECOND;
	}
}

/* A telephone call: RTP both ways, marked EF. Ten packets a second stand for fifty. */
static void call(struct gen *g, uint64_t at)
{
	uint32_t phone = (uint32_t)pick(g, 11, 16);
	struct flow there = flow4(0xc0a81400 | phone, 0xc633640a, UDP, 16384, 20000);

	there.tos = 0xb8;
	struct flow back = flow_back(&there);
	for (uint64_t i = 0; i < 120; i++) {
		g->time = at + i * 100 * MILLISECOND;
		datagram(g, PHONE, i & 1 ? &back : &there, 172);
	}
}

static void ping(struct gen *g, uint64_t at, bool six, enum place place)
{
	static struct frame f;
	struct flow between = desk_to(g, six, 0, 0);
	struct flow ask = flow_icmp(&between, six ? 128 : 8, 0), answer = flow_back(&between);

	answer = flow_icmp(&answer, six ? 129 : 0, 0);
	for (uint64_t i = 0; i < 5; i++) {
		for (int reply = 0; reply < 2; reply++) {
			g->time = at + i * SECOND + (uint64_t)reply * 11 * MILLISECOND;
			payload(&f, 56);
			icmp(&f, reply ? &answer : &ask, 77u << 16 | (uint32_t)i);
			ip(&f, reply ? &answer : &ask);
			deliver(g, &f, place);
		}
	}
}

/* Neighbour discovery and listener reports; the latter carry a hop-by-hop header. */
static void neighbours(struct gen *g, uint64_t at)
{
	static struct frame f;
	struct flow between = flow6(0x00100000 | (uint32_t)pick(g, 11, 22), 0x00100001, 0, 0, 0);
	struct flow solicit = flow_icmp(&between, 135, 0), back = flow_back(&between);
	struct flow advertise = flow_icmp(&back, 136, 0), report = flow_icmp(&between, 143, 0);

	uint8_t body[24] = {0}; /* the target's address and an option with a MAC address */

	g->time = at;
	memcpy(body, between.dst, 16);
	memcpy(body + 16, "\1\1\2\1\0\0\0\1", 8);
	payload_bytes(&f, body, sizeof body);
	icmp(&f, &solicit, 0);
	ip(&f, &solicit);
	deliver(g, &f, DESK);
	g->time += MILLISECOND;
	body[16] = 2;
	payload_bytes(&f, body, sizeof body);
	icmp(&f, &advertise, 0x60000000);
	ip(&f, &advertise);
	deliver(g, &f, DESK);
	g->time += 20 * MILLISECOND;
	memcpy(body, "\4\0\0\0", 4); /* one group is left */
	memcpy(body + 4, between.dst, 16);
	payload_bytes(&f, body, 20);
	icmp(&f, &report, 1);
	extension(&f, 0, 8);
	ip(&f, &report);
	deliver(g, &f, DESK);
}

/* A document of 6,000 octets in UDP, in fragments of 1,480 or 1,448 octets. */
static void print_job(struct gen *g, uint64_t at, bool six, uint32_t id)
{
	static struct frame f;
	struct flow flow = desk_to(g, six, UDP, 9100);

	g->time = at;
	payload(&f, 6000);
	udp(&f, &flow);
	fragments(g, &f, &flow, id, six ? 1448 : 1480, 120 * MICROSECOND);
}

static void scanner(struct gen *g, uint64_t at)
{
	static struct frame f;
	static const uint16_t ports[] = {21, 22, 23, 25, 80, 110, 139, 445, 1433, 3306, 3389, 8080};

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		struct flow knock = flow4(0xcb007107, 0xc0a80a0b, TCP, 61000, ports[i]);
		struct flow back = flow_back(&knock);

		g->time = at + i * 50 * MILLISECOND;
		payload(&f, 0);
		tcp(&f, &knock, SYN, 1, 0);
		ip(&f, &knock);
		deliver(g, &f, DESK);
		g->time += MILLISECOND;
		payload(&f, 0);
		tcp(&f, &back, RST | ACK, 0, 2);
		ip(&f, &back);
		deliver(g, &f, DESK);
	}
}

/* The backup: two segments and an acknowledgement every few seconds for 15 minutes. */
static void backup(struct gen *g, uint64_t at)
{
	g->time = at;
	struct talk t = hello(g, DESK, flow4(0xc0a80a0c, 0xc6336432, TCP, 45000, 873));

	while (g->time < at + 900 * SECOND) {
		say(&t, false, ACK, 1460);
		say(&t, false, PSH | ACK, 1460);
		say(&t, true, ACK, 0);
		g->time += pick(g, 1, 5) * SECOND;
	}
	goodbye(&t, false);
}

/* The database's SCTP association: data and heartbeats; not TCP, so no flags. */
static void association(struct gen *g, uint64_t at)
{
	static struct frame f;
	struct flow there = flow4(0xc0a80a0d, 0xc0a80a64, 132, 36412, 36412);
	struct flow back = flow_back(&there);

	for (uint64_t i = 0; i < 40; i++) {
		const struct flow *flow = i & 1 ? &back : &there;
		g->time = at + i * 30 * SECOND;
		/* a HEARTBEAT chunk, or its acknowledgement: type, flags, length 20, parameter */
		uint8_t chunk[20] = {(uint8_t)(i & 1 ? 5 : 4), 0, 0, 20, 0, 1, 0, 16};
		payload_bytes(&f, chunk, sizeof chunk);
		ported(&f, flow, 12);
		ip(&f, flow);
		deliver(g, &f, DESK);
	}
}

/* A guest who types: one connection through two VLAN tags, quiet for longer than the idle time. */
static void guest(struct gen *g, uint64_t at)
{
	g->time = at;
	struct talk t = hello(
		g, GUEST, flow4(0xc0a81e21, 0xc6336416, TCP, (uint16_t)pick(g, 40000, 50000), 22));

	for (int i = 0; i < 30; i++) {
		say(&t, false, PSH | ACK, 36);
		say(&t, true, PSH | ACK, 36);
		g->time += pick(g, 1, 20) * SECOND;
	}
	goodbye(&t, false);
}

static void not_ip(struct gen *g, uint64_t at)
{
	static const uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 1, 2, 1, 192, 168, 10, 11, 192, 168,
		10, 11, 0, 0, 0, 0, 0, 0, 192, 168, 10, 1};
	static const uint8_t lldp[] = {2, 7, 4, 2, 1, 0, 0, 0, 1, 4, 2, 7, '7', 6, 2, 0, 120, 0, 0};
	static struct frame f;

	g->time = at;
	payload_bytes(&f, arp, sizeof arp);
	f.ethertype = 0x0806;
	deliver(g, &f, DESK);
	g->time += SECOND;
	payload_bytes(&f, lldp, sizeof lldp);
	f.ethertype = 0x88cc;
	deliver(g, &f, DESK);
	g->time += SECOND;
	payload(&f, 35); /* a spanning tree configuration message */
	llc(&f, 0x42, 0x42, 3);
	deliver(g, &f, DESK);
}

void scenario_office(struct gen *g)
{
	uint64_t start = g->time;

	g->sorted = true;
	for (int i = 0; i < 90; i++)
		page(g, start + pick(g, 0, HOUR - 100 * SECOND));
	for (int i = 0; i < 6; i++)
		stream(g, start + pick(g, 0, HOUR - 400 * SECOND), i & 1);
	for (int i = 0; i < 3; i++)
		call(g, start + pick(g, 0, HOUR - 20 * SECOND));
	for (int i = 0; i < 6; i++)
		ping(g, start + pick(g, 0, HOUR - 10 * SECOND), i & 1, i == 4 ? PHONE : DESK);
	for (int i = 0; i < 8; i++)
		neighbours(g, start + pick(g, 0, HOUR - SECOND));
	for (int i = 0; i < 6; i++)
		print_job(g, start + pick(g, 0, HOUR - SECOND), i & 1, 100u + (uint32_t)i);
	for (int i = 0; i < 4; i++)
		guest(g, start + pick(g, 0, HOUR - 700 * SECOND));
	scanner(g, start + 1234 * SECOND);
	backup(g, start + 600 * SECOND);
	association(g, start + 30 * SECOND);
	for (uint64_t i = 0; i < 6; i++)
		not_ip(g, start + 42 * SECOND + i * 600 * SECOND);
}
