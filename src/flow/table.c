#include "flow/table.h"

#include "base/memory.h"

enum { AHEAD_SETS = 16, AHEAD_RECORDS = 4 };

static size_t sets_size(const struct table *t)
{
	return t->set_count * sizeof *t->sets;
}

static size_t records_size(const struct table *t)
{
	return (size_t)table_entries(t) * t->stride;
}

static size_t free_size(const struct table *t)
{
	return (size_t)table_entries(t) * sizeof *t->free;
}

/* The words of the details that the key has bits in; one without a bit makes up the
 * last pair. */
static void select_words(struct table *t)
{
	const size_t words = sizeof(struct packet_details) / sizeof(uint64_t);

	for (size_t i = 0; i < words; i++) {
		uint64_t mask = hash_word(&t->selection->details, i);
		if (!mask)
			continue;
		t->word[t->words] = (uint8_t)i;
		t->mask[t->words++] = mask;
	}
	t->words += t->words % 2;
}

static inline uint64_t selected(const struct table *t, const void *details, unsigned k)
{
	return hash_word(details, t->word[k]) & t->mask[k];
}

uint64_t table_hash_selected(const struct table *t, struct table_key key)
{
	uint64_t masked[sizeof(struct flow_key) / sizeof(uint64_t)];

	for (size_t i = 0; i < sizeof masked / sizeof masked[0]; i++)
		masked[i] = hash_word(key.key, i) & hash_word(&t->selection->key, i);
	uint64_t hash = hash_48(masked, &t->secret);
	for (unsigned k = 0; k < t->words; k += 2)
		hash = hash_fold(hash ^ selected(t, key.details, k),
			t->secret.word[0] ^ selected(t, key.details, k + 1));
	return hash;
}

bool table_same_selected(const struct table *t, struct table_key a, struct table_key b)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < sizeof(struct flow_key) / sizeof(uint64_t); i++)
		differ |= (hash_word(a.key, i) ^ hash_word(b.key, i)) &
			  hash_word(&t->selection->key, i);
	for (unsigned k = 0; k < t->words; k++)
		differ |= (hash_word(a.details, t->word[k]) ^ hash_word(b.details, t->word[k])) &
			  t->mask[k];
	return differ == 0;
}

static bool is_default_key(const struct flow_selection *selection)
{
	const struct flow_selection usual = flow_selection_default();

	return memcmp(&selection->key, &usual.key, sizeof usual.key) == 0 &&
	       memcmp(&selection->details, &usual.details, sizeof usual.details) == 0;
}

bool table_init(struct table *t, uint32_t entries, uint64_t seed, bool touch,
	const struct flow_selection *selection)
{
	*t = (struct table){
		.set_count = entries / SET_WAYS + (entries % SET_WAYS != 0 || entries == 0),
		.secret = hash_secret_of(seed),
		.stride = selection->keeps_details ? sizeof(struct flow_full_record)
						   : sizeof(struct flow_record),
		.selection = is_default_key(selection) ? NULL : selection,
	};
	if (t->selection)
		select_words(t);
	t->sets = memory_map(sets_size(t));
	t->records = memory_map(records_size(t));
	t->free = memory_map(free_size(t));
	if (!t->sets || !t->records || !t->free)
		return false;
	if (touch) {
		memory_touch(t->sets, sets_size(t));
		memory_touch(t->records, records_size(t));
		memory_touch(t->free, free_size(t));
	}
	return true;
}

void table_free(struct table *t)
{
	memory_unmap(t->sets, sets_size(t));
	memory_unmap(t->records, records_size(t));
	memory_unmap(t->free, free_size(t));
}

/* The older of two full sets' oldest ways, of those that are not established where
 * `spare`. False: there is none, or ages that have wrapped make it look so; then *at
 * is the first way. */
static inline bool oldest_of(const struct table *t, struct set *a, struct set *b, uint16_t now,
	bool spare, struct place *at)
{
	int age_a, age_b;
	unsigned way_a = set_oldest(a, now, spare, &age_a);
	unsigned way_b = set_oldest(b, now, spare, &age_b);

	*at = age_a <= age_b ? (struct place){a, table_record(t, a, way_a), way_a}
			     : (struct place){b, table_record(t, b, way_b), way_b};
	return age_a != SET_YOUNGEST || age_b != SET_YOUNGEST;
}

struct place table_victim(const struct table *t, uint64_t hash, uint16_t now)
{
	struct set *a = table_first(t, hash), *b = table_second(t, hash);
	struct place at = {0};

	if (!oldest_of(t, a, b, now, true, &at))
		(void)oldest_of(t, a, b, now, false, &at);
	return at;
}

static inline bool has_one_way_free(unsigned free)
{
	return free && !(free & (free - 1));
}

/* The set where a new flow finds room: its first one while that has some to spare,
 * then the emptier of the two, which fills both evenly (the power of two choices).
 * NULL: both are full. */
static struct set *roomy_set(const struct table *t, uint64_t hash)
{
	struct set *a = table_first(t, hash);
	unsigned free_a = set_ways_with(a, 0);

	if (free_a && !has_one_way_free(free_a))
		return a;
	struct set *b = table_second(t, hash);
	unsigned free_b = set_ways_with(b, 0);
	if (free_a && (!free_b || has_one_way_free(free_b)))
		return a;
	return free_b ? b : NULL;
}

static void put(struct table *t, uint64_t hash, struct place *at)
{
	struct set *first = table_first(t, hash);
	uint32_t place = t->free_count ? t->free[--t->free_count] : t->untouched++;

	at->set->tag[at->way] = table_tag(hash);
	at->set->record[at->way] = place;
	at->record = table_record(t, at->set, at->way);
	/* Full: it no longer counts, it only says yes. */
	if (at->set != first && first->tag[SET_DISPLACED] != UINT16_MAX)
		first->tag[SET_DISPLACED]++;
}

bool table_insert(struct table *t, uint64_t hash, struct place *at)
{
	at->set = roomy_set(t, hash);
	if (!at->set)
		return false;
	at->way = (unsigned)__builtin_ctz(set_ways_with(at->set, 0));
	put(t, hash, at);
	return true;
}

void table_replace(struct table *t, uint64_t hash, struct place *at)
{
	put(t, hash, at);
}

void table_remove(struct table *t, struct place at)
{
	at.set->tag[at.way] = 0;
	t->free[t->free_count++] = at.set->record[at.way];
	struct set *first = table_first(t, table_hash(t, table_key_of_record(at.record)));
	if (at.set != first && first->tag[SET_DISPLACED] != UINT16_MAX)
		first->tag[SET_DISPLACED]--;
}

void table_fetch_other(const struct table *t, uint64_t hash, uint16_t now)
{
	struct set *a = table_first(t, hash), *b = table_second(t, hash);
	unsigned m = a->tag[SET_DISPLACED] ? set_ways_with(b, table_tag(hash)) : 0;

	if (m)
		table_fetch_record(table_record(t, b, (unsigned)__builtin_ctz(m)));
	else if (!set_ways_with(a, 0) && !set_ways_with(b, 0))
		table_fetch_record(table_victim(t, hash, now).record);
	else if (t->free_count || t->untouched < table_entries(t))
		table_fetch_record(table_record_at(
			t, t->free_count ? t->free[t->free_count - 1] : t->untouched));
}

void table_fetch_ahead(const struct table *t, uint32_t set)
{
	if (set + AHEAD_SETS >= t->set_count)
		return;
	__builtin_prefetch(&t->sets[set + AHEAD_SETS], 1);
	const struct set *s = &t->sets[set + AHEAD_RECORDS];
	for (unsigned m = ~set_ways_with(s, 0) & SET_ALL; m; m &= m - 1)
		table_fetch_record(table_record(t, s, (unsigned)__builtin_ctz(m)));
}
