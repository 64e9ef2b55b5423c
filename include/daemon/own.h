/* own: the messages that this weir sends itself, which it does not meter.
 *
 * Else each message would make another packet to tell of. What a host's other exporters, or
 * those of hosts behind it, send to the same collector is told apart by the source
 * address. Constant after own_new(), any thread. */
#ifndef DAEMON_OWN_H
#define DAEMON_OWN_H

#include "config/config.h"
#include "packet/packet.h"

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

struct own {
	uint64_t port[65536 / 64]; /* bits: some collector has it */
	struct own_pair pair[OWN_PAIRS];
	unsigned count;
};

/* For the collectors of the configuration, names resolved and addresses of this host found
 * now. While weir runs names are not resolved, and what was known before, or NULL, stays so.
 * NULL: there is nothing to know, or memory is short. */
struct own *own_new(const struct config *config, bool running, const struct own *before);
void own_free(struct own *own);

/* Both directions of a pair, for TCP's answers; of a packet to or from such a port. */
bool own_has(const struct own *own, const struct packet *packet);

static inline bool own_port(const struct own *own, uint16_t port)
{
	return own->port[port / 64] >> port % 64 & 1;
}

/* Cheap for all other packets. */
static inline bool own_is(const struct own *own, const struct packet *packet)
{
	if (!own_port(own, packet->destination_port) && !own_port(own, packet->source_port))
		return false;
	return own_has(own, packet);
}

#endif
