#include "export/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static bool fail(
	struct transport_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return false;
}

bool socket_resolve(const char *host, const char *service, int type,
	struct socket_addresses *addresses, struct transport_error *error)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type};
	struct addrinfo *list;
	int e = getaddrinfo(host, service, &hints, &list);

	*addresses = (struct socket_addresses){.count = 0};
	if (e)
		return fail(error, "%s", e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e));
	for (const struct addrinfo *i = list; i && addresses->count < SOCKET_ADDRESSES;
		i = i->ai_next) {
		struct socket_address *a = &addresses->list[addresses->count++];
		memcpy(&a->to, i->ai_addr, i->ai_addrlen);
		a->length = i->ai_addrlen;
	}
	freeaddrinfo(list);
	return true;
}

bool socket_read_address(const char *text, struct sockaddr_storage *address)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *list;

	if (getaddrinfo(text, NULL, &hints, &list) != 0)
		return false;
	memcpy(address, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return true;
}

bool socket_is_address(const char *host)
{
	struct sockaddr_storage address;

	return socket_read_address(host, &address);
}

/* That of a socket which is never used. */
bool socket_here(const struct socket_address *address, struct sockaddr_storage *here)
{
	int fd = socket(address->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof *here;

	if (fd < 0)
		return false;
	bool good = connect(fd, (const struct sockaddr *)&address->to, address->length) == 0 &&
		    getsockname(fd, (struct sockaddr *)here, &length) == 0;
	close(fd);
	return good;
}

bool socket_find(const struct transport_path *path, int type, struct socket_addresses *addresses,
	struct transport_error *error)
{
	*addresses = (struct socket_addresses){.count = 0};
	return (path->may_wait && !socket_is_address(path->host)) ||
	       socket_resolve(path->host, path->service, type, addresses, error);
}

bool socket_has(const struct socket_addresses *addresses, const struct socket_address *address)
{
	for (unsigned i = 0; i < addresses->count; i++)
		if (addresses->list[i].length == address->length &&
			memcmp(&addresses->list[i].to, &address->to, address->length) == 0)
			return true;
	return false;
}

static bool bind_source(
	int fd, int family, int type, const char *source, struct transport_error *error)
{
	struct addrinfo hints = {
		.ai_family = family, .ai_socktype = type, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *list;
	int e = getaddrinfo(source, NULL, &hints, &list);

	if (e)
		return fail(error, "source %s: %s", source,
			e == EAI_ADDRFAMILY || e == EAI_NONAME
				? "not an address of the collector's family"
				: gai_strerror(e));
	bool bound = bind(fd, list->ai_addr, list->ai_addrlen) == 0;
	if (!bound)
		fail(error, "source %s: %s", source, strerror(errno));
	freeaddrinfo(list);
	return bound;
}

static bool set(
	int fd, int level, int option, int value, const char *what, struct transport_error *error)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0 ||
	       fail(error, "%s: %s", what, strerror(errno));
}

/* Which way, in what class, how far; and never in fragments, whose loss is the message's. */
static bool set_options(
	int fd, int family, const struct transport_path *path, struct transport_error *error)
{
	bool v6 = family == AF_INET6;
	int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;

	if (*path->interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, path->interface,
					(socklen_t)strlen(path->interface)) < 0)
		return fail(error, "interface %.64s: %s", path->interface, strerror(errno));
	if (path->dscp &&
		!set(fd, level, v6 ? IPV6_TCLASS : IP_TOS, (int)path->dscp << 2, "dscp", error))
		return false;
	if (path->hops &&
		!set(fd, level, v6 ? IPV6_UNICAST_HOPS : IP_TTL, (int)path->hops, "hops", error))
		return false;
	return v6 ? set(fd, level, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, "path MTU", error)
		  : set(fd, level, IP_MTU_DISCOVER, IP_PMTUDISC_DO, "path MTU", error);
}

/* The kernel says the least that IPv4 may have of a route that has gone, with its address or
 * its interface, until something is sent, which finds another. */
enum { GONE_MTU = 68 };

uint32_t socket_most(int fd, int family)
{
	bool v6 = family == AF_INET6;
	int mtu, headers = v6 ? 40 + 8 : 20 + 8;
	socklen_t size = sizeof mtu;

	if (getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &size) <
			0 ||
		mtu <= GONE_MTU)
		return UINT32_MAX;
	return (uint32_t)(mtu - headers);
}

int socket_connect(const struct socket_address *address, int type,
	const struct transport_path *path, struct transport_error *error)
{
	int wait = type == SOCK_STREAM ? SOCK_NONBLOCK : 0, family = address->to.ss_family;
	int fd = socket(family, type | SOCK_CLOEXEC | wait, 0);

	if (fd < 0) {
		fail(error, "socket: %s", strerror(errno));
		return -1;
	}
	bool good = set_options(fd, family, path, error) &&
		    (!*path->source || bind_source(fd, family, type, path->source, error));
	if (good && connect(fd, (const struct sockaddr *)&address->to, address->length) < 0 &&
		errno != EINPROGRESS)
		good = fail(error, "%s", strerror(errno));
	if (good)
		return fd;
	close(fd);
	return -1;
}
