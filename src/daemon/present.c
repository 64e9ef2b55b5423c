#include "daemon/present.h"

#include "base/log.h"
#include "config/pattern.h"
#include "route/links.h"

#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum { REFUSED = CONFIG_INPUTS };

struct present {
	struct links *links;
	struct netlink *news;
	struct netlink *questions;
	uint32_t refused[REFUSED]; /* ifIndex */
	unsigned refusals;         /* ever: the oldest is forgotten */
	unsigned left_out;         /* as it was told */
};

static bool open_all(struct present *p)
{
	static const unsigned groups[] = {RTNLGRP_LINK, 0};

	p->links = links_new();
	p->news = netlink_open(NETLINK_ROUTE, groups); /* before what it tells news of is read */
	p->questions = netlink_open(NETLINK_ROUTE, NULL);
	if (!p->links || !p->news || !p->questions)
		return false;
	errno = EIO;
	return links_read(p->links, p->questions);
}

struct present *present_new(struct config_error *error)
{
	struct present *p = calloc(1, sizeof *p);

	if (p && open_all(p))
		return p;
	config_fail(error, "inputs: the kernel does not tell which interfaces there are: %s",
		strerror(errno));
	present_free(p);
	return NULL;
}

void present_free(struct present *p)
{
	if (!p)
		return;
	netlink_close(p->questions);
	netlink_close(p->news);
	links_free(p->links);
	free(p);
}

int present_fd(const struct present *p)
{
	return netlink_fd(p->news);
}

static void take(void *context, const struct nlmsghdr *message)
{
	(void)links_hear(context, message);
}

void present_hear(struct present *p)
{
	if (netlink_hear(p->news, UINT_MAX, take, p->links) == NETLINK_LOST)
		(void)links_read(p->links, p->questions);
}

static uint32_t *find_refused(struct present *p, uint32_t index)
{
	for (unsigned i = 0; i < REFUSED; i++)
		if (p->refused[i] == index)
			return &p->refused[i];
	return NULL;
}

/* What goes down may be otherwise when it comes up. */
static bool is_refused(struct present *p, const struct link *link)
{
	uint32_t *refused = find_refused(p, link->index);

	if (refused && !link->up)
		*refused = 0;
	return refused && link->up;
}

void present_refuse(struct present *p, uint32_t index)
{
	p->refused[p->refusals++ % REFUSED] = index;
}

static void say_left_out(struct present *p, unsigned left_out)
{
	if (left_out > p->left_out)
		log_warning("capture",
			"event=inputs-full left_out=%u most=%u note=\"more interfaces match than "
			"there may be inputs\"",
			left_out, (unsigned)CONFIG_INPUTS);
	p->left_out = left_out;
}

static bool has_input(const struct config *now, uint32_t index)
{
	for (unsigned i = 0; now && i < now->input_count; i++)
		if (now->inputs[i].index == index)
			return true;
	return false;
}

bool present_expand(
	struct present *p, const struct config *given, const struct config *now, struct config *to)
{
	unsigned count, n = 0;
	const struct link *link = links_all(p->links, &count);
	struct config_interface *there = calloc(count + 1, sizeof *there);

	if (!there)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (has_input(now, link[i].index) || (!is_refused(p, &link[i]) && link[i].up))
			there[n++] = (struct config_interface){link[i].name, link[i].index};
	say_left_out(p, config_expand(given, there, n, to));
	free(there);
	return true;
}
