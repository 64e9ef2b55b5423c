/* memory: the large tables, sized once at start.
 *
 * Zeroed, page-aligned, on huge pages where the kernel has them (worth 1.4 times
 * on a table that misses the TLB) and silently on small ones where not. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* NULL when there is not so much; memory_unmap() takes the same size. Pages come
 * from the node of the thread that first touches them. */
void *memory_map(size_t octets);
void memory_unmap(void *memory, size_t octets);

/* Takes every page now, so that nothing is left to fail or to grow later. For memory
 * that is still zeroed. */
void memory_touch(void *memory, size_t octets);

/* From now on what malloc(3) has given in pieces of 128 KB and more goes back to the system
 * when it is freed. glibc would keep more of it each time, so that a program which has taken
 * up other configurations for long would be larger than one that just began. First of all
 * calls; where the C library is another one it does nothing. */
void memory_give_back(void);

/* What malloc(3) has free now goes back, between pieces in use, too: pieces that were large
 * in one configuration leave holes of which the next may need none. Any thread; seldom, as it
 * looks at all that is free. Where the C library is another one it does nothing. */
void memory_trim(void);

#endif
