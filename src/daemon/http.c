#define _GNU_SOURCE
#include "daemon/http.h"

#include "base/log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct http {
	struct server_options options;
	struct server *server; /* NULL: not started */
};

#define HEAD(status, length) \
	"HTTP/1.1 " status "\r\nContent-Length: " length "\r\nConnection: close\r\n"
static const char too_long[] = HEAD("431 Request Header Fields Too Large", "0") "\r\n";
static const char too_many[] = HEAD("503 Service Unavailable", "0") "\r\n";

char *http_response(const char *status, const char *type, const char *body)
{
	char *text;

	return asprintf(&text, HEAD("%s", "%zu") "Content-Type: %s\r\n\r\n%s", status, strlen(body),
		       type, body) < 0
		       ? NULL
		       : text;
}

static bool is_loopback(const struct sockaddr *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)a;

	return a->sa_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
				       : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* A listening socket, or -1 with errno. */
static int listen_at(const struct addrinfo *a)
{
	int one = 1, s = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s < 0)
		return -1;
	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(s, a->ai_addr, a->ai_addrlen) != 0 || listen(s, SERVER_CLIENTS) != 0) {
		int error = errno;
		close(s);
		errno = error;
		return -1;
	}
	return s;
}

static int open_socket(const char *where, struct config_error *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found;
	struct config_listen apart;
	int e = config_read_listen(where, &apart)
			? getaddrinfo(apart.host, apart.service, &hints, &found)
			: EAI_NONAME;

	if (e != 0) {
		config_fail(error, "metrics.listen: %s: %s", where, gai_strerror(e));
		return -1;
	}
	int s = listen_at(found);
	if (s < 0)
		config_fail(error, "metrics.listen: %s: %s%s", where, strerror(errno),
			errno == EADDRINUSE      ? ": is another weir running?"
			: errno == EADDRNOTAVAIL ? ": it is none of this host's"
						 : "");
	else if (!is_loopback(found->ai_addr))
		log_warning("metrics",
			"event=open listen=%s note=\"whoever reaches that address may read\"",
			where);
	freeaddrinfo(found);
	return s;
}

struct http *http_new(const char *where, server_answer *answer, void *context, int64_t patience,
	struct config_error *error)
{
	struct http *h = calloc(1, sizeof *h);

	if (!h) {
		config_fail(error, "metrics.listen: out of memory");
		return NULL;
	}
	h->options = (struct server_options){
		.room = "metrics",
		.socket = open_socket(where, error),
		.end = "\r\n\r\n",
		.answer = answer,
		.context = context,
		.after = "",
		.once = true,
		.too_long = too_long,
		.too_many = too_many,
		.patience = patience,
	};
	if (h->options.socket < 0) {
		free(h);
		return NULL;
	}
	return h;
}

bool http_start(struct http *h, struct event_base *base)
{
	h->server = server_new(&h->options, base);
	return h->server != NULL;
}

void http_stop(struct http *h)
{
	server_free(h->server);
	h->server = NULL;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	http_stop(h);
	close(h->options.socket);
	free(h);
}
