#include "config/compare.h"

#include "config/schema.h"

#include <string.h>

static bool same_cpus(const struct config_cpus *a, const struct config_cpus *b)
{
	return a->count == b->count &&
	       memcmp(a->number, b->number, a->count * sizeof *a->number) == 0;
}

static bool same_elements(const struct config_elements *a, const struct config_elements *b)
{
	for (unsigned i = 0; i < a->count && i < b->count; i++)
		if (memcmp(&a->field[i], &b->field[i], sizeof a->field[i]) != 0)
			return false;
	return a->count == b->count;
}

static bool same_collector(const struct config_exporter *a, const struct config_exporter *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->service, b->service) == 0;
}

/* `a` and `b` are what the row's offset is counted from. */
static bool same(const struct schema_key *key, const void *a, const void *b)
{
	const void *va = (const char *)a + key->offset, *vb = (const char *)b + key->offset;

	switch (key->type) {
	case SCHEMA_GROUP:
	case SCHEMA_LIST: return true;
	case SCHEMA_STRING:
	case SCHEMA_ADDRESS: return strcmp(va, vb) == 0;
	case SCHEMA_COLLECTOR: return same_collector(a, b);
	case SCHEMA_CPUS: return same_cpus(va, vb);
	case SCHEMA_ELEMENTS: return same_elements(va, vb);
	default: return memcmp(va, vb, key->size) == 0;
	}
}

void config_compare(
	const struct config *a, const struct config *b, config_difference *tell, void *context)
{
	for (size_t i = 0; i < schema_count; i++) {
		const struct schema_key *key = &schema_keys[i];
		if (!strchr(key->path, '[') && !same(key, a, b))
			tell(context, key->path);
	}
}

const char *config_compare_elements(const char *list, const void *a, const void *b)
{
	for (size_t i = 0; i < schema_count; i++) {
		const struct schema_key *key = &schema_keys[i];
		if (schema_below(key->path, list) && !same(key, a, b))
			return key->path;
	}
	return NULL;
}

void config_copy_key(const char *path, void *to, const void *from)
{
	const struct schema_key *key = schema_find(path);

	memcpy((char *)to + key->offset, (const char *)from + key->offset, key->size);
}
