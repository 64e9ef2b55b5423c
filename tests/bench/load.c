/*
 * load: writes captures for the benchmarks, quickly and always the same.
 *
 *   load zipf FILE PACKETS FLOWS     every flow once and the rest by rank, packets of all sizes
 *   load few FILE PACKETS FLOWS      every flow once and the rest evenly, packets of least size
 *   load flood FILE PACKETS          a SYN and a new flow with every packet
 *   load crowd FILE PACKETS FLOWS S  evenly over flows whose keys gather in 1/4096 of a table that
 *                                    is hashed with seed S: what an attacker sends who believes in
 * S
 *
 * One packet each microsecond; 15 % of the flows are IPv6, a third UDP, 96 octets are captured.
 * What an exporter must account for is printed: packets=N octets=N flows=N.
 */
#include "base/hash.h"
#include "flow/key.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ETHERNET = 14,
	SNAPLEN = 96,
	LEAST = 60, /* octets of a frame */
	MOST = 1514,
	START = 1767225600, /* 2026 */
	CROWD_BITS = 12,
};

struct load {
	FILE *file;
	uint64_t random;
	uint64_t flows;
	uint64_t *crowd; /* the flows' numbers, where they are chosen */
	bool mixed;      /* both families, both protocols */
	bool syn;
	uint64_t packets;
	uint64_t octets;
};

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t draw(struct load *l)
{
	return mix(l->random += UINT64_C(0x9e3779b97f4a7c15));
}

static void put16(uint8_t *p, uint64_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint64_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* The flow's number is in its source: 24 bits in the address, the rest in the port. */
static uint32_t source_of(uint64_t flow)
{
	return 0x0a000000 | (flow & 0xffffff);
}

static uint16_t port_of(uint64_t flow)
{
	return (uint16_t)(1024 + (flow >> 24) % 60000);
}

static uint32_t destination_of(uint64_t flow)
{
	return 0xc6120000 | (mix(flow) >> 40 & 0x1ffff);
}

static uint8_t *ip4(uint8_t *p, uint64_t flow, uint8_t protocol, size_t octets)
{
	uint32_t sum = 0;

	p[0] = 0x45;
	put16(p + 2, octets);
	p[8] = 64;
	p[9] = protocol;
	put32(p + 12, source_of(flow));
	put32(p + 16, destination_of(flow));
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(p + 10, ~((sum & 0xffff) + (sum >> 16)));
	return p + 20;
}

static uint8_t *ip6(uint8_t *p, uint64_t flow, uint8_t protocol, size_t octets)
{
	p[0] = 0x60;
	put16(p + 4, octets - 40);
	p[6] = protocol;
	p[7] = 64;
	put32(p + 8, 0x20010db8);
	put32(p + 20, source_of(flow));
	put32(p + 24, 0x20010db8);
	put32(p + 36, destination_of(flow));
	return p + 40;
}

/* A frame of about `octets` on the wire; how many there are. */
static size_t build(const struct load *l, uint8_t *frame, uint64_t flow, size_t octets)
{
	static const uint8_t ethernet[ETHERNET - 2] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	static const uint16_t services[] = {443, 80, 53, 22, 8443, 123, 3478, 5060};
	uint64_t traits = mix(flow + 1);
	bool six = l->mixed && traits % 100 < 15;
	bool udp = l->mixed && !l->syn && (traits >> 8) % 3 == 0;
	uint8_t protocol = udp ? 17 : 6;
	size_t least = ETHERNET + (six ? 40u : 20u) + (udp ? 8u : 20u);

	if (octets < least)
		octets = least;
	memset(frame, 0, SNAPLEN);
	memcpy(frame, ethernet, sizeof ethernet);
	put16(frame + 12, six ? 0x86dd : 0x0800);
	uint8_t *p = (six ? ip6 : ip4)(frame + ETHERNET, flow, protocol, octets - ETHERNET);
	put16(p, port_of(flow));
	put16(p + 2, l->mixed ? services[traits >> 40 & 7] : 443);
	if (udp) {
		put16(p + 4, octets - (size_t)(p - frame));
	} else {
		p[12] = 0x50;
		p[13] = l->syn ? 0x02 : 0x10;
		put16(p + 14, 65535);
	}
	return octets;
}

static void write_packet(struct load *l, uint64_t flow, size_t octets)
{
	uint8_t frame[16 + SNAPLEN];
	size_t wire = build(l, frame + 16, l->crowd ? l->crowd[flow] : flow, octets);
	size_t captured = wire < SNAPLEN ? wire : SNAPLEN;
	uint32_t header[4] = {(uint32_t)(START + l->packets / 1000000),
		(uint32_t)(l->packets % 1000000), (uint32_t)captured, (uint32_t)wire};

	memcpy(frame, header, sizeof header);
	fwrite(frame, 1, 16 + captured, l->file);
	l->packets++;
	l->octets += wire - ETHERNET;
}

/* Half of the packets are small, a fifth as large as they may be. */
static size_t any_size(uint64_t random)
{
	unsigned part = random & 255;

	if (part < 128)
		return LEAST + (random >> 32 & 3);
	return part < 205 ? 100 + (random >> 32) % 101 : MOST;
}

/* A rank by Zipf's law, the ranks strewn over the flows. */
static uint64_t zipf(struct load *l)
{
	double u = (double)(draw(l) >> 11) * 0x1p-53;
	uint64_t rank = (uint64_t)exp(u * log((double)l->flows + 1)) - 1;

	return (rank * 2654435761u + 12345) % l->flows;
}

/* Each flow has its turn once, at even distances or all at first. */
static void write_all(struct load *l, uint64_t packets, bool ranked, uint64_t stride)
{
	uint64_t next = 0;

	for (uint64_t i = 0; i < packets; i++) {
		uint64_t random = draw(l);
		uint64_t flow = i % stride == 0 && next < l->flows ? next++
				: ranked                           ? zipf(l)
								   : random % l->flows;
		write_packet(l, flow, ranked ? any_size(random >> 8) : LEAST);
	}
}

static uint64_t hash_of(uint64_t flow, const struct hash_secret *secret)
{
	struct flow_key key = {.source_port = port_of(flow),
		.destination_port = 443,
		.protocol = 6,
		.ip_version = 4};

	put32(key.source_address, source_of(flow));
	put32(key.destination_address, destination_of(flow));
	return hash_48(&key, secret);
}

static bool choose_crowd(struct load *l, uint64_t seed)
{
	const struct hash_secret secret = hash_secret_of(seed);
	uint64_t candidate = 0;

	l->crowd = calloc(l->flows, sizeof *l->crowd);
	if (!l->crowd)
		return false;
	for (uint64_t i = 0; i < l->flows; i++) {
		while (hash_of(candidate, &secret) >> (64 - CROWD_BITS))
			candidate++;
		l->crowd[i] = candidate++;
	}
	return true;
}

static bool run(struct load *l, const char *kind, uint64_t packets, char **seed)
{
	l->mixed = true;
	if (strcmp(kind, "flood") == 0) {
		l->flows = packets;
		l->syn = true;
		write_all(l, packets, false, 1);
	} else if (strcmp(kind, "zipf") == 0) {
		write_all(l, packets, true, packets > l->flows ? packets / l->flows : 1);
	} else if (strcmp(kind, "few") == 0) {
		write_all(l, packets, false, 1);
	} else if (strcmp(kind, "crowd") == 0 && *seed) {
		l->mixed = false;
		if (strcmp(*seed, "none") != 0 && !choose_crowd(l, strtoull(*seed, NULL, 0)))
			return false;
		write_all(l, packets, false, 1);
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, SNAPLEN, 1};
	struct load l = {.random = 42};

	if (argc < 4) {
		fputs("usage: load zipf|few|flood|crowd FILE PACKETS [FLOWS [SEED|none]]\n",
			stderr);
		return 2;
	}
	l.flows = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;
	l.file = fopen(argv[2], "wb");
	if (!l.file) {
		perror(argv[2]);
		return 1;
	}
	setvbuf(l.file, NULL, _IOFBF, 1 << 20);
	fwrite(header, sizeof header, 1, l.file);
	if ((!l.flows && strcmp(argv[1], "flood") != 0) ||
		!run(&l, argv[1], strtoull(argv[3], NULL, 0), argv + (argc > 5 ? 5 : argc))) {
		fputs("load: no such load\n", stderr);
		return 2;
	}
	free(l.crowd);
	if (fclose(l.file) != 0) {
		perror(argv[2]);
		return 1;
	}
	printf("packets=%llu octets=%llu flows=%llu\n", (unsigned long long)l.packets,
		(unsigned long long)l.octets, (unsigned long long)l.flows);
	return 0;
}
