/* source_plain: ordinary pcap files, also from a pipe, without libpcap.
 *
 * libpcap's reader costs about 45 ns a packet, this one a quarter: it reads large
 * pieces and lends frames out of them. It knows version 2.4 in either byte order
 * with micro- or nanoseconds; every other kind of file is libpcap's. */
#ifndef CAPTURE_SOURCE_PLAIN_H
#define CAPTURE_SOURCE_PLAIN_H

#include "capture/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOURCE_PLAIN_HEADER = 24 };

/* Whether a file that begins with these octets can be read here. */
bool source_plain_knows(const uint8_t *octets, size_t length);

/* Reads from fd, whose first SOURCE_PLAIN_HEADER octets (at `header`) have been
 * read already. Takes over fd, also when it fails. NULL: *error says why. */
struct source *source_open_plain(int fd, const uint8_t *header,
	const struct source_options *options, struct source_error *error);

#endif
