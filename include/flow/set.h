/* set: one cache line of the flow table.
 *
 * Seven ways, each a 15-bit tag with a bit that says established, a coarse age and
 * the place of its record; and how many flows that belong here were displaced to
 * their second set, so that a flow that is not here need not be looked for there
 * while that is none. Tags and ages fill a vector register each.
 *
 * An age is deadline - idle in ticks of some milliseconds: for a flow at rest the
 * time of its last packet. It is 16 bits and only a hint: what a sweep takes for
 * due by it is judged by flow/timeout.h on the record itself. Ways are bits of a
 * mask, bit 0 the first. Pure functions on the caller's set. */
#ifndef FLOW_SET_H
#define FLOW_SET_H

#include <stdbool.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
	SET_WAYS = 7,
	SET_LANES = 8,
	SET_ALL = (1 << SET_WAYS) - 1,
	SET_TAG = 0x7fff,
	SET_ESTABLISHED = 0x8000,
	SET_DISPLACED = 7,  /* the lane of tag[] that counts */
	SET_AGES = 1 << 14, /* ticks that an age may lie before or after now */
	SET_YOUNGEST = 0x7fff,
};

struct set {
	_Alignas(64) uint16_t tag[SET_LANES]; /* 0: an empty way */
	uint16_t age[SET_LANES];
	uint32_t record[SET_LANES];
};

_Static_assert(sizeof(struct set) == 64, "one cache line");

#ifdef __SSE2__
static inline __m128i set_tags(const struct set *s)
{
	return _mm_load_si128((const __m128i *)s->tag);
}

static inline __m128i set_ages(const struct set *s)
{
	return _mm_load_si128((const __m128i *)s->age);
}

/* A bit for each way whose lane is negative. */
static inline unsigned set_mask(__m128i lanes)
{
	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(lanes, lanes)) & SET_ALL;
}

/* The smallest lane, in all of them. */
static inline __m128i set_least(__m128i v)
{
	v = _mm_min_epi16(v, _mm_shuffle_epi32(v, _MM_SHUFFLE(1, 0, 3, 2)));
	v = _mm_min_epi16(v, _mm_shuffle_epi32(v, _MM_SHUFFLE(2, 3, 0, 1)));
	v = _mm_min_epi16(v, _mm_shufflelo_epi16(v, _MM_SHUFFLE(2, 3, 0, 1)));
	return _mm_shuffle_epi32(_mm_shufflelo_epi16(v, 0), 0);
}
#endif

/* The ways whose tag is `tag`; tag 0: the empty ones. */
static inline unsigned set_ways_with(const struct set *s, uint16_t tag)
{
#ifdef __SSE2__
	__m128i tags = _mm_and_si128(set_tags(s), _mm_set1_epi16(SET_TAG));
	return set_mask(_mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag)));
#else
	unsigned ways = 0;
	for (unsigned i = 0; i < SET_WAYS; i++)
		ways |= (unsigned)((s->tag[i] & SET_TAG) == tag) << i;
	return ways;
#endif
}

/* The ways whose age is `limit` ticks or more before `now`, empty ones too. */
static inline unsigned set_ways_aged(const struct set *s, uint16_t now, int limit)
{
#ifdef __SSE2__
	__m128i elapsed = _mm_sub_epi16(_mm_set1_epi16((short)now), set_ages(s));
	return ~set_mask(_mm_cmplt_epi16(elapsed, _mm_set1_epi16((short)limit))) & SET_ALL;
#else
	unsigned ways = 0;
	for (unsigned i = 0; i < SET_WAYS; i++)
		ways |= (unsigned)((int16_t)(now - s->age[i]) >= limit) << i;
	return ways;
#endif
}

/* The oldest way of a set without empty ones, of those that are not established
 * where `spare`. *age is how old, the smaller the older, SET_YOUNGEST: there is none,
 * and the first way stands for it. */
static inline unsigned set_oldest(const struct set *s, uint16_t now, bool spare, int *age)
{
#ifdef __SSE2__
	const __m128i none = _mm_set1_epi16(SET_YOUNGEST);
	__m128i tags = set_tags(s), ages = _mm_sub_epi16(set_ages(s), _mm_set1_epi16((short)now));
	__m128i out = spare ? _mm_srai_epi16(tags, 15) : _mm_setzero_si128();
	out = _mm_insert_epi16(out, -1, SET_LANES - 1);
	ages = _mm_or_si128(_mm_andnot_si128(out, ages), _mm_and_si128(out, none));
	__m128i least = set_least(ages);
	*age = (int16_t)_mm_extract_epi16(least, 0);
	return (unsigned)__builtin_ctz(set_mask(_mm_cmpeq_epi16(ages, least)) | 1u << SET_WAYS);
#else
	unsigned best = 0;
	*age = SET_YOUNGEST;
	for (unsigned i = 0; i < SET_WAYS; i++) {
		int a = (int16_t)(s->age[i] - now);
		if ((!spare || !(s->tag[i] & SET_ESTABLISHED)) && a < *age) {
			best = i;
			*age = a;
		}
	}
	return best;
#endif
}

#endif
