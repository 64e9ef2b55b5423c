/* packet_ring: a packet socket and the kernel's TPACKET_V3 ring behind it.
 *
 * libpcap reads the same ring, but keeps to itself what the kernel says beside each
 * frame: on which interface it was, and whether it came in or went out. Frames are
 * lent where the kernel put them, in bursts. One thread's. */
#ifndef CAPTURE_PACKET_RING_H
#define CAPTURE_PACKET_RING_H

#include "capture/source.h"

#include <stdbool.h>
#include <stdint.h>

/* The kernel hands over a block that is not full after one or two of these. */
enum { PACKET_RING_MILLISECONDS = 100 };

struct packet_ring_options {
	unsigned interface; /* the socket's: ifIndex, 0: all interfaces */
	bool cooked;        /* the same: without link headers; frames get an SLL2 header instead */
	bool promiscuous;
	bool only_incoming;
	uint16_t link_type; /* LINKTYPE_ number of what is not cooked */
	uint32_t snaplen;   /* the longest frame that filters let in, octets */
	uint64_t buffer;    /* octets of the ring, about */
};

struct packet_ring;

/* A packet socket at an interface (ifIndex, 0: all), which lets nothing in and has no ring yet.
 * Takes CAP_NET_RAW. -1: errno says why. */
int packet_ring_socket(unsigned interface, bool cooked);

/* A ring for it, which takes no right; takes over the socket, also when it fails. NULL: errno
 * says why. */
struct packet_ring *packet_ring_open(int fd, const struct packet_ring_options *options);
void packet_ring_close(struct packet_ring *ring);

/* The socket: to be polled, to be given a filter. */
int packet_ring_fd(const struct packet_ring *ring);

/* From now on nothing is let in. False: errno says why. */
bool packet_ring_reject(struct packet_ring *ring);

/* Lends up to about `most` frames that are there, without waiting; returns how many came
 * out of the ring. What goes out on a loopback interface comes in as well: it is not lent. */
unsigned packet_ring_read(
	struct packet_ring *ring, unsigned most, source_take *take, void *context);

/* Adds what the kernel has counted since the last time. */
void packet_ring_statistics(struct packet_ring *ring, struct source_statistics *statistics);

#endif
