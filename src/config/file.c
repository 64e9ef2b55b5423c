#include "base/memory.h"
#include "config/text.h"
#include "config/value.h"

#include <inttypes.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 256, VALUE = 4352 };

struct reader {
	struct config *config;
	const struct text *source;
	struct config_error *error;
};

/* Where a setting stands: its row's path, its path as a person writes it, and
 * what the offsets of its rows count from. */
struct level {
	char path[PATH];
	char shown[PATH];
	char *base;
};

static bool read_group(struct reader *reader, config_setting_t *group, const struct level *level);

static bool fail(const struct reader *reader, config_setting_t *setting, const struct level *level,
	const char *what)
{
	unsigned line = config_setting_source_line(setting);

	return config_fail(reader->error, "%s:%u: %s: %s", text_file(reader->source, line),
		text_line(reader->source, line), level->shown, what);
}

static void show_type(config_setting_t *setting, char *text, size_t size)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP: snprintf(text, size, "a group"); break;
	case CONFIG_TYPE_LIST: snprintf(text, size, "a list"); break;
	case CONFIG_TYPE_ARRAY: snprintf(text, size, "an array"); break;
	case CONFIG_TYPE_FLOAT:
		snprintf(text, size, "the fraction %g", config_setting_get_float(setting));
		break;
	case CONFIG_TYPE_BOOL:
		snprintf(text, size, "the boolean %s",
			config_setting_get_bool(setting) ? "true" : "false");
		break;
	case CONFIG_TYPE_STRING:
		snprintf(text, size, "the string \"%.64s\"", config_setting_get_string(setting));
		break;
	default: snprintf(text, size, "the number %lld", config_setting_get_int64(setting)); break;
	}
}

static bool fail_type(const struct reader *reader, config_setting_t *setting,
	const struct level *level, const struct schema_key *key)
{
	char found[128], allowed[256], what[512];

	show_type(setting, found, sizeof(found));
	value_allowed(key, allowed, sizeof(allowed));
	if (config_setting_type(setting) == CONFIG_TYPE_STRING && key->type == SCHEMA_NUMBER)
		strcat(allowed, ", without quotes");
	snprintf(what, sizeof(what), "is %s, allowed: %s", found, allowed);
	return fail(reader, setting, level, what);
}

static bool is_integer(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_INT ||
	       config_setting_type(setting) == CONFIG_TYPE_INT64;
}

/* Which of libconfig's types a key's value may have. */
static bool fits(const struct schema_key *key, const config_setting_t *setting)
{
	bool is_string = config_setting_type(setting) == CONFIG_TYPE_STRING;

	switch (key->type) {
	case SCHEMA_GROUP: return config_setting_is_group(setting);
	case SCHEMA_LIST: return config_setting_is_list(setting);
	case SCHEMA_BOOLEAN: return config_setting_type(setting) == CONFIG_TYPE_BOOL;
	case SCHEMA_NUMBER: return is_integer(setting) || (key->words && is_string);
	case SCHEMA_SIZE:
	case SCHEMA_WORD: return is_integer(setting) || is_string;
	case SCHEMA_TIME: return config_setting_is_number(setting) || is_string;
	case SCHEMA_STRING:
	case SCHEMA_ADDRESS:
	case SCHEMA_COLLECTOR: return is_string;
	case SCHEMA_PORTS:
	case SCHEMA_CPUS:
		return is_integer(setting) || config_setting_is_array(setting) ||
		       config_setting_is_list(setting);
	case SCHEMA_ELEMENTS:
		return is_string || config_setting_is_array(setting) ||
		       config_setting_is_list(setting);
	}
	return false;
}

/* A single value as --set would give it. */
static void value_text(config_setting_t *setting, char *text, size_t size)
{
	const char *string = config_setting_get_string(setting);

	if (string)
		snprintf(text, size, "%s", string);
	else if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
		snprintf(text, size, "%.9f", config_setting_get_float(setting));
	else if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
		snprintf(text, size, "%s", config_setting_get_bool(setting) ? "true" : "false");
	else
		snprintf(text, size, "%lld", config_setting_get_int64(setting));
}

/* The members of a list or array, "4789, 8472", all of them strings or none; false:
 * something else is there. */
static bool list_text(config_setting_t *list, bool strings, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < config_setting_length(list); i++) {
		config_setting_t *element = config_setting_get_elem(list, (unsigned)i);
		const char *string = config_setting_get_string(element);
		if (strings ? !string : !is_integer(element))
			return false;
		if (strings)
			snprintf(text + used, size - used, "%s%s", used ? ", " : "", string);
		else
			snprintf(text + used, size - used, "%s%lld", used ? ", " : "",
				config_setting_get_int64(element));
		used = strlen(text);
	}
	return true;
}

/* What is wrong with these is seen when all has been read, or at the start. */
static void note_place(
	const struct reader *reader, const config_setting_t *setting, struct config_cpus *cpus)
{
	unsigned line = config_setting_source_line(setting);

	snprintf(cpus->where, sizeof(cpus->where), "%.*s:%u: ", CONFIG_NAME - 1,
		text_file(reader->source, line), text_line(reader->source, line));
}

static bool read_value(struct reader *reader, config_setting_t *setting, const struct level *level,
	const struct schema_key *key)
{
	struct config_error reason;
	char text[VALUE];

	if (!config_setting_is_aggregate(setting))
		value_text(setting, text, sizeof(text));
	else if (!list_text(setting, key->type == SCHEMA_ELEMENTS, text, sizeof(text)))
		return fail_type(reader, setting, level, key);
	if (!value_read(key, level->base, text, &reason))
		return fail(reader, setting, level, reason.text);
	if (key->type == SCHEMA_CPUS)
		note_place(
			reader, setting, (struct config_cpus *)(void *)(level->base + key->offset));
	return true;
}

static bool read_list(struct reader *reader, config_setting_t *setting, const struct level *level,
	const struct schema_key *key)
{
	*value_count(reader->config, key) = 0;
	for (int i = 0; i < config_setting_length(setting); i++) {
		config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		struct level inner;
		char what[64];
		snprintf(inner.path, sizeof(inner.path), "%s", level->path);
		snprintf(inner.shown, sizeof(inner.shown), "%.*s[%d]", PATH - 16, level->shown, i);
		if (!config_setting_is_group(element))
			return fail_type(reader, element, &inner,
				&(struct schema_key){.type = SCHEMA_GROUP});
		inner.base = value_append(reader->config, key);
		snprintf(what, sizeof(what), "there are too many, allowed: %jd",
			(intmax_t)key->maximum);
		if (!inner.base)
			return fail(reader, element, &inner, what);
		if (!read_group(reader, element, &inner))
			return false;
	}
	return true;
}

static const struct schema_key *find_key(struct level *level)
{
	const struct schema_key *key = schema_find(level->path);
	char list[PATH + 2];

	if (key)
		return key;
	snprintf(list, sizeof(list), "%s[]", level->path);
	key = schema_find(list);
	if (key)
		snprintf(level->path, sizeof(level->path), "%s", key->path);
	return key;
}

static bool read_member(struct reader *reader, config_setting_t *setting, struct level *level)
{
	const struct schema_key *key = find_key(level);
	char suggestion[512], what[600];

	if (!key) {
		schema_suggest(level->path, suggestion, sizeof(suggestion));
		snprintf(what, sizeof(what), "unknown key, %s", suggestion);
		return fail(reader, setting, level, what);
	}
	if (!fits(key, setting))
		return fail_type(reader, setting, level, key);
	if (key->type == SCHEMA_GROUP)
		return read_group(reader, setting, level);
	if (key->type == SCHEMA_LIST)
		return read_list(reader, setting, level, key);
	return read_value(reader, setting, level, key);
}

/* A name too long for a path is cut and so no key's. */
static void join(char *path, const char *parent, const char *name)
{
	snprintf(path, PATH, "%.*s%s%.*s", PATH / 2 - 1, parent, *parent ? "." : "", PATH / 2 - 1,
		name);
}

static bool read_group(struct reader *reader, config_setting_t *group, const struct level *level)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		struct level inner = {.base = level->base};
		join(inner.path, level->path, config_setting_name(setting));
		join(inner.shown, level->shown, config_setting_name(setting));
		if (!read_member(reader, setting, &inner))
			return false;
	}
	return true;
}

/* libconfig does not look whether it got the memory that it asks for. Where it is short, that shall
 * show here: a setting takes some 150 octets, and four characters at least. */
static bool has_room(size_t text)
{
	size_t room = 64 * text + (1 << 20);
	void *probe = memory_map(room);

	memory_unmap(probe, room);
	return probe != NULL;
}

/* libconfig stops at the first word that cannot follow. */
#define SYNTAX_HINT                                                                            \
	", here or just before: a text without quotes, a bracket or semicolon too few or too " \
	"many?"

static bool read_source(
	struct config *config, const struct text *source, struct config_error *error)
{
	struct reader reader = {config, source, error};
	struct level top = {.base = (char *)config};
	config_t parsed;
	bool ok;

	if (!has_room(source->length))
		return config_fail(error, "%s: out of memory", text_file(source, 1));
	config_init(&parsed);
	if (config_read_string(&parsed, source->text)) {
		ok = read_group(&reader, config_root_setting(&parsed), &top);
	} else {
		unsigned line = (unsigned)config_error_line(&parsed);
		const char *why = config_error_text(&parsed);
		ok = config_fail(error, "%s:%u: %s%s", text_file(source, line),
			text_line(source, line), why,
			strcmp(why, "syntax error") == 0 ? SYNTAX_HINT : "");
	}
	config_destroy(&parsed);
	return ok;
}

/* Works on a copy, which takes the original's place when all of it is good. */
static bool load(
	struct config *config, const char *name, const char *text, struct config_error *error)
{
	struct config *copy = malloc(sizeof(*copy));
	struct text source;
	bool ok;

	if (!copy)
		return config_fail(error, "out of memory");
	*copy = *config;
	ok = text_scan(&source, name, text, error) && read_source(copy, &source, error);
	text_free(&source);
	if (ok)
		*config = *copy;
	free(copy);
	return ok;
}

bool config_load(struct config *config, const char *path, struct config_error *error)
{
	return load(config, path, NULL, error);
}

bool config_parse(
	struct config *config, const char *text, const char *name, struct config_error *error)
{
	return load(config, name, text, error);
}
