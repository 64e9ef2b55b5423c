#include "route/links.h"

#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEGABIT UINT64_C(1000000)

struct links {
	struct link *link;
	unsigned count;
	unsigned room;
	bool failed; /* memory was short */
};

struct links *links_new(void)
{
	return calloc(1, sizeof(struct links));
}

void links_free(struct links *l)
{
	if (!l)
		return;
	free(l->link);
	free(l);
}

const struct link *links_all(const struct links *l, unsigned *count)
{
	*count = l->count;
	return l->link;
}

/* Where it stands, or would. */
static unsigned place_of(const struct links *l, uint32_t index)
{
	unsigned from = 0, to = l->count;

	while (from < to) {
		unsigned middle = from + (to - from) / 2;
		if (l->link[middle].index < index)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool is_there(const struct links *l, unsigned at, uint32_t index)
{
	return at < l->count && l->link[at].index == index;
}

const struct link *links_find(const struct links *l, uint32_t index)
{
	unsigned at = place_of(l, index);

	return is_there(l, at, index) ? &l->link[at] : NULL;
}

static bool make_room(struct links *l)
{
	if (l->count < l->room)
		return true;
	unsigned room = l->room ? 2 * l->room : 16;
	struct link *more = realloc(l->link, room * sizeof *more);
	if (!more) {
		l->failed = true;
		return false;
	}
	l->link = more;
	l->room = room;
	return true;
}

static void put(struct links *l, const struct link *link)
{
	unsigned at = place_of(l, link->index);

	if (!is_there(l, at, link->index)) {
		if (!make_room(l))
			return;
		memmove(&l->link[at + 1], &l->link[at], (l->count - at) * sizeof *l->link);
		l->count++;
	}
	l->link[at] = *link;
}

static void take_out(struct links *l, uint32_t index)
{
	unsigned at = place_of(l, index);

	if (!is_there(l, at, index))
		return;
	l->count--;
	memmove(&l->link[at], &l->link[at + 1], (l->count - at) * sizeof *l->link);
}

static enum link_kind kind_of(const char *name)
{
	static const char *const over[] = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"};
	static const char *const master[] = {"bridge", "bond", "team"};

	for (size_t i = 0; i < sizeof over / sizeof *over; i++)
		if (strcmp(name, over[i]) == 0)
			return LINK_OVER;
	for (size_t i = 0; i < sizeof master / sizeof *master; i++)
		if (strcmp(name, master[i]) == 0)
			return LINK_MASTER;
	return LINK_PLAIN;
}

static int read_kind(const struct nlattr *a, void *context)
{
	struct link *link = context;

	if (mnl_attr_get_type(a) == IFLA_INFO_KIND && mnl_attr_validate(a, MNL_TYPE_STRING) == 0)
		link->kind = (uint8_t)kind_of(mnl_attr_get_str(a));
	return MNL_CB_OK;
}

static uint32_t number(const struct nlattr *a)
{
	return mnl_attr_validate(a, MNL_TYPE_U32) == 0 ? mnl_attr_get_u32(a) : 0;
}

static void text(char *to, size_t size, const struct nlattr *a)
{
	snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(a),
		(const char *)mnl_attr_get_payload(a));
}

bool links_hear(struct links *l, const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;

	if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) ||
		mnl_nlmsg_get_payload_len(h) < sizeof *i || i->ifi_family != AF_UNSPEC)
		return false;
	struct link link = {.index = (uint32_t)i->ifi_index, .up = i->ifi_flags & IFF_UP};
	for (a = netlink_first(h, sizeof *i); a; a = netlink_next(h, a)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME: text(link.name, sizeof link.name, a); break;
		case IFLA_IFALIAS: text(link.alias, sizeof link.alias, a); break;
		case IFLA_LINK: link.below = number(a); break;
		case IFLA_MASTER: link.master = number(a); break;
		case IFLA_LINKINFO: (void)mnl_attr_parse_nested(a, read_kind, &link); break;
		}
	}
	if (link.kind != LINK_OVER || link.below == link.index)
		link.below = 0;
	if (h->nlmsg_type == RTM_NEWLINK)
		put(l, &link);
	else
		take_out(l, link.index);
	return true;
}

static void take(void *context, const struct nlmsghdr *message)
{
	(void)links_hear(context, message);
}

bool links_read(struct links *l, struct netlink *n)
{
	struct ifinfomsg *i;

	l->count = 0;
	l->failed = false;
	i = mnl_nlmsg_put_extra_header(netlink_begin(n, RTM_GETLINK, NLM_F_DUMP), sizeof *i);
	i->ifi_family = AF_UNSPEC;
	return netlink_ask(n, take, l) == 0 && !l->failed;
}

uint64_t link_speed(const struct link *link)
{
	char path[64];
	int64_t speed = 0;

	snprintf(path, sizeof path, "/sys/class/net/%s/speed", link->name);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNd64, &speed) != 1 || speed < 0)
		speed = 0;
	fclose(file);
	return (uint64_t)speed * MEGABIT;
}

static bool is_in(uint32_t index, const uint32_t *inputs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (inputs[i] == index)
			return true;
	return false;
}

bool links_covered(
	const struct links *l, const struct link *link, const uint32_t *inputs, unsigned count)
{
	unsigned ports = 0;

	if (link->kind == LINK_OVER)
		return link->below && is_in(link->below, inputs, count);
	if (link->kind != LINK_MASTER)
		return false;
	for (unsigned i = 0; i < l->count; i++) {
		if (l->link[i].master != link->index)
			continue;
		if (!is_in(l->link[i].index, inputs, count))
			return false;
		ports++;
	}
	return ports > 0;
}
