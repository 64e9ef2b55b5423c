/* bytes: the bounded reader.
 *
 * Every octet that arrives from outside is read through this cursor. A read
 * that would pass the end gives NULL (or false) and leaves the cursor where it
 * was, so a decoder checks once per header and then uses constant offsets
 * below the length that it pulled. All functions are pure, any thread. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *at;
	const uint8_t *end;
};

static inline struct bytes bytes_of(const void *data, size_t length)
{
	const uint8_t *p = data;
	return (struct bytes){p, p + length};
}

static inline size_t bytes_left(const struct bytes *b)
{
	return (size_t)(b->end - b->at);
}

/* The next n octets without moving, or NULL when there are fewer. */
static inline const uint8_t *bytes_peek(const struct bytes *b, size_t n)
{
	return bytes_left(b) >= n ? b->at : NULL;
}

/* The next n octets, moving past them, or NULL when there are fewer. */
static inline const uint8_t *bytes_pull(struct bytes *b, size_t n)
{
	const uint8_t *p = b->at;
	if (bytes_left(b) < n)
		return NULL;
	b->at = p + n;
	return p;
}

/* Moves past n octets; false (and no move) when there are fewer. */
static inline bool bytes_skip(struct bytes *b, size_t n)
{
	return bytes_pull(b, n) != NULL;
}

/* Cuts the cursor's end to at most n octets from here. */
static inline void bytes_limit(struct bytes *b, size_t n)
{
	if (bytes_left(b) > n)
		b->end = b->at + n;
}

/* Unaligned loads in network order; the caller has pulled the octets. */
static inline uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

/* The same in little-endian order: 802.11, radiotap, NFLOG. */
static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

#endif
