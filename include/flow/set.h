/* set: one cache line of the flow table.
 *
 * Seven ways, each a 14-bit tag with the grade of its flow in two bits above, a coarse
 * age and the place of its record; and how many flows that belong here stand in
 * their second set, so that a flow that is not here need not be looked for there
 * while that is none; and which ways have a flow whose first set is another. Tags and
 * ages fill a vector register each.
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
	SET_TAG = 0x3fff,
	SET_GRADE = 14,    /* the tag's bits; those above are 3 - enum flow_grade */
	SET_DISPLACED = 7, /* the lane of tag[] that counts */
	SET_GUESTS = 7,    /* the lane of age[] that has a bit for each way of another's flow */
	SET_AGES = 1 << 14 /* ticks that an age may lie before or after now */
};

/* The rank of a way says when it leaves, the smallest first: by grade, then by age to
 * two ticks, then the empty ones. */
enum {
	SET_SPARED = -0x4000, /* from here on more than a single packet */
	SET_NOBODY = 0x4000,  /* from here on empty ways */
	SET_NO_WAY = 0x7fff,
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

#ifdef __SSE2__
static inline __m128i set_ranks(const struct set *s, uint16_t now)
{
	__m128i old = _mm_sub_epi16(set_ages(s), _mm_set1_epi16((short)(now - SET_AGES)));
	__m128i grades = _mm_andnot_si128(_mm_set1_epi16(SET_TAG), set_tags(s));

	old = _mm_and_si128(_mm_srli_epi16(old, 1), _mm_set1_epi16(SET_TAG));
	grades = _mm_xor_si128(grades, _mm_set1_epi16(SET_NOBODY));
	return _mm_insert_epi16(_mm_or_si128(grades, old), SET_NO_WAY, SET_LANES - 1);
}
#else
static inline int set_rank(const struct set *s, unsigned way, uint16_t now)
{
	unsigned old = (uint16_t)(s->age[way] - (now - SET_AGES)) >> 1 & SET_TAG;

	return (int16_t)(((s->tag[way] & ~(unsigned)SET_TAG) ^ SET_NOBODY) | old);
}
#endif

/* The way with the smallest rank in two sets; those of `b` count from SET_LANES on. */
static inline unsigned set_first_to_leave(
	const struct set *a, const struct set *b, uint16_t now, int *rank)
{
#ifdef __SSE2__
	__m128i in_a = set_ranks(a, now), in_b = set_ranks(b, now);
	__m128i least = set_least(_mm_min_epi16(in_a, in_b));
	*rank = (int16_t)_mm_extract_epi16(least, 0);
	in_a = _mm_packs_epi16(_mm_cmpeq_epi16(in_a, least), _mm_cmpeq_epi16(in_b, least));
	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(in_a));
#else
	unsigned first = 0;
	*rank = SET_NO_WAY;
	for (unsigned i = 0; i < 2 * SET_LANES; i++) {
		unsigned way = i % SET_LANES;
		int r = way < SET_WAYS ? set_rank(i < SET_LANES ? a : b, way, now) : SET_NO_WAY;
		if (r < *rank) {
			first = i;
			*rank = r;
		}
	}
	return first;
#endif
}

#endif
