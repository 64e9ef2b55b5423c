#include "config/nearest.h"

#include "export/definition.h"
#include "export/ie.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

unsigned nearest_distance(const char *a, const char *b, size_t length)
{
	unsigned row[NEAREST_MOST + 1];

	for (size_t j = 0; j <= length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned corner = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < length; j++) {
			bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
			unsigned change = corner + !same;
			unsigned other = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
			corner = row[j + 1];
			row[j + 1] = change < other ? change : other;
		}
	}
	return row[length];
}

unsigned nearest_limit(const char *name)
{
	return (unsigned)strlen(name) / 3 + 1;
}

/* Takes `candidate` into *best where it is nearer than *limit and a record may have it, on the
 * side that the first `side` octets of `text` name. */
static void consider(
	const char *text, size_t side, const char *candidate, const char **best, unsigned *limit)
{
	struct definition_field field;
	char whole[NEAREST_MOST];
	unsigned d =
		candidate ? nearest_distance(text + side, candidate, strlen(candidate)) : *limit;

	if (d >= *limit)
		return;
	snprintf(whole, sizeof whole, "%.*s%s", (int)side, text, candidate);
	if (!definition_field_read(whole, &field))
		return;
	*best = candidate;
	*limit = d;
}

bool nearest_element(const char *name, char *text, size_t size)
{
	const char *dot = strchr(name, '.'), *best = NULL;
	size_t side = dot ? (size_t)(dot - name) + 1 : 0;
	unsigned limit = nearest_limit(name + side);

	if (strlen(name) >= NEAREST_MOST)
		return false;
	for (size_t i = 0; i < IE_COUNT; i++) {
		const struct ie *ie = &ie_table[i];
		enum ie_source source = ie_source(ie);
		if (source == IE_FROM_NOTHING || source == IE_FROM_OPTIONS)
			continue;
		consider(name, side, ie->name, &best, &limit);
		consider(name, side, ie->v9_name, &best, &limit);
	}
	if (best)
		snprintf(text, size, "%.*s%s", (int)side, name, best);
	return best != NULL;
}
