/* hash: the seeded hashes of flow keys and fragment keys.
 *
 * The seed is drawn at start, so that nobody outside can choose keys that meet in
 * one set; reading a file uses a fixed seed, which keeps the order of its records
 * the same from run to run. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* XXH3 of any octets. */
static inline uint64_t hash_octets(const void *octets, size_t length, uint64_t seed)
{
	return XXH3_64bits_withSeed(octets, length, seed);
}

/* What keys a hash of 48 octets: a word for each word of the key. */
struct hash_secret {
	uint64_t word[6];
};

struct hash_secret hash_secret_of(uint64_t seed);

/* Both halves of the 128-bit product. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else /* machines of 32 bits */
	uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX), high = (a >> 32) * (b >> 32);
	uint64_t one = (a >> 32) * (b & UINT32_MAX), other = (a & UINT32_MAX) * (b >> 32);
	uint64_t middle = (low >> 32) + (one & UINT32_MAX) + (other & UINT32_MAX);
	return (middle << 32 | (low & UINT32_MAX)) ^
	       (high + (one >> 32) + (other >> 32) + (middle >> 32));
#endif
}

static inline uint64_t hash_word(const void *octets, size_t i)
{
	uint64_t word;
	memcpy(&word, (const char *)octets + i * sizeof word, sizeof word);
	return word;
}

/* 48 octets: each pair of words is multiplied under a secret that an attacker does
 * not know. Four multiplications in a fifth of XXH3's instructions for this length,
 * on a path where each packet pays for them. */
static inline uint64_t hash_48(const void *octets, const struct hash_secret *secret)
{
	const uint64_t *s = secret->word;
	uint64_t a = hash_fold(hash_word(octets, 0) ^ s[0], hash_word(octets, 1) ^ s[1]);
	uint64_t b = hash_fold(hash_word(octets, 2) ^ s[2], hash_word(octets, 3) ^ s[3]);
	uint64_t c = hash_fold(hash_word(octets, 4) ^ s[4], hash_word(octets, 5) ^ s[5]);

	return hash_fold(a ^ b ^ s[1], c ^ s[4]);
}

/* Maps 32 hash bits to 0..n-1 without a division. */
static inline uint32_t hash_range(uint32_t hash, uint32_t n)
{
	return (uint32_t)((uint64_t)hash * n >> 32);
}

/* A seed from the kernel's random numbers; never blocks after boot. */
uint64_t hash_seed(void);

#endif
