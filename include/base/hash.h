/* hash: the seeded hash of flow keys and fragment keys.
 *
 * XXH3 of libxxhash, inlined so that a constant length becomes straight code
 * (about 4 ns for 48 octets). The seed is drawn at start, so that nobody outside
 * can choose keys that meet in one set; reading a file uses a fixed seed, which
 * keeps the order of its records the same from run to run. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t hash_octets(const void *octets, size_t length, uint64_t seed)
{
	return XXH3_64bits_withSeed(octets, length, seed);
}

/* Maps 32 hash bits to 0..n-1 without a division. */
static inline uint32_t hash_range(uint32_t hash, uint32_t n)
{
	return (uint32_t)((uint64_t)hash * n >> 32);
}

/* A seed from the kernel's random numbers; never blocks after boot. */
uint64_t hash_seed(void);

#endif
