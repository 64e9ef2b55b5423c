#include "export/template.h"

#include "base/clock.h"
#include "base/wire.h"

#include <string.h>

/* Seconds from 1900, where NTP counts from, to 1970. */
#define NTP_EPOCH INT64_C(2208988800)

enum { AS_TRANS = 23456 }; /* stands for numbers of more than 16 bits */

enum step {
	STEP_ZERO,
	STEP_COPY,
	STEP_COPY_4,
	STEP_COPY_16,
	STEP_TEXT,
	STEP_VARIABLE, /* text behind its length */
	STEP_8,
	STEP_16,
	STEP_32,
	STEP_64,
	STEP_UINT_1, /* a narrower or wider field than the value: to STEP_UINT_1 + log2 of the
		      * value's size
		      */
	STEP_UINT_2,
	STEP_UINT_4,
	STEP_UINT_8,
	STEP_BITS_2, /* a narrower field than the 16 bits */
	STEP_INDEX,
	STEP_MSEC,
	STEP_SEC,
	STEP_MICRO,
	STEP_NANO,
	STEP_UPTIME,
	STEP_BOOL,
	STEP_PART_1, /* some bits of an octet, or of two */
	STEP_PART_2,
	STEP_DURATION,
	STEP_MULTICAST,
	STEP_PATH_BYTES, /* of the path, not of the record */
	STEP_PATH_1,
	STEP_PATH_2,
	STEP_PATH_AS,
	STEP_FACT, /* of the session, not of the record */
};

static enum step uint_step(const struct ie *ie, uint16_t length)
{
	if (length == ie->size) {
		switch (length) {
		case 1: return STEP_8;
		case 2: return STEP_16;
		case 4: return STEP_32;
		case 8: return STEP_64;
		default: break;
		}
	}
	switch (ie->size) {
	case 1: return STEP_UINT_1;
	case 2: return STEP_UINT_2;
	case 4: return STEP_UINT_4;
	default: return STEP_UINT_8;
	}
}

static enum step bytes_step(uint16_t length)
{
	return length == 4 ? STEP_COPY_4 : length == 16 ? STEP_COPY_16 : STEP_COPY;
}

static enum step path_step(const struct ie *ie)
{
	if (ie->encoding == IE_AS)
		return STEP_PATH_AS;
	if (ie->encoding == IE_BYTES)
		return STEP_PATH_BYTES;
	return ie->size == 2 ? STEP_PATH_2 : STEP_PATH_1;
}

static enum step step_of(const struct template_field *f)
{
	if (ie_needs_path(f->ie))
		return path_step(f->ie);
	switch ((enum ie_encoding)f->ie->encoding) {
	case IE_NONE:
	case IE_ZERO: return STEP_ZERO;
	case IE_BYTES: return bytes_step(f->length);
	case IE_TEXT: return f->length == IE_VARIABLE ? STEP_VARIABLE : STEP_TEXT;
	case IE_AS:
	case IE_UINT: return uint_step(f->ie, f->length);
	case IE_BITS: return f->length == 2 ? STEP_16 : STEP_BITS_2;
	case IE_INDEX: return f->length == 4 ? STEP_32 : STEP_INDEX;
	case IE_MSEC: return STEP_MSEC;
	case IE_SEC: return STEP_SEC;
	case IE_NTP: return f->ie->type == IE_MICROSECONDS ? STEP_MICRO : STEP_NANO;
	case IE_UPTIME: return STEP_UPTIME;
	case IE_BOOL: return STEP_BOOL;
	case IE_HIGH:
	case IE_LOW:
	case IE_OFFSET:
	case IE_FLAGS: return STEP_PART_2;
	case IE_DSCP:
	case IE_PRECEDENCE: return STEP_PART_1;
	case IE_HALF_MSEC:
	case IE_DURATION:
	case IE_DURATION_MICRO: return STEP_DURATION;
	case IE_MULTICAST: return STEP_MULTICAST;
	case IE_DOMAIN:
	case IE_START:
	case IE_ACTIVE:
	case IE_IDLE: return STEP_FACT;
	}
	return STEP_ZERO;
}

static bool is_unsigned(const struct ie *ie)
{
	return (ie->type >= IE_UNSIGNED16 && ie->type <= IE_UNSIGNED64) ||
	       ie->type == IE_UNSIGNED256;
}

/* Only integers of more than 8 bits may be sent shorter (RFC 7011 section 6.2), and
 * a time since boot means its 32 bits; NetFlow v9's own lengths are the table's. */
static bool length_is_legal(const struct template_field *f)
{
	if (f->ie->encoding == IE_NONE || f->ie->encoding == IE_ZERO)
		return f->length > 0 && f->length <= UINT8_MAX;
	if (f->ie->encoding == IE_TEXT)
		return f->length == IE_VARIABLE || (f->length > 0 && f->length <= f->ie->size);
	if (f->length == f->ie->ipfix_length || f->length == f->ie->v9_length)
		return f->length > 0;
	return is_unsigned(f->ie) && f->ie->encoding != IE_UPTIME && f->length > 0 &&
	       f->length < f->ie->ipfix_length;
}

bool template_compile(struct template *t)
{
	t->record_octets = 0;
	t->is_variable = false;
	for (unsigned i = 0; i < t->field_count; i++) {
		const struct template_field *f = &t->field[i];
		if (!length_is_legal(f))
			return false;
		bool variable = f->length == IE_VARIABLE;
		t->step[i] = (struct template_step){
			.step = (uint8_t)step_of(f),
			.length = (uint8_t)(variable ? f->ie->size : f->length),
			.encoding = f->ie->encoding,
			.offset = f->offset,
		};
		t->record_octets = (uint16_t)(t->record_octets + (variable ? 1 : f->length));
		t->is_variable |= variable;
	}
	return true;
}

uint32_t template_shortest(const struct template *t, unsigned count)
{
	uint32_t shortest = UINT16_MAX;

	for (unsigned i = 0; i < count; i++)
		if (t[i].record_octets < shortest)
			shortest = t[i].record_octets;
	return shortest;
}

/* A text of a member of `size` octets, at most 255 as the length of a step is. */
static uint8_t text_length(const uint8_t *text, uint8_t size)
{
	return (uint8_t)strnlen((const char *)text, size);
}

uint32_t template_octets(const struct template *t, const void *record)
{
	uint32_t octets = t->record_octets;

	for (unsigned i = 0; t->is_variable && i < t->field_count; i++)
		if (t->step[i].step == STEP_VARIABLE)
			octets += text_length(
				(const uint8_t *)record + t->step[i].offset, t->step[i].length);
	return octets;
}

/* RFC 7011 section 7: less than 255 octets have one octet of length before them. What
 * has a length of its own ends in zeros. */
static uint8_t *put_text(uint8_t *at, const uint8_t *text, const struct template_step *s)
{
	uint8_t length = text_length(text, s->length);

	if (s->step == STEP_VARIABLE) {
		*at++ = length;
		memcpy(at, text, length);
		return at + length;
	}
	memcpy(at, text, length);
	memset(at + length, 0, s->length - length);
	return at + s->length;
}

/* Big-endian in `length` octets; what does not fit is the largest that does.
 * Counters never come to that: a record is split before (session.c). */
static uint8_t *put_uint(uint8_t *at, uint64_t value, unsigned length)
{
	uint64_t largest = length < 8 ? (UINT64_C(1) << (8 * length)) - 1 : UINT64_MAX;

	if (value > largest)
		value = largest;
	for (; length > 8; length--)
		*at++ = 0;
	for (unsigned shift = 8 * length; shift; shift -= 8)
		*at++ = (uint8_t)(value >> (shift - 8));
	return at;
}

/* RFC 7011 sections 6.1.9 and 6.1.10: the NTP timestamp format, whose fraction
 * has its low 11 bits clear where microseconds are meant. */
static uint64_t ntp_of(int64_t time, uint32_t mask)
{
	int64_t seconds = clock_floor(time, CLOCK_SECOND);
	uint64_t nanoseconds = (uint64_t)(time - seconds * CLOCK_SECOND);
	uint64_t fraction = (nanoseconds << 32) / CLOCK_SECOND;

	return (uint64_t)(seconds + NTP_EPOCH) << 32 | ((uint32_t)fraction & mask);
}

static uint64_t load(const void *value, enum step step)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (step) {
	case STEP_UINT_1: return *(const uint8_t *)value;
	case STEP_UINT_2:
	case STEP_BITS_2: memcpy(&v16, value, sizeof v16); return v16;
	case STEP_UINT_4:
	case STEP_INDEX: memcpy(&v32, value, sizeof v32); return v32;
	default: memcpy(&v64, value, sizeof v64); return v64;
	}
}

static int64_t load_time(const void *value)
{
	int64_t time;

	memcpy(&time, value, sizeof time);
	return time;
}

/* Some bits of a value, those that the encoding names, shifted down where the element
 * counts from its lowest one. */
static uint64_t part_of(const struct template_step *s, const uint8_t *value)
{
	uint16_t two = *value;

	if (s->step == STEP_PART_2)
		memcpy(&two, value, sizeof two);
	switch ((enum ie_encoding)s->encoding) {
	case IE_HIGH: return two >> 8;
	case IE_OFFSET: return two & 0x1fff;
	case IE_FLAGS: return two >> 8 & 0xe0;
	case IE_DSCP: return two >> 2;
	case IE_PRECEDENCE: return two >> 5;
	default: return two & 0xff;
	}
}

/* RFC 7012, isMulticast, of a key's destination address: IPv4 in the highest bit; of
 * IPv6 the T flag and the scope, which stand where the address has them. */
static uint8_t multicast_of(const uint8_t *address)
{
	const struct flow_key *key =
		(const void *)(address - offsetof(struct flow_key, destination_address));

	if (key->ip_version == 6)
		return address[0] == 0xff ? address[1] & 0x1f : 0;
	return address[0] >> 4 == 0xe ? 0x80 : 0;
}

static uint64_t duration_of(const struct template_step *s, const uint8_t *value)
{
	if (s->encoding == IE_HALF_MSEC)
		return load(value, STEP_UINT_4) / 2000;
	int64_t duration = load_time(value + sizeof(int64_t)) - load_time(value);

	return (uint64_t)duration / (s->encoding == IE_DURATION ? CLOCK_MILLISECOND : 1000);
}

static uint64_t fact_of(const struct template_step *s, const struct template_facts *facts)
{
	switch ((enum ie_encoding)s->encoding) {
	case IE_DOMAIN: return facts->domain;
	case IE_START: return (uint64_t)facts->boot;
	case IE_ACTIVE: return facts->active;
	default: return facts->idle;
	}
}

static uint8_t *put_path(uint8_t *at, const struct template_step *s, const struct flow_path *path)
{
	if (!path)
		return (uint8_t *)memset(at, 0, s->length) + s->length;
	const uint8_t *value =
		(const uint8_t *)path + (s->offset - offsetof(struct flow_told, path));
	if (s->step == STEP_PATH_BYTES)
		return (uint8_t *)memcpy(at, value, s->length) + s->length;
	if (s->step == STEP_PATH_1)
		return put_uint(at, *value, s->length);
	if (s->step == STEP_PATH_2)
		return put_uint(at, load(value, STEP_UINT_2), s->length);
	uint64_t as = load(value, STEP_UINT_4);

	return put_uint(at, s->length == 2 && as > UINT16_MAX ? AS_TRANS : as, s->length);
}

/* The steps that a default record has less of, out of the common path. */
static uint8_t *encode_rare(const struct template_step *s, const uint8_t *value,
	const struct template_facts *facts, uint8_t *at)
{
	uint64_t index;

	switch ((enum step)s->step) {
	case STEP_ZERO: return (uint8_t *)memset(at, 0, s->length) + s->length;
	case STEP_COPY: return (uint8_t *)memcpy(at, value, s->length) + s->length;
	case STEP_TEXT:
	case STEP_VARIABLE: return put_text(at, value, s);
	case STEP_BITS_2: *at = (uint8_t)load(value, STEP_BITS_2); return at + 1;
	case STEP_INDEX:
		/* An index that is not the interface's would be wrong: 0, unknown. */
		index = load(value, STEP_INDEX);
		return put_uint(at, index >> (8 * s->length) ? 0 : index, s->length);
	case STEP_SEC: return put32(at, (uint32_t)clock_floor(load_time(value), CLOCK_SECOND));
	case STEP_MICRO: return put64(at, ntp_of(load_time(value), ~UINT32_C(0x7ff)));
	case STEP_BOOL: *at = *value ? 1 : 2; return at + 1;
	case STEP_PART_1:
	case STEP_PART_2: return put_uint(at, part_of(s, value), s->length);
	case STEP_DURATION: return put_uint(at, duration_of(s, value), s->length);
	case STEP_MULTICAST: *at = multicast_of(value); return at + 1;
	case STEP_PATH_BYTES:
	case STEP_PATH_1:
	case STEP_PATH_2:
	case STEP_PATH_AS: return put_path(at, s, facts->path);
	case STEP_FACT: return put_uint(at, fact_of(s, facts), s->length);
	case STEP_NANO: return put64(at, ntp_of(load_time(value), ~UINT32_C(0)));
	default: return put_uint(at, load(value, (enum step)s->step), s->length);
	}
}

void template_encode(const struct template *t, const void *record,
	const struct template_facts *facts, uint8_t *at)
{
	for (unsigned i = 0; i < t->field_count; i++) {
		const struct template_step *s = &t->step[i];
		const uint8_t *value = (const uint8_t *)record + s->offset;
		uint16_t v16;
		uint32_t v32;
		uint64_t v64;

		switch ((enum step)s->step) {
		case STEP_COPY_4:
			memcpy(at, value, 4);
			at += 4;
			break;
		case STEP_COPY_16:
			memcpy(at, value, 16);
			at += 16;
			break;
		case STEP_8: *at++ = *value; break;
		case STEP_16:
			memcpy(&v16, value, 2);
			at = put16(at, v16);
			break;
		case STEP_32:
			memcpy(&v32, value, 4);
			at = put32(at, v32);
			break;
		case STEP_64:
			memcpy(&v64, value, 8);
			at = put64(at, v64);
			break;
		case STEP_MSEC:
			at = put64(at, (uint64_t)clock_floor(load_time(value), CLOCK_MILLISECOND));
			break;
		case STEP_UPTIME:
			at = put32(at, (uint32_t)(clock_floor(load_time(value), CLOCK_MILLISECOND) -
						  facts->boot));
			break;
		default: at = encode_rare(s, value, facts, at); break;
		}
	}
}
