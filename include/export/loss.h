/* loss: what was lost somewhere since the start, as RFC 7011 sections 4.2 and 4.3 tell
 * it. Plain data, pure functions. */
#ifndef EXPORT_LOSS_H
#define EXPORT_LOSS_H

#include <stdint.h>

/* Times of the first and the last loss, nanoseconds since 1970; 0: nothing was lost. */
struct loss {
	uint64_t flows;
	uint64_t packets;
	uint64_t octets;
	int64_t first;
	int64_t last;
};

/* Adds what was lost at `now`. */
void loss_add(struct loss *loss, uint64_t flows, uint64_t packets, uint64_t octets, int64_t now);

/* Adds another's. */
void loss_sum(struct loss *loss, const struct loss *other);

#endif
