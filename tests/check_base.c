/* The bounded reader and writer, the ring between two threads (threads: tsan), and the small
 * arithmetic that everything else stands on. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/ring.h"
#include "base/utf8.h"
#include "base/wire.h"
#include "suite.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { OCTETS = 9, THREADED = 1000000 };

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Of exactly that size, so that a step past the end is seen by the sanitizer. */
static uint8_t *octets_new(size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i + 1);
	return p;
}

/* Every start and every length: in bounds it moves by so many, out of bounds not at all. */
START_TEST(bytes_bounds)
{
	size_t size = (size_t)_i;
	uint8_t *p = octets_new(size);

	for (size_t skip = 0; skip <= size; skip++) {
		for (size_t n = 0; n <= size + 2; n++) {
			bool fits = n <= size - skip;
			struct bytes b = bytes_of(p, size);
			ck_assert(bytes_skip(&b, skip));
			ck_assert_uint_eq(bytes_left(&b), size - skip);
			ck_assert_ptr_eq(bytes_peek(&b, n), fits ? p + skip : NULL);
			ck_assert_ptr_eq(b.at, p + skip);
			ck_assert_ptr_eq(bytes_pull(&b, n), fits ? p + skip : NULL);
			ck_assert_uint_eq(bytes_left(&b), size - skip - (fits ? n : 0));
			ck_assert_ptr_eq(b.end, p + size);
		}
	}
	free(p);
}
END_TEST

START_TEST(bytes_far_too_many)
{
	uint8_t *p = octets_new(4);
	struct bytes b = bytes_of(p, 4);

	ck_assert(!bytes_skip(&b, SIZE_MAX));
	ck_assert_ptr_null(bytes_peek(&b, SIZE_MAX - 3));
	ck_assert_uint_eq(bytes_left(&b), 4);
	free(p);
}
END_TEST

START_TEST(bytes_limits)
{
	uint8_t *p = octets_new(OCTETS);

	for (size_t n = 0; n <= OCTETS + 2; n++) {
		struct bytes b = bytes_of(p, OCTETS);
		ck_assert(bytes_skip(&b, 2));
		bytes_limit(&b, n);
		ck_assert_uint_eq(bytes_left(&b), n < OCTETS - 2 ? n : OCTETS - 2);
		ck_assert_ptr_null(bytes_pull(&b, n + OCTETS));
	}
	free(p);
}
END_TEST

START_TEST(loads)
{
	static const uint8_t p[] = {0xff, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88};

	ck_assert_uint_eq(be16(p + 1), 0x8182);
	ck_assert_uint_eq(be24(p + 1), 0x818283);
	ck_assert_uint_eq(be32(p + 1), 0x81828384);
	ck_assert_uint_eq(be64(p + 1), 0x8182838485868788);
	ck_assert_uint_eq(le16(p + 1), 0x8281);
	ck_assert_uint_eq(le32(p + 1), 0x84838281);
}
END_TEST

START_TEST(wire_bounds)
{
	size_t size = (size_t)_i;
	uint8_t *p = octets_new(size);

	for (size_t used = 0; used <= size; used++) {
		for (size_t n = 0; n <= size + 2; n++) {
			bool fits = n <= size - used;
			struct wire w = wire_of(p, size);
			ck_assert_ptr_eq(wire_reserve(&w, used), p);
			ck_assert_ptr_eq(wire_reserve(&w, n), fits ? p + used : NULL);
			ck_assert_uint_eq(wire_room(&w), size - used - (fits ? n : 0));
		}
		struct wire w = wire_of(p, size);
		ck_assert_ptr_null(wire_reserve(&w, SIZE_MAX));
		ck_assert_uint_eq(wire_room(&w), size);
	}
	free(p);
}
END_TEST

START_TEST(stores)
{
	static const uint8_t expected[] = {
		0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98};
	uint8_t *p = octets_new(sizeof expected), *at = p;

	at = put16(at, 0x8182);
	at = put32(at, 0x83848586);
	at = put64(at, 0x9192939495969798);
	ck_assert_ptr_eq(at, p + sizeof expected);
	ck_assert_mem_eq(p, expected, sizeof expected);
	free(p);
}
END_TEST

static const struct {
	size_t asked, given;
} ring_sizes[] = {{0, 2}, {1, 2}, {2, 2}, {3, 4}, {4, 4}, {5, 8}, {1000, 1024}};

/* One element of an odd size: its number in the first and in the last octets. */
struct element {
	uint32_t number;
	uint8_t middle[5];
	uint8_t low;
} __attribute__((packed));

static void ring_put(struct ring *r, uint32_t number)
{
	struct element *e = ring_reserve(r);

	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_eq(ring_reserve(r), e); /* asking is not taking */
	*e = (struct element){.number = number, .low = (uint8_t)number};
	ring_commit(r);
}

static void ring_expect(struct ring *r, uint32_t number)
{
	const struct element *e = ring_front(r);

	ck_assert_ptr_nonnull(e);
	ck_assert_ptr_eq(ring_front(r), e);
	ck_assert_uint_eq(e->number, number);
	ck_assert_uint_eq(e->low, (uint8_t)number);
	ring_release(r);
}

/* Filled and emptied by every amount, many times round: in order, full when full. */
/* Well-formed text stays, an octet that belongs to no character becomes '?', and none is cut. */
static const struct {
	const char *text;
	size_t size;
	const char *copy;
} texts[] = {
	{"", 8, ""}, {"eth0", 8, "eth0"}, {"eth0", 5, "eth0"}, {"eth0", 4, "eth"}, {"eth0", 1, ""},
	{"a\xff\xfe", 8, "a??"}, {"\xc3\xbc", 8, "\xc3\xbc"}, {"a\xc3\xbc", 3, "a"},
	{"a\xc3", 8, "a?"}, {"\xc0\xaf", 8, "??"},     /* overlong */
	{"\xed\xa0\x80", 8, "???"},                    /* a surrogate */
	{"\xf0\x9f\x98\x80!", 8, "\xf0\x9f\x98\x80!"}, /* four octets */
	{"\xf4\x90\x80\x80", 8, "????"},               /* behind the last one */
};

START_TEST(utf8_copies)
{
	char copy[16];

	memset(copy, 'x', sizeof copy);
	utf8_copy(copy, texts[_i].size, texts[_i].text);
	ck_assert_str_eq(copy, texts[_i].copy);
	ck_assert_int_eq(copy[texts[_i].size], 'x');
}
END_TEST

START_TEST(ring_order)
{
	struct ring *r = ring_new(ring_sizes[_i].asked, sizeof(struct element));
	size_t size = ring_sizes[_i].given;
	uint32_t in = 0, out = 0;

	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(ring_size(r), size);
	ck_assert_uint_eq((uintptr_t)ring_reserve(r) % 64, 0);
	for (size_t amount = 1; amount <= size; amount += size / 64 + 1) {
		ck_assert_ptr_null(ring_front(r));
		while (in - out < amount)
			ring_put(r, in++);
		ck_assert_uint_eq(ring_fill(r), amount);
		ck_assert_uint_eq(ring_room(r), size - amount);
		ck_assert(!ring_reserve(r) == (amount == size));
		while (out < in)
			ring_expect(r, out++);
		ck_assert_uint_eq(ring_fill(r), 0);
		ck_assert_uint_eq(ring_room(r), size);
	}
	ring_free(r);
}
END_TEST

/* One in, one out while it is full: room for one again at once. */
START_TEST(ring_stays_full)
{
	struct ring *r = ring_new(4, sizeof(struct element));
	uint32_t in = 0, out = 0;

	while (in < 4)
		ring_put(r, in++);
	for (int i = 0; i < 50; i++) {
		ck_assert_ptr_null(ring_reserve(r));
		ring_expect(r, out++);
		ring_put(r, in++);
		ck_assert_uint_eq(ring_room(r), 0);
	}
	ring_free(r);
	ring_free(NULL);
}
END_TEST

static void *produce(void *context)
{
	struct ring *r = context;

	for (uint32_t i = 0; i < THREADED;) {
		uint64_t *slot = ring_reserve(r);
		if (!slot) {
			sched_yield();
			continue;
		}
		slot[0] = i;
		slot[1] = ~(uint64_t)i;
		ring_commit(r);
		i++;
	}
	return NULL;
}

static const size_t threaded_sizes[] = {2, 64, 4096};

/* Neither lost nor doubled nor seen half written; an onlooker's fill is never absurd. */
START_TEST(ring_between_threads)
{
	struct ring *r = ring_new(threaded_sizes[_i], 2 * sizeof(uint64_t));
	pthread_t producer;
	uint64_t wrong = 0;

	ck_assert_int_eq(pthread_create(&producer, NULL, produce, r), 0);
	for (uint64_t i = 0; i < THREADED;) {
		const uint64_t *slot = ring_front(r);
		wrong += ring_fill(r) > ring_size(r);
		if (!slot) {
			sched_yield();
			continue;
		}
		wrong += slot[0] != i || slot[1] != ~i;
		ring_release(r);
		i++;
	}
	pthread_join(producer, NULL);
	ck_assert_uint_eq(wrong, 0);
	ck_assert_ptr_null(ring_front(r));
	ring_free(r);
}
END_TEST

static const struct {
	uint32_t hash, n, expected;
} ranges[] = {
	{0, 1, 0},
	{UINT32_MAX, 1, 0},
	{0, 15, 0},
	{UINT32_MAX, 15, 14},
	{UINT32_MAX, UINT32_MAX, UINT32_MAX - 1},
	{UINT32_C(1) << 31, 2, 1},
	{(UINT32_C(1) << 31) - 1, 2, 0},
	{UINT32_C(1) << 31, 7, 3},
};

START_TEST(hash_ranges)
{
	ck_assert_uint_eq(hash_range(ranges[_i].hash, ranges[_i].n), ranges[_i].expected);
}
END_TEST

/* Every value of a range is hit, none much more often than another, by real hashes. */
START_TEST(hash_spreads)
{
	enum { SETS = 37, KEYS = 37000 };
	unsigned hits[SETS] = {0};

	for (uint64_t key = 0; key < KEYS; key++)
		hits[hash_range((uint32_t)(hash_octets(&key, sizeof key, 5) >> 32), SETS)]++;
	for (int i = 0; i < SETS; i++) {
		ck_assert_uint_gt(hits[i], 800);
		ck_assert_uint_lt(hits[i], 1200);
	}
}
END_TEST

START_TEST(hash_depends_on_the_seed)
{
	static const char octets[48] = "the same octets";

	ck_assert_uint_eq(hash_octets(octets, 48, 1), hash_octets(octets, 48, 1));
	ck_assert_uint_ne(hash_octets(octets, 48, 1), hash_octets(octets, 48, 2));
	ck_assert_uint_ne(hash_octets(octets, 48, 1), hash_octets(octets, 47, 1));
	ck_assert_uint_ne(hash_seed(), hash_seed());
}
END_TEST

static const struct {
	int64_t time, unit, expected;
} floors[] = {
	{0, 1000, 0},
	{999, 1000, 0},
	{1000, 1000, 1},
	{1001, 1000, 1},
	{-1, 1000, -1},
	{-999, 1000, -1},
	{-1000, 1000, -1},
	{-1001, 1000, -2},
	{INT64_MAX, CLOCK_SECOND, 9223372036},
	{INT64_MIN, CLOCK_SECOND, -9223372037},
	{INT64_MIN, 1, INT64_MIN},
	{CLOCK_SECOND - 1, CLOCK_MILLISECOND, 999},
};

START_TEST(clock_floors)
{
	ck_assert_int_eq(clock_floor(floors[_i].time, floors[_i].unit), floors[_i].expected);
}
END_TEST

START_TEST(clocks)
{
	int64_t before = clock_steady(), wall = clock_wall() / CLOCK_SECOND, now = time(NULL);

	ck_assert_int_le(before, clock_steady());
	ck_assert_int_le(wall - 1, now);
	ck_assert_int_le(now, wall + 5);
}
END_TEST

static const size_t memories[] = {1, 4095, 4096, 4097, (2 << 20) - 1, (4 << 20) + 1};

START_TEST(memory_is_zero_and_all_there)
{
	size_t octets = memories[_i];
	uint8_t *p = memory_map(octets), sum = 0;

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq((uintptr_t)p % 4096, 0);
	memory_touch(p, octets);
	for (size_t i = 0; i < octets; i++)
		sum |= p[i];
	ck_assert_uint_eq(sum, 0);
	memset(p, 0xff, octets);
	memory_unmap(p, octets);
	memory_unmap(NULL, octets);
}
END_TEST

/* Where in a page memory begins and how long it is: all pages that it lies in are there. */
static const struct {
	size_t from;
	size_t octets;
} pieces[] = {
	{0, 0},
	{0, 1},
	{0, 4096},
	{0, 4097},
	{56, 4040},
	{56, 4041},
	{4095, 1},
	{4095, 2},
	{4095, 8193},
	{1, 16 * 4096},
};

START_TEST(touching_takes_every_page)
{
	enum { PAGE = 4096, PAGES = 20 };
	size_t from = pieces[_i].from, end = from + pieces[_i].octets;
	unsigned char there[PAGES];
	uint8_t *p = memory_map(PAGES * PAGE);

	memory_touch(p + from, end - from);
	ck_assert_int_eq(mincore(p, PAGES * PAGE, there), 0);
	for (size_t i = 0; i < PAGES; i++)
		ck_assert_int_eq(there[i] & 1, end > from && i * PAGE < end);
	memory_unmap(p, PAGES * PAGE);
}
END_TEST

START_TEST(processors_have_numbers)
{
	cpu_set_t before, now;
	char text[256], all[256];
	unsigned last = CPU_SETSIZE;

	cpu_list_allowed(all, sizeof all);
	ck_assert_str_ne(all, "");
	ck_assert(!cpu_allowed(CPU_SETSIZE));
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (cpu_allowed(cpu))
			last = cpu;
	ck_assert(cpu_move_to(last, &before));
	ck_assert_int_eq(sched_getcpu(), (int)last);
	cpu_list_allowed(text, sizeof text);
	ck_assert_int_eq(strtol(text, NULL, 10), last);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		ck_assert(cpu_allowed(cpu) == (cpu == last));
	ck_assert(!cpu_move_to(CPU_SETSIZE - 1, &now)); /* it stays where it is */
	cpu_move_back(&before);
	cpu_list_allowed(text, sizeof text);
	ck_assert_str_eq(text, all);
	cpu_list_allowed(text, 1);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(memory_that_is_not_there)
{
	ck_assert_ptr_null(memory_map((size_t)1 << 60));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *cases = tcase_create("base");

	tcase_add_loop_test(cases, bytes_bounds, 0, OCTETS);
	tcase_add_test(cases, bytes_far_too_many);
	tcase_add_test(cases, bytes_limits);
	tcase_add_test(cases, loads);
	tcase_add_loop_test(cases, wire_bounds, 0, OCTETS);
	tcase_add_test(cases, stores);
	tcase_add_loop_test(cases, utf8_copies, 0, sizeof texts / sizeof texts[0]);
	tcase_add_loop_test(cases, ring_order, 0, ROWS(ring_sizes));
	tcase_add_test(cases, ring_stays_full);
	tcase_add_loop_test(cases, ring_between_threads, 0, ROWS(threaded_sizes));
	tcase_add_loop_test(cases, hash_ranges, 0, ROWS(ranges));
	tcase_add_test(cases, hash_spreads);
	tcase_add_test(cases, hash_depends_on_the_seed);
	tcase_add_loop_test(cases, clock_floors, 0, ROWS(floors));
	tcase_add_test(cases, clocks);
	tcase_add_loop_test(cases, memory_is_zero_and_all_there, 0, ROWS(memories));
	tcase_add_loop_test(cases, touching_takes_every_page, 0, ROWS(pieces));
	tcase_add_test(cases, memory_that_is_not_there);
	tcase_add_test(cases, processors_have_numbers);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
