/* header_options: which options and extension headers a packet carries, as the
 * bits by which IPFIX tells of them. Pure functions, any thread. */
#ifndef PACKET_HEADER_OPTIONS_H
#define PACKET_HEADER_OPTIONS_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* `options`: what stands behind the first 20 octets of a TCP header, cut at the
 * header's end or at that of the capture. Bit n: an option of kind n (RFC 9740
 * section 3.2); kinds beyond 63, of which few were ever assigned, have no bit. */
uint64_t header_tcp_options(struct bytes options);

/* The same of an IPv4 header, in IANA's numbers of ipv4Options (208): bit 0 is the
 * highest of the 32. */
uint32_t header_ip4_options(struct bytes options);

/* The bit of ipv6ExtensionHeadersFull (515) for a next header number, bit 0 the
 * lowest; 0: that one is no extension header. `later`: of a fragment header, that
 * it is not the first fragment's. */
uint32_t header_ip6_extension(uint8_t next_header, bool later);

#endif
