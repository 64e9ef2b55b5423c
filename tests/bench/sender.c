/*
 * sender INTERFACE FILE RATE SECONDS: sends a capture's frames, over and over when SECONDS is not
 * 0, else once. RATE is in packets per second, 0: as fast as it goes; it sleeps until 64 are due.
 * Frames pass the queueing discipline by and 64 go with a system call. Prints sent=N pps=N.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_HEADER = 24, FRAME_HEADER = 16, BATCH = 64 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The frames of the file as vectors for sendmmsg; NULL and a message when that fails. */
static struct iovec *frames_of(const char *path, size_t *count)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	size_t size = (size_t)st.st_size;
	uint8_t *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	struct iovec *frames = calloc(size / (FRAME_HEADER + 1) + 1, sizeof *frames);
	if (data == MAP_FAILED || !frames)
		return NULL;
	*count = 0;
	for (size_t at = FILE_HEADER; at + FRAME_HEADER < size;) {
		uint32_t captured;
		memcpy(&captured, data + at + 8, sizeof captured);
		frames[(*count)++] = (struct iovec){data + at + FRAME_HEADER, captured};
		at += FRAME_HEADER + captured;
	}
	return frames;
}

static int socket_on(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	int on = 1, room = 8 << 20, fd = socket(AF_PACKET, SOCK_RAW, 0);

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || !address.sll_ifindex ||
		bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	return fd;
}

static void sleep_for(double seconds)
{
	struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

static int send_batch(int fd, struct mmsghdr *batch, unsigned count)
{
	for (unsigned done = 0; done < count;) {
		int n = sendmmsg(fd, batch + done, count - done, 0);
		if (n > 0)
			done += (unsigned)n;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct mmsghdr batch[BATCH] = {0};
	size_t count = 0, next = 0;

	if (argc != 5)
		return 2;
	struct iovec *frames = frames_of(argv[2], &count);
	int fd = socket_on(argv[1]);
	if (!frames || !count || fd < 0) {
		perror(frames ? argv[1] : argv[2]);
		return 1;
	}
	double rate = strtod(argv[3], NULL), seconds = strtod(argv[4], NULL), began = now();
	uint64_t sent = 0, most = seconds > 0 ? UINT64_MAX : count;
	double passed = 0;
	while (sent < most && (seconds <= 0 || passed < seconds)) {
		unsigned n = (unsigned)(most - sent < BATCH ? most - sent : BATCH);
		double early = rate > 0 ? (double)(sent + n) / rate - passed : 0;
		if (early > 0)
			sleep_for(early);
		for (unsigned i = 0; i < n; i++) {
			batch[i].msg_hdr.msg_iov = &frames[next];
			batch[i].msg_hdr.msg_iovlen = 1;
			next = next + 1 < count ? next + 1 : 0;
		}
		if (send_batch(fd, batch, n) < 0) {
			perror("sendmmsg");
			return 1;
		}
		sent += n;
		passed = now() - began;
	}
	printf("sent=%llu pps=%.0f\n", (unsigned long long)sent, (double)sent / passed);
	return 0;
}
