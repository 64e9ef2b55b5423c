/* own: the messages that this weir sends itself, which it does not meter.
 *
 * Else each message would make another packet to tell of. What a host's other exporters, or
 * those of hosts behind it, send to the same collector is told apart by the source
 * address. Whoever looks at packets may do so while the exporter's thread adds what it has
 * learnt; nothing is ever taken out. */
#ifndef DAEMON_OWN_H
#define DAEMON_OWN_H

#include "config/config.h"
#include "daemon/resolver.h"
#include "packet/packet.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { OWN_PAIRS = 4 * CONFIG_EXPORTERS };

/* One way to a collector, its addresses as in struct packet. */
struct own_pair {
	uint8_t here[16];
	uint8_t collector[16];
	uint16_t port; /* the collector's, host order */
	uint8_t protocol;
	uint8_t ip_version;
};

/* A collector that a name may lead to other addresses. */
struct own_name {
	char host[CONFIG_NAME];
	char service[32];
	char source[CONFIG_NAME]; /* "": the kernel's choice */
	uint8_t protocol;
};

struct own {
	_Atomic uint64_t port[65536 / 64]; /* bits: some collector has it */
	struct own_pair pair[OWN_PAIRS];   /* written before they are counted */
	atomic_uint count;
	struct own_name name[CONFIG_EXPORTERS];
	unsigned names;
};

/* For the collectors of the configuration, names resolved and addresses of this host found
 * now. While weir runs names are not resolved: these are own_learn()'s. NULL: there is nothing
 * to know, or memory is short, which it says on the log. */
struct own *own_new(const struct config *config, bool running);
/* One thread at a time, the exporter's while it runs: what another one knew, or NULL; and what
 * names have been found to be. */
void own_keep(struct own *own, const struct own *before);
void own_learn(struct own *own, const struct resolver_answer *answer);
void own_free(struct own *own);

/* Both directions of a pair, for TCP's answers; of a packet to or from such a port. */
bool own_has(const struct own *own, const struct packet *packet);

static inline bool own_port(const struct own *own, uint16_t port)
{
	return atomic_load_explicit(&own->port[port / 64], memory_order_relaxed) >> port % 64 & 1;
}

/* Cheap for all other packets. */
static inline bool own_is(const struct own *own, const struct packet *packet)
{
	if (!own_port(own, packet->destination_port) && !own_port(own, packet->source_port))
		return false;
	return own_has(own, packet);
}

#endif
