/*
 * floor FILE PORT FLOWS: the least that metering a capture can cost, as a program to compare with.
 *
 * It reads an ordinary pcap file of Ethernet frames with read(2), takes the five-tuple of IPv4 and
 * IPv6, keeps each flow in one cache line of an open table that is never swept and never full, and
 * sends all flows as NetFlow v9 to 127.0.0.1 at the end. It knows no time-outs, no fragments, no
 * tunnels, no options and no MAC addresses; a damaged file is not noticed. Packets go through the
 * table 32 at a time, the lines of all being fetched before the first is needed, since a table of
 * this size is in no cache.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK = 1 << 20,
	LONGEST = 1 << 16,
	FILE_HEADER = 24,
	FRAME_HEADER = 16,
	ETHERNET = 14,
	BATCH = 32,
	DATAGRAM = 1400,
	DATAGRAMS = 32,
	TEMPLATE_EVERY = 20,
	FIELDS = 10,
};

/* Addresses of 16 octets each, ports, protocol, version. */
struct key {
	uint64_t word[5];
};

struct flow {
	struct key key;
	uint64_t octets;
	uint32_t packets; /* 0: the place is free */
	uint32_t first;   /* milliseconds */
	uint32_t last;
	uint32_t check; /* of the hash */
};

_Static_assert(sizeof(struct flow) == 64, "one cache line");

struct packet {
	struct key key;
	uint64_t hash;
	uint32_t time;
	uint32_t octets;
};

static struct flow *table;
static uint64_t mask;
static struct packet batch[BATCH];
static unsigned waiting;
static unsigned long long seen, metered;

static uint64_t fold(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct key *k)
{
	uint64_t a = fold(k->word[0] ^ UINT64_C(0x9e3779b97f4a7c15),
		k->word[1] ^ UINT64_C(0xbf58476d1ce4e5b9));
	uint64_t b = fold(k->word[2] ^ UINT64_C(0x94d049bb133111eb),
		k->word[3] ^ UINT64_C(0xd6e8feb86659fd93));

	return fold(a ^ b, k->word[4] ^ UINT64_C(0xa0761d6478bd642f));
}

static unsigned two(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

static bool parse(const uint8_t *frame, uint32_t captured, struct packet *p)
{
	const uint8_t *ip = frame + ETHERNET, *ports;
	uint32_t v[2];

	if (captured < ETHERNET + 20)
		return false;
	memset(&p->key, 0, sizeof p->key);
	if (two(frame + 12) == 0x0800) {
		size_t header = (size_t)(ip[0] & 15) * 4;
		if (captured < ETHERNET + header + 4 || two(ip + 6) & 0x1fff)
			return false;
		memcpy(v, ip + 12, 8);
		p->key.word[0] = v[0];
		p->key.word[2] = v[1];
		p->key.word[4] = (uint64_t)ip[9] << 32 | UINT64_C(4) << 40;
		p->octets = two(ip + 2);
		ports = ip + header;
	} else if (two(frame + 12) == 0x86dd && captured >= ETHERNET + 44) {
		memcpy(p->key.word, ip + 8, 32);
		p->key.word[4] = (uint64_t)ip[6] << 32 | UINT64_C(6) << 40;
		p->octets = 40 + two(ip + 4);
		ports = ip + 40;
	} else {
		return false;
	}
	memcpy(v, ports, 4);
	p->key.word[4] |= v[0];
	return true;
}

static void account(const struct packet *p)
{
	for (uint64_t i = p->hash & mask;; i = (i + 1) & mask) {
		struct flow *f = &table[i];
		if (f->packets == 0) {
			*f = (struct flow){
				p->key, p->octets, 1, p->time, p->time, (uint32_t)(p->hash >> 32)};
			return;
		}
		if (f->check == (uint32_t)(p->hash >> 32) &&
			memcmp(&f->key, &p->key, sizeof f->key) == 0) {
			f->packets++;
			f->octets += p->octets;
			f->last = p->time;
			return;
		}
	}
}

static void account_batch(void)
{
	for (unsigned i = 0; i < waiting; i++)
		account(&batch[i]);
	metered += waiting;
	waiting = 0;
}

/* All whole frames from `at` on; where the first one that is not begins. */
static const uint8_t *take_frames(const uint8_t *at, const uint8_t *end)
{
	while (end - at >= FRAME_HEADER) {
		uint32_t header[4];
		memcpy(header, at, sizeof header);
		if ((size_t)(end - at) < FRAME_HEADER + (size_t)header[2])
			break;
		struct packet *p = &batch[waiting];
		seen++;
		if (parse(at + FRAME_HEADER, header[2], p)) {
			p->time = header[0] * 1000 + header[1] / 1000;
			p->hash = hash_of(&p->key);
			__builtin_prefetch(&table[p->hash & mask], 1);
			if (++waiting == BATCH)
				account_batch();
		}
		at += FRAME_HEADER + header[2];
	}
	return at;
}

static bool read_file(const char *path)
{
	static uint8_t buffer[CHUNK + LONGEST];
	int fd = open(path, O_RDONLY);
	size_t have = 0;
	ssize_t n;

	if (fd < 0 || read(fd, buffer, FILE_HEADER) != FILE_HEADER)
		return false;
	while ((n = read(fd, buffer + have, CHUNK)) > 0) {
		const uint8_t *end = buffer + have + n, *rest = take_frames(buffer, end);
		have = (size_t)(end - rest);
		memmove(buffer, rest, have);
	}
	account_batch();
	close(fd);
	return true;
}

/* ---- Export ---- */

static const uint16_t fields[2][FIELDS][2] = {
	{{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {60, 1}, {1, 8}, {2, 4}, {22, 4}, {21, 4}},
	{{27, 16}, {28, 16}, {7, 2}, {11, 2}, {4, 1}, {60, 1}, {1, 8}, {2, 4}, {22, 4}, {21, 4}}};

struct out {
	int fd;
	uint32_t sequence;
	unsigned since; /* datagrams since the last template */
	unsigned ready;
	uint8_t *at; /* in the datagram under construction, NULL: there is none */
	uint8_t *set;
	unsigned records;
	uint8_t buffer[DATAGRAMS][DATAGRAM];
	struct iovec part[DATAGRAMS];
	struct mmsghdr message[DATAGRAMS];
};

static uint8_t *put16(uint8_t *p, unsigned v)
{
	uint16_t n = htons((uint16_t)v);
	return (uint8_t *)memcpy(p, &n, sizeof n) + sizeof n;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	return (uint8_t *)memcpy(p, &v, sizeof v) + sizeof v;
}

static void begin_datagram(struct out *o, unsigned family)
{
	uint8_t *p = o->buffer[o->ready];

	p = put32(put16(put16(p, 9), 0), 0);
	p = put32(put32(put32(p, (uint32_t)time(NULL)), o->sequence), 1);
	o->records = 0;
	o->sequence++;
	if (o->since++ % TEMPLATE_EVERY == 0) {
		p = put16(put16(p, 0), 2 * 4 + FIELDS * 4);
		p = put16(put16(p, 256 + family), FIELDS);
		for (int i = 0; i < FIELDS; i++)
			p = put16(put16(p, fields[family][i][0]), fields[family][i][1]);
		o->records++;
	}
	o->set = p;
	o->at = put16(put16(p, 256 + family), 0);
}

static void end_datagram(struct out *o, bool all)
{
	if (o->at) {
		uint8_t *datagram = o->buffer[o->ready];
		put16(o->set + 2, (unsigned)(o->at - o->set));
		put16(datagram + 2, o->records);
		o->part[o->ready] = (struct iovec){datagram, (size_t)(o->at - datagram)};
		o->message[o->ready].msg_hdr.msg_iov = &o->part[o->ready];
		o->message[o->ready].msg_hdr.msg_iovlen = 1;
		o->ready++;
		o->at = NULL;
	}
	if (o->ready == DATAGRAMS || all) {
		sendmmsg(o->fd, o->message, o->ready, 0);
		o->ready = 0;
	}
}

static void put_flow(struct out *o, const struct flow *f, unsigned family)
{
	const uint8_t *key = (const uint8_t *)&f->key;
	const size_t address = family ? 16 : 4, length = 2 * address + 26;

	if (o->at && (size_t)(o->at - o->buffer[o->ready]) + length > DATAGRAM)
		end_datagram(o, false);
	if (!o->at)
		begin_datagram(o, family);
	memcpy(o->at, key, address);
	memcpy(o->at + address, key + 16, address);
	memcpy(o->at + 2 * address, key + 32, 6);
	uint8_t *p = put32(o->at + 2 * address + 6, (uint32_t)(f->octets >> 32));
	p = put32(put32(p, (uint32_t)f->octets), f->packets);
	o->at = put32(put32(p, f->first), f->last);
	o->records++;
}

static unsigned long long export_all(int port)
{
	static struct out o;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	unsigned long long count = 0;

	o.fd = socket(AF_INET, SOCK_DGRAM, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (o.fd < 0 || connect(o.fd, (struct sockaddr *)&to, sizeof to) < 0)
		return 0;
	for (unsigned family = 0; family < 2; family++) {
		o.since = 0;
		for (uint64_t i = 0; i <= mask; i++) {
			bool six = (table[i].key.word[4] >> 40 & 255) == 6;
			if (table[i].packets && six == (family == 1)) {
				put_flow(&o, &table[i], family);
				count++;
			}
		}
		end_datagram(&o, true);
	}
	return count;
}

int main(int argc, char **argv)
{
	uint64_t places = 1 << 16;

	if (argc != 4) {
		fputs("usage: floor FILE PORT FLOWS\n", stderr);
		return 2;
	}
	while (places < 2 * strtoull(argv[3], NULL, 10))
		places *= 2;
	mask = places - 1;
	table = mmap(NULL, places * sizeof *table, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (table == MAP_FAILED) {
		perror("floor");
		return 1;
	}
	madvise(table, places * sizeof *table, MADV_HUGEPAGE);
	if (!read_file(argv[1])) {
		perror(argv[1]);
		return 1;
	}
	unsigned long long flows = export_all(atoi(argv[2]));
	printf("seen=%llu metered=%llu records=%llu\n", seen, metered, flows);
	return 0;
}
