/* format: numbers, addresses and times as text.
 *
 * Composed by hand, as printf would be most of the cost of printing a record.
 * Each writes its text and a final NUL and returns the length; the room that is
 * always enough stands beside it. Pure functions, any thread. */
#ifndef EXPORT_FORMAT_H
#define EXPORT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define FORMAT_NUMBER 21
size_t format_number(char *out, uint64_t number);

#define FORMAT_ADDRESS 48
size_t format_ipv4(char *out, const uint8_t octets[4]);
size_t format_ipv6(char *out, const uint8_t octets[16]); /* RFC 5952 */

/* ISO 8601 in UTC: `digits` (0 to 9) of the fraction, and between date and time
 * a 'T', which also brings the final Z, or something else for people. */
#define FORMAT_TIME 48
size_t format_iso8601(char *out, int64_t seconds, uint32_t nanoseconds, int digits, char between);

#endif
