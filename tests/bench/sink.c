/*
 * sink FILE: takes NetFlow v5, v9 and IPFIX on a free UDP port of 127.0.0.1, which it prints, until
 * SIGTERM; then what was still on its way, and writes to FILE what the data records add up to:
 * records=N packets=N octets=N datagrams=N drops=N missing=N (drops: datagrams that its socket had
 * no room for; missing: data records by which IPFIX sequence numbers were ahead of what had come,
 * of one observation domain). It trusts what it reads as far as not to leave its buffers.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	BATCH = 64,
	DATAGRAM = 65536,
	OCTETS = 1, /* the elements that are added up, in both numberings */
	PACKETS = 2,
	TOTAL_OCTETS = 85,
	TOTAL_PACKETS = 86,
	VARIABLE = 65535,
	FIELDS = 128,
};

struct field {
	uint16_t id; /* 0: nothing of interest */
	uint16_t length;
};

struct template
{
	bool options;
	unsigned count;
	struct field field[FIELDS];
};

struct bytes {
	const uint8_t *at, *end;
};

static volatile sig_atomic_t stopped;
static struct template *templates[65536];
static unsigned long long records, packets, octets, datagrams, missing;
static uint32_t drops, next_sequence; /* that of the next IPFIX message, when nothing is missing */

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static uint64_t number_of(const uint8_t *p, size_t length)
{
	uint64_t n = 0;

	while (length--)
		n = n << 8 | *p++;
	return n;
}

static size_t left(const struct bytes *b)
{
	return (size_t)(b->end - b->at);
}

static uint16_t take16(struct bytes *b)
{
	if (left(b) < 2) {
		b->at = b->end;
		return 0;
	}
	b->at += 2;
	return (uint16_t)number_of(b->at - 2, 2);
}

/* One template; how many scope fields there are does not matter, how many fields in all does. */
static void learn(struct bytes *b, bool ipfix, bool options)
{
	uint16_t id = take16(b);
	unsigned count = take16(b);
	struct template *t = id >= 256 ? templates[id] : NULL;

	if (options)
		count = ipfix ? (take16(b), count) : (count + take16(b)) / 4;
	if (id < 256 || count > FIELDS) {
		b->at = b->end;
		return;
	}
	if (!t)
		t = templates[id] = calloc(1, sizeof *t);
	if (!t)
		exit(1);
	t->options = options;
	t->count = count;
	for (unsigned i = 0; i < count; i++) {
		uint16_t element = take16(b), length = take16(b);
		if (ipfix && element & 0x8000) {
			take16(b);
			take16(b);
			element = 0;
		}
		t->field[i] = (struct field){element, length};
	}
}

static size_t length_of(const struct field *f, struct bytes *b)
{
	if (f->length != VARIABLE)
		return f->length;
	if (left(b) < 1)
		return 0;
	uint8_t length = *b->at++;
	return length < 255 ? length : take16(b);
}

/* False when there is no further record. */
static bool add_record(const struct template *t, struct bytes *b)
{
	uint64_t some_packets = 0, some_octets = 0;
	const uint8_t *began = b->at;

	for (unsigned i = 0; i < t->count; i++) {
		const struct field *f = &t->field[i];
		size_t length = length_of(f, b);
		if (length > left(b))
			return false;
		if (f->id == PACKETS || f->id == TOTAL_PACKETS)
			some_packets = number_of(b->at, length);
		else if (f->id == OCTETS || f->id == TOTAL_OCTETS)
			some_octets = number_of(b->at, length);
		b->at += length;
	}
	if (b->at == began)
		return false;
	next_sequence++;
	if (!t->options) {
		records++;
		packets += some_packets;
		octets += some_octets;
	}
	return true;
}

static void read_sets(struct bytes b, bool ipfix)
{
	const unsigned plain = ipfix ? 2 : 0, options = ipfix ? 3 : 1;

	while (left(&b) >= 4) {
		struct bytes set = b;
		unsigned id = take16(&set), length = take16(&set);
		if (length < 4 || length > left(&b))
			return;
		set.end = b.at + length;
		b.at = set.end;
		if (id == plain || id == options) {
			while (left(&set) > 4)
				learn(&set, ipfix, id == options);
		} else if (id >= 256 && templates[id]) {
			while (left(&set) && add_record(templates[id], &set))
				;
		}
	}
}

/* An IPFIX message's number is that of the data records before it (RFC 7011 3.1). */
static void read_sequence(const uint8_t *p, size_t length)
{
	if (length < 16)
		return;
	uint32_t sequence = (uint32_t)number_of(p + 8, 4);
	if (sequence - next_sequence < UINT32_C(1) << 31)
		missing += sequence - next_sequence;
	next_sequence = sequence;
}

static void read_datagram(const uint8_t *p, size_t length)
{
	struct bytes b = {p, p + length};

	datagrams++;
	switch (take16(&b)) {
	case 5:
		for (b.at = p + 24; b.at + 48 <= b.end; b.at += 48) {
			records++;
			packets += number_of(b.at + 16, 4);
			octets += number_of(b.at + 20, 4);
		}
		break;
	case 9: read_sets((struct bytes){p + (length < 20 ? length : 20), b.end}, false); break;
	case 10:
		read_sequence(p, length);
		read_sets((struct bytes){p + (length < 16 ? length : 16), b.end}, true);
		break;
	default: break;
	}
}

static int open_socket(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;
	struct timeval patience = {0, 100000};
	int on = 1, room = 256 << 20, fd = socket(AF_INET, SOCK_DGRAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	getsockname(fd, (struct sockaddr *)&address, &size);
	printf("%u\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void take_datagrams(int fd)
{
	static uint8_t buffer[BATCH][DATAGRAM];
	static uint8_t control[BATCH][64];
	struct mmsghdr batch[BATCH] = {0};
	struct iovec part[BATCH];
	int n = 0;

	/* After the signal until nothing has come for a while. */
	while (n > 0 || !stopped) {
		for (int i = 0; i < BATCH; i++) {
			part[i] = (struct iovec){buffer[i], DATAGRAM};
			batch[i].msg_hdr = (struct msghdr){.msg_iov = &part[i],
				.msg_iovlen = 1,
				.msg_control = control[i],
				.msg_controllen = sizeof control[i]};
		}
		n = recvmmsg(fd, batch, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++) {
			struct cmsghdr *c = CMSG_FIRSTHDR(&batch[i].msg_hdr);
			if (c && c->cmsg_type == SO_RXQ_OVFL)
				memcpy(&drops, CMSG_DATA(c), sizeof drops);
			read_datagram(buffer[i], batch[i].msg_len);
		}
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = stop};

	if (argc != 2)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	int fd = open_socket();
	if (fd < 0) {
		perror("socket");
		return 1;
	}
	take_datagrams(fd);
	FILE *f = fopen(argv[1], "w");
	if (!f) {
		perror(argv[1]);
		return 1;
	}
	fprintf(f, "records=%llu packets=%llu octets=%llu datagrams=%llu drops=%u missing=%llu\n",
		records, packets, octets, datagrams, drops, missing);
	return fclose(f) != 0;
}
