/* fragment: which ports the later fragments of a packet belong to.
 *
 * Only a first fragment carries ports (flow rule 6). This table remembers those
 * of the first fragments seen, by addresses, identification, protocol and IP
 * version. Its size is fixed: when a set is full, its oldest entry gives way.
 * The hash is seeded, so that nobody outside can aim at a set. One thread's. */
#ifndef PACKET_FRAGMENT_H
#define PACKET_FRAGMENT_H

#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

struct fragments;

/* At least `entries`, rounded up to a power of two; NULL when memory is short. */
struct fragments *fragments_new(uint32_t entries, uint64_t seed);
void fragments_free(struct fragments *fragments);

/* Takes all of its memory now, from the calling thread's node; while it is empty. */
void fragments_touch(struct fragments *fragments);
/* Octets that it takes when every page is. */
size_t fragments_memory(const struct fragments *fragments);

/* Remembers a first fragment, in place of an earlier one with the same identity;
 * true when another had to be forgotten. protocol: what its fragment header says,
 * which IPv6's later extension headers make another than packet->protocol. */
bool fragments_learn(struct fragments *fragments, const struct packet *packet, uint8_t protocol);

/* Gives a later fragment the protocol and ports of its first one, if that is known. */
bool fragments_find(const struct fragments *fragments, struct packet *packet, uint8_t protocol);

#endif
