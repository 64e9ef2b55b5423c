/*
 * tool_flood INTERFACE FIRST [COUNT]: frames of 60 octets as fast as the interface takes them,
 * until SIGTERM or COUNT of them have gone. Each has a number of its own, from FIRST on, as its
 * IPv4 source address: each is a flow, and one that was metered twice shows. Prints how many were
 * sent.
 */
#include "base/wire.h"

#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME = 60, BATCH = 32, NUMBER_AT = 26 };

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

/* Ethernet to a station that is not there, IPv4, UDP. */
static void put_frame(uint8_t *at)
{
	memset(at, 0, FRAME);
	at[0] = at[6] = 0x02;
	at[5] = 1;
	put16(at + 12, 0x0800);
	at[14] = 0x45;
	put16(at + 16, FRAME - 14);
	at[22] = 64;
	at[23] = 17;
	put32(at + 30, 0xc6336401);
	put32(at + 34, 1024u << 16 | 9);
	put16(at + 38, FRAME - 34);
}

static int socket_on(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	int on = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || !address.sll_ifindex ||
		bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
	return fd;
}

/* How many of the batch the interface took; below zero: it takes no more. */
static int send_some(int fd, struct mmsghdr *batch, unsigned count)
{
	int n = sendmmsg(fd, batch, count, 0);

	if (n > 0)
		return n;
	return errno == ENOBUFS || errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static uint64_t flood(int fd, uint32_t first, uint64_t most)
{
	static uint8_t frames[BATCH][FRAME];
	struct iovec vector[BATCH];
	struct mmsghdr batch[BATCH] = {0};
	uint64_t sent = 0;

	for (unsigned i = 0; i < BATCH; i++) {
		put_frame(frames[i]);
		vector[i] = (struct iovec){frames[i], FRAME};
		batch[i].msg_hdr.msg_iov = &vector[i];
		batch[i].msg_hdr.msg_iovlen = 1;
	}
	while (!stopped && sent < most) {
		unsigned count = most - sent < BATCH ? (unsigned)(most - sent) : BATCH;
		for (unsigned i = 0; i < count; i++)
			put32(&frames[i][NUMBER_AT], first + (uint32_t)sent + i);
		int n = send_some(fd, batch, count);
		if (n < 0)
			break;
		sent += (unsigned)n;
	}
	return sent;
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4)
		return 2;
	int fd = socket_on(argv[1]);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	signal(SIGTERM, on_signal);
	uint32_t first = (uint32_t)strtoul(argv[2], NULL, 0);
	printf("%llu\n", (unsigned long long)flood(
				 fd, first, argc > 3 ? strtoull(argv[3], NULL, 10) : UINT64_MAX));
	return 0;
}
