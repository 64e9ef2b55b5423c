/* wire: the bounded writer.
 *
 * Every octet that leaves is written through this cursor. A writer reserves the
 * room for a whole header, template or record once and then fills it; when there
 * is not room it gets NULL and nothing has moved. Network order throughout. Pure
 * functions on the caller's cursor, any thread. */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire {
	uint8_t *at;
	uint8_t *end;
};

static inline struct wire wire_of(void *buffer, size_t size)
{
	uint8_t *p = buffer;
	return (struct wire){p, p + size};
}

static inline size_t wire_room(const struct wire *w)
{
	return (size_t)(w->end - w->at);
}

/* The next n octets, moving past them; NULL (and no move) when there is not room. */
static inline uint8_t *wire_reserve(struct wire *w, size_t n)
{
	uint8_t *p = w->at;
	if (wire_room(w) < n)
		return NULL;
	w->at = p + n;
	return p;
}

/* Stores into octets that the caller has reserved; each returns the next place. */
static inline uint8_t *put16(uint8_t *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

static inline uint8_t *put32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

static inline uint8_t *put64(uint8_t *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

#endif
