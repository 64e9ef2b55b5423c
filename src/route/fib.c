#include "route/fib.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

static bool is_any(const uint8_t *address)
{
	static const uint8_t zeros[16];

	return memcmp(address, zeros, sizeof zeros) == 0;
}

static void take_hop(struct fib_answer *a, const struct nlattr *gateway, size_t octets)
{
	if (mnl_attr_get_payload_len(gateway) == octets)
		memcpy(a->next_hop, mnl_attr_get_payload(gateway), octets);
}

static void take_route(void *context, const struct nlmsghdr *h)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct fib_answer *answer = context;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(h) < sizeof *m)
		return;
	answer->prefix = m->rtm_dst_len;
	answer->local = m->rtm_type == RTN_LOCAL || m->rtm_type == RTN_BROADCAST;
	for (a = netlink_first(h, sizeof *m); a; a = netlink_next(h, a)) {
		unsigned type = mnl_attr_get_type(a);
		if (type == RTA_MULTIPATH)
			answer->many = true;
		else if (type == RTA_OIF && m->rtm_type == RTN_UNICAST)
			answer->interface = mnl_attr_get_u32(a);
		else if (type == RTA_GATEWAY)
			take_hop(answer, a, m->rtm_family == AF_INET ? 4 : 16);
	}
}

static void put_ports(struct nlmsghdr *h, const struct fib_question *q)
{
	/* Of other protocols the kernel wants to hear nothing. */
	if (q->protocol != IPPROTO_TCP && q->protocol != IPPROTO_UDP)
		return;
	mnl_attr_put_u8(h, RTA_IP_PROTO, q->protocol);
	mnl_attr_put_u16(h, RTA_SPORT, htons(q->source_port));
	mnl_attr_put_u16(h, RTA_DPORT, htons(q->destination_port));
}

bool fib_ask(struct netlink *n, const struct fib_question *q, struct fib_answer *answer)
{
	struct nlmsghdr *h = netlink_begin(n, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	size_t octets = q->ip_version == 6 ? 16 : 4;
	bool source = !is_any(q->source);

	*answer = (struct fib_answer){0};
	m->rtm_family = q->ip_version == 6 ? AF_INET6 : AF_INET;
	m->rtm_dst_len = (unsigned char)(8 * octets);
	m->rtm_src_len = source ? m->rtm_dst_len : 0;
	m->rtm_flags = q->match ? RTM_F_FIB_MATCH : 0;
	mnl_attr_put(h, RTA_DST, octets, q->destination);
	if (source)
		mnl_attr_put(h, RTA_SRC, octets, q->source);
	if (q->interface)
		mnl_attr_put_u32(h, q->mode == FIB_INCOMING ? RTA_IIF : RTA_OIF, q->interface);
	put_ports(h, q);
	if (netlink_ask(n, take_route, answer) == 0)
		return true;
	*answer = (struct fib_answer){0};
	return false;
}

static void take_rule(void *context, const struct nlmsghdr *h)
{
	const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(h);
	bool *closer = context;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWRULE || mnl_nlmsg_get_payload_len(h) < sizeof *m)
		return;
	*closer |= m->src_len > 0;
	for (a = netlink_first(h, sizeof *m); a; a = netlink_next(h, a)) {
		unsigned type = mnl_attr_get_type(a);
		*closer |=
			type == FRA_IP_PROTO || type == FRA_SPORT_RANGE || type == FRA_DPORT_RANGE;
	}
}

bool fib_rules_look_closer(struct netlink *n)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	bool closer = false;

	for (size_t i = 0; i < sizeof families; i++) {
		struct fib_rule_hdr *m = mnl_nlmsg_put_extra_header(
			netlink_begin(n, RTM_GETRULE, NLM_F_DUMP), sizeof *m);
		m->family = families[i];
		(void)netlink_ask(n, take_rule, &closer);
	}
	return closer;
}
