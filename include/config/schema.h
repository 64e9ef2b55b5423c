/* schema: the table of all configuration keys.
 *
 * One row per key says where it stands in the file, its type, range, default
 * and help, and where its value lives in struct config. The file reader, --set,
 * the defaults, --help-config and the complaints all read this one table, and
 * the manual and the sample file are held to it by a test. A new option is a
 * row here and a member in config.h. Constant data, any thread. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "config/config.h"

#include <stddef.h>

enum schema_type {
	SCHEMA_GROUP,     /* name = { ... }; */
	SCHEMA_LIST,      /* name = ( { ... }, ... ); */
	SCHEMA_BOOLEAN,   /* bool */
	SCHEMA_NUMBER,    /* unsigned of any width */
	SCHEMA_SIZE,      /* the same, octets with K, M or G */
	SCHEMA_TIME,      /* int64_t nanoseconds, or one of the words */
	SCHEMA_WORD,      /* enum or bool, one of the words */
	SCHEMA_STRING,    /* char[] */
	SCHEMA_ADDRESS,   /* char[], an IPv4 or IPv6 address or "" */
	SCHEMA_COLLECTOR, /* struct config_exporter's host and service */
	SCHEMA_PORTS,     /* uint16_t[], 0 ends */
	SCHEMA_CPUS,      /* struct config_cpus */
	SCHEMA_ELEMENTS,  /* struct config_elements, names of information elements */
};

struct schema_word {
	const char *name; /* NULL ends a table */
	int64_t value;
};

struct schema_key {
	const char *path;   /* "cache.timeouts.idle"; in a list "inputs[].filter" */
	const char *preset; /* default as --set would give it; NULL: none, see the help */
	const char *unit;   /* of a number, NULL: none */
	const char *help;
	const struct schema_word *words;
	int64_t minimum;
	int64_t maximum; /* LIST: elements */
	size_t offset;   /* in struct config, or in the list's element; LIST: of the array */
	size_t size;     /* of the value; LIST: of one element */
	size_t count;    /* LIST: offset of the number in use */
	enum schema_type type;
};

extern const struct schema_key schema_keys[];
extern const size_t schema_count;

/* The row of a path as it stands in the table; NULL: none. */
const struct schema_key *schema_find(const char *path);

/* True when `path` is a direct member of group or list `parent` ("": the top). */
bool schema_within(const char *path, const char *parent);

/* True when `path` is a member of list `parent`, or of a group in it. */
bool schema_below(const char *path, const char *parent);

/* What may have been meant by an unknown path: the nearest key, or the names
 * that are known where it stands. */
void schema_suggest(const char *path, char *text, size_t size);

#endif
