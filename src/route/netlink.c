#include "route/netlink.h"

#include "base/receive.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	REQUEST_OCTETS = 1024,
	ANSWER_OCTETS = 32 << 10, /* a part of a dump has as many at most */
	NEWS_OCTETS = 8 << 20,    /* that may wait in the socket */
};

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
	_Alignas(8) char request[REQUEST_OCTETS];
	_Alignas(8) char answer[ANSWER_OCTETS];
};

struct taking {
	netlink_take *take;
	void *context;
};

static bool join(struct netlink *n, const unsigned *groups)
{
	int octets = NEWS_OCTETS, fd = mnl_socket_get_fd(n->socket);

	/* Only an administrator may have as much as that whatever the system's limit is. */
	if (*groups && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) < 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets) < 0)
		return false;
	for (; *groups; groups++) {
		int group = (int)*groups;
		if (mnl_socket_setsockopt(n->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) <
			0)
			return false;
	}
	return true;
}

struct netlink *netlink_open(int bus, const unsigned *groups)
{
	struct netlink *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	n->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (n->socket && mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
		(!groups || join(n, groups)))
		return n;
	int error = errno;
	netlink_close(n);
	errno = error;
	return NULL;
}

void netlink_close(struct netlink *n)
{
	if (!n)
		return;
	if (n->socket)
		mnl_socket_close(n->socket);
	free(n);
}

int netlink_fd(const struct netlink *n)
{
	return mnl_socket_get_fd(n->socket);
}

struct nlmsghdr *netlink_begin(struct netlink *n, unsigned type, unsigned flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(n->request);

	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++n->sequence;
	return h;
}

static int pass_on(const struct nlmsghdr *message, void *context)
{
	const struct taking *t = context;

	t->take(t->context, message);
	return MNL_CB_OK;
}

/* One answer, or the parts of a dump up to its end. */
int netlink_ask(struct netlink *n, netlink_take *take, void *context)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)(void *)n->request;
	struct taking taking = {take, context};
	unsigned port = mnl_socket_get_portid(n->socket);
	bool dump = h->nlmsg_flags & NLM_F_DUMP;
	int status = MNL_CB_OK;

	if (mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t octets =
			receive(mnl_socket_get_fd(n->socket), n->answer, sizeof n->answer, 0);
		if (octets < 0 && errno == EINTR)
			continue;
		if (octets < 0)
			return -errno;
		status = mnl_cb_run(n->answer, (size_t)octets, n->sequence, port, pass_on, &taking);
	} while (dump && status == MNL_CB_OK);
	return status == MNL_CB_ERROR ? -errno : 0;
}

static const struct nlattr *whole(const struct nlmsghdr *h, const struct nlattr *a)
{
	const char *end = mnl_nlmsg_get_payload_tail(h);

	return mnl_attr_ok(a, (int)(end - (const char *)a)) ? a : NULL;
}

const struct nlattr *netlink_first(const struct nlmsghdr *h, size_t header)
{
	return whole(h, mnl_nlmsg_get_payload_offset(h, header));
}

const struct nlattr *netlink_next(const struct nlmsghdr *h, const struct nlattr *a)
{
	return whole(h, mnl_attr_next(a));
}

enum netlink_news netlink_hear(struct netlink *n, unsigned most, netlink_take *take, void *context)
{
	struct taking taking = {take, context};
	enum netlink_news news = NETLINK_QUIET;
	ssize_t octets;

	while (most-- > 0 && ((octets = receive(mnl_socket_get_fd(n->socket), n->answer,
				       sizeof n->answer, MSG_DONTWAIT)) > 0 ||
				     (octets < 0 && (errno == EINTR || errno == ENOBUFS)))) {
		if (octets < 0 && errno == ENOBUFS)
			news = NETLINK_LOST;
		if (octets <= 0)
			continue;
		if (news == NETLINK_QUIET)
			news = NETLINK_NEWS;
		(void)mnl_cb_run(n->answer, (size_t)octets, 0, 0, pass_on, &taking);
	}
	return news;
}
