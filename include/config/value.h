/* value: from a value's text to its place in struct config.
 *
 * The file's values and those of --set go the same way: as text, by the type
 * and range of their row in the schema. Pure functions, any thread. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/schema.h"

/* Reads `text` as the key's value into `base`: the struct config, or the list's
 * element that the key belongs to. False: *error says what was found and what
 * is allowed (not where: the caller knows), and nothing was written. */
bool value_read(
	const struct schema_key *key, void *base, const char *text, struct config_error *error);

/* The same for what nobody has said: a default, or a profile's. */
bool value_preset(const struct schema_key *key, void *base, const char *text);
/* Whether value_read() has set this key of an exporter, at `base`. */
bool value_is_given(const struct schema_key *key, const void *base);

/* What is allowed, for a person: "a whole number from 1 to 64". */
void value_allowed(const struct schema_key *key, char *text, size_t size);

/* Opens one more element of a list, with its defaults; NULL: the list is full. */
void *value_append(struct config *config, const struct schema_key *list);
/* Elements in use, and where the element stands. */
unsigned *value_count(struct config *config, const struct schema_key *list);
void *value_element(struct config *config, const struct schema_key *list, unsigned index);

#endif
