/*
 * links: every capture link type in all its shapes, with IPv4 and IPv6 and each transport.
 * ethertypes: what may stand between an Ethernet header and IP, and what is not IP at all.
 */
#include "gen.h"

static struct flow some_flow(bool six, unsigned n)
{
	static const uint8_t protos[] = {TCP, UDP, ICMP, 132};
	uint8_t proto = protos[n % 4];
	struct flow flow =
		six ? flow6(n, 100 + n, proto, (uint16_t)(1000 + n), 443)
		    : flow4(0x0a020000 + n, 0xc6336401, proto, (uint16_t)(1000 + n), 443);

	return proto == ICMP ? flow_icmp(&flow, six ? 128 : 8, 0) : flow;
}

/* An IP packet without a link layer. */
static void bare(struct frame *f, bool six, unsigned n)
{
	struct flow flow = some_flow(six, n);

	payload(f, 18 + n % 90);
	transport(f, &flow, PSH | ACK);
	ip(f, &flow);
}

static void go(struct gen *g, struct frame *f)
{
	emit(g, f);
	g->time += 250 * MILLISECOND;
}

void scenario_links(struct gen *g)
{
	static struct frame f;

	for (unsigned n = 0; n < 120; n++) {
		bool six = n % 3 == 1;

		if ((g->linktype == 228 && six) || (g->linktype == 229 && !six))
			continue;
		bare(&f, six, n / 3);
		if (!link_header(&f, g->linktype, n))
			f.fate = FATE_UNSUPPORTED;
		go(g, &f);
	}
}

/* n at once: stacks of one to five tags, every tag protocol, all priorities */
static void tags(struct gen *g)
{
	static const uint16_t tpids[] = {0x8100, 0x88a8, 0x9100, 0x9200, 0x9300};
	static struct frame f;

	for (unsigned n = 0; n < 25; n++) {
		bare(&f, n & 1, n);
		for (unsigned depth = 0; depth <= n / 5; depth++)
			vlan(&f, tpids[(n + depth) % 5],
				(uint16_t)(n << 13 | (100 * depth + n + 1)));
		eth(&f);
		ether_pad(&f);
		go(g, &f);
	}
	bare(&f, false, 26); /* priority tag, VLAN 0 */
	vlan(&f, 0x8100, 7 << 13);
	eth(&f);
	go(g, &f);
	bare(&f, true, 27); /* SNAP behind a tag */
	snap(&f, 0, 0);
	vlan(&f, 0x8100, 12);
	eth(&f);
	go(g, &f);
	for (unsigned n = 28; n < 32;
		n++) { /* a provider backbone, with and without its outer tag */
		bare(&f, n & 1, n);
		if (n & 2)
			vlan(&f, 0x8100, 9);
		eth(&f);
		itag(&f, 0x10203);
		if (n & 1)
			vlan(&f, 0x88a8, 800);
		eth(&f);
		go(g, &f);
	}
}

static void llc_snap(struct gen *g)
{
	static struct frame f;

	for (unsigned n = 0; n < 8; n++) {
		bool six = n & 1;

		bare(&f, six, 40 + n);
		if (n < 4) {
			snap(&f, n < 2 ? 0 : 0xf8, 0);
		} else if (n < 6) { /* bridged Ethernet in SNAP, with and without its checksum */
			eth(&f);
			push(&f, 2);
			snap(&f, 0x0080c2, n == 4 ? 1 : 7);
		} else if (six) {
			snap(&f, 0, 0);
		} else {
			llc(&f, 6, 6, 3);
		}
		eth(&f);
		ether_pad(&f);
		go(g, &f);
	}
}

static void labels(struct gen *g)
{
	static struct frame f;

	for (unsigned n = 0; n < 12; n++) {
		bare(&f, n & 1, 50 + n);
		for (unsigned depth = 0; depth <= n; depth++)
			mpls(&f, 16 + depth);
		if (n % 3 == 1)
			f.ethertype = 0x8848;
		if (n % 3 == 2)
			vlan(&f, 0x8100, 77);
		eth(&f);
		go(g, &f);
	}
	/* a pseudowire: Ethernet behind a control word, or without; not IP unless one looks inside
	 */
	for (unsigned n = 0; n < 4; n++) {
		bare(&f, n & 1, 62 + n);
		eth(&f);
		if (n < 2)
			push(&f, 4);
		mpls(&f, 500);
		eth(&f);
		if (!g->inner)
			f.fate = FATE_NON_IP;
		go(g, &f);
	}
}

static void dial_up(struct gen *g)
{
	static struct frame f;

	for (unsigned n = 0; n < 6; n++) {
		bare(&f, n & 1, 70 + n);
		if (n > 3)
			mpls(&f, 99);
		pppoe(&f, (uint16_t)n);
		if (n & 2)
			vlan(&f, 0x8100, 7);
		eth(&f);
		ether_pad(&f);
		go(g, &f);
	}
	/* LCP echo, discovery, and a session header of another version: not IP */
	for (unsigned n = 0; n < 3; n++) {
		payload(&f, 20);
		put16(push(&f, 2), n ? 0x0021 : 0xc021);
		uint8_t *h = push(&f, 6);
		h[0] = n == 2 ? 0x21 : 0x11;
		h[1] = n == 1 ? 9 : 0;
		put16(h + 4, 22);
		f.ethertype = n == 1 ? 0x8863 : 0x8864;
		eth(&f);
		ether_pad(&f);
		go(g, &f);
	}
}

/* ARP, RARP, EAPOL, LLDP, MACsec, PTP, FCoE, loopback, wake-on-LAN, CFM, LACP, NSH, IPX, ... */
static void not_ip(struct gen *g)
{
	static const uint16_t types[] = {0x0806, 0x8035, 0x888e, 0x88cc, 0x88e5, 0x88f7, 0x8906,
		0x9000, 0x0842, 0x8902, 0x8809, 0x894f, 0x8137, 0x0801, 0x05dd, 0x0600, 0xffff,
		0x88b5, 0x22f3};
	static const uint8_t saps[] = {0x42, 0xf0, 0xe0, 0xfe, 0x00, 0x7e};
	static struct frame f;

	for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
		payload(&f, 46);
		f.ethertype = types[i];
		if (i & 1)
			vlan(&f, 0x8100, 3);
		eth(&f);
		go(g, &f);
	}
	for (unsigned i = 0; i < sizeof saps; i++) {
		payload(&f, 43);
		llc(&f, saps[i], saps[i], 3);
		eth(&f);
		go(g, &f);
	}
	payload(&f, 60); /* CDP, then AppleTalk's SNAP */
	snap(&f, 0x00000c, 0x2000);
	eth(&f);
	go(g, &f);
	payload(&f, 60);
	snap(&f, 0x080007, 0x809b);
	eth(&f);
	go(g, &f);
}

void scenario_ethertypes(struct gen *g)
{
	tags(g);
	llc_snap(g);
	labels(g);
	dial_up(g);
	not_ip(g);
}
