/* socket: sockets to a collector, as the configuration wants them.
 *
 * What transports over UDP and over TCP have in common. One thread's. */
#ifndef EXPORT_SOCKET_H
#define EXPORT_SOCKET_H

#include "export/transport.h"

#include <netdb.h>

/* The addresses of the path's host, for sockets of `type`; NULL: *error says why.
 * Blocks; to be freed with freeaddrinfo(). */
struct addrinfo *socket_resolve(
	const struct transport_path *path, int type, struct transport_error *error);

/* A socket that is connected to the address, or of a stream non-blocking and about to
 * be; the caller closes it. -1: *error says why. */
int socket_connect(const struct addrinfo *address, const struct transport_path *path,
	struct transport_error *error);

/* Octets of UDP payload that the path to where the socket is connected takes, as the
 * kernel knows it now; UINT32_MAX: it does not. */
uint32_t socket_most(int fd, int family);

#endif
