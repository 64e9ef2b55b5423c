/* value: one value as text, from its octets on the wire.
 *
 * The element's type says what the octets mean; integers may have any reduced
 * length (RFC 7011 section 6.2). What has no type here, or a length that its
 * type cannot have, is shown as hexadecimal octets, so that every input has an
 * output. Nothing is allocated and nothing but the buffer is written; any thread. */
#ifndef EXPORT_VALUE_H
#define EXPORT_VALUE_H

#include "export/ie.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_form {
	VALUE_TEXT, /* for people: protocols, TCP flags and end reasons by name */
	VALUE_JSON, /* numbers as numbers, all else as a JSON string or null */
	VALUE_CSV,  /* as in JSON, strings with CSV's quotes where they need them */
};

/* Room that is enough for any value of so many octets, final NUL included. */
#define VALUE_ROOM(octets) (6 * (size_t)(octets) + 64)

/* Writes the value and a final NUL to at most `size` octets (at least 1) and
 * returns the length without the NUL. With less than VALUE_ROOM it may be cut. */
size_t value_print(char *out, size_t size, enum value_form form, const struct ie *ie,
	const uint8_t *octets, size_t length);

/* The octets as an unsigned integer; false where they are none or more than 8. */
bool value_unsigned(const uint8_t *octets, size_t length, uint64_t *value);

/* A dateTime value as milliseconds since 1970; false where the type is none of
 * the four or the length is not the type's. */
bool value_time(const struct ie *ie, const uint8_t *octets, size_t length, int64_t *milliseconds);

/* The flags that are set, from SYN on: "SA", "SAPF"; "-" without any. Room: VALUE_FLAGS. */
#define VALUE_FLAGS 13
size_t value_tcp_flags(char *out, uint64_t flags);

/* Names for people; NULL: none. */
const char *value_protocol(uint64_t protocol);
const char *value_end_reason(uint64_t reason);

#endif
