/* receiver: the socket of this host that takes what a connected UDP socket sends, and how
 * full it is.
 *
 * sock_diag(7) finds it as an arriving datagram would: by both addresses and ports. One
 * thread's. */
#ifndef EXPORT_RECEIVER_H
#define EXPORT_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

/* Of its receive buffer, in octets as the kernel counts them: receiver_cost(). */
struct receiver_room {
	uint32_t taken;
	uint32_t whole;
};

struct receiver;

/* `fd`: the socket that sends, needed until the call returns. NULL: it sends to another host, or
 * the kernel cannot be asked. */
struct receiver *receiver_open(int fd);
void receiver_close(struct receiver *receiver);

/* Asks the kernel, by two system calls. False: nobody has bound the port in this namespace, or
 * there is no answer. */
bool receiver_look(struct receiver *receiver, struct receiver_room *room);

/* Octets of the buffer that a datagram of so many octets takes, at most. */
uint32_t receiver_cost(uint32_t length);

#endif
