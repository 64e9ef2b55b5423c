/* weirdump_netflow5: the version with one fixed record. */
#ifndef WEIRDUMP_NETFLOW5_H
#define WEIRDUMP_NETFLOW5_H

#include "weirdump_dump.h"

void dump_netflow5(
	struct dump *dump, const struct peer *peer, const uint8_t *octets, size_t length);

#endif
