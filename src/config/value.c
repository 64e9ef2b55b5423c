#include "config/value.h"

#include "base/clock.h"
#include "config/nearest.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t value;
};

/* Longest first: a time is written in falling units. */
static const struct unit times[] = {
	{"d", 86400 * CLOCK_SECOND},
	{"h", 3600 * CLOCK_SECOND},
	{"m", 60 * CLOCK_SECOND},
	{"s", CLOCK_SECOND},
	{"ms", CLOCK_MILLISECOND},
	{"us", 1000},
	{"ns", 1},
};
enum { TIMES = sizeof(times) / sizeof(times[0]), SECOND = 3 };

static const struct unit sizes[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* "2.5" in units of `unit`, added to *sum; advances *text past the digits. */
static bool add_decimal(const char **text, int64_t unit, int64_t *sum)
{
	int64_t whole = 0, part = 0, scale = unit;
	const char *at = *text;

	if (!isdigit((unsigned char)*at))
		return false;
	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
			__builtin_add_overflow(whole, *at - '0', &whole))
			return false;
	if (*at == '.') {
		if (!isdigit((unsigned char)*++at))
			return false;
		for (; isdigit((unsigned char)*at); at++) {
			part += (*at - '0') * (scale / 10) + (*at - '0') * (scale % 10) / 10;
			scale /= 10;
		}
	}
	*text = at;
	return !__builtin_mul_overflow(whole, unit, &whole) &&
	       !__builtin_add_overflow(whole, part, &whole) &&
	       !__builtin_add_overflow(*sum, whole, sum);
}

/* Which unit follows the number at `text`, from `from` on; TIMES: none. */
static size_t unit_after(const char *text, size_t from, size_t *length)
{
	size_t digits = strspn(text, "0123456789.");
	*length = strspn(text + digits, "abcdefghijklmnopqrstuvwxyz");
	for (size_t i = from; i < TIMES; i++)
		if (strlen(times[i].name) == *length &&
			strncmp(text + digits, times[i].name, *length) == 0)
			return i;
	return TIMES;
}

bool config_time(const char *text, int64_t *nanoseconds)
{
	int64_t sum = 0;
	size_t next = 0, length;

	if (text[strspn(text, "0123456789.")] == '\0') {
		if (!add_decimal(&text, times[SECOND].value, &sum) || *text)
			return false;
		*nanoseconds = sum;
		return true;
	}
	do {
		size_t unit = unit_after(text, next, &length);
		if (unit == TIMES || !add_decimal(&text, times[unit].value, &sum))
			return false;
		if (strncmp(text, times[unit].name, length) != 0)
			return false;
		text += length;
		next = unit + 1;
	} while (*text);
	*nanoseconds = sum;
	return true;
}

/* Sign and digits; a number beyond 64 bits saturates, to be refused as too large. */
static bool read_integer(const char *text, const char **end, int64_t *value)
{
	const char *digits = text + (*text == '-');

	if (!isdigit((unsigned char)*digits))
		return false;
	*end = digits + strspn(digits, "0123456789");
	*value = strtoll(text, NULL, 10);
	return true;
}

static bool read_size(const char *text, int64_t *value)
{
	const char *end;

	if (!read_integer(text, &end, value))
		return false;
	if (*end == '\0')
		return true;
	for (size_t i = 0; i < SIZES; i++)
		if (strcasecmp(end, sizes[i].name) == 0) {
			int64_t count = *value;
			if (__builtin_mul_overflow(count, sizes[i].value, value))
				*value = count < 0 ? INT64_MIN : INT64_MAX;
			return true;
		}
	return false;
}

/* A value in the largest unit that it is a whole number of. */
static void show_units(
	int64_t value, const struct unit *units, size_t count, char *text, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (value != 0 && value % units[i].value == 0) {
			snprintf(
				text, size, "%" PRId64 "%s", value / units[i].value, units[i].name);
			return;
		}
	snprintf(text, size, "%" PRId64, value);
}

static void show_words(const struct schema_word *words, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (; words->name; words++) {
		snprintf(text + used, size - used, "%s%s", used ? ", " : "", words->name);
		used = strlen(text);
	}
}

void value_allowed(const struct schema_key *key, char *text, size_t size)
{
	const char *space = key->unit ? " " : "", *unit = key->unit ? key->unit : "";
	char from[32], to[32];

	switch (key->type) {
	case SCHEMA_GROUP: snprintf(text, size, "a group: { ... }"); break;
	case SCHEMA_LIST: snprintf(text, size, "a list of groups: ( { ... } )"); break;
	case SCHEMA_BOOLEAN: snprintf(text, size, "true or false"); break;
	case SCHEMA_NUMBER:
		snprintf(text, size, "%" PRId64 " to %" PRId64 "%s%s%s%s", key->minimum,
			key->maximum, space, unit, key->words ? ", or " : "",
			key->words ? key->words->name : "");
		break;
	case SCHEMA_SIZE:
		show_units(key->minimum, sizes, SIZES, from, sizeof(from));
		show_units(key->maximum, sizes, SIZES, to, sizeof(to));
		snprintf(text, size, "%s to %s%s%s", from, to, space, unit);
		break;
	case SCHEMA_TIME:
		show_units(key->minimum, times, TIMES, from, sizeof(from));
		show_units(key->maximum, times, TIMES, to, sizeof(to));
		snprintf(text, size, "%s to %s%s%s", from, to, key->words ? ", or " : "",
			key->words ? key->words->name : "");
		break;
	case SCHEMA_WORD: show_words(key->words, text, size); break;
	case SCHEMA_STRING: snprintf(text, size, "text of up to %zu octets", key->size - 1); break;
	case SCHEMA_ADDRESS: snprintf(text, size, "an IPv4 or IPv6 address"); break;
	case SCHEMA_COLLECTOR:
		snprintf(text, size, "HOST, HOST:PORT, [IPv6] or [IPv6]:PORT");
		break;
	case SCHEMA_PORTS:
		snprintf(text, size, "up to %zu ports, 1 to 65535", key->size / sizeof(uint16_t));
		break;
	case SCHEMA_CPUS:
		snprintf(text, size, "none, or one for each worker, %" PRId64 " to %" PRId64,
			key->minimum, key->maximum);
		break;
	case SCHEMA_ELEMENTS:
		snprintf(
			text, size, "up to %d elements of weir --list-elements", DEFINITION_FIELDS);
		break;
	}
}

/* "7 is too small, allowed: 16 to 268435456": the one form of complaint. */
static bool refuse(const struct schema_key *key, const char *text, const char *what,
	struct config_error *error)
{
	bool plain = *text && text[strspn(text, "-.0123456789")] == '\0';
	const char *quote = plain ? "" : "\"";
	char allowed[256];

	value_allowed(key, allowed, sizeof(allowed));
	return config_fail(error, "%s%.80s%s%s %s, allowed: %s", quote, text,
		strlen(text) > 80 ? "..." : "", quote, what, allowed);
}

static void store(const struct schema_key *key, void *base, int64_t value)
{
	char *place = (char *)base + key->offset;

	switch (key->size) {
	case 1: *(uint8_t *)place = (uint8_t)value; break;
	case 4: *(uint32_t *)place = (uint32_t)value; break;
	default: *(int64_t *)place = value; break;
	}
}

static bool read_bounded(
	const struct schema_key *key, void *base, const char *text, struct config_error *error)
{
	int64_t value;
	const char *end = "";
	bool is_time = key->type == SCHEMA_TIME, read;

	if (is_time)
		read = config_time(text, &value);
	else if (key->type == SCHEMA_SIZE)
		read = read_size(text, &value);
	else
		read = read_integer(text, &end, &value) && *end == '\0';
	if (!read && is_time)
		return refuse(key, text, "is not a time (15, 0.5s, 500ms, 2m, 1h30m, 7d)", error);
	if (!read)
		return refuse(key, text,
			key->type == SCHEMA_SIZE ? "is not a size (65536, 64K, 64M, 1G)"
						 : "is not a whole number",
			error);
	if (value < key->minimum)
		return refuse(key, text, is_time ? "is too short" : "is too small", error);
	if (value > key->maximum)
		return refuse(key, text, is_time ? "is too long" : "is too large", error);
	store(key, base, value);
	return true;
}

/* Stores the value of a word; false: it is none of the table's. */
static bool read_word(
	const struct schema_key *key, const struct schema_word *words, void *base, const char *text)
{
	for (; words->name; words++)
		if (strcasecmp(words->name, text) == 0) {
			store(key, base, words->value);
			return true;
		}
	return false;
}

static bool read_string(
	const struct schema_key *key, void *base, const char *text, struct config_error *error)
{
	size_t length = strlen(text);

	if (length >= key->size)
		return refuse(key, text, "is too long", error);
	memcpy((char *)base + key->offset, text, length + 1);
	return true;
}

static bool is_address(int family, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];
	return inet_pton(family, text, address) == 1;
}

/* With or without a zone, as fe80::1%eth0. */
static bool is_ipv6(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *zone = strchr(text, '%');
	size_t length = zone ? (size_t)(zone - text) : strlen(text);

	if (length >= sizeof(address) || (zone && zone[1] == '\0'))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	return is_address(AF_INET6, address);
}

static bool is_host(const char *text)
{
	size_t length = strlen(text);

	if (text[strspn(text, "0123456789.")] == '\0')
		return is_address(AF_INET, text);
	return length <= 253 && isalnum((unsigned char)text[0]) &&
	       strspn(text, "0123456789.-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		       length;
}

static bool is_port(const char *text)
{
	const char *end;
	int64_t port;

	return read_integer(text, &end, &port) && *end == '\0' && port >= 1 && port <= 65535;
}

static bool read_collector(
	const struct schema_key *key, void *base, const char *text, struct config_error *error)
{
	struct config_exporter *exporter = base;
	char host[CONFIG_NAME];
	const char *colon = strchr(text, ':'), *port = "";
	bool bracketed = text[0] == '[';

	if (!bracketed && is_ipv6(text))
		return refuse(key, text, "is an IPv6 address without brackets", error);
	if (bracketed)
		colon = strchr(text, ']');
	if (snprintf(host, sizeof(host), "%.*s",
		    (int)((colon ? colon : text + strlen(text)) - text) - bracketed,
		    text + bracketed) >= (int)sizeof(host) ||
		(bracketed && !colon))
		return refuse(key, text, "is not a collector", error);
	if (bracketed)
		colon = colon[1] ? colon + 1 : NULL;
	if (!(bracketed ? is_ipv6(host) : is_host(host)))
		return refuse(key, text, "is not a host name or an address", error);
	if (colon)
		port = colon + 1;
	if (colon && (*colon != ':' || !is_port(port)))
		return refuse(key, text, "has no valid port (1 to 65535)", error);
	snprintf(exporter->host, sizeof(exporter->host), "%s", host);
	snprintf(exporter->service, sizeof(exporter->service), "%ld", strtol(port, NULL, 10));
	if (!colon)
		exporter->service[0] = '\0';
	return true;
}

/* "4789, 8472", with or without brackets around, up to `most` of them */
static bool read_numbers(const struct schema_key *key, const char *text, uint16_t *numbers,
	size_t most, size_t *count, struct config_error *error)
{
	const char *noun = key->type == SCHEMA_CPUS ? "CPU" : "port";
	const char *at = text + strspn(text, "[ "), *end;
	char what[64];
	int64_t number;

	*count = 0;
	while (*at && *at != ']') {
		snprintf(what, sizeof(what), "is not a list of %ss", noun);
		if (!read_integer(at, &end, &number) || !strchr(", ]", *end))
			return refuse(key, text, what, error);
		snprintf(what, sizeof(what), "names a %s that there is not", noun);
		if (number < key->minimum || number > key->maximum)
			return refuse(key, text, what, error);
		snprintf(what, sizeof(what), "has too many %ss", noun);
		if (*count == most)
			return refuse(key, text, what, error);
		numbers[(*count)++] = (uint16_t)number;
		at = end + strspn(end, ", ");
	}
	return true;
}

static bool read_ports(
	const struct schema_key *key, void *base, const char *text, struct config_error *error)
{
	uint16_t ports[CONFIG_TUNNEL_PORTS] = {0};
	size_t count;

	_Static_assert(sizeof(ports) == sizeof(((struct config_cache *)NULL)->tunnel_ports[0]), "");
	if (!read_numbers(key, text, ports, CONFIG_TUNNEL_PORTS, &count, error))
		return false;
	if (count == 0)
		return refuse(key, text, "has no port", error);
	memcpy((char *)base + key->offset, ports, sizeof(ports));
	return true;
}

static bool read_cpus(
	const struct schema_key *key, void *base, const char *text, struct config_error *error)
{
	struct config_cpus cpus = {0};
	size_t count;

	if (!read_numbers(key, text, cpus.number, CONFIG_WORKERS, &count, error))
		return false;
	cpus.count = (uint32_t)count;
	memcpy((char *)base + key->offset, &cpus, sizeof(cpus));
	return true;
}

/* "sourceIPv4Address, octetDeltaCount", with or without brackets around */
static bool read_elements(
	const struct schema_key *key, void *base, const char *text, struct config_error *error)
{
	struct config_elements elements = {0};
	const char *at = text + strspn(text, "[ ");
	char name[NEAREST_MOST], near[NEAREST_MOST];

	while (*at && *at != ']') {
		size_t length = strcspn(at, ", ]");
		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		if (elements.count == DEFINITION_FIELDS)
			return refuse(key, name, "is one too many", error);
		if (!definition_field_read(name, &elements.field[elements.count]))
			return nearest_element(name, near, sizeof(near))
				       ? config_fail(error, "\"%s\" is not known, is it \"%s\"?",
						 name, near)
				       : refuse(key, name, "is not known", error);
		elements.count++;
		at += length;
		at += strspn(at, ", ");
	}
	memcpy((char *)base + key->offset, &elements, sizeof(elements));
	return true;
}

static bool read_value(
	const struct schema_key *key, void *base, const char *text, struct config_error *error)
{
	static const struct schema_word booleans[] = {
		{"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0}, {"on", 1}, {"off", 0}, {NULL, 0}};

	switch (key->type) {
	case SCHEMA_GROUP:
	case SCHEMA_LIST: return refuse(key, text, "is a single value", error);
	case SCHEMA_BOOLEAN:
		return read_word(key, booleans, base, text) ||
		       refuse(key, text, "is neither", error);
	case SCHEMA_WORD:
		return read_word(key, key->words, base, text) ||
		       refuse(key, text, "is not known", error);
	case SCHEMA_TIME:
	case SCHEMA_NUMBER:
		if (key->words && read_word(key, key->words, base, text))
			return true;
		return read_bounded(key, base, text, error);
	case SCHEMA_SIZE: return read_bounded(key, base, text, error);
	case SCHEMA_ADDRESS:
		if (*text && !is_address(AF_INET, text) && !is_ipv6(text))
			return refuse(key, text, "is not an address", error);
		return read_string(key, base, text, error);
	case SCHEMA_STRING: return read_string(key, base, text, error);
	case SCHEMA_COLLECTOR: return read_collector(key, base, text, error);
	case SCHEMA_PORTS: return read_ports(key, base, text, error);
	case SCHEMA_CPUS: return read_cpus(key, base, text, error);
	case SCHEMA_ELEMENTS: return read_elements(key, base, text, error);
	}
	return false;
}

/* The bit of an exporter's key; 0: it is none. */
static uint64_t bit_of(const struct schema_key *key)
{
	const struct schema_key *list = schema_find("exporters[]");

	return schema_below(key->path, list->path) ? UINT64_C(1) << (key - list) : 0;
}

bool value_read(
	const struct schema_key *key, void *base, const char *text, struct config_error *error)
{
	uint64_t bit = bit_of(key);

	if (!read_value(key, base, text, error))
		return false;
	if (bit)
		((struct config_exporter *)base)->given |= bit;
	return true;
}

bool value_preset(const struct schema_key *key, void *base, const char *text)
{
	struct config_error error;

	return read_value(key, base, text, &error);
}

bool value_is_given(const struct schema_key *key, const void *base)
{
	return ((const struct config_exporter *)base)->given & bit_of(key);
}
