#include "flow/table.h"

#include "base/memory.h"
#include "flow/biflow.h"

enum {
	AHEAD_SETS = 16,
	AHEAD_RECORDS = 4,
	ELSEWHERE = 16, /* sets looked through for a flow that may leave */
};

static size_t sets_size(const struct table *t)
{
	return t->set_count * sizeof *t->sets;
}

static size_t records_size(const struct table *t)
{
	return (size_t)t->entries * t->stride;
}

static size_t free_size(const struct table *t)
{
	return (size_t)t->entries * sizeof *t->free;
}

/* Half as many again as the records would fill: see table.h. */
static uint32_t sets_for(uint32_t entries)
{
	return entries / SET_WAYS + (entries % SET_WAYS != 0) + entries / (2 * SET_WAYS);
}

/* The words of the details from the first to the last that the key has bits in. They
 * mostly stand together. */
static void select_words(struct table *t)
{
	struct packet_details turned = t->selection->details;

	if (t->selection->biflow) /* a source's bits may stand where the destination's are */
		biflow_turn_details(&turned);
	for (unsigned i = 0; i < TABLE_WORDS; i++) {
		uint64_t mask = hash_word(&t->selection->details, i) | hash_word(&turned, i);
		if (mask && !t->words)
			t->first_word = i;
		if (mask)
			t->words = i + 1 - t->first_word;
		t->mask[i - t->first_word] = mask;
	}
}

static uint64_t hash_biflow(const struct table *t, struct table_key key)
{
	struct biflow_key both;

	biflow_key_of(&both, key.key, key.details, t->selection, t->words);
	return table_hash_details(t, hash_48(&both.key, &t->secret), &both.details);
}

static bool same_biflow(const struct table *t, struct table_key a, struct table_key b)
{
	struct biflow_key one, other;

	biflow_key_of(&one, a.key, a.details, t->selection, t->words);
	biflow_key_of(&other, b.key, b.details, t->selection, t->words);
	return memcmp(&one.key, &other.key, sizeof one.key) == 0 &&
	       (!t->words || memcmp(&one.details, &other.details, sizeof one.details) == 0);
}

uint64_t table_hash_selected(const struct table *t, struct table_key key)
{
	if (t->selection->biflow)
		return hash_biflow(t, key);
	return table_hash_details(t, table_hash_fields(t, key.key), key.details);
}

bool table_same_selected(const struct table *t, struct table_key a, struct table_key b)
{
	if (t->selection->biflow)
		return same_biflow(t, a, b);
	return table_same_fields(t, a.key, b.key) && table_same_details(t, a.details, b.details);
}

static bool has_whole_key(const struct flow_selection *selection)
{
	const struct flow_selection usual = flow_selection_default();

	return !selection->biflow && memcmp(&selection->key, &usual.key, sizeof usual.key) == 0;
}

static bool is_default_key(const struct flow_selection *selection)
{
	const struct flow_selection usual = flow_selection_default();

	return has_whole_key(selection) &&
	       memcmp(&selection->details, &usual.details, sizeof usual.details) == 0;
}

bool table_init(
	struct table *t, uint32_t entries, uint64_t seed, const struct flow_selection *selection)
{
	*t = (struct table){
		.entries = entries ? entries : 1,
		.set_count = sets_for(entries ? entries : 1),
		.secret = hash_secret_of(seed),
		.stride = selection->keeps_details ? sizeof(struct flow_full_record)
						   : sizeof(struct flow_record),
		.selection = is_default_key(selection) ? NULL : selection,
		.is_whole = has_whole_key(selection),
	};
	if (t->selection)
		select_words(t);
	t->has_fields = t->selection && !t->words && !t->selection->biflow;
	t->sets = memory_map(sets_size(t));
	t->records = memory_map(records_size(t));
	t->free = memory_map(free_size(t));
	return t->sets && t->records && t->free;
}

size_t table_memory(const struct table *t)
{
	return sets_size(t) + records_size(t) + free_size(t);
}

void table_touch(struct table *t)
{
	memory_touch(t->sets, sets_size(t));
	memory_touch(t->records, records_size(t));
	memory_touch(t->free, free_size(t));
}

void table_free(struct table *t)
{
	memory_unmap(t->sets, sets_size(t));
	memory_unmap(t->records, records_size(t));
	memory_unmap(t->free, free_size(t));
}

static inline struct place first_to_leave(
	const struct table *t, struct set *a, struct set *b, uint16_t now, int *rank)
{
	unsigned way = set_first_to_leave(a, b, now, rank);
	struct set *s = way < SET_LANES ? a : b;

	way %= SET_LANES;
	return (struct place){s, table_record(t, s, way), way};
}

/* All records are taken, but the flow's own sets have none to give, or only of flows
 * that shall stay: whose record it is does not matter then. */
static struct place victim_elsewhere(
	const struct table *t, struct place best, int best_rank, uint16_t now)
{
	struct set *last = t->sets + t->set_count - 1, *s = best.set;

	for (unsigned i = 0; best_rank >= SET_SPARED; i++) {
		int rank;
		if (i >= ELSEWHERE && best_rank < SET_NOBODY)
			break;
		s = s < last ? s + 1 : t->sets;
		struct place at = first_to_leave(t, s, s, now, &rank);
		if (rank < best_rank) {
			best = at;
			best_rank = rank;
		}
	}
	return best;
}

struct place table_victim(const struct table *t, uint64_t hash, uint16_t now)
{
	struct set *a = table_first(t, hash), *b = table_second(t, hash);
	int rank;
	struct place at = first_to_leave(t, a, b, now, &rank);

	if (__builtin_expect(rank >= SET_SPARED, 0) && (set_ways_with(a, 0) | set_ways_with(b, 0)))
		return victim_elsewhere(t, at, rank, now);
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

static inline unsigned tag_grade(enum flow_grade grade)
{
	return (3u - grade) << SET_GRADE;
}

bool table_insert(struct table *t, uint64_t hash, struct place *at)
{
	struct set *first = table_first(t, hash);

	if (table_is_full(t))
		return false;
	at->set = roomy_set(t, hash);
	if (!at->set)
		return false;
	at->way = (unsigned)__builtin_ctz(set_ways_with(at->set, 0));
	uint32_t place = t->free_count ? t->free[--t->free_count] : t->untouched++;
	at->set->tag[at->way] = (uint16_t)(table_tag(hash) | tag_grade(FLOW_SINGLE));
	at->set->record[at->way] = place;
	at->record = table_record_at(t, place);
	t->graded[FLOW_SINGLE]++;
	/* Full: it no longer counts, it only says yes. */
	if (at->set == first)
		return true;
	at->set->age[SET_GUESTS] |= (uint16_t)(1u << at->way);
	if (first->tag[SET_DISPLACED] != UINT16_MAX)
		first->tag[SET_DISPLACED]++;
	return true;
}

/* Its key says which set counts it. */
static void send_home(struct table *t, struct place at)
{
	struct set *first = table_first(t, table_hash(t, table_key_of_record(at.record)));

	at.set->age[SET_GUESTS] &= (uint16_t) ~(1u << at.way);
	if (first->tag[SET_DISPLACED] != UINT16_MAX)
		first->tag[SET_DISPLACED]--;
}

void table_remove(struct table *t, struct place at)
{
	t->graded[table_grade(at)]--;
	at.set->tag[at.way] = 0;
	t->free[t->free_count++] = at.set->record[at.way];
	if (at.set->age[SET_GUESTS] >> at.way & 1)
		send_home(t, at);
}

void table_raise(struct table *t, struct place at, enum flow_grade grade)
{
	uint16_t *tag = &at.set->tag[at.way];

	t->graded[table_grade(at)]--;
	t->graded[grade]++;
	*tag = (uint16_t)((*tag & SET_TAG) | tag_grade(grade));
}

void table_fetch_other(const struct table *t, uint64_t hash, uint16_t now)
{
	struct set *a = table_first(t, hash), *b = table_second(t, hash);
	unsigned m = a->tag[SET_DISPLACED] ? set_ways_with(b, table_tag(hash)) : 0;

	if (m)
		table_fetch_record(t, table_record(t, b, (unsigned)__builtin_ctz(m)));
	else if (table_is_full(t) || !(set_ways_with(a, 0) | set_ways_with(b, 0)))
		table_fetch_record(t, table_victim(t, hash, now).record);
	else
		table_fetch_record(t, table_record_at(t, t->free_count ? t->free[t->free_count - 1]
								       : t->untouched));
}

void table_fetch_ahead(const struct table *t, uint32_t set)
{
	if (set + AHEAD_SETS >= t->set_count)
		return;
	__builtin_prefetch(&t->sets[set + AHEAD_SETS], 1);
	const struct set *s = &t->sets[set + AHEAD_RECORDS];
	for (unsigned m = ~set_ways_with(s, 0) & SET_ALL; m; m &= m - 1)
		table_fetch_record(t, table_record(t, s, (unsigned)__builtin_ctz(m)));
}
