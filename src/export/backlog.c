#include "export/backlog.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Parcels stand one after the other from `first` to `next`. Where the next does not fit
 * before the end of the memory it begins at 0, and `wrap` is where the upper part ends. */
struct backlog {
	uint8_t *memory;
	size_t size;
	size_t first;
	size_t next;
	size_t wrap; /* 0: not wrapped */
	size_t count;
};

static size_t size_of(uint32_t length)
{
	size_t unit = _Alignof(struct parcel);

	return (sizeof(struct parcel) + length + unit - 1) / unit * unit;
}

static struct parcel *parcel_at(const struct backlog *b, size_t at)
{
	return (struct parcel *)(void *)(b->memory + at);
}

struct backlog *backlog_new(size_t octets)
{
	struct backlog *b = calloc(1, sizeof *b);

	if (b)
		b->memory = memory_map(octets);
	if (!b || !b->memory) {
		free(b);
		return NULL;
	}
	b->size = octets;
	memory_touch(b->memory, octets); /* a collector that is away makes weir no larger */
	return b;
}

void backlog_free(struct backlog *b)
{
	if (!b)
		return;
	memory_unmap(b->memory, b->size);
	free(b);
}

/* Where `size` octets can stand; false: nowhere. */
static bool find_room(struct backlog *b, size_t size)
{
	if (b->count == 0)
		b->first = b->next = b->wrap = 0;
	if (b->wrap)
		return size <= b->first - b->next;
	if (size <= b->size - b->next)
		return true;
	if (size > b->first)
		return false;
	b->wrap = b->next;
	b->next = 0;
	return true;
}

struct parcel *backlog_add(struct backlog *b, const struct transport_message *m, uint32_t gap)
{
	size_t size = size_of(m->length);

	if (!find_room(b, size))
		return NULL;
	struct parcel *p = parcel_at(b, b->next);
	*p = (struct parcel){.load = m->load, .length = m->length, .step = m->step, .gap = gap};
	memcpy(p->octets, m->octets, m->length);
	b->next += size;
	b->count++;
	return p;
}

struct parcel *backlog_first(const struct backlog *b)
{
	return b->count ? parcel_at(b, b->first) : NULL;
}

static size_t after(const struct backlog *b, const struct parcel *p)
{
	size_t at = (size_t)((const uint8_t *)p - b->memory) + size_of(p->length);

	return b->wrap && at == b->wrap ? 0 : at;
}

struct parcel *backlog_next(const struct backlog *b, const struct parcel *p)
{
	size_t at = after(b, p);

	return at == b->next ? NULL : parcel_at(b, at);
}

void backlog_drop(struct backlog *b)
{
	assert(b->count);
	size_t at = after(b, parcel_at(b, b->first));
	if (at < b->first)
		b->wrap = 0;
	b->first = at;
	b->count--;
}
