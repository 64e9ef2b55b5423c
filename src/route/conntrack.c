#include "route/conntrack.h"

#include "base/clock.h"
#include "route/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE(type) (NFNL_SUBSYS_CTNETLINK << 8 | (type))

struct conntrack {
	struct netlink *news;
};

struct hearing {
	conntrack_take *take;
	void *context;
	int64_t now;
};

static uint16_t icmp_word(const struct nf_conntrack *ct, uint8_t type)
{
	return (uint16_t)(type << 8 | nfct_get_attr_u8(ct, ATTR_ICMP_CODE));
}

/* The type with which a question is answered; 0: to this one there is no answer. */
static uint8_t answer_of(uint8_t protocol, uint8_t question)
{
	static const struct {
		uint8_t protocol, question, answer;
	} known[] = {
		{IPPROTO_ICMP, 8, 0},       /* echo */
		{IPPROTO_ICMP, 13, 14},     /* timestamp */
		{IPPROTO_ICMP, 15, 16},     /* information */
		{IPPROTO_ICMP, 17, 18},     /* address mask */
		{IPPROTO_ICMPV6, 128, 129}, /* echo */
		{IPPROTO_ICMPV6, 139, 140}, /* node information */
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].protocol == protocol && known[i].question == question)
			return known[i].answer;
	return 0;
}

static void read_ports(const struct nf_conntrack *ct, struct translation *t)
{
	uint8_t protocol = t->original.protocol;

	if (nfct_attr_is_set(ct, ATTR_ICMP_TYPE) > 0) {
		uint8_t type = nfct_get_attr_u8(ct, ATTR_ICMP_TYPE);
		t->original.destination_port = icmp_word(ct, type);
		t->reply.destination_port = icmp_word(ct, answer_of(protocol, type));
	} else if (nfct_attr_is_set(ct, ATTR_ORIG_PORT_SRC) > 0) {
		t->original.source_port = ntohs(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_SRC));
		t->original.destination_port = ntohs(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_DST));
		t->reply.source_port = ntohs(nfct_get_attr_u16(ct, ATTR_REPL_PORT_SRC));
		t->reply.destination_port = ntohs(nfct_get_attr_u16(ct, ATTR_REPL_PORT_DST));
	}
}

static bool read_addresses(const struct nf_conntrack *ct, struct translation *t)
{
	static const enum nf_conntrack_attr four[] = {
		ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV4_DST, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV4_DST};
	static const enum nf_conntrack_attr six[] = {
		ATTR_ORIG_IPV6_SRC, ATTR_ORIG_IPV6_DST, ATTR_REPL_IPV6_SRC, ATTR_REPL_IPV6_DST};
	uint8_t *to[] = {
		t->original.source, t->original.destination, t->reply.source, t->reply.destination};
	bool is_six = nfct_get_attr_u8(ct, ATTR_ORIG_L3PROTO) == AF_INET6;

	for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
		const void *address = nfct_get_attr(ct, is_six ? six[i] : four[i]);
		if (!address)
			return false;
		memcpy(to[i], address, is_six ? 16 : 4);
	}
	t->original.ip_version = t->reply.ip_version = is_six ? 6 : 4;
	t->original.protocol = t->reply.protocol = nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO);
	return true;
}

/* Ends that are not those of the other side turned round. */
static bool is_translated(const struct translation *t)
{
	struct translation_tuple plain = translation_turned(&t->original);

	if (memcmp(plain.source, t->reply.source, sizeof plain.source) != 0 ||
		memcmp(plain.destination, t->reply.destination, sizeof plain.destination) != 0)
		return true;
	return t->original.source_port &&
	       (plain.source_port != t->reply.source_port ||
		       plain.destination_port != t->reply.destination_port);
}

static bool read_event(const struct nlmsghdr *h, int64_t now, struct conntrack_event *event)
{
	struct nf_conntrack *ct = nfct_new();

	if (!ct)
		return false;
	*event = (struct conntrack_event){
		.time = now, .ends = h->nlmsg_type == MESSAGE(IPCTNL_MSG_CT_DELETE)};
	bool good = nfct_nlmsg_parse(h, ct) == 0 && read_addresses(ct, &event->translation);
	if (good) {
		enum nf_conntrack_attr time =
			event->ends ? ATTR_TIMESTAMP_STOP : ATTR_TIMESTAMP_START;
		read_ports(ct, &event->translation);
		event->icmp_id = ntohs(nfct_get_attr_u16(ct, ATTR_ICMP_ID));
		if (nfct_attr_is_set(ct, time) > 0)
			event->time = (int64_t)nfct_get_attr_u64(ct, time);
	}
	nfct_destroy(ct);
	return good && is_translated(&event->translation);
}

static void take_message(void *context, const struct nlmsghdr *h)
{
	const struct hearing *hearing = context;
	struct conntrack_event event;

	if ((h->nlmsg_type == MESSAGE(IPCTNL_MSG_CT_NEW) ||
		    h->nlmsg_type == MESSAGE(IPCTNL_MSG_CT_DELETE)) &&
		read_event(h, hearing->now, &event))
		hearing->take(hearing->context, &event);
}

/* What the kernel tracks already. */
static bool read_all(struct hearing *hearing)
{
	struct netlink *questions = netlink_open(NETLINK_NETFILTER, NULL);

	if (!questions)
		return false;
	struct nfgenmsg *m = mnl_nlmsg_put_extra_header(
		netlink_begin(questions, MESSAGE(IPCTNL_MSG_CT_GET), NLM_F_DUMP), sizeof *m);
	m->nfgen_family = AF_UNSPEC;
	m->version = NFNETLINK_V0;
	int error = netlink_ask(questions, take_message, hearing);
	netlink_close(questions);
	errno = -error;
	return error == 0;
}

struct conntrack *conntrack_open(conntrack_take *take, void *context)
{
	static const unsigned groups[] = {NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY, 0};
	struct conntrack *c = calloc(1, sizeof *c);
	struct hearing hearing = {take, context, clock_wall()};

	if (!c)
		return NULL;
	c->news = netlink_open(NETLINK_NETFILTER, groups);
	if (c->news && read_all(&hearing))
		return c;
	int error = errno;
	conntrack_close(c);
	errno = error;
	return NULL;
}

void conntrack_close(struct conntrack *c)
{
	if (!c)
		return;
	netlink_close(c->news);
	free(c);
}

bool conntrack_hear(
	struct conntrack *c, unsigned most, uint64_t *lost, conntrack_take *take, void *context)
{
	struct hearing hearing = {take, context, clock_wall()};
	enum netlink_news news = netlink_hear(c->news, most, take_message, &hearing);

	*lost += news == NETLINK_LOST;
	return news != NETLINK_QUIET;
}
