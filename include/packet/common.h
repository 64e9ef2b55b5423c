/* common: the short way for the packets that most traffic is made of. */
#ifndef PACKET_COMMON_H
#define PACKET_COMMON_H

#include "base/frame.h"
#include "packet/packet.h"
#include "packet/ports.h"

#include <stdbool.h>

/* Reads TCP and UDP in IPv4 without options or IPv6 without extension headers, in
 * Ethernet with at most one 802.1Q tag, all headers captured, and no tunnel that
 * is looked for (NULL: none is). False: anything else, for the loop to judge; *packet
 * is then not to be relied on. `details`: whether packet->details is filled in. What it does read,
 * it reads as the loop would. */
bool common_read(const struct frame *frame, const struct tunnels *tunnels, bool details,
	struct packet *packet);

#endif
