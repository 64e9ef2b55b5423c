/* generator: a source of the tests' own, of UDP flows with frames between that make none.
 *
 * It delivers what its traffic says, or until its intake is stopped, then SOURCE_END;
 * source_wake() makes the next read SOURCE_IDLE. The source is the test's own: closing
 * it leaves it as it is, to be looked at. */
#ifndef TESTS_GENERATOR_H
#define TESTS_GENERATOR_H

#include "capture/source.h"

#include <stdatomic.h>

enum { GENERATOR_START = 1700000000 }; /* packet time of the first frame, seconds */

/* What a source is to deliver; made once, then only read. */
struct traffic {
	uint32_t frames;
	uint32_t flows;
	uint32_t pace;      /* nanoseconds of packet time between frames */
	uint32_t not_ip;    /* every so many-th frame is ARP */
	uint32_t malformed; /* every so many-th one is cut short */
};

struct generator {
	struct source source;
	struct traffic traffic;
	uint32_t done;
	uint64_t octets;  /* layer 3, of the valid ones */
	uint32_t kind[3]; /* valid, not IP, malformed */
	atomic_bool woken, stopped;
};

extern const struct source_ops generator_ops;

static inline struct generator generator_of(struct traffic traffic)
{
	return (struct generator){.source.ops = &generator_ops, .traffic = traffic};
}

#endif
