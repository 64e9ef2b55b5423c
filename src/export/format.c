/* format: numbers, addresses and times composed by hand. */
#include "export/format.h"

#include "base/bytes.h"

#include <stdlib.h>

/* Exactly `digits` digits. */
static char *digits_of(char *at, uint64_t number, int digits)
{
	for (int i = digits - 1; i >= 0; i--, number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + digits;
}

size_t format_number(char *out, uint64_t number)
{
	int digits = 1;

	for (uint64_t rest = number; rest >= 10; rest /= 10)
		digits++;
	*digits_of(out, number, digits) = '\0';
	return (size_t)digits;
}

size_t format_ipv4(char *out, const uint8_t octets[4])
{
	char *at = out;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at += format_number(at, octets[i]);
	}
	return (size_t)(at - out);
}

/* The first of the longest runs of two or more zero groups; its length. */
static int zero_run(const uint8_t octets[16], int *first)
{
	int longest = 1;

	*first = -1;
	for (int i = 0; i < 8; i++) {
		int run = 0;
		while (i + run < 8 && be16(octets + 2 * (i + run)) == 0)
			run++;
		if (run > longest) {
			longest = run;
			*first = i;
		}
		i += run;
	}
	return longest;
}

static char *hex_group(char *at, unsigned group)
{
	int shift = group >= 0x1000 ? 12 : group >= 0x100 ? 8 : group >= 0x10 ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[group >> shift & 15];
	return at;
}

size_t format_ipv6(char *out, const uint8_t octets[16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	int skip, run = zero_run(octets, &skip);
	char *at = out;

	if (memcmp(octets, mapped, sizeof mapped) == 0) {
		memcpy(out, "::ffff:", 7);
		return 7 + format_ipv4(out + 7, octets + 12);
	}
	for (int i = 0; i < 8; i++) {
		if (i == skip) {
			*at++ = ':';
			i += run - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i > 0)
			*at++ = ':';
		at = hex_group(at, be16(octets + 2 * i));
	}
	*at = '\0';
	return (size_t)(at - out);
}

/* Days since 1970 as a date of the Gregorian calendar: years begin in March
 * here, so that the leap day is the last of its year. */
static void date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t shifted = days + 719468; /* since 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t march = (5 * of_year + 2) / 153; /* months since March */

	*day = (unsigned)(of_year - (153 * march + 2) / 5 + 1);
	*month = (unsigned)(march < 10 ? march + 3 : march - 9);
	*year = y + era * 400 + (*month <= 2);
}

size_t format_iso8601(char *out, int64_t seconds, uint32_t nanoseconds, int digits, char between)
{
	int64_t days = seconds / 86400, second = seconds % 86400, year;
	unsigned month, day;
	char *at = out;

	if (second < 0) {
		second += 86400;
		days--;
	}
	date_of(days, &year, &month, &day);
	if (year < 0)
		*at++ = '-';
	else if (year > 9999)
		*at++ = '+';
	if (year < 0 || year > 9999)
		at += format_number(at, (uint64_t)llabs(year));
	else
		at = digits_of(at, (uint64_t)year, 4);
	*at++ = '-';
	at = digits_of(at, month, 2);
	*at++ = '-';
	at = digits_of(at, day, 2);
	*at++ = between;
	at = digits_of(at, (uint64_t)second / 3600, 2);
	*at++ = ':';
	at = digits_of(at, (uint64_t)second / 60 % 60, 2);
	*at++ = ':';
	at = digits_of(at, (uint64_t)second % 60, 2);
	if (digits > 0) {
		uint32_t fraction = nanoseconds;
		for (int i = 9; i > digits; i--)
			fraction /= 10;
		*at++ = '.';
		at = digits_of(at, fraction, digits);
	}
	if (between == 'T')
		*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - out);
}
