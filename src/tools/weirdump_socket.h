/* weirdump_socket: one UDP socket that exporters send to. */
#ifndef WEIRDUMP_SOCKET_H
#define WEIRDUMP_SOCKET_H

#include "weirdump_session.h"

#include <sys/types.h>

/* Binds address (NULL: all of both families, or loopback when port is "0") and
 * writes to `name` what it bound. -1: said on stderr why not. */
#define SOCKET_NAME 80
int socket_open(const char *address, const char *port, char name[SOCKET_NAME]);

/* The next datagram; its length, or -1 and errno. *dropped: how many datagrams
 * the socket had no room for since it was opened, as far as the kernel says. */
ssize_t socket_receive(int fd, uint8_t *octets, size_t size, struct peer *peer, uint32_t *dropped);

#endif
