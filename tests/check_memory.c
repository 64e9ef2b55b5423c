/* Who takes memory gives it back, and says so when there is none: the tables of flows and of
 * fragments, which are too large for an allocator to keep. */
#include "flow/cache.h"
#include "packet/decode.h"
#include "suite.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ENTRIES = 1 << 18, MARGIN = 4 << 20 };

/* Octets of address space, or of memory that is there. */
static uint64_t taken(bool resident)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long long pages[2];

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%llu %llu", &pages[0], &pages[1]), 2);
	fclose(file);
	return pages[resident] * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* So many more may be taken, or any number. */
static void allow(uint64_t more)
{
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = more == UINT64_MAX ? limit.rlim_max : taken(false) + more;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

static void take(void *context, const struct flow_record *record)
{
	(void)context;
	(void)record;
}

static void *new_cache(void)
{
	const struct cache_options options = {
		.entries = ENTRIES,
		.timeouts = {.active = 1, .idle = 1},
		.selection = flow_selection_default(),
	};

	return cache_new(&options, (struct flow_sink){take, NULL});
}

static void *new_decoder(void)
{
	return decoder_new(&(struct decoder_options){.fragments = ENTRIES});
}

static void *new_decoder_of_facts(void)
{
	return decoder_new(&(struct decoder_options){.fragments = ENTRIES, .tunnel_facts = true});
}

/* clang-format off */
static const struct {
	void *(*new)(void);
	void (*free)(void *);
	void (*touch)(void *);
	size_t (*memory)(const void *);
	uint64_t least, most; /* octets of an entry, about */
} makers[] = {
	{new_cache, (void (*)(void *))cache_free, (void (*)(void *))cache_touch,
		(size_t (*)(const void *))cache_memory, 100, 200},
	{new_decoder, (void (*)(void *))decoder_free, (void (*)(void *))decoder_touch,
		(size_t (*)(const void *))decoder_memory, 40, 80},
	{new_decoder_of_facts, (void (*)(void *))decoder_free, (void (*)(void *))decoder_touch,
		(size_t (*)(const void *))decoder_memory, 80, 160},
};
/* clang-format on */

START_TEST(what_is_taken_is_told_and_given_back)
{
	uint64_t before = taken(false);
	void *made = makers[_i].new();

	ck_assert_ptr_nonnull(made);
	uint64_t octets = makers[_i].memory(made);
	ck_assert_uint_ge(octets, ENTRIES * makers[_i].least);
	ck_assert_uint_le(octets, ENTRIES * makers[_i].most);
	ck_assert_uint_ge(taken(false) - before + MARGIN, octets);
	ck_assert_uint_le(taken(false) - before, octets + MARGIN);
	uint64_t resident = taken(true);
	makers[_i].touch(made);
	ck_assert_uint_ge(taken(true) - resident + MARGIN, octets);
	makers[_i].free(made);
	ck_assert_uint_le(taken(false), before + MARGIN);
	makers[_i].free(NULL);
}
END_TEST

START_TEST(memory_is_short)
{
	void *made = makers[_i].new();
	uint64_t octets = makers[_i].memory(made), before;

	makers[_i].free(made);
	before = taken(false);
	for (uint64_t eighths = 0; eighths < 8; eighths++) {
		allow(octets / 8 * eighths + MARGIN / 4);
		made = makers[_i].new();
		allow(UINT64_MAX);
		ck_assert_ptr_null(made);
		ck_assert_uint_le(taken(false), before + MARGIN);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *cases = tcase_create("memory");

	tcase_add_loop_test(cases, what_is_taken_is_told_and_given_back, 0, 3);
	tcase_add_loop_test(cases, memory_is_short, 0, 3);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
