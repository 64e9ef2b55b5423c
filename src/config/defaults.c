#include "config/value.h"

#include <stdlib.h>
#include <string.h>

unsigned *value_count(struct config *config, const struct schema_key *list)
{
	return (unsigned *)(void *)((char *)config + list->count);
}

void *value_element(struct config *config, const struct schema_key *list, unsigned index)
{
	return (char *)config + list->offset + index * list->size;
}

/* The defaults of the keys of a list's elements, or of all others (list NULL). */
static void set_defaults(void *base, const struct schema_key *list)
{
	for (size_t i = 0; i < schema_count; i++) {
		const struct schema_key *key = &schema_keys[i];
		bool belongs =
			list ? schema_below(key->path, list->path) : strchr(key->path, '[') == NULL;
		if (belongs && key->preset && !value_preset(key, base, key->preset))
			abort(); /* the table contradicts itself */
	}
}

void *value_append(struct config *config, const struct schema_key *list)
{
	unsigned *count = value_count(config, list);
	void *element;

	if (*count >= list->maximum)
		return NULL;
	element = value_element(config, list, (*count)++);
	memset(element, 0, list->size);
	set_defaults(element, list);
	return element;
}

void config_defaults(struct config *config)
{
	memset(config, 0, sizeof(*config));
	set_defaults(config, NULL);
}
