/* socket: sockets to a collector, as the configuration wants them.
 *
 * What transports over UDP and over TCP have in common. One thread's. */
#ifndef EXPORT_SOCKET_H
#define EXPORT_SOCKET_H

#include "export/transport.h"

#include <sys/socket.h>

struct socket_address {
	struct sockaddr_storage to; /* with its port */
	socklen_t length;
};

/* Where a collector is, the best first; plain data. More than that are not tried. */
enum { SOCKET_ADDRESSES = 8 };
struct socket_addresses {
	unsigned count;
	struct socket_address list[SOCKET_ADDRESSES];
};

/* The addresses of a host for sockets of `type`, SOCK_DGRAM or SOCK_STREAM. False: *error
 * says why there are none. Blocks. */
bool socket_resolve(const char *host, const char *service, int type,
	struct socket_addresses *addresses, struct transport_error *error);

/* Those of the path's host. Of a path that may wait, a name has none yet. */
bool socket_find(const struct transport_path *path, int type, struct socket_addresses *addresses,
	struct transport_error *error);

/* Whether it is an address as it stands. */
bool socket_is_address(const char *host);

/* The address from which the kernel sends there, as its routes are now; its port means nothing.
 * False: there is no way. */
bool socket_here(const struct socket_address *address, struct sockaddr_storage *here);
/* The same where the configuration says it: an address, as it stands. False: it is none. */
bool socket_read_address(const char *text, struct sockaddr_storage *address);

bool socket_has(const struct socket_addresses *addresses, const struct socket_address *address);

/* A socket of `type` that is connected to the address, or of a stream non-blocking and about
 * to be; the caller closes it. -1: *error says why. */
int socket_connect(const struct socket_address *address, int type,
	const struct transport_path *path, struct transport_error *error);

/* Octets of UDP payload that the path to where the socket is connected takes, as the
 * kernel knows it now; UINT32_MAX: it does not. */
uint32_t socket_most(int fd, int family);

#endif
