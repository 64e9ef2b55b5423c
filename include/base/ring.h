/* ring: a queue of fixed-size elements by value, one producer, one consumer.
 *
 * The producer fills the slot that ring_reserve() lends and makes it visible with
 * ring_commit(); the consumer reads the slot that ring_front() lends and gives it
 * back with ring_release(). Nothing is copied twice and nothing is allocated
 * after ring_new(). Each side keeps its own copy of the other's position and
 * looks again only when that says full or empty, so the common call touches no
 * shared cache line. Who the producer is may change, as long as something (the
 * baton) orders one before the next. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring;

/* Room for at least `count` elements of `size` octets; NULL when memory is short.
 * The creator owns it; both sides have left before ring_free(). */
struct ring *ring_new(size_t count, size_t size);
void ring_free(struct ring *ring);

/* Takes all of the slots' memory now, from the calling thread's node. Before both sides. */
void ring_touch(struct ring *ring);
/* Octets that it takes, all in. */
size_t ring_memory(const struct ring *ring);

/* Producer. The next free slot, or NULL when full. */
void *ring_reserve(struct ring *ring);
void ring_commit(struct ring *ring);
/* Producer. Free slots, at least; looks at the consumer's position. */
size_t ring_room(struct ring *ring);

/* Consumer. The oldest element, or NULL when empty; valid until released. */
void *ring_front(struct ring *ring);
void ring_release(struct ring *ring);

/* Either side or an onlooker: elements inside, a moment ago. */
size_t ring_fill(struct ring *ring);
size_t ring_size(const struct ring *ring);

#endif
