#include "export/connection.h"

#include "base/clock.h"
#include "base/receive.h"

#include <assert.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READS = 16, /* in one turn */
	KEEPALIVE_SECONDS = 30,
};

#define OPENING (10 * CLOCK_SECOND) /* at most, until octets may be put */
#define LINGER  (2 * CLOCK_SECOND)  /* for the peer's end, when it has all */

struct connection {
	int fd;
	struct tls *tls; /* or NULL */
	enum connection_state state;
	bool connected;
	bool said_end;    /* in TLS's words */
	bool half_closed; /* our FIN is sent */
	bool heard_end;   /* the peer's has come */
	int64_t deadline; /* steady clock, of opening or of lingering; 0: none */
	uint64_t put;
	uint64_t base; /* what the kernel says was acknowledged before the first octet */
	size_t from;   /* out[from] to out[to - 1] wait for the socket */
	size_t to;
	char why[160];
	uint8_t *out; /* lent */
};

/* tcpi_bytes_acked and not SIOCOUTQ, which forgets what was not acknowledged when the
 * connection is reset. */
static uint64_t acknowledged_by_kernel(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return 0;
	return info.tcpi_bytes_acked;
}

static void over(struct connection *c, const char *why)
{
	if (c->state == CONNECTION_OVER)
		return;
	c->state = CONNECTION_OVER;
	snprintf(c->why, sizeof c->why, "%s", why);
}

struct connection *connection_new(const struct socket_address *address,
	const struct transport_path *path, struct tls_context *tls, uint8_t *out,
	struct transport_error *error)
{
	struct connection *c = calloc(1, sizeof *c);
	int on = 1, seconds = KEEPALIVE_SECONDS;

	if (!c) {
		snprintf(error->text, sizeof error->text, "out of memory");
		return NULL;
	}
	c->out = out;
	c->fd = socket_connect(address, SOCK_STREAM, path, error);
	if (c->fd >= 0 && tls && !(c->tls = tls_new(tls))) {
		snprintf(error->text, sizeof error->text, "out of memory");
		close(c->fd);
		c->fd = -1;
	}
	if (c->fd < 0) {
		free(c);
		return NULL;
	}
	/* so that a collector that went away without a word is missed while nothing is sent */
	(void)setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
	c->deadline = clock_steady() + OPENING;
	return c;
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	tls_free(c->tls);
	close(c->fd);
	free(c);
}

/* Whether the connection has been made; sees that it could not be, too. */
static bool connected(struct connection *c)
{
	struct pollfd p = {c->fd, POLLOUT, 0};
	socklen_t size = sizeof(int);
	int error = 0;

	if (c->connected)
		return true;
	if (poll(&p, 1, 0) <= 0)
		return false;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error) {
		over(c, strerror(error));
		return false;
	}
	c->connected = true;
	c->base = acknowledged_by_kernel(c->fd);
	return true;
}

static void write_out(struct connection *c)
{
	while (c->from < c->to && c->state != CONNECTION_OVER) {
		ssize_t n =
			send(c->fd, c->out + c->from, c->to - c->from, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
			return;
		if (n < 0)
			over(c, strerror(errno));
		else
			c->from += (size_t)n;
	}
	if (c->from == c->to)
		c->from = c->to = 0;
}

/* What TLS has to send goes where all goes. */
static void take_from_tls(struct connection *c)
{
	size_t n = tls_take(c->tls, c->out + c->to, CONNECTION_OUT - c->to);

	c->to += n;
	c->put += n;
}

static void feed_tls(struct connection *c, const uint8_t *octets, size_t length)
{
	enum tls_state state = tls_feed(c->tls, octets, length);

	take_from_tls(c);
	if (state == TLS_ENDED)
		c->heard_end = true;
	if (state != TLS_FAILED)
		return;
	write_out(c); /* the alert that tells why */
	over(c, tls_why(c->tls));
}

static void read_in(struct connection *c)
{
	uint8_t octets[4096];

	for (int i = 0; i < READS && !c->heard_end && c->state != CONNECTION_OVER; i++) {
		ssize_t n = receive(c->fd, octets, sizeof octets, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			over(c, strerror(errno));
		c->heard_end = n == 0;
		if (n > 0 && c->tls)
			feed_tls(c, octets, (size_t)n);
	}
}

static void half_close(struct connection *c)
{
	if (c->tls && !c->said_end) {
		tls_end(c->tls);
		take_from_tls(c);
		c->said_end = true;
		write_out(c);
	}
	if (c->half_closed || c->from < c->to)
		return;
	(void)shutdown(c->fd, SHUT_WR);
	c->half_closed = true;
}

/* The peer has all: it gets a moment to end its side too, because closing a socket that
 * it still sends to would reset the connection under what it has not read yet. */
static void finish(struct connection *c)
{
	if (!c->half_closed || connection_acknowledged(c) < c->put)
		return;
	if (!c->deadline)
		c->deadline = clock_steady() + LINGER;
	if (c->heard_end || clock_steady() >= c->deadline)
		over(c, "");
}

static void give_up(struct connection *c)
{
	if (c->heard_end)
		over(c, "the collector closed it");
	else if (clock_steady() >= c->deadline)
		over(c, "no answer");
}

/* Ready when TLS is, too, which has the first word. */
static void open_up(struct connection *c)
{
	if (c->tls)
		feed_tls(c, NULL, 0);
	if (c->state == CONNECTION_OVER)
		return;
	if (c->tls && (c->heard_end || tls_feed(c->tls, NULL, 0) != TLS_READY)) {
		give_up(c);
		return;
	}
	c->state = CONNECTION_READY;
	c->deadline = 0;
}

enum connection_state connection_work(struct connection *c)
{
	if (c->state == CONNECTION_OVER)
		return c->state;
	if (!connected(c)) {
		give_up(c);
		return c->state;
	}
	read_in(c);
	if (c->state == CONNECTION_OPENING)
		open_up(c);
	if (c->heard_end && c->state == CONNECTION_READY)
		c->state = CONNECTION_ENDING;
	write_out(c);
	if (c->state == CONNECTION_ENDING) {
		half_close(c);
		finish(c);
	}
	return c->state;
}

const char *connection_why(const struct connection *c)
{
	return c->why;
}

bool connection_has_room(const struct connection *c, size_t length)
{
	return c->state == CONNECTION_READY &&
	       length + (c->tls ? TLS_OVERHEAD : 0) <= CONNECTION_OUT - c->to;
}

uint64_t connection_put(struct connection *c, const uint8_t *octets, size_t length)
{
	assert(connection_has_room(c, length));
	if (c->tls) {
		tls_put(c->tls, octets, length);
		take_from_tls(c);
		return c->put;
	}
	memcpy(c->out + c->to, octets, length);
	c->to += length;
	c->put += length;
	return c->put;
}

uint64_t connection_acknowledged(const struct connection *c)
{
	uint64_t octets = c->connected ? acknowledged_by_kernel(c->fd) - c->base : 0;

	return octets < c->put ? octets : c->put; /* the FIN counts there, too */
}

void connection_end(struct connection *c)
{
	if (c->state == CONNECTION_READY)
		c->state = CONNECTION_ENDING;
}

void connection_wait(const struct connection *c, int milliseconds)
{
	bool writing = !c->connected || c->from < c->to;
	struct pollfd p = {c->fd, (short)(POLLIN | (writing ? POLLOUT : 0)), 0};

	if (c->heard_end)
		p.events = writing ? POLLOUT : 0;
	(void)poll(&p, 1, milliseconds);
}
