/* Where flows stand: after any inserting and removing each is found, and sets say of one another
 * what is so. Looking into a set's second one needlessly would be seen by nobody else. */
#include "flow/biflow.h"
#include "flow/table.h"
#include "flow_stream.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

enum { FLOWS = 600, STEPS = 6000, SEEDS = 2 };

static const uint32_t sizes[] = {1, 7, 14, 60, 400};

struct flows {
	struct table table;
	bool live[FLOWS];
	enum flow_grade grade[FLOWS];
	struct stream stream;
};

static struct packet packet_of(unsigned flow)
{
	return stream_packet(&(struct model_packet){.flow = flow, .protocol = 17});
}

static bool find(const struct flows *f, unsigned flow, struct place *at)
{
	struct packet p = packet_of(flow);
	struct table_key key = table_key_of_packet(&p);

	return table_find(&f->table, table_hash(&f->table, key), key, at);
}

static void insert(struct flows *f, unsigned flow)
{
	struct packet p = packet_of(flow);
	struct place at;

	if (!table_insert(&f->table, table_hash(&f->table, table_key_of_packet(&p)), &at))
		return;
	flow_record_open(at.record, flow_key_of(&p), &p);
	must(table_grade(at) == FLOW_SINGLE);
	f->live[flow] = true;
	f->grade[flow] = FLOW_SINGLE;
}

static void raise_any(struct flows *f, unsigned flow, struct place at)
{
	enum flow_grade grade =
		f->grade[flow] + (unsigned)stream_random(&f->stream, FLOW_GRADES - f->grade[flow]);

	table_raise(&f->table, at, grade);
	f->grade[flow] = grade;
}

static void step(struct flows *f)
{
	unsigned flow = (unsigned)stream_random(&f->stream, FLOWS);
	struct place at;

	if (!f->live[flow]) {
		insert(f, flow);
		return;
	}
	must(find(f, flow, &at));
	if (stream_random(&f->stream, 2)) {
		raise_any(f, flow, at);
		return;
	}
	table_remove(&f->table, at);
	f->live[flow] = false;
}

/* Each flow by its number, and how many there are of each grade. */
static void expect_flows(const struct flows *f)
{
	uint32_t live = 0, graded[FLOW_GRADES] = {0};
	struct place at;

	for (unsigned flow = 0; flow < FLOWS; flow++) {
		must(find(f, flow, &at) == f->live[flow]);
		if (!f->live[flow])
			continue;
		must(memcmp(at.record->key.source_address, &flow, sizeof flow) == 0);
		must(table_grade(at) == f->grade[flow]);
		graded[f->grade[flow]]++;
		live++;
	}
	ck_assert_uint_eq(table_live(&f->table), live);
	ck_assert_uint_le(live, f->table.entries);
	ck_assert_mem_eq(f->table.graded, graded, sizeof graded);
}

/* Each set by itself: who in it is a guest, and how many of its own are guests elsewhere. */
static void expect_sets(const struct flows *f)
{
	const struct table *t = &f->table;
	unsigned *away = calloc(t->set_count, sizeof *away);

	for (uint32_t n = 0; n < t->set_count; n++) {
		const struct set *s = &t->sets[n];
		unsigned guests = 0;
		for (unsigned m = ~set_ways_with(s, 0) & SET_ALL; m; m &= m - 1) {
			unsigned way = (unsigned)__builtin_ctz(m);
			uint64_t hash = table_hash(t, table_key_of_record(table_record(t, s, way)));
			must(s == table_first(t, hash) || s == table_second(t, hash));
			if (s == table_first(t, hash))
				continue;
			guests |= 1u << way;
			away[table_first(t, hash) - t->sets]++;
		}
		must(s->age[SET_GUESTS] == guests);
	}
	for (uint32_t n = 0; n < t->set_count; n++)
		must(t->sets[n].tag[SET_DISPLACED] == away[n]);
	free(away);
}

START_TEST(sets_know_their_flows)
{
	const struct flow_selection usual = flow_selection_default();
	unsigned displaced = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct flows f = {.stream = stream_of(seed, FLOWS, 1)};
		ck_assert(table_init(&f.table, sizes[_i], seed, &usual));
		ck_assert_ptr_null(f.table.selection); /* nothing is masked */
		for (unsigned i = 0; i < STEPS; i++) {
			step(&f);
			if (i % 200)
				continue;
			expect_flows(&f);
			expect_sets(&f);
			for (uint32_t n = 0; n < f.table.set_count; n++)
				displaced += f.table.sets[n].tag[SET_DISPLACED];
		}
		table_free(&f.table);
	}
	ck_assert(displaced > 0 || sizes[_i] < 60);
}
END_TEST

/* Of the details no more is read than the words from the first to the last that the key has. */
START_TEST(reads_the_words_of_the_key)
{
	struct flow_selection selection = flow_selection_default();
	uint8_t *octet = (uint8_t *)&selection.details;

	for (unsigned last = (unsigned)_i; last < TABLE_WORDS; last++) {
		struct table t;
		memset(octet, 0, sizeof selection.details);
		octet[8 * _i + 7] = octet[8 * last] = 0xff;
		ck_assert(table_init(&t, 1, 1, &selection));
		ck_assert_uint_eq(t.first_word, (unsigned)_i);
		ck_assert_uint_eq(t.words, last + 1 - (unsigned)_i);
		table_free(&t);
	}
}
END_TEST

/* Both directions are the same to biflows alone, whatever their hashes are. */
START_TEST(directions_are_one_to_biflows)
{
	struct flow_selection selection = flow_selection_default();
	struct packet one = packet_of(3), other = one;
	struct table t;

	selection.biflow = _i;
	selection.key.tos = 0;
	selection.details.ttl = UINT8_MAX;
	biflow_turn_key((struct flow_key *)(void *)&other);
	ck_assert(table_init(&t, 1, 1, &selection));
	struct table_key a = table_key_of_packet(&one), b = table_key_of_packet(&other);
	ck_assert(table_same_selected(&t, a, a));
	ck_assert(table_same_selected(&t, a, b) == selection.biflow);
	table_free(&t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *cases = tcase_create("table");

	tcase_add_loop_test(cases, sets_know_their_flows, 0, sizeof sizes / sizeof *sizes);
	tcase_add_loop_test(cases, reads_the_words_of_the_key, 0, TABLE_WORDS);
	tcase_add_loop_test(cases, directions_are_one_to_biflows, 0, 2);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
