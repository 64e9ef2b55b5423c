/* UDP, RFC 7011 section 10.3: one connected socket per collector, so that the
 * kernel picks the source once and tells of refusals. */
#include "export/receiver.h"
#include "export/returned.h"
#include "export/socket.h"
#include "export/transport.h"

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
	WAIT_MILLISECONDS = 20, /* for room in the socket's buffer, each time */
	SEND_BUFFER = 4 << 20,
	TRAIN_OCTETS = 65000, /* of a train of datagrams, less than a UDP packet's most */
};

struct udp {
	struct transport transport;
	int fd;
	int family;
	bool trains; /* the kernel cuts large packets into datagrams (UDP_SEGMENT) */
	bool sought; /* whether there is a receiver */
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

	return socket_most(u->fd, u->family);
}

static unsigned udp_send(struct transport *t, struct transport_message *messages, unsigned count)
{
	struct udp *u = (struct udp *)t;
	unsigned tries = 0;

	for (unsigned i = 0; i < count;) {
		int error;
		unsigned most = count - i < BATCH ? count - i : BATCH;
		unsigned n = send_some(u, &messages[i], most, &error);
		for (unsigned k = 0; k < n; k++)
			messages[i++].error = 0;
		if (n) {
			tries = 0;
			continue;
		}
		if (error == EMSGSIZE || returned_is_refusal(error))
			returned_read(&u->returned, u->fd);
		if (wants_room(error)) {
			struct pollfd p = {u->fd, POLLOUT, 0};
			poll(&p, 1, WAIT_MILLISECONDS);
		}
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

static const struct transport_ops udp_ops = {
	.send = udp_send, .most = udp_most, .look = udp_look, .work = udp_work, .close = udp_close};

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

struct transport *transport_udp_open(
	const struct transport_path *path, struct transport_error *error)
{
	struct addrinfo *list = socket_resolve(path, SOCK_DGRAM, error);
	int size = SEND_BUFFER;

	if (!list)
		return NULL;
	struct udp *u = malloc(sizeof *u);
	if (u) {
		*u = (struct udp){.transport = {.ops = &udp_ops}, .fd = -1, .trains = true};
		for (const struct addrinfo *a = list; a && u->fd < 0; a = a->ai_next) {
			u->fd = socket_connect(a, path, error);
			u->family = a->ai_family;
		}
	} else {
		snprintf(error->text, sizeof error->text, "out of memory");
	}
	freeaddrinfo(list);
	if (u && u->fd < 0) {
		free(u);
		return NULL;
	}
	if (!u)
		return NULL;
	(void)setsockopt(u->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	returned_ask(u->fd, u->family);
	u->transport.local = local_address(u->fd);
	return &u->transport;
}
