#include "daemon/own.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* The address from which the kernel sends there: that of a socket which is never used. */
static bool find_here(const struct addrinfo *to, struct sockaddr_storage *here)
{
	int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof *here;

	if (fd < 0)
		return false;
	bool good = connect(fd, to->ai_addr, to->ai_addrlen) == 0 &&
		    getsockname(fd, (struct sockaddr *)here, &length) == 0;
	close(fd);
	return good;
}

static bool read_source(const char *text, struct sockaddr_storage *here)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM}, *found;

	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return false;
	memcpy(here, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return true;
}

static void add(struct own *own, const struct config_exporter *x, const struct addrinfo *to)
{
	struct sockaddr_storage here = {0}, collector = {0};
	struct own_pair *pair = &own->pair[own->count];

	if (own->count == OWN_PAIRS || to->ai_addrlen > sizeof collector ||
		!(*x->source ? read_source(x->source, &here) : find_here(to, &here)) ||
		here.ss_family != to->ai_family)
		return;
	memcpy(&collector, to->ai_addr, to->ai_addrlen);
	put_address(pair->here, &here);
	put_address(pair->collector, &collector);
	pair->port = port_of(&collector);
	pair->protocol = x->transport == CONFIG_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	pair->ip_version = to->ai_family == AF_INET6 ? 6 : 4;
	own->port[pair->port / 64] |= UINT64_C(1) << pair->port % 64;
	for (unsigned i = 0; i < own->count; i++)
		if (memcmp(&own->pair[i], pair, sizeof *pair) == 0)
			return; /* known before */
	own->count++;
}

struct own *own_new(const struct config *c, bool running, const struct own *before)
{
	struct own *own = c->exporter_count ? calloc(1, sizeof *own) : NULL;
	int how = running ? AI_NUMERICHOST : 0;

	if (own && before)
		*own = *before;
	for (unsigned i = 0; own && i < c->exporter_count; i++) {
		const struct config_exporter *x = &c->exporters[i];
		struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = how}, *found;
		if (getaddrinfo(x->host, x->service, &hints, &found) != 0)
			continue;
		for (const struct addrinfo *to = found; to; to = to->ai_next)
			add(own, x, to);
		freeaddrinfo(found);
	}
	return own;
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
	for (unsigned i = 0; i < own->count; i++) {
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
