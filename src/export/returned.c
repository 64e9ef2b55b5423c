#include "export/returned.h"

#include <time.h> /* the next group wants it */

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { ERRORS = 256 }; /* in one look */

/* An error, and how the datagram that it is about begins. */
struct quote {
	int error;     /* errno; 0: it is not about the way there */
	uint32_t most; /* octets of a datagram that the way has room for, where it was too long */
	unsigned length;
	uint8_t head[RETURNED_HEAD];
};

void returned_ask(int fd, int family)
{
	int on = 1;

	if (family == AF_INET6)
		(void)setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &on, sizeof on);
	else
		(void)setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof on);
}

void returned_remember(struct returned *r, const struct transport_message *messages, unsigned count)
{
	r->train++;
	for (unsigned i = 0; i < count; i++) {
		const struct transport_message *m = &messages[i];
		memcpy(r->sent[r->next].head, m->octets, RETURNED_HEAD);
		r->sent[r->next].length = m->length;
		r->sent[r->next].train = r->train;
		r->sent[r->next].load = m->load;
		r->next = (r->next + 1) % RETURNED_REMEMBERED;
	}
}

bool returned_is_refusal(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
	       error == EHOSTDOWN;
}

/* The kernel's own errors are those of the send that they kept from sending; but for a
 * neighbour that is not there, of which it hears later. */
static void read_error(struct msghdr *h, struct quote *q)
{
	q->error = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		struct sock_extended_err e;
		if (c->cmsg_len < CMSG_LEN(sizeof e) ||
			!((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
				(c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR)))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		if (e.ee_origin != SO_EE_ORIGIN_ICMP && e.ee_origin != SO_EE_ORIGIN_ICMP6 &&
			e.ee_errno != EHOSTUNREACH)
			continue;
		uint32_t headers = c->cmsg_level == SOL_IPV6 ? 40 + 8 : 20 + 8;
		q->error = (int)e.ee_errno;
		q->most = e.ee_info > headers ? e.ee_info - headers : 0;
	}
}

static bool take(int fd, struct quote *q)
{
	_Alignas(struct cmsghdr) char control[512];
	struct iovec iov = {q->head, sizeof q->head};
	struct msghdr h = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control};
	ssize_t n = recvmsg(fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return false;
	q->length = (unsigned)n;
	read_error(&h, q);
	return true;
}

static void drop_one(struct returned *r, unsigned i)
{
	transport_load_add(&r->dropped, &r->sent[i].load);
	r->sent[i].load = (struct transport_load){0}; /* once, however often that is said */
}

/* A train may get as far as the router in one piece, and then there is one error for all of
 * it. Else each datagram has its own: what is too long is dropped either way. */
static void drop(struct returned *r, const struct quote *q)
{
	unsigned i = 0;

	while (i < RETURNED_REMEMBERED &&
		(!r->sent[i].load.messages || memcmp(r->sent[i].head, q->head, RETURNED_HEAD) != 0))
		i++;
	if (i == RETURNED_REMEMBERED)
		return;
	drop_one(r, i);
	for (unsigned k = 0; k < RETURNED_REMEMBERED; k++)
		if (r->sent[k].train == r->sent[i].train && r->sent[k].length > q->most)
			drop_one(r, k);
}

void returned_read(struct returned *r, int fd)
{
	struct quote q;

	for (unsigned i = 0; i < ERRORS && take(fd, &q); i++) {
		r->refused += returned_is_refusal(q.error);
		if (q.error == EMSGSIZE && q.length == RETURNED_HEAD)
			drop(r, &q);
	}
}

void returned_report(struct returned *r, struct transport_report *report)
{
	report->refused += r->refused;
	transport_load_add(&report->dropped, &r->dropped);
	r->refused = 0;
	r->dropped = (struct transport_load){0};
}
