/* table: where the cache's records stand, by key.
 *
 * Set-associative: a flow may stand in two sets, both named by its hash. Records
 * are taken from one array in the order of need, so that memory which no flow has
 * needed is never touched. There are half as many ways again as
 * records, so that sets are hardly ever full before all records are taken. Knows keys
 * and places; time and counting are cache.c's, for which alone this is. One thread
 * at a time. */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

#include "base/hash.h"
#include "flow/record.h"
#include "flow/selection.h"
#include "flow/set.h"

#include <stdbool.h>
#include <stdint.h>

enum { TABLE_KEY_WORDS = sizeof(struct flow_key) / sizeof(uint64_t) };
enum { TABLE_WORDS = sizeof(struct packet_details) / sizeof(uint64_t) };

struct table {
	struct set *sets;
	char *records;  /* in a row, `stride` octets each */
	size_t stride;  /* of a struct flow_record, or a struct flow_full_record */
	uint32_t *free; /* places of records that were in use and are not */
	uint32_t free_count;
	uint32_t untouched; /* places from here on have never been in use */
	uint32_t entries;   /* records */
	uint32_t set_count;
	uint32_t graded[FLOW_GRADES]; /* live flows of each grade */
	struct hash_secret secret;
	const struct flow_selection *selection; /* NULL: the default key */
	bool has_fields;                        /* it has some of the default key and no more */
	bool is_whole;                          /* it has all of the default key, and more */
	unsigned first_word;                    /* of the details that the key has bits in */
	unsigned words;                         /* from there on */
	uint64_t mask[TABLE_WORDS];
};

/* Where a record stands. */
struct place {
	struct set *set;
	struct flow_record *record;
	unsigned way;
};

/* What a key is made of, where it stands in a packet or in a record: octets of a
 * struct flow_key, and the details, which a table with the default key does not read. */
struct table_key {
	const void *key;
	const struct packet_details *details;
};

/* Room for `entries` records, at least one. False: memory is short;
 * table_free() takes back what was had. */
bool table_init(struct table *table, uint32_t entries, uint64_t seed,
	const struct flow_selection *selection);
/* Takes every page now; while it is empty. */
void table_touch(struct table *table);
/* Octets that it takes when every page is. */
size_t table_memory(const struct table *table);
void table_free(struct table *table);

/* Records in use. */
static inline uint32_t table_live(const struct table *t)
{
	return t->untouched - t->free_count;
}

static inline struct table_key table_key_of_packet(const struct packet *packet)
{
	return (struct table_key){flow_key_of(packet), &packet->details};
}

static inline struct table_key table_key_of_record(const struct flow_record *record)
{
	const struct flow_full_record *full = (const void *)record;

	return (struct table_key){&record->key, &full->details.first};
}

/* The same for a key of the user's choice. */
uint64_t table_hash_selected(const struct table *table, struct table_key key);
bool table_same_selected(const struct table *table, struct table_key a, struct table_key b);

/* What a key has of the details, on top of a hash of the rest. */
static inline uint64_t table_hash_details(const struct table *t, uint64_t hash, const void *details)
{
	const char *at = (const char *)details + t->first_word * sizeof(uint64_t);

	unsigned k = 0;

	for (; k + 1 < t->words; k += 2)
		hash = hash_fold(hash ^ (hash_word(at, k) & t->mask[k]),
			t->secret.word[0] ^ (hash_word(at, k + 1) & t->mask[k + 1]));
	if (k < t->words)
		hash = hash_fold(hash ^ (hash_word(at, k) & t->mask[k]), t->secret.word[0]);
	return hash;
}

static inline bool table_same_details(const struct table *t, const void *a, const void *b)
{
	const char *x = (const char *)a + t->first_word * sizeof(uint64_t);
	const char *y = (const char *)b + t->first_word * sizeof(uint64_t);
	uint64_t differ = 0;

	for (unsigned k = 0; k < t->words; k++)
		differ |= (hash_word(x, k) ^ hash_word(y, k)) & t->mask[k];
	return differ == 0;
}

/* For one that has all of the default key's. */
static inline bool table_same_whole(const void *a, const void *b)
{
	uint64_t differ = (hash_word(a, 0) ^ hash_word(b, 0)) | (hash_word(a, 1) ^ hash_word(b, 1));

	differ |= (hash_word(a, 2) ^ hash_word(b, 2)) | (hash_word(a, 3) ^ hash_word(b, 3));
	differ |= (hash_word(a, 4) ^ hash_word(b, 4)) | (hash_word(a, 5) ^ hash_word(b, 5));
	return differ == 0;
}

/* And for one that takes fields out of the default key and puts none in. */
static inline uint64_t table_hash_fields(const struct table *t, const void *key)
{
	uint64_t masked[TABLE_KEY_WORDS];

	for (size_t i = 0; i < TABLE_KEY_WORDS; i++)
		masked[i] = hash_word(key, i) & hash_word(&t->selection->key, i);
	return hash_48(masked, &t->secret);
}

static inline bool table_same_fields(const struct table *t, const void *a, const void *b)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < TABLE_KEY_WORDS; i++)
		differ |= (hash_word(a, i) ^ hash_word(b, i)) & hash_word(&t->selection->key, i);
	return differ == 0;
}

static inline uint64_t table_hash(const struct table *t, struct table_key key)
{
	if (__builtin_expect(t->selection == NULL, 1))
		return hash_48(key.key, &t->secret);
	if (t->is_whole)
		return table_hash_details(t, hash_48(key.key, &t->secret), key.details);
	if (t->has_fields)
		return table_hash_fields(t, key.key);
	return table_hash_selected(t, key);
}

/* The two sets and the tag come from different bits of one hash. */
static inline struct set *table_first(const struct table *t, uint64_t hash)
{
	return &t->sets[hash_range((uint32_t)(hash >> 32), t->set_count)];
}

static inline struct set *table_second(const struct table *t, uint64_t hash)
{
	return &t->sets[hash_range((uint32_t)hash, t->set_count)];
}

static inline uint16_t table_tag(uint64_t hash)
{
	uint16_t tag = hash & SET_TAG;
	return tag ? tag : 1; /* 0 is an empty way */
}

static inline struct flow_record *table_record_at(const struct table *t, uint32_t place)
{
	return (struct flow_record *)(void *)(t->records + place * t->stride);
}

static inline struct flow_record *table_record(
	const struct table *t, const struct set *s, unsigned way)
{
	return table_record_at(t, s->record[way]);
}

static inline bool table_same_key(
	const struct table *t, const struct flow_record *record, struct table_key key)
{
	if (__builtin_expect(t->selection != NULL, 0)) {
		struct table_key own = table_key_of_record(record);
		if (t->is_whole)
			return table_same_whole(own.key, key.key) &&
			       table_same_details(t, own.details, key.details);
		if (t->has_fields)
			return table_same_fields(t, own.key, key.key);
		return table_same_selected(t, own, key);
	}

	return table_same_whole(&record->key, key.key);
}

static inline bool table_find_in(const struct table *t, struct set *s, uint16_t tag,
	struct table_key key, struct place *place)
{
	for (unsigned m = set_ways_with(s, tag); m; m &= m - 1) {
		unsigned way = (unsigned)__builtin_ctz(m);
		struct flow_record *r = table_record(t, s, way);
		if (table_same_key(t, r, key)) {
			*place = (struct place){s, r, way};
			return true;
		}
	}
	return false;
}

static inline bool table_find(
	const struct table *t, uint64_t hash, struct table_key key, struct place *place)
{
	struct set *s = table_first(t, hash);

	if (table_find_in(t, s, table_tag(hash), key, place))
		return true;
	return s->tag[SET_DISPLACED] &&
	       table_find_in(t, table_second(t, hash), table_tag(hash), key, place);
}

/* No record is left. */
static inline bool table_is_full(const struct table *t)
{
	return !t->free_count && t->untouched >= t->entries;
}

/* A way and a record for a new flow of the lowest grade, tagged; false: there is no
 * record left, or both its sets are full. */
bool table_insert(struct table *table, uint64_t hash, struct place *place);

/* Who leaves then, at `now` by the ages' ticks: the lowest grade first, of that the
 * oldest. Of the flow's two sets; where those have room and only the records are
 * all taken, a few more sets are looked through for a flow of the lowest grade. */
struct place table_victim(const struct table *table, uint64_t hash, uint16_t now);

/* Gives the way and the record back; the record's octets stay until the next insert. */
void table_remove(struct table *table, struct place place);

static inline enum flow_grade table_grade(struct place at)
{
	return (enum flow_grade)(3 - (at.set->tag[at.way] >> SET_GRADE));
}

/* A flow's grade rises, it never falls. */
void table_raise(struct table *table, struct place place, enum flow_grade grade);

/* GCC takes a function that only prefetches for one without effect and drops its
 * calls; inlined ones stay. */
#define TABLE_FETCH static inline __attribute__((always_inline))

/* Fetch what finding or inserting will touch. Wrong guesses cost time and nothing
 * else. table_probe() is false when the first set does not know the hash: then
 * table_fetch_other(), once the second set has had time to arrive; true: *at is where
 * the flow may be, for table_holds() to judge. */
TABLE_FETCH void table_fetch_record(const struct table *t, const struct flow_record *r)
{
	const char *octets = (const char *)r;

	__builtin_prefetch(octets, 1);
	__builtin_prefetch(octets + sizeof *r - 1, 1);
	if (__builtin_expect(t->stride == sizeof *r, 1))
		return;
	__builtin_prefetch(octets + offsetof(struct flow_full_record, details.first) - 1, 1);
	__builtin_prefetch(octets + offsetof(struct flow_full_record, details.first), 1);
}

TABLE_FETCH bool table_probe(const struct table *t, uint64_t hash, struct place *at)
{
	struct set *s = table_first(t, hash);
	unsigned m = set_ways_with(s, table_tag(hash));

	at->set = s;
	at->way = m ? (unsigned)__builtin_ctz(m) : SET_DISPLACED;
	at->record = table_record(t, s, at->way);
	if (m) {
		table_fetch_record(t, at->record);
		return true;
	}
	m = set_ways_with(s, 0);
	if (s->tag[SET_DISPLACED] || !(m & (m - 1)) || table_is_full(t))
		__builtin_prefetch(table_second(t, hash), 1);
	return false;
}

/* Whether what table_probe() saw is this key's, and still there. */
static inline bool table_holds(
	const struct table *t, struct place at, uint64_t hash, struct table_key key)
{
	return at.way != SET_DISPLACED && (at.set->tag[at.way] & SET_TAG) == table_tag(hash) &&
	       table_record(t, at.set, at.way) == at.record && table_same_key(t, at.record, key);
}

void table_fetch_other(const struct table *table, uint64_t hash, uint16_t now);

/* The same for who walks through the sets: sets and records a little after `set`. */
void table_fetch_ahead(const struct table *table, uint32_t set);

#endif
