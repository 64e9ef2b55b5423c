/*
 * damage: packets cut at every octet of their headers, and headers that are wrong. A packet whose
 * IP header is whole and sound counts whatever follows it; one whose IP header is not is malformed.
 */
#include "gen.h"

#include <string.h>

static struct frame f;

static void out(struct gen *g)
{
	emit(g, &f);
	g->time += 20 * MILLISECOND;
}

static struct flow flow_for(bool six, uint8_t proto, uint16_t sport)
{
	return six ? flow6(0xd0001, 0xd0002, proto, sport, 80)
		   : flow4(0x0a0d0001, 0x0a0d0002, proto, sport, 80);
}

static void ether_packet(bool six, uint8_t proto, uint16_t sport, size_t octets)
{
	struct flow flow = flow_for(six, proto, sport);

	if (proto == ICMP)
		flow = flow_icmp(&flow, 3, 1);
	payload(&f, octets);
	transport(&f, &flow, SYN | PSH | URG);
	ip(&f, &flow);
	eth(&f);
}

/* Captured up to each octet of Ethernet and IP: malformed until the IP header is there. */
static void cut_headers(struct gen *g)
{
	for (int six = 0; six < 2; six++) {
		for (size_t n = 0; n < 14u + (six ? 40 : 20); n++) {
			ether_packet(six, UDP, 1000, 50);
			cut(&f, n);
			f.fate = FATE_MALFORMED;
			out(g);
		}
	}
	for (size_t n = 14; n < 18; n++) { /* in a VLAN tag */
		payload(&f, 40);
		f.ethertype = 0x0800;
		vlan(&f, 0x8100, 5);
		eth(&f);
		cut(&f, n);
		f.fate = FATE_MALFORMED;
		out(g);
	}
	for (size_t n = 14; n < 22; n++) { /* in LLC and SNAP */
		payload(&f, 40);
		snap(&f, 0, 0x0800);
		eth(&f);
		cut(&f, n);
		f.fate = FATE_MALFORMED;
		out(g);
	}
	for (size_t n = 14; n < 22; n++) { /* in PPPoE */
		payload(&f, 40);
		f.ethertype = 0x0800;
		pppoe(&f, 1);
		eth(&f);
		cut(&f, n);
		f.fate = FATE_MALFORMED;
		out(g);
	}
	for (size_t n = 14; n < 22; n++) { /* in two labels, and where IP should begin */
		payload(&f, 40);
		mpls(&f, 16);
		mpls(&f, 17);
		eth(&f);
		cut(&f, n);
		f.fate = FATE_MALFORMED;
		out(g);
	}
}

/* Captured up to each octet of the transport header: ports need 4, flags 14, ICMP's type 2. */
static void cut_transport(struct gen *g)
{
	static const uint8_t protos[] = {TCP, UDP, ICMP, 132, 136, 33};

	for (int six = 0; six < 2; six++) {
		for (size_t p = 0; p < sizeof protos; p++) {
			for (size_t n = 0; n < 20; n++) {
				ether_packet(six, protos[p], (uint16_t)(2000 + n), 100);
				cut(&f, 14u + (six ? 40 : 20) + n);
				if (n < (protos[p] == ICMP ? 2 : 4))
					f.outer.flow = flow_portless(&f.outer.flow);
				if (n < 14)
					f.outer.flags = 0;
				f.inner = f.outer;
				out(g);
			}
		}
	}
}

/* The same, but it is the IP length that ends the packet: what lies behind it is link padding. */
static void short_lengths(struct gen *g)
{
	for (unsigned n = 0; n < 24; n++) {
		for (int six = 0; six < 2; six++) {
			ether_packet(six, TCP, (uint16_t)(3000 + n), 20);
			uint8_t *h = f.room + f.at + 14;
			put16(h + (six ? 4 : 2), six ? n : 20 + n);
			f.outer.octets = (six ? 40u : 20u) + n;
			if (six && n == 0) /* length 0 and TCP: the length on the wire */
				f.outer.octets = f.end - f.at - 14;
			else if (n < 4)
				f.outer.flow = flow_portless(&f.outer.flow);
			if (n < 14 && !(six && n == 0))
				f.outer.flags = 0;
			f.inner = f.outer;
			out(g);
		}
	}
}

static void wrong_header(struct gen *g, bool six, size_t at, uint8_t value)
{
	ether_packet(six, UDP, 4000, 50);
	f.room[f.at + 14 + at] = value;
	f.fate = FATE_MALFORMED;
	out(g);
}

static void wrong_headers(struct gen *g)
{
	for (unsigned version = 0; version < 16; version++) {
		if (version != 4)
			wrong_header(g, false, 0, (uint8_t)(version << 4 | 5));
		if (version != 6)
			wrong_header(g, true, 0, (uint8_t)(version << 4));
	}
	for (uint8_t ihl = 0; ihl < 5; ihl++)
		wrong_header(g, false, 0, 0x40 | ihl);
	for (uint8_t length = 1; length < 20; length++) {
		ether_packet(false, UDP, 4000, 50);
		put16(f.room + f.at + 16, length);
		f.fate = FATE_MALFORMED;
		out(g);
	}
	for (size_t n = 20; n < 60; n += 3) { /* options that the capture cuts */
		struct flow flow = flow_for(false, UDP, 4001);
		payload(&f, 50);
		udp(&f, &flow);
		ip_with(&f, &flow, &(struct ip_more){.options = 40});
		eth(&f);
		cut(&f, 14 + n);
		f.fate = FATE_MALFORMED;
		out(g);
	}
	/* a wrong checksum counts, as does a total length that is larger than the frame */
	ether_packet(false, UDP, 4002, 50);
	f.room[f.at + 14 + 10] ^= 0x55;
	out(g);
	ether_packet(false, UDP, 4003, 50);
	put16(f.room + f.at + 16, 9000);
	f.outer.octets = f.inner.octets = 9000;
	out(g);
	ether_packet(true, UDP, 4004, 50);
	put16(f.room + f.at + 18, 0xffff);
	f.outer.octets = f.inner.octets = 40 + 0xffff;
	out(g);
}

/* An extension header that the capture or its own length cuts ends the chain: its number, no ports.
 */
static void cut_extensions(struct gen *g)
{
	static const uint8_t kinds[] = {0, 43, 60, 44};

	for (size_t k = 0; k < sizeof kinds; k++) {
		for (size_t n = 0; n < 24; n += 2) {
			struct flow flow = flow_for(true, UDP, (uint16_t)(5000 + n));
			size_t octets = kinds[k] == 44 ? 8 : 16;

			payload(&f, 50);
			udp(&f, &flow);
			if (kinds[k] == 44)
				fragment_header(&f, 7, 0, false);
			else
				extension(&f, kinds[k], octets);
			ip(&f, &flow);
			eth(&f);
			cut(&f, 54 + n);
			if (n < octets)
				f.outer.flow.proto = kinds[k];
			if (n < octets + 4)
				f.outer.flow = flow_portless(&f.outer.flow);
			f.inner = f.outer;
			out(g);
		}
	}
	struct flow flow = flow_for(true, UDP, 5100);
	payload(&f, 50);
	udp(&f, &flow);
	extension(&f, 60, 8);
	f.room[f.at + 1] = 200;
	flow = flow_portless(&flow);
	flow.proto = 60;
	ip(&f, &flow);
	eth(&f);
	out(g);
}

/* Whole conversations under a snaplen: nothing but the payload is missing. */
static void snapped(struct gen *g)
{
	for (size_t snaplen = 64; snaplen <= 128; snaplen += 32) {
		for (uint16_t n = 0; n < 20; n++) {
			ether_packet(n & 1, n & 2 ? TCP : UDP, (uint16_t)(6000 + n), 1000);
			cut(&f, snaplen);
			if (snaplen == 64 && n & 1 && n & 2) /* 54 + 10: ports, no flags */
				f.outer.flags = f.inner.flags = 0;
			out(g);
		}
	}
}

void scenario_damage(struct gen *g)
{
	cut_headers(g);
	cut_transport(g);
	short_lengths(g);
	wrong_headers(g);
	cut_extensions(g);
	snapped(g);
}
