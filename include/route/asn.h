/* asn: which autonomous system an address belongs to, by a file.
 *
 * A database in MaxMind's format, or a text with a prefix and a number on each line. The
 * longest prefix counts. Constant once opened, then any thread. */
#ifndef ROUTE_ASN_H
#define ROUTE_ASN_H

#include <stddef.h>
#include <stdint.h>

struct asn;

/* NULL: `why`, of `size` octets, says what is wrong, with the line of a text. */
struct asn *asn_open(const char *file, char *why, size_t size);
void asn_close(struct asn *asn);

/* The number for an address in network order, IPv4 in the first 4 octets; 0: none. */
uint32_t asn_find(const struct asn *asn, const uint8_t *address, uint8_t ip_version);

#endif
