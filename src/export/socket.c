#include "export/socket.h"

#include <errno.h>
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

struct addrinfo *socket_resolve(
	const struct transport_path *path, int type, struct transport_error *error)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = type};
	struct addrinfo *list;
	int e = getaddrinfo(path->host, path->service, &hints, &list);

	if (e == 0)
		return list;
	fail(error, "%s", e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e));
	return NULL;
}

static bool bind_source(
	int fd, const struct addrinfo *to, const char *source, struct transport_error *error)
{
	struct addrinfo hints = {.ai_family = to->ai_family,
		.ai_socktype = to->ai_socktype,
		.ai_flags = AI_NUMERICHOST};
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

int socket_connect(const struct addrinfo *address, const struct transport_path *path,
	struct transport_error *error)
{
	int wait = address->ai_socktype == SOCK_STREAM ? SOCK_NONBLOCK : 0;
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | wait,
		address->ai_protocol);

	if (fd < 0) {
		fail(error, "socket: %s", strerror(errno));
		return -1;
	}
	bool good = !*path->source || bind_source(fd, address, path->source, error);
	if (good && connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS)
		good = fail(error, "%s", strerror(errno));
	if (good)
		return fd;
	close(fd);
	return -1;
}
