#include "export/receiver.h"

#include "route/fib.h"
#include "route/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	LOOPBACK = 1,   /* ifIndex of lo in every namespace, by which a host's own packets come */
	HEADROOM = 512, /* beside a datagram's octets, in the memory that has them */
	DESCRIPTION = 384, /* of that memory, and somewhat more for one cut from a train */
};

struct receiver {
	struct netlink *netlink;
	struct inet_diag_req_v2 question;
};

/* An answer in progress. */
struct looking {
	struct receiver_room *room;
	bool found;
};

/* Reads an address in the order of the network, IPv4's in the first 4 octets; false: neither. */
static bool read_address(const struct sockaddr_storage *s, uint8_t *address, __be16 *port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)s;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;

	if (s->ss_family != AF_INET && s->ss_family != AF_INET6)
		return false;
	if (s->ss_family == AF_INET)
		memcpy(address, &v4->sin_addr, 4);
	else
		memcpy(address, &v6->sin6_addr, 16);
	*port = s->ss_family == AF_INET ? v4->sin_port : v6->sin6_port;
	return true;
}

/* For one socket the kernel takes the addresses as a datagram to it has them. */
static bool describe(int fd, struct inet_diag_req_v2 *q)
{
	struct sockaddr_storage from = {0}, to = {0};
	socklen_t from_length = sizeof from, to_length = sizeof to;

	if (getsockname(fd, (struct sockaddr *)&from, &from_length) < 0 ||
		getpeername(fd, (struct sockaddr *)&to, &to_length) < 0)
		return false;
	*q = (struct inet_diag_req_v2){
		.sdiag_family = (uint8_t)to.ss_family,
		.sdiag_protocol = IPPROTO_UDP,
		.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
		.idiag_states = UINT32_MAX,
		.id = {.idiag_if = LOOPBACK,
			.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}},
	};
	if (to.ss_family == AF_INET6 && ((struct sockaddr_in6 *)&to)->sin6_scope_id)
		q->id.idiag_if = ((struct sockaddr_in6 *)&to)->sin6_scope_id;
	return read_address(&from, (uint8_t *)q->id.idiag_src, &q->id.idiag_sport) &&
	       read_address(&to, (uint8_t *)q->id.idiag_dst, &q->id.idiag_dport);
}

/* A socket of this host that hears on all addresses would be found for another host's, too. */
static bool stays_here(const struct inet_diag_req_v2 *q)
{
	struct netlink *routes = netlink_open(NETLINK_ROUTE, NULL);
	struct fib_question question = {
		.ip_version = q->sdiag_family == AF_INET6 ? 6 : 4,
		.mode = FIB_OUTGOING,
	};
	struct fib_answer answer;

	if (!routes)
		return false;
	memcpy(question.destination, q->id.idiag_dst, sizeof question.destination);
	if (q->id.idiag_if != LOOPBACK)
		question.interface = q->id.idiag_if;
	bool here = fib_ask(routes, &question, &answer) && answer.local;
	netlink_close(routes);
	return here;
}

struct receiver *receiver_open(int fd)
{
	struct receiver *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	if (describe(fd, &r->question) && stays_here(&r->question))
		r->netlink = netlink_open(NETLINK_SOCK_DIAG, NULL);
	if (r->netlink)
		return r;
	free(r);
	return NULL;
}

void receiver_close(struct receiver *r)
{
	if (!r)
		return;
	netlink_close(r->netlink);
	free(r);
}

static void take(void *context, const struct nlmsghdr *h)
{
	struct looking *l = context;
	const struct nlattr *a;
	uint32_t memory[SK_MEMINFO_RCVBUF + 1];

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		mnl_nlmsg_get_payload_len(h) < sizeof(struct inet_diag_msg))
		return;
	for (a = netlink_first(h, sizeof(struct inet_diag_msg)); a; a = netlink_next(h, a)) {
		if (mnl_attr_get_type(a) != INET_DIAG_SKMEMINFO ||
			mnl_attr_get_payload_len(a) < sizeof memory)
			continue;
		memcpy(memory, mnl_attr_get_payload(a), sizeof memory);
		*l->room = (struct receiver_room){
			.taken = memory[SK_MEMINFO_RMEM_ALLOC], .whole = memory[SK_MEMINFO_RCVBUF]};
		l->found = true;
	}
}

bool receiver_look(struct receiver *r, struct receiver_room *room)
{
	struct nlmsghdr *h = netlink_begin(r->netlink, SOCK_DIAG_BY_FAMILY, 0);
	struct looking l = {.room = room};

	memcpy(mnl_nlmsg_put_extra_header(h, sizeof r->question), &r->question, sizeof r->question);
	return netlink_ask(r->netlink, take, &l) == 0 && l.found;
}

/* The kernel takes memory by powers of two. */
uint32_t receiver_cost(uint32_t length)
{
	uint32_t memory = HEADROOM;

	while (memory < length + HEADROOM)
		memory *= 2;
	return memory + DESCRIPTION;
}
