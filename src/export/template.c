#include "export/template.h"

#include "base/clock.h"
#include "base/wire.h"

#include <string.h>

/* Seconds from 1900, where NTP counts from, to 1970. */
#define NTP_EPOCH INT64_C(2208988800)

enum { AS_TRANS = 23456 }; /* stands for numbers of more than 16 bits */

enum step {
	/* kinds that a default record has most of */
	STEP_8,
	STEP_16,
	STEP_32,
	STEP_64,
	STEP_COPY_4,
	STEP_COPY_16,
	STEP_MSEC,
	STEP_UPTIME,
	/* from here on of one kind */
	STEP_ZERO,
	STEP_COPY,
	STEP_TEXT,
	STEP_VARIABLE, /* text behind its length */
	STEP_UINT_1,   /* a field narrower or wider than the value, whose octets these are */
	STEP_UINT_2,
	STEP_UINT_4,
	STEP_UINT_8,
	STEP_BITS_2, /* a narrower field than the 16 bits */
	STEP_INDEX,
	STEP_SEC,
	STEP_MICRO,
	STEP_NANO,
	STEP_BOOL,
	STEP_PART_1, /* some bits of an octet, or of two */
	STEP_PART_2,
	STEP_DURATION,
	STEP_MULTICAST,
	STEP_AS,   /* an AS number in 16 bits */
	STEP_FACT, /* of the session, not of the record */
};

enum { KIND_OTHER = STEP_ZERO };
_Static_assert(TEMPLATE_KINDS == KIND_OTHER + 1, "one more for the others");

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

static enum step step_of(const struct template_field *f)
{
	switch ((enum ie_encoding)f->ie->encoding) {
	case IE_NONE:
	case IE_ZERO: return STEP_ZERO;
	case IE_BYTES: return bytes_step(f->length);
	case IE_TEXT: return f->length == IE_VARIABLE ? STEP_VARIABLE : STEP_TEXT;
	case IE_AS: return f->length == 2 ? STEP_AS : uint_step(f->ie, f->length);
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

static unsigned kind_of(const struct template_step *s)
{
	return s->step < KIND_OTHER ? s->step : KIND_OTHER;
}

/* Brings steps of a kind together. In a record of variable length they stay as they are:
 * where a field stands is known only when the one before is written. */
static void sort_steps(struct template *t)
{
	struct template_step sorted[TEMPLATE_FIELDS];
	uint8_t count = 0;

	memset(t->end, 0, sizeof t->end);
	if (t->is_variable)
		return;
	for (unsigned of_path = 0; of_path < 2; of_path++)
		for (unsigned kind = 0; kind < TEMPLATE_KINDS; kind++) {
			for (unsigned i = 0; i < t->field_count; i++)
				if (t->step[i].of_path == of_path && kind_of(&t->step[i]) == kind)
					sorted[count++] = t->step[i];
			t->end[of_path][kind] = count;
		}
	memcpy(t->step, sorted, count * sizeof *sorted);
}

bool template_compile(struct template *t)
{
	t->record_octets = 0;
	t->is_variable = false;
	for (unsigned i = 0; i < t->field_count; i++) {
		const struct template_field *f = &t->field[i];
		if (!length_is_legal(f))
			return false;
		bool variable = f->length == IE_VARIABLE, of_path = ie_needs_path(f->ie);
		t->step[i] = (struct template_step){
			.step = (uint8_t)step_of(f),
			.length = (uint8_t)(variable ? f->ie->size : f->length),
			.encoding = f->ie->encoding,
			.of_path = of_path,
			.offset = (uint16_t)(f->offset -
					     (of_path ? offsetof(struct flow_told, path) : 0)),
			.at = t->record_octets,
		};
		t->record_octets = (uint16_t)(t->record_octets + (variable ? 1 : f->length));
		t->is_variable |= variable;
	}
	sort_steps(t);
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

static uint16_t load_16(const void *value)
{
	uint16_t v;

	memcpy(&v, value, sizeof v);
	return v;
}

static uint32_t load_32(const void *value)
{
	uint32_t v;

	memcpy(&v, value, sizeof v);
	return v;
}

static uint64_t load_64(const void *value)
{
	uint64_t v;

	memcpy(&v, value, sizeof v);
	return v;
}

static int64_t load_time(const void *value)
{
	return (int64_t)load_64(value);
}

static uint64_t milliseconds_of(const void *time)
{
	return (uint64_t)clock_floor(load_time(time), CLOCK_MILLISECOND);
}

static uint32_t uptime_of(const void *time, const struct template_facts *facts)
{
	return (uint32_t)(clock_floor(load_time(time), CLOCK_MILLISECOND) - facts->boot);
}

/* Some bits of a value, those that the encoding names, shifted down where the element
 * counts from its lowest one. */
static uint64_t part_of(const struct template_step *s, const uint8_t *value)
{
	uint16_t two = s->step == STEP_PART_2 ? load_16(value) : *value;

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
		return load_32(value) / 2000;
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

/* Any step; returns where the next field begins. */
static uint8_t *encode_field(const struct template_step *s, const uint8_t *value,
	const struct template_facts *facts, uint8_t *at)
{
	uint64_t number;

	switch ((enum step)s->step) {
	case STEP_ZERO: return (uint8_t *)memset(at, 0, s->length) + s->length;
	case STEP_COPY:
	case STEP_COPY_4:
	case STEP_COPY_16: return (uint8_t *)memcpy(at, value, s->length) + s->length;
	case STEP_TEXT:
	case STEP_VARIABLE: return put_text(at, value, s);
	case STEP_8: *at = *value; return at + 1;
	case STEP_16: return put16(at, load_16(value));
	case STEP_32: return put32(at, load_32(value));
	case STEP_64: return put64(at, load_64(value));
	case STEP_BITS_2: *at = (uint8_t)load_16(value); return at + 1;
	case STEP_INDEX:
		/* An index that is not the interface's would be wrong: 0, unknown. */
		number = load_32(value);
		return put_uint(at, number >> (8 * s->length) ? 0 : number, s->length);
	case STEP_AS:
		number = load_32(value);
		return put16(at, (uint16_t)(number > UINT16_MAX ? AS_TRANS : number));
	case STEP_MSEC: return put64(at, milliseconds_of(value));
	case STEP_SEC: return put32(at, (uint32_t)clock_floor(load_time(value), CLOCK_SECOND));
	case STEP_MICRO: return put64(at, ntp_of(load_time(value), ~UINT32_C(0x7ff)));
	case STEP_NANO: return put64(at, ntp_of(load_time(value), ~UINT32_C(0)));
	case STEP_UPTIME: return put32(at, uptime_of(value, facts));
	case STEP_BOOL: *at = *value ? 1 : 2; return at + 1;
	case STEP_PART_1:
	case STEP_PART_2: return put_uint(at, part_of(s, value), s->length);
	case STEP_DURATION: return put_uint(at, duration_of(s, value), s->length);
	case STEP_MULTICAST: *at = multicast_of(value); return at + 1;
	case STEP_FACT: return put_uint(at, fact_of(s, facts), s->length);
	case STEP_UINT_1: return put_uint(at, *value, s->length);
	case STEP_UINT_2: return put_uint(at, load_16(value), s->length);
	case STEP_UINT_4: return put_uint(at, load_32(value), s->length);
	case STEP_UINT_8: return put_uint(at, load_64(value), s->length);
	}
	return at;
}

/* The steps from `s` on whose values are all in one place, each kind in a loop of its own. */
static const struct template_step *encode_kinds(const struct template *t, const uint8_t *end,
	const struct template_step *s, const uint8_t *from, const struct template_facts *facts,
	uint8_t *at)
{
	for (; s < t->step + end[STEP_8]; s++)
		at[s->at] = from[s->offset];
	for (; s < t->step + end[STEP_16]; s++)
		put16(at + s->at, load_16(from + s->offset));
	for (; s < t->step + end[STEP_32]; s++)
		put32(at + s->at, load_32(from + s->offset));
	for (; s < t->step + end[STEP_64]; s++)
		put64(at + s->at, load_64(from + s->offset));
	for (; s < t->step + end[STEP_COPY_4]; s++)
		memcpy(at + s->at, from + s->offset, 4);
	for (; s < t->step + end[STEP_COPY_16]; s++)
		memcpy(at + s->at, from + s->offset, 16);
	for (; s < t->step + end[STEP_MSEC]; s++)
		put64(at + s->at, milliseconds_of(from + s->offset));
	for (; s < t->step + end[STEP_UPTIME]; s++)
		put32(at + s->at, uptime_of(from + s->offset, facts));
	for (; s < t->step + end[KIND_OTHER]; s++)
		encode_field(s, from + s->offset, facts, at + s->at);
	return s;
}

void template_encode(const struct template *t, const void *record,
	const struct template_facts *facts, uint8_t *at)
{
	static const struct flow_path nothing;
	const void *path = facts->path ? facts->path : &nothing;
	const struct template_step *s = t->step, *last = s + t->field_count;

	if (!t->is_variable) {
		s = encode_kinds(t, t->end[0], s, record, facts, at);
		if (s < last)
			(void)encode_kinds(t, t->end[1], s, path, facts, at);
		return;
	}
	for (; s < last; s++)
		at = encode_field(
			s, (const uint8_t *)(s->of_path ? path : record) + s->offset, facts, at);
}
