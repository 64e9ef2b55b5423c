#include "base/memory.h"

#include <stdint.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { MEMORY_PAGE = 4096, MEMORY_HUGE_PAGE = 2 << 20, MEMORY_LARGE = 128 << 10 };

void *memory_map(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (octets >= MEMORY_HUGE_PAGE)
		(void)madvise(p, octets, MADV_HUGEPAGE);
	return p;
}

void memory_unmap(void *memory, size_t octets)
{
	if (memory)
		munmap(memory, octets);
}

void memory_touch(void *memory, size_t octets)
{
	volatile uint8_t *p = memory;

	for (size_t at = 0; at < octets; at += MEMORY_PAGE)
		p[at] = 0;
	if (octets)
		p[octets - 1] = 0; /* the last page, where the first was not whole */
}

void memory_give_back(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, MEMORY_LARGE);
#endif
}

void memory_trim(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}
