/* value: octets of the wire as text, JSON or CSV.
 *
 * Numbers, addresses and times are composed by hand: printf would be most of the
 * cost of printing a record. */
#include "export/value.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "export/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Seconds from the NTP epoch to 1970 */
#define NTP_1970 2208988800

/* A bounded text under construction; what does not fit is left out. */
struct text {
	char *at;
	char *end; /* one octet before the buffer's, for the NUL */
};

static const char hex[] = "0123456789abcdef";

static void put(struct text *t, char c)
{
	if (t->at < t->end)
		*t->at++ = c;
}

static void put_bytes(struct text *t, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(t, s[i]);
}

static void put_text(struct text *t, const char *s)
{
	put_bytes(t, s, strlen(s));
}

size_t value_tcp_flags(char *out, uint64_t flags)
{
	/* AE is N, as in its first name; 9 to 11 are the bits without a name. */
	static const struct {
		uint16_t bit;
		char letter;
	} letters[] = {{0x002, 'S'}, {0x010, 'A'}, {0x008, 'P'}, {0x001, 'F'}, {0x004, 'R'},
		{0x020, 'U'}, {0x040, 'E'}, {0x080, 'C'}, {0x100, 'N'}, {0x200, '1'}, {0x400, '2'},
		{0x800, '3'}};
	size_t n = 0;

	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
		if (flags & letters[i].bit)
			out[n++] = letters[i].letter;
	if (n == 0)
		out[n++] = '-';
	out[n] = '\0';
	return n;
}

const char *value_protocol(uint64_t protocol)
{
	static const char *const names[256] = {
		[1] = "icmp",
		[2] = "igmp",
		[4] = "ipip",
		[6] = "tcp",
		[17] = "udp",
		[33] = "dccp",
		[41] = "ipv6",
		[47] = "gre",
		[50] = "esp",
		[51] = "ah",
		[58] = "icmp6",
		[88] = "eigrp",
		[89] = "ospf",
		[103] = "pim",
		[112] = "vrrp",
		[115] = "l2tp",
		[132] = "sctp",
		[136] = "udpl",
		[137] = "mpls",
	};
	return protocol < 256 ? names[protocol] : NULL;
}

const char *value_end_reason(uint64_t reason)
{
	static const char *const names[] = {NULL, "idle", "active", "end", "forced", "resources"};
	return reason < sizeof names / sizeof names[0] ? names[reason] : NULL;
}

bool value_unsigned(const uint8_t *octets, size_t length, uint64_t *value)
{
	uint64_t v = 0;

	if (length < 1 || length > 8)
		return false;
	for (size_t i = 0; i < length; i++)
		v = v << 8 | octets[i];
	*value = v;
	return true;
}

/* A time of any of the four types, its fraction rounded to the type's digits. */
struct moment {
	int64_t seconds;
	uint32_t nanoseconds;
	int digits;
};

/* The NTP format counts from 1900 in 32 bits. Values below the middle belong to
 * the era that begins in 2036 (RFC 4330 section 3). */
static struct moment moment_of_ntp(const uint8_t *octets, int digits)
{
	uint32_t seconds = be32(octets);
	uint64_t unit = digits == 6 ? 1000000 : 1000000000;
	uint64_t fraction = (be32(octets + 4) * unit + (UINT64_C(1) << 31)) >> 32;
	struct moment m = {(int64_t)seconds - NTP_1970, 0, digits};

	if (seconds < UINT32_C(1) << 31)
		m.seconds += INT64_C(1) << 32;
	if (fraction == unit) {
		fraction = 0;
		m.seconds++;
	}
	m.nanoseconds = (uint32_t)(fraction * (1000000000 / unit));
	return m;
}

static bool moment_of(
	const struct ie *ie, const uint8_t *octets, size_t length, struct moment *moment)
{
	uint64_t ms;

	if (ie->type == IE_SECONDS && length == 4) {
		*moment = (struct moment){be32(octets), 0, 0};
	} else if (ie->type == IE_MILLISECONDS && length == 8) {
		ms = be64(octets);
		*moment = (struct moment){(int64_t)(ms / 1000), (uint32_t)(ms % 1000) * 1000000, 3};
	} else if (ie->type == IE_MICROSECONDS && length == 8) {
		*moment = moment_of_ntp(octets, 6);
	} else if (ie->type == IE_NANOSECONDS && length == 8) {
		*moment = moment_of_ntp(octets, 9);
	} else {
		return false;
	}
	return true;
}

bool value_time(const struct ie *ie, const uint8_t *octets, size_t length, int64_t *milliseconds)
{
	struct moment m;

	if (!moment_of(ie, octets, length, &m) || m.seconds > INT64_MAX / 1000 - 1)
		return false;
	*milliseconds = m.seconds * 1000 + m.nanoseconds / 1000000;
	return true;
}

/* What stands around a value that is no number. */
static void put_quoted(struct text *t, enum value_form form, const char *s, size_t n)
{
	if (form == VALUE_JSON)
		put(t, '"');
	put_bytes(t, s, n);
	if (form == VALUE_JSON)
		put(t, '"');
}

static void put_hex(struct text *t, enum value_form form, const uint8_t *octets, size_t length)
{
	if (form == VALUE_JSON)
		put(t, '"');
	if (length > 0)
		put_text(t, "0x");
	for (size_t i = 0; i < length; i++) {
		put(t, hex[octets[i] >> 4]);
		put(t, hex[octets[i] & 15]);
	}
	if (form == VALUE_JSON)
		put(t, '"');
}

static void put_escape(struct text *t, const char *prefix, uint8_t octet)
{
	put_text(t, prefix);
	put(t, hex[octet >> 4]);
	put(t, hex[octet & 15]);
}

/* One character. Control characters, which a terminal would obey, and octets that
 * are no UTF-8 come out as escapes in every form. */
static void put_character(struct text *t, enum value_form form, const uint8_t *s, size_t n)
{
	bool control = n == 1 && (s[0] < 0x20 || s[0] == 0x7f);

	if (n == 0) {
		put_escape(t, form == VALUE_JSON ? "\\\\x" : "\\x", s[0]);
	} else if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) {
		put_escape(t, form == VALUE_JSON ? "\\u00" : "\\u", s[1]);
	} else if (control) {
		put_escape(t, form == VALUE_JSON ? "\\u00" : "\\x", s[0]);
	} else {
		if (s[0] == '\\' || (s[0] == '"' && form != VALUE_CSV))
			put(t, '\\');
		else if (s[0] == '"')
			put(t, '"');
		put_bytes(t, (const char *)s, n);
	}
}

static void put_string(struct text *t, enum value_form form, const uint8_t *octets, size_t length)
{
	/* NetFlow v9 fills strings of a fixed length with zeros. */
	while (length > 0 && octets[length - 1] == 0)
		length--;

	bool quotes =
		form != VALUE_CSV || memchr(octets, ',', length) || memchr(octets, '"', length);
	if (quotes)
		put(t, '"');
	for (size_t i = 0; i < length;) {
		size_t n = utf8_length(octets + i, length - i);
		put_character(t, form, octets + i, n);
		i += n > 0 ? n : 1;
	}
	if (quotes)
		put(t, '"');
}

static void put_number(struct text *t, uint64_t number)
{
	char digits[FORMAT_NUMBER];
	put_bytes(t, digits, format_number(digits, number));
}

/* The elements that have a better text than their number. */
static bool put_named(struct text *t, uint16_t id, uint64_t number)
{
	char flags[VALUE_FLAGS];
	const char *name = NULL;

	switch (id) {
	case 4: name = value_protocol(number); break;
	case 6:
		value_tcp_flags(flags, number);
		name = flags;
		break;
	case 32:
	case 139:
		put_number(t, number >> 8);
		put(t, '/');
		put_number(t, number & 255);
		return true;
	case 136: name = value_end_reason(number); break;
	default: break;
	}
	if (name)
		put_text(t, name);
	return name != NULL;
}

/* The shortest of 15 and 17 digits that reads back as the same number. */
static void put_float(struct text *t, enum value_form form, const uint8_t *octets, size_t length)
{
	char digits[32];
	double number;

	if (length == 4) {
		uint32_t bits = be32(octets);
		float narrow;
		memcpy(&narrow, &bits, sizeof narrow);
		number = (double)narrow;
	} else {
		uint64_t bits = be64(octets);
		memcpy(&number, &bits, sizeof number);
	}
	if (!isfinite(number) && form == VALUE_JSON) {
		put_text(t, "null");
		return;
	}
	snprintf(digits, sizeof digits, "%.15g", number);
	if (strtod(digits, NULL) < number || strtod(digits, NULL) > number)
		snprintf(digits, sizeof digits, "%.17g", number);
	put_text(t, digits);
}

static void put_boolean(struct text *t, uint8_t octet)
{
	if (octet == 1 || octet == 2)
		put_text(t, octet == 1 ? "true" : "false");
	else
		put_number(t, octet);
}

static void put_mac(struct text *t, enum value_form form, const uint8_t *octets)
{
	char mac[18];

	for (size_t i = 0; i < 6; i++) {
		mac[3 * i] = hex[octets[i] >> 4];
		mac[3 * i + 1] = hex[octets[i] & 15];
		mac[3 * i + 2] = ':';
	}
	put_quoted(t, form, mac, 17);
}

/* Types that are no number; false: the length is not one that the type has. */
static bool put_other(struct text *t, enum value_form form, const struct ie *ie,
	const uint8_t *octets, size_t length)
{
	char buffer[FORMAT_ADDRESS > FORMAT_TIME ? FORMAT_ADDRESS : FORMAT_TIME];
	struct moment m;

	if (ie->type == IE_STRING)
		put_string(t, form, octets, length);
	else if (ie->type == IE_IPV4_ADDRESS && length == 4)
		put_quoted(t, form, buffer, format_ipv4(buffer, octets));
	else if (ie->type == IE_IPV6_ADDRESS && length == 16)
		put_quoted(t, form, buffer, format_ipv6(buffer, octets));
	else if (ie->type == IE_MAC_ADDRESS && length == 6)
		put_mac(t, form, octets);
	else if (moment_of(ie, octets, length, &m))
		put_quoted(t, form, buffer,
			format_iso8601(buffer, m.seconds, m.nanoseconds, m.digits, 'T'));
	else
		return false;
	return true;
}

static bool put_numeric(struct text *t, enum value_form form, const struct ie *ie,
	const uint8_t *octets, size_t length)
{
	uint64_t number;

	switch (ie->type) {
	case IE_UNSIGNED8:
	case IE_UNSIGNED16:
	case IE_UNSIGNED32:
	case IE_UNSIGNED64:
		if (!value_unsigned(octets, length, &number))
			return false;
		if (form != VALUE_TEXT || !put_named(t, ie->id, number))
			put_number(t, number);
		return true;
	case IE_FLOAT64:
		if (length != 4 && length != 8)
			return false;
		put_float(t, form, octets, length);
		return true;
	case IE_BOOLEAN:
		if (length != 1)
			return false;
		put_boolean(t, octets[0]);
		return true;
	default: return false;
	}
}

size_t value_print(char *out, size_t size, enum value_form form, const struct ie *ie,
	const uint8_t *octets, size_t length)
{
	struct text t = {out, out + size - 1};
	bool text = ie && (ie->type == IE_STRING || ie->type == IE_OCTET_ARRAY);

	if (length == 0 && !text)
		put_text(&t, form == VALUE_JSON ? "null" : form == VALUE_TEXT ? "-" : "");
	else if (!ie || (!put_numeric(&t, form, ie, octets, length) &&
				!put_other(&t, form, ie, octets, length)))
		put_hex(&t, form, octets, length);
	*t.at = '\0';
	return (size_t)(t.at - out);
}
