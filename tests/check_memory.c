/* Who takes memory gives it back, and says so when there is none. The tables of flows and of
 * fragments are not the allocator's; what is, is counted where it counts (sanitizers' does not). */
#include "export/session.h"
#include "flow/cache.h"
#include "packet/decode.h"
#include "suite.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ENTRIES = 1 << 18, MARGIN = 4 << 20, SLACK = 256 << 10 };

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

/* Octets that malloc() has given away. */
static size_t used(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
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

/* What the allocator keeps at hand of what it got back, some of each size, counts as given. */
static void fill_allocator(void *(*new)(void), void (*free_it)(void *))
{
	for (int i = 0; i < 10; i++)
		free_it(new ());
}

START_TEST(what_is_taken_is_told_and_given_back)
{
	uint64_t before = taken(false);
	void *made = makers[_i].new();

	ck_assert_ptr_nonnull(made);
	uint64_t octets = makers[_i].memory(made);
	ck_assert_uint_ge(octets, ENTRIES * makers[_i].least);
	ck_assert_uint_le(octets, ENTRIES * makers[_i].most);
	ck_assert_uint_ge(taken(false) - before + SLACK, octets);
	ck_assert_uint_le(taken(false) - before, octets + SLACK);
	uint64_t resident = taken(true);
	makers[_i].touch(made);
	ck_assert_uint_ge(taken(true) - resident + MARGIN / 2, octets);
	makers[_i].free(made);
	ck_assert_uint_le(taken(false), before + SLACK);
	makers[_i].free(NULL);

	fill_allocator(makers[_i].new, makers[_i].free);
	size_t kept = used();
	makers[_i].free(makers[_i].new());
	ck_assert_uint_eq(used(), kept);
}
END_TEST

START_TEST(memory_is_short)
{
	void *made = makers[_i].new();
	uint64_t octets = makers[_i].memory(made), before;

	makers[_i].free(made);
	fill_allocator(makers[_i].new, makers[_i].free);
	before = taken(false);
	for (uint64_t eighths = 0; eighths < 8; eighths++) {
		size_t kept = used();
		allow(octets / 8 * eighths + MARGIN / 4);
		made = makers[_i].new();
		allow(UINT64_MAX);
		size_t now = used();
		ck_assert_ptr_null(made);
		ck_assert_uint_eq(now, kept);
		ck_assert_uint_le(taken(false), before + SLACK);
	}
}
END_TEST

static unsigned leave(struct transport *t, struct transport_message *m, unsigned count)
{
	(void)t;
	for (unsigned i = 0; i < count; i++)
		m[i].error = 0;
	return 0;
}

static void leave_open(struct transport *t)
{
	(void)t;
}

/* A session, one that comes to nothing, and one in its place. */
START_TEST(sessions_give_back)
{
	static const struct transport_ops ops = {.send = leave, .close = leave_open};
	struct transport transport = {.ops = &ops};
	const struct session_options options = {
		.layout = {.version = 10, .definition = definition_ready("default")},
		.max_datagram = 1400,
		.boot = INT64_MIN,
	};
	size_t kept = used();

	for (int i = 0; i < 12; i++) {
		struct session *s = session_new(&options, &transport);
		session_discard(session_prepare(s, &options));
		struct session *next = session_prepare(s, &options);
		session_succeed(next, s, 0);
		session_free(next);
		session_free(NULL);
		session_discard(NULL);
		size_t now = used();
		ck_assert(i < 10 || now == kept);
		kept = now;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *cases = tcase_create("memory");

	tcase_add_loop_test(cases, what_is_taken_is_told_and_given_back, 0, 3);
	tcase_add_loop_test(cases, memory_is_short, 0, 3);
	tcase_add_test(cases, sessions_give_back);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
