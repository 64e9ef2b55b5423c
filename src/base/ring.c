#include "base/ring.h"

#include "base/memory.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { RING_LINE = 64 };

struct ring {
	/* The producer's line. */
	alignas(RING_LINE) _Atomic size_t tail;
	size_t seen_head;
	/* The consumer's line. */
	alignas(RING_LINE) _Atomic size_t head;
	size_t seen_tail;
	/* Constant. */
	alignas(RING_LINE) size_t mask;
	size_t element;
	unsigned char *slots;
};

static size_t slots_size(const struct ring *r)
{
	return (r->mask + 1) * r->element;
}

struct ring *ring_new(size_t count, size_t size)
{
	size_t n = 2;
	while (n < count)
		n *= 2;

	struct ring *r = aligned_alloc(RING_LINE, sizeof *r);
	if (!r)
		return NULL;
	*r = (struct ring){.mask = n - 1, .element = size};
	r->slots = memory_map(n * size);
	if (!r->slots) {
		free(r);
		return NULL;
	}
	return r;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	memory_unmap(r->slots, slots_size(r));
	free(r);
}

void ring_touch(struct ring *r)
{
	memory_touch(r->slots, slots_size(r));
}

size_t ring_memory(const struct ring *r)
{
	return sizeof *r + slots_size(r);
}

static unsigned char *slot(const struct ring *r, size_t position)
{
	return r->slots + (position & r->mask) * r->element;
}

size_t ring_room(struct ring *r)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	r->seen_head = atomic_load_explicit(&r->head, memory_order_acquire);
	return r->mask + 1 - (tail - r->seen_head);
}

void *ring_reserve(struct ring *r)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (tail - r->seen_head > r->mask && ring_room(r) == 0)
		return NULL;
	return slot(r, tail);
}

void ring_commit(struct ring *r)
{
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
}

void *ring_front(struct ring *r)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	if (head == r->seen_tail) {
		r->seen_tail = atomic_load_explicit(&r->tail, memory_order_acquire);
		if (head == r->seen_tail)
			return NULL;
	}
	return slot(r, head);
}

void ring_release(struct ring *r)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	atomic_store_explicit(&r->head, head + 1, memory_order_release);
}

size_t ring_fill(struct ring *r)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);

	return tail - head > r->mask + 1 ? 0 : tail - head;
}

size_t ring_size(const struct ring *r)
{
	return r->mask + 1;
}
