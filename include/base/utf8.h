/* utf8: well-formed UTF-8, RFC 3629. Pure functions, any thread. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The octets of the character at s, of which `left` are there; 0: it is none. */
size_t utf8_length(const uint8_t *s, size_t left);

/* Copies a text into out[size], size at least 1, with its final NUL: whole characters as
 * far as there is room, a '?' for each octet that belongs to none. */
void utf8_copy(char *out, size_t size, const char *text);

#endif
