/* set: one cache line of the flow table.
 *
 * Fifteen 15-bit tags with a bit that says established, fifteen coarse ages, and
 * how many flows that belong here were displaced to their second set, so that a
 * flow that is not here need not be looked for there while that is none.
 *
 * An age is deadline - idle in ticks of some milliseconds: for a flow at rest the
 * time of its last packet. It is 16 bits and only a hint: what a sweep takes for
 * due by it is judged by flow/timeout.h on the record itself. Ways are bits of a
 * mask, bit 0 the first. Pure functions on the caller's set. */
#ifndef FLOW_SET_H
#define FLOW_SET_H

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
	SET_WAYS = 15,
	SET_LANES = 16,
	SET_ALL = (1 << SET_WAYS) - 1,
	SET_TAG = 0x7fff,
	SET_ESTABLISHED = 0x8000,
	SET_DISPLACED = 15, /* the lane of tag[] that counts */
	SET_AGES = 1 << 14, /* ticks that an age may lie before or after now */
};

struct set {
	_Alignas(64) uint16_t tag[SET_LANES]; /* 0: an empty way */
	uint16_t age[SET_LANES];
};

_Static_assert(sizeof(struct set) == 64, "one cache line");

/* The ways whose tag is `tag`, as a bit mask; tag 0: the empty ones. */
static inline unsigned set_ways_with(const struct set *s, uint16_t tag)
{
#ifdef __SSE2__
	const __m128i *p = (const __m128i *)s->tag;
	__m128i mask = _mm_set1_epi16(SET_TAG), want = _mm_set1_epi16((short)tag);
	__m128i a = _mm_cmpeq_epi16(_mm_and_si128(_mm_load_si128(p), mask), want);
	__m128i b = _mm_cmpeq_epi16(_mm_and_si128(_mm_load_si128(p + 1), mask), want);
	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(a, b)) & SET_ALL;
#else
	unsigned found = 0;
	for (unsigned i = 0; i < SET_WAYS; i++)
		found |= (unsigned)((s->tag[i] & SET_TAG) == tag) << i;
	return found;
#endif
}

/* The ways whose flow is not established, empty ones too. */
static inline unsigned set_ways_spare(const struct set *s)
{
	unsigned ways = 0;

	for (unsigned i = 0; i < SET_WAYS; i++)
		ways |= (unsigned)!(s->tag[i] & SET_ESTABLISHED) << i;
	return ways;
}

/* The ways whose age is `limit` ticks or more before `now`, empty ones too. */
static inline unsigned set_ways_aged(const struct set *s, uint16_t now, int limit)
{
	unsigned ways = 0;

	for (unsigned i = 0; i < SET_WAYS; i++)
		ways |= (unsigned)((int16_t)(now - s->age[i]) >= limit) << i;
	return ways;
}

/* The oldest of the ways in `among`, SET_WAYS when that is empty; *age is how old:
 * the smaller the older. */
static inline unsigned set_oldest(const struct set *s, unsigned among, uint16_t now, int *age)
{
	unsigned best = SET_WAYS;

	for (; among; among &= among - 1) {
		unsigned way = (unsigned)__builtin_ctz(among);
		int a = (int16_t)(s->age[way] - now);
		if (best == SET_WAYS || a < *age) {
			best = way;
			*age = a;
		}
	}
	return best;
}

#endif
