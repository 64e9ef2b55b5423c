/* weirdump_decode: NetFlow v5, v9 and IPFIX messages, as they arrive, to a printer. */
#ifndef WEIRDUMP_DECODE_H
#define WEIRDUMP_DECODE_H

#include "weirdump_dump.h"

/* One message. Nothing in it can do more than be complained about. */
void dump_message(struct dump *dump, const struct peer *peer, const uint8_t *octets, size_t length);

#endif
