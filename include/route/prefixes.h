/* prefixes: numbers by address prefix, of which the longest that matches counts.
 *
 * Filled, then sorted once, then only read. */
#ifndef ROUTE_PREFIXES_H
#define ROUTE_PREFIXES_H

#include <stdbool.h>
#include <stdint.h>

struct prefix {
	uint8_t address[16]; /* network order, zeros behind the prefix */
	uint8_t length;      /* bits */
	uint32_t value;
	uint32_t around; /* one more than the place of the longest prefix that this one is in */
};

struct prefixes {
	struct prefix *prefix;
	uint32_t count;
	uint32_t room;
};

/* False: memory is short. */
bool prefixes_add(
	struct prefixes *prefixes, const uint8_t *address, uint8_t length, uint32_t value);
/* After the last one; of two alike the later one counts. */
void prefixes_sort(struct prefixes *prefixes);
/* NULL: none matches. */
const struct prefix *prefixes_find(const struct prefixes *prefixes, const uint8_t *address);
void prefixes_free(struct prefixes *prefixes);

#endif
