/* Sorted by address, shorter ones first, a prefix stands behind all that it lies in. So the
 * last one that does not begin after an address matches it, or one around that does. */
#include "route/prefixes.h"

#include <stdlib.h>
#include <string.h>

static void cut(uint8_t *address, uint8_t length)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = length > 8 * i ? length - 8 * i : 0;
		if (bits < 8)
			address[i] &= (uint8_t)(0xff00 >> bits);
	}
}

static bool is_in(const uint8_t *address, const struct prefix *p)
{
	uint8_t head[16];

	memcpy(head, address, sizeof head);
	cut(head, p->length);
	return memcmp(head, p->address, sizeof head) == 0;
}

bool prefixes_add(struct prefixes *t, const uint8_t *address, uint8_t length, uint32_t value)
{
	if (t->count == t->room) {
		uint32_t room = t->room ? 2 * t->room : 1024;
		struct prefix *more = realloc(t->prefix, room * sizeof *more);
		if (!more)
			return false;
		t->prefix = more;
		t->room = room;
	}
	struct prefix *p = &t->prefix[t->count];
	*p = (struct prefix){.length = length, .value = value, .around = t->count++};
	memcpy(p->address, address, sizeof p->address);
	cut(p->address, length);
	return true;
}

/* Until they are sorted, `around` is the order in which they came. */
static bool is_before(const struct prefix *p, const struct prefix *q)
{
	int order = memcmp(p->address, q->address, sizeof p->address);

	if (order)
		return order < 0;
	return p->length != q->length ? p->length < q->length : p->around < q->around;
}

static void sink(struct prefix *heap, uint32_t count, uint32_t at)
{
	struct prefix p = heap[at];

	for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && is_before(&heap[child], &heap[child + 1]))
			child++;
		if (!is_before(&p, &heap[child]))
			break;
		heap[at] = heap[child];
	}
	heap[at] = p;
}

/* By a heap, for the file may be read again while weir runs: qsort(3) asks the system for its
 * memory, a call that is not on the list of those that are let through then. */
static void put_in_order(struct prefix *prefix, uint32_t count)
{
	for (uint32_t i = count / 2; i-- > 0;)
		sink(prefix, count, i);
	while (count > 1) {
		struct prefix last = prefix[0];
		prefix[0] = prefix[--count];
		prefix[count] = last;
		sink(prefix, count, 0);
	}
}

static bool same(const struct prefix *p, const struct prefix *q)
{
	return p->length == q->length && memcmp(p->address, q->address, sizeof p->address) == 0;
}

void prefixes_sort(struct prefixes *t)
{
	uint32_t kept = 0;

	put_in_order(t->prefix, t->count);
	for (uint32_t i = 0; i < t->count; i++) {
		bool again = kept && same(&t->prefix[kept - 1], &t->prefix[i]);
		t->prefix[kept - again] = t->prefix[i];
		kept += !again;
	}
	t->count = kept;
	for (uint32_t i = 0; i < kept; i++) {
		uint32_t around = i;
		while (around && !is_in(t->prefix[i].address, &t->prefix[around - 1]))
			around = t->prefix[around - 1].around;
		t->prefix[i].around = around;
	}
}

const struct prefix *prefixes_find(const struct prefixes *t, const uint8_t *address)
{
	uint32_t from = 0, to = t->count;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		if (memcmp(t->prefix[middle].address, address, 16) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	while (from && !is_in(address, &t->prefix[from - 1]))
		from = t->prefix[from - 1].around;
	return from ? &t->prefix[from - 1] : NULL;
}

void prefixes_free(struct prefixes *t)
{
	free(t->prefix);
	*t = (struct prefixes){NULL, 0, 0};
}
