/* weirdump_socket: getaddrinfo, bind, recvmsg. */
#include "weirdump_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Asked of the kernel, which may give less: an exporter sends in bursts. */
#define RECEIVE_BUFFER (16 << 20)

static void set(int fd, int level, int option, int value)
{
	/* Each is a help and none a must. */
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

static int bind_one(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (info->ai_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
	set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static void name_of(int fd, char name[SOCKET_NAME])
{
	struct sockaddr_storage bound;
	socklen_t length = sizeof bound;
	char host[64] = "?", port[8] = "?";

	if (getsockname(fd, (struct sockaddr *)&bound, &length) == 0)
		getnameinfo((struct sockaddr *)&bound, length, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(name, SOCKET_NAME, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

int socket_open(const char *address, const char *port, char name[SOCKET_NAME])
{
	/* One socket of IPv6 hears both families; where there is no IPv6, IPv4's own. */
	const char *hosts[] = {address                  ? address
			       : strcmp(port, "0") == 0 ? "127.0.0.1"
							: "::",
		address ? NULL : "0.0.0.0"};
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < 2 && hosts[i]; i++) {
		struct addrinfo *found = NULL;
		int error = getaddrinfo(hosts[i], port, &hints, &found);

		if (error != 0) {
			fprintf(stderr, "weirdump: %s port %s: %s\n", hosts[i], port,
				gai_strerror(error));
			return -1;
		}
		for (struct addrinfo *info = found; fd < 0 && info; info = info->ai_next)
			fd = bind_one(info);
		freeaddrinfo(found);
		if (fd < 0 && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			break;
	}
	if (fd < 0)
		fprintf(stderr, "weirdump: cannot listen on %s port %s: %s%s\n",
			address ? address : "any address", port, strerror(errno),
			errno == EADDRINUSE ? ": -p takes another one, `ss -ulnp` says who has it"
					    : "");
	else
		name_of(fd, name);
	return fd;
}

static void peer_of(struct peer *peer, const struct sockaddr_storage *from)
{
	memset(peer, 0, sizeof *peer);
	if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)from;
		memcpy(peer->address, &in6->sin6_addr, 16);
		peer->port = ntohs(in6->sin6_port);
	} else {
		const struct sockaddr_in *in = (const void *)from;
		peer->address[10] = peer->address[11] = 0xff;
		memcpy(peer->address + 12, &in->sin_addr, 4);
		peer->port = ntohs(in->sin_port);
	}
}

ssize_t socket_receive(int fd, uint8_t *octets, size_t size, struct peer *peer, uint32_t *dropped)
{
	struct sockaddr_storage from = {0};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint32_t))];
	struct iovec vector = {octets, size};
	struct msghdr message = {.msg_name = &from,
		.msg_namelen = sizeof from,
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control};
	ssize_t n = recvmsg(fd, &message, 0);

	if (n < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
			memcpy(dropped, CMSG_DATA(c), sizeof *dropped);
	peer_of(peer, &from);
	return n;
}
