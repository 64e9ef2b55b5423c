#include "base/hash.h"

#include <sys/random.h>
#include <time.h>

uint64_t hash_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed)
		return seed;
	/* A kernel without getrandom: still different at each start. */
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return hash_octets(&t, sizeof t, (uint64_t)t.tv_nsec);
}

struct hash_secret hash_secret_of(uint64_t seed)
{
	struct hash_secret secret;

	for (uint64_t i = 0; i < 6; i++)
		secret.word[i] = hash_octets(&i, sizeof i, seed) | 1;
	return secret;
}
