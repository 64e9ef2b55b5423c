#include "daemon/own.h"

#include "base/log.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_address(uint8_t *to, const struct sockaddr_storage *from)
{
	memset(to, 0, 16);
	if (from->ss_family == AF_INET6)
		memcpy(to, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	else
		memcpy(to, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
}

static uint16_t port_of(const struct sockaddr_storage *a)
{
	return ntohs(a->ss_family == AF_INET6
			     ? ((const struct sockaddr_in6 *)(const void *)a)->sin6_port
			     : ((const struct sockaddr_in *)(const void *)a)->sin_port);
}

static bool knows(const struct own *own, const struct own_pair *pair)
{
	unsigned count = atomic_load_explicit(&own->count, memory_order_relaxed);

	for (unsigned i = 0; i < count; i++)
		if (memcmp(&own->pair[i], pair, sizeof *pair) == 0)
			return true;
	return false;
}

/* Packets are looked at meanwhile: they find the pair with its count, and by its port. */
static void add_pair(struct own *own, const struct own_pair *pair)
{
	unsigned count = atomic_load_explicit(&own->count, memory_order_relaxed);

	if (knows(own, pair))
		return;
	if (count == OWN_PAIRS) {
		log_warning("exporter",
			"event=own-messages-metered port=%u note=\"collectors have had too many "
			"addresses\"",
			pair->port);
		return;
	}
	own->pair[count] = *pair;
	atomic_store_explicit(&own->count, count + 1, memory_order_release);
	atomic_fetch_or(&own->port[pair->port / 64], UINT64_C(1) << pair->port % 64);
}

/* `here`: where its messages come from if no source is configured. */
static void add(struct own *own, const struct own_name *name, const struct socket_address *to,
	const struct sockaddr_storage *here)
{
	struct sockaddr_storage source;
	struct own_pair pair = {.port = port_of(&to->to), .protocol = name->protocol};

	if (*name->source && socket_read_address(name->source, &source))
		here = &source;
	if (here->ss_family != to->to.ss_family)
		return;
	pair.ip_version = to->to.ss_family == AF_INET6 ? 6 : 4;
	put_address(pair.here, here);
	put_address(pair.collector, &to->to);
	add_pair(own, &pair);
}

static void find(struct own *own, const struct own_name *name)
{
	struct socket_addresses all;
	struct transport_error why;

	if (!socket_resolve(name->host, name->service, SOCK_DGRAM, &all, &why))
		return;
	for (unsigned i = 0; i < all.count; i++) {
		struct sockaddr_storage here = {.ss_family = AF_UNSPEC};
		if (!*name->source && !socket_here(&all.list[i], &here))
			continue;
		add(own, name, &all.list[i], &here);
	}
}

struct own *own_new(const struct config *c, bool running)
{
	struct own *own = c->exporter_count ? calloc(1, sizeof *own) : NULL;

	if (c->exporter_count && !own)
		log_warning("exporter",
			"event=own-messages-metered error=\"out of memory\" note=\"each message "
			"makes another packet to tell of\"");
	for (unsigned i = 0; own && i < c->exporter_count; i++) {
		const struct config_exporter *x = &c->exporters[i];
		struct own_name *name = &own->name[own->names];
		if (x->transport == CONFIG_FILE)
			continue;
		own->names++;
		snprintf(name->host, sizeof name->host, "%s", x->host);
		snprintf(name->service, sizeof name->service, "%s", x->service);
		snprintf(name->source, sizeof name->source, "%s", x->source);
		name->protocol = x->transport == CONFIG_UDP ? IPPROTO_UDP : IPPROTO_TCP;
		if (!running || socket_is_address(x->host))
			find(own, name);
	}
	return own;
}

void own_keep(struct own *own, const struct own *before)
{
	for (unsigned i = 0; before && i < before->count; i++)
		add_pair(own, &before->pair[i]);
}

void own_learn(struct own *own, const struct resolver_answer *a)
{
	uint8_t protocol = a->question.type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP;

	for (unsigned n = 0; n < own->names; n++) {
		const struct own_name *name = &own->name[n];
		if (name->protocol != protocol || strcmp(name->host, a->question.host) != 0 ||
			strcmp(name->service, a->question.service) != 0)
			continue;
		for (unsigned i = 0; i < a->addresses.count; i++)
			add(own, name, &a->addresses.list[i], &a->here[i]);
	}
}

void own_free(struct own *own)
{
	free(own);
}

static bool is_between(const struct own_pair *pair, const uint8_t *here, const uint8_t *collector)
{
	return memcmp(pair->here, here, sizeof pair->here) == 0 &&
	       memcmp(pair->collector, collector, sizeof pair->collector) == 0;
}

bool own_has(const struct own *own, const struct packet *p)
{
	unsigned count = atomic_load_explicit(&own->count, memory_order_acquire);

	for (unsigned i = 0; i < count; i++) {
		const struct own_pair *pair = &own->pair[i];
		if (pair->protocol != p->protocol || pair->ip_version != p->ip_version)
			continue;
		if (pair->port == p->destination_port &&
			is_between(pair, p->source_address, p->destination_address))
			return true;
		if (pair->port == p->source_port &&
			is_between(pair, p->destination_address, p->source_address))
			return true;
	}
	return false;
}
