/* UDP, RFC 7011 section 10.3: one connected socket per collector, so that the
 * kernel picks the source once and tells of refusals. */
#include "export/receiver.h"
#include "export/returned.h"
#include "export/socket.h"
#include "export/transport.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	BATCH = 32,
	TRIES = 8,              /* of one datagram, while its errors are of the passing kind */
	WAIT_MILLISECONDS = 20, /* for room in the socket's buffer, at most */
	SEND_BUFFER = 4 << 20,
	TRAIN_OCTETS = 65000, /* of a train of datagrams, less than a UDP packet's most */
};

/* Nanoseconds of waiting that a datagram is worth when it has left. */
#define WORTH (250 * 1000)

struct udp {
	struct transport transport;
	int fd; /* -1: the collector's name has no address yet */
	struct socket_address peer;
	char host[256], source[256], interface[64];
	unsigned dscp, hops;
	bool patient;
	int64_t credit; /* nanoseconds that it may still be waited for */
	bool trains;    /* the kernel cuts large packets into datagrams (UDP_SEGMENT) */
	bool sought;    /* whether there is a receiver */
	struct receiver *receiver;
	struct returned returned;
};

/* Datagrams of one length, the last may be shorter: the kernel takes them as one
 * packet through its layers and cuts it at the end, for a fraction of the cost. */
struct train {
	struct iovec iov[BATCH];
	unsigned count;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))];
};

/* An error that an earlier datagram caused and that this call only reported: the
 * datagram that was to be sent has not been touched, so it is sent again. A path that has
 * become narrower is such news, too, to a datagram that fits it. */
static bool reports_an_earlier_one(int error)
{
	return returned_is_refusal(error) || error == EINTR || error == EMSGSIZE;
}

static bool wants_room(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

/* Couples the messages from messages[0] on that can go as one train, at least one. */
static void couple(
	struct train *t, const struct transport_message *messages, unsigned count, bool trains)
{
	size_t octets = 0;

	t->count = 0;
	do {
		const struct transport_message *m = &messages[t->count];
		t->iov[t->count++] = (struct iovec){(void *)(uintptr_t)m->octets, m->length};
		octets += m->length;
		if (m->length != messages[0].length)
			return; /* a shorter one ends the train */
	} while (trains && t->count < count && messages[t->count].length <= messages[0].length &&
		 octets + messages[t->count].length <= TRAIN_OCTETS);
}

static void put_segment_length(struct msghdr *h, struct train *t)
{
	uint16_t length = (uint16_t)t->iov[0].iov_len;

	memset(t->control, 0, sizeof t->control); /* the kernel is given what fills it up, too */
	h->msg_control = t->control;
	h->msg_controllen = sizeof t->control;
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof length);
	memcpy(CMSG_DATA(c), &length, sizeof length);
}

/* Sends messages[0..count-1], BATCH at most, with one system call; returns how many
 * left. The errno of the first that did not is in *error. */
static unsigned send_some(
	struct udp *u, const struct transport_message *messages, unsigned count, int *error)
{
	struct mmsghdr header[BATCH];
	struct train train[BATCH];
	unsigned trains = 0, sent = 0;

	memset(header, 0, sizeof header);
	for (unsigned i = 0; i < count; trains++) {
		struct train *t = &train[trains];
		couple(t, &messages[i], count - i, u->trains);
		header[trains].msg_hdr.msg_iov = t->iov;
		header[trains].msg_hdr.msg_iovlen = t->count;
		if (t->count > 1)
			put_segment_length(&header[trains].msg_hdr, t);
		i += t->count;
	}
	int n = sendmmsg(u->fd, header, trains, MSG_DONTWAIT | MSG_NOSIGNAL);
	*error = n < 0 ? errno : 0;
	for (int i = 0; i < n; i++) {
		returned_remember(&u->returned, &messages[sent], train[i].count);
		sent += train[i].count;
	}
	return sent;
}

/* The route's MTU is below the datagrams' length, or the kernel or the interface knows
 * nothing of trains: each goes alone from now on. */
static bool refuses_trains(struct udp *u, int error)
{
	if (!u->trains ||
		(error != EINVAL && error != EMSGSIZE && error != EIO && error != ENOTSUP))
		return false;
	u->trains = false;
	return true;
}

static uint32_t udp_most(struct transport *t)
{
	struct udp *u = (struct udp *)t;

	return u->fd < 0 ? UINT32_MAX : socket_most(u->fd, u->peer.to.ss_family);
}

/* What is waited for one collector, others wait, too. False: no longer. */
static bool wait_for_room(struct udp *u)
{
	struct pollfd p = {u->fd, POLLOUT, 0};
	int most = u->patient ? WAIT_MILLISECONDS : (int)(u->credit / CLOCK_MILLISECOND);
	int64_t began = clock_steady();

	if (most <= 0) /* below: the last wait took longer than was asked for */
		return false;
	poll(&p, 1, most);
	u->credit -= clock_steady() - began;
	return true;
}

static void earn(struct udp *u, unsigned left)
{
	u->credit += (int64_t)left * WORTH;
	if (u->credit > WAIT_MILLISECONDS * CLOCK_MILLISECOND)
		u->credit = WAIT_MILLISECONDS * CLOCK_MILLISECOND;
}

static unsigned udp_send(struct transport *t, struct transport_message *messages, unsigned count)
{
	struct udp *u = (struct udp *)t;
	unsigned tries = 0;

	for (unsigned i = 0; u->fd < 0 && i < count; i++)
		messages[i].error = EDESTADDRREQ;
	if (u->fd < 0)
		return 0;
	for (unsigned i = 0; i < count;) {
		int error;
		unsigned most = count - i < BATCH ? count - i : BATCH;
		unsigned n = send_some(u, &messages[i], most, &error);
		for (unsigned k = 0; k < n; k++)
			messages[i++].error = 0;
		if (n) {
			earn(u, n);
			tries = 0;
			continue;
		}
		if (error == EMSGSIZE || returned_is_refusal(error))
			returned_read(&u->returned, u->fd);
		if (wants_room(error) && !wait_for_room(u))
			tries = TRIES;
		if (error == EMSGSIZE && messages[i].length > udp_most(t)) {
			while (i < count)
				messages[i++].error = error;
			break;
		}
		if (refuses_trains(u, error))
			continue;
		if (++tries < TRIES && (wants_room(error) || reports_an_earlier_one(error)))
			continue;
		messages[i++].error = error == EMSGSIZE ? EIO : error;
		tries = 0;
	}
	return 0; /* work() tells */
}

static void udp_work(struct transport *t, struct transport_report *report)
{
	struct udp *u = (struct udp *)t;

	returned_read(&u->returned, u->fd);
	returned_report(&u->returned, report);
}

static bool udp_look(struct transport *t, struct receiver_room *room)
{
	struct udp *u = (struct udp *)t;

	if (!u->sought)
		u->receiver = receiver_open(u->fd);
	u->sought = true;
	return u->receiver && receiver_look(u->receiver, room);
}

static void udp_close(struct transport *t)
{
	struct udp *u = (struct udp *)t;

	receiver_close(u->receiver);
	if (u->fd >= 0)
		close(u->fd);
	free(u);
}

/* What the kernel chose with connect(). */
static struct transport_address local_address(int fd)
{
	struct sockaddr_storage s = {0};
	socklen_t length = sizeof s;
	struct transport_address a = {0};

	if (getsockname(fd, (struct sockaddr *)&s, &length) < 0)
		return a;
	if (s.ss_family == AF_INET) {
		a.version = 4;
		memcpy(a.octets, &((const struct sockaddr_in *)&s)->sin_addr, 4);
	} else if (s.ss_family == AF_INET6) {
		a.version = 6;
		memcpy(a.octets, &((const struct sockaddr_in6 *)&s)->sin6_addr, 16);
	}
	return a;
}

/* To the first of them to which there is a way. False: there is none, and all is as it was. */
static bool connect_to(
	struct udp *u, const struct socket_addresses *list, struct transport_error *error)
{
	struct transport_path path = {.host = u->host,
		.service = "",
		.source = u->source,
		.interface = u->interface,
		.dscp = u->dscp,
		.hops = u->hops};
	int size = SEND_BUFFER, fd = -1;

	for (unsigned i = 0; i < list->count && fd < 0; i++) {
		fd = socket_connect(&list->list[i], SOCK_DGRAM, &path, error);
		if (fd >= 0)
			u->peer = list->list[i];
	}
	if (fd < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (u->fd >= 0)
		close(u->fd);
	u->fd = fd;
	u->trains = true;
	returned_ask(fd, u->peer.to.ss_family);
	receiver_close(u->receiver);
	u->receiver = NULL;
	u->sought = false;
	return true;
}

static bool udp_redirect(struct transport *t, const struct socket_addresses *list)
{
	struct udp *u = (struct udp *)t;
	struct transport_error error;

	return !(u->fd >= 0 && socket_has(list, &u->peer)) && connect_to(u, list, &error);
}

static const struct transport_ops udp_ops = {.send = udp_send,
	.most = udp_most,
	.look = udp_look,
	.redirect = udp_redirect,
	.work = udp_work,
	.close = udp_close};

static void copy_path(struct udp *u, const struct transport_path *path)
{
	snprintf(u->host, sizeof u->host, "%s", path->host);
	snprintf(u->source, sizeof u->source, "%s", path->source);
	snprintf(u->interface, sizeof u->interface, "%s", path->interface);
	u->dscp = path->dscp;
	u->hops = path->hops;
	u->patient = path->patient;
	earn(u, BATCH * TRIES);
}

struct transport *transport_udp_open(
	const struct transport_path *path, struct transport_error *error)
{
	struct socket_addresses list;

	if (!socket_find(path, SOCK_DGRAM, &list, error))
		return NULL;
	struct udp *u = calloc(1, sizeof *u);
	if (!u) {
		snprintf(error->text, sizeof error->text, "out of memory");
		return NULL;
	}
	u->transport.ops = &udp_ops;
	u->fd = -1;
	copy_path(u, path);
	if (connect_to(u, &list, error) || list.count == 0) {
		if (u->fd >= 0)
			u->transport.local = local_address(u->fd);
		return &u->transport;
	}
	free(u);
	return NULL;
}
