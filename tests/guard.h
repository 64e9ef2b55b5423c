/* guard: octets that end where memory does, so that reading one too many ends the program,
 * whatever it was built with. */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
	uint8_t *begin;
	size_t size;
};

/* For up to `most` octets; aborts when memory is short. */
static inline struct guard guard_new(size_t most)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (most + page - 1) / page * page;
	uint8_t *p =
		mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + size, page, PROT_NONE) != 0)
		abort();
	return (struct guard){p, size};
}

/* A copy, until the next one. */
static inline uint8_t *guard_copy(const struct guard *g, const uint8_t *octets, size_t n)
{
	return memcpy(g->begin + g->size - n, octets, n);
}

static inline void guard_free(struct guard *g)
{
	munmap(g->begin, g->size + (size_t)sysconf(_SC_PAGESIZE));
}

#endif
