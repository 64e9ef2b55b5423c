/* sampler: which packets are metered when not all of them are.
 *
 * The Selection Process of RFC 5476. By frames, before anything is read of them: each
 * N-th one (systematic count-based sampling), or one at random out of each N in a
 * row (random n-out-of-N), which no traffic that comes in step can mislead. Or by flows,
 * after a packet is read: all packets of one flow in N, both directions of a
 * connection together, chosen by a hash under a secret of its own. What is metered is
 * counted as it is; nothing is scaled here. One thread's, a worker's. */
#ifndef FLOW_SAMPLER_H
#define FLOW_SAMPLER_H

#include "base/hash.h"
#include "flow/key.h"

#include <stdbool.h>
#include <stdint.h>

enum sampler_algorithm { SAMPLER_COUNT, SAMPLER_RANDOM, SAMPLER_FLOW };

struct sampler {
	enum sampler_algorithm algorithm;
	uint32_t interval; /* 1: every packet is metered */
	uint32_t position; /* of the next frame in its row of `interval` */
	uint32_t chosen;   /* the position that is metered in this row */
	uint64_t random;   /* state of the generator */
	struct hash_secret secret;
};

/* SAMPLER_COUNT takes the last frame of each row: of n frames n / interval, rounded down. */
struct sampler sampler_of(enum sampler_algorithm algorithm, uint32_t interval, uint64_t seed);

/* Begins a new row. */
void sampler_choose(struct sampler *sampler);

/* Whether the next frame is to be read. */
static inline bool sampler_takes_frame(struct sampler *s)
{
	if (__builtin_expect(s->interval <= 1, 1) || s->algorithm == SAMPLER_FLOW)
		return true;
	bool taken = s->position == s->chosen;
	if (++s->position == s->interval)
		sampler_choose(s);
	return taken;
}

bool sampler_takes_flow(const struct sampler *sampler, const struct packet *packet);

/* Whether a packet that was read is to be metered. */
static inline bool sampler_takes_packet(const struct sampler *s, const struct packet *packet)
{
	if (__builtin_expect(s->interval <= 1, 1) || s->algorithm != SAMPLER_FLOW)
		return true;
	return sampler_takes_flow(s, packet);
}

#endif
