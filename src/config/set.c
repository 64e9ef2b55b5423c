#include "config/value.h"

#include <stdlib.h>
#include <string.h>

/* A key as --set names it: its row's path, and which element of its list. */
struct target {
	char path[128];
	char list[32]; /* path of its list, "": in none */
	unsigned index;
};

/* "exporters[12].protocol" to "exporters[].protocol" and 12 */
static bool read_target(struct target *target, const char *name, size_t length)
{
	const char *open = memchr(name, '[', length), *close = open;
	char *end;

	memset(target, 0, sizeof(*target));
	if (length >= sizeof(target->path))
		return false;
	if (!open) {
		memcpy(target->path, name, length);
		return true;
	}
	if (open[1] >= '0' && open[1] <= '9') {
		unsigned long index = strtoul(open + 1, &end, 10);
		target->index = index < 10000 ? (unsigned)index : 10000;
		close = end;
	}
	if (close == open || *close != ']' || (size_t)(open - name) + 3 > sizeof(target->list))
		return false;
	snprintf(target->list, sizeof(target->list), "%.*s[]", (int)(open - name), name);
	snprintf(target->path, sizeof(target->path), "%s%.*s", target->list,
		(int)(name + length - close - 1), close + 1);
	return true;
}

/* What the key's offset counts from; opens a new element where that is next. */
static void *find_base(struct config *config, const struct target *target, bool *opened,
	struct config_error *error)
{
	const struct schema_key *list;
	unsigned *count;

	*opened = false;
	if (!target->list[0])
		return config;
	list = schema_find(target->list);
	count = value_count(config, list);
	if (target->index < *count)
		return value_element(config, list, target->index);
	if (target->index > *count || *count >= list->maximum) {
		config_fail(error, "%u is not an index, allowed: 0 to %u", target->index,
			*count < list->maximum ? *count : *count - 1);
		return NULL;
	}
	*opened = true;
	return value_append(config, list);
}

bool config_set(struct config *config, const char *assignment, struct config_error *error)
{
	const char *equal = strchr(assignment, '=');
	size_t length = equal ? (size_t)(equal - assignment) : 0;
	struct target target;
	const struct schema_key *key;
	char suggestion[512];
	bool opened;
	void *base;

	if (length == 0)
		return config_fail(
			error, "\"%.80s\" is not KEY=VALUE, as cache.entries=65536", assignment);
	if (!read_target(&target, assignment, length))
		return config_fail(error,
			"\"%.80s\" is not a key, as cache.entries or "
			"exporters[0].protocol",
			assignment);
	key = schema_find(target.path);
	if (!key) {
		schema_suggest(target.path, suggestion, sizeof(suggestion));
		return config_fail(
			error, "%.*s: unknown key, %s", (int)length, assignment, suggestion);
	}
	if (key->type == SCHEMA_GROUP || key->type == SCHEMA_LIST)
		return config_fail(error,
			"%.*s: has keys of its own and no value, see weir "
			"--help-config",
			(int)length, assignment);
	base = find_base(config, &target, &opened, error);
	if (base && value_read(key, base, equal + 1, error))
		return true;
	if (opened)
		(*value_count(config, schema_find(target.list)))--;
	return config_fail(error, "%.*s: %s", (int)length, assignment, error->text);
}

bool config_add_collector(struct config *config, const char *collector, struct config_error *error)
{
	struct config_exporter *exporter;

	exporter = value_append(config, schema_find("exporters[]"));
	if (!exporter)
		return config_fail(error,
			"there are %u collectors already, the most that is "
			"allowed",
			config->exporter_count);
	if (value_read(schema_find("exporters[].collector"), exporter, collector, error))
		return true;
	config->exporter_count--;
	return false;
}
