/*
 * The sets of the test reader: templates, their elements against an excerpt of the registry, and
 * the records that they describe.
 */
#include "reader_private.h"

#include <stdlib.h>
#include <string.h>

#define MOST_FIELDS 512
#define REVERSE_PEN 29305
#define VARIABLE    65535
/* from 1900, where NTP counts from, to 1970 */
#define NTP_EPOCH 2208988800

/* An excerpt of the IANA registry. An integer may be sent in fewer octets, anything else not. */
enum kind { INTEGER, FIXED, FLOAT };
/* clang-format off */
static const struct {
	uint16_t id;
	uint8_t octets, kind;
} elements[] = {
	{1, 8, INTEGER}, {2, 8, INTEGER}, {3, 8, INTEGER}, {4, 1, INTEGER}, {5, 1, INTEGER},
	{6, 2, INTEGER}, {7, 2, INTEGER}, {8, 4, FIXED}, {9, 1, INTEGER}, {10, 4, INTEGER},
	{11, 2, INTEGER}, {12, 4, FIXED}, {13, 1, INTEGER}, {14, 4, INTEGER}, {15, 4, FIXED},
	{16, 4, INTEGER}, {17, 4, INTEGER}, {18, 4, FIXED}, {21, 4, INTEGER}, {22, 4, INTEGER},
	{25, 8, INTEGER}, {26, 8, INTEGER}, {27, 16, FIXED}, {28, 16, FIXED}, {29, 1, INTEGER},
	{30, 1, INTEGER}, {31, 4, INTEGER}, {32, 2, INTEGER}, {34, 4, INTEGER},
	{35, 1, INTEGER}, {36, 2, INTEGER}, {37, 2, INTEGER}, {40, 8, INTEGER},
	{41, 8, INTEGER}, {42, 8, INTEGER}, {50, 4, INTEGER}, {52, 1, INTEGER},
	{53, 1, INTEGER}, {54, 4, INTEGER}, {56, 6, FIXED}, {57, 6, FIXED}, {58, 2, INTEGER},
	{60, 1, INTEGER}, {61, 1, INTEGER}, {62, 16, FIXED}, {80, 6, FIXED}, {81, 6, FIXED},
	{85, 8, INTEGER}, {86, 8, INTEGER}, {130, 4, FIXED}, {131, 16, FIXED},
	{136, 1, INTEGER}, {139, 2, INTEGER}, {143, 4, INTEGER}, {144, 4, INTEGER},
	{145, 2, INTEGER}, {148, 8, INTEGER}, {149, 4, INTEGER}, {150, 4, FIXED},
	{151, 4, FIXED}, {152, 8, FIXED}, {153, 8, FIXED}, {154, 8, FIXED}, {155, 8, FIXED},
	{156, 8, FIXED}, {157, 8, FIXED}, {158, 4, INTEGER}, {159, 4, INTEGER},
	{160, 8, FIXED}, {161, 4, INTEGER}, {164, 8, INTEGER}, {165, 8, INTEGER},
	{166, 8, INTEGER}, {167, 8, INTEGER}, {168, 8, INTEGER}, {173, 8, INTEGER},
	{192, 1, INTEGER}, {195, 1, INTEGER}, {239, 1, INTEGER}, {243, 2, INTEGER},
	{244, 1, INTEGER}, {245, 2, INTEGER}, {246, 1, INTEGER}, {256, 2, INTEGER},
	{276, 1, FIXED}, {302, 8, INTEGER}, {304, 2, INTEGER}, {345, 2, INTEGER}, {390, 2, INTEGER}, {305, 4, INTEGER},
	{306, 4, INTEGER}, {309, 4, INTEGER}, {310, 4, INTEGER}, {311, 8, FLOAT},
	{322, 4, FIXED}, {323, 8, FIXED}, {324, 8, FIXED}, {325, 8, FIXED}, {351, 8, INTEGER},
	{54, 4, INTEGER}, {70, 3, FIXED}, {71, 3, FIXED}, {72, 3, FIXED}, {73, 3, FIXED},
	{74, 3, FIXED}, {75, 3, FIXED}, {76, 3, FIXED}, {77, 3, FIXED}, {78, 3, FIXED},
	{79, 3, FIXED}, {88, 2, INTEGER}, {162, 4, INTEGER}, {176, 1, INTEGER},
	{177, 1, INTEGER}, {178, 1, INTEGER}, {179, 1, INTEGER}, {184, 4, INTEGER},
	{185, 4, INTEGER}, {186, 2, INTEGER}, {187, 2, INTEGER}, {188, 1, INTEGER},
	{189, 1, INTEGER}, {196, 1, INTEGER}, {197, 1, INTEGER}, {200, 1, INTEGER},
	{202, 4, INTEGER}, {206, 1, INTEGER}, {208, 4, INTEGER}, {218, 8, INTEGER},
	{219, 8, INTEGER}, {220, 8, INTEGER}, {221, 8, INTEGER}, {222, 8, INTEGER},
	{223, 8, INTEGER}, {296, 4, INTEGER}, {312, 2, INTEGER}, {352, 8, INTEGER},
	{388, 1, FIXED}, {389, 1, FIXED}, {515, 32, INTEGER}, {517, 1, FIXED},
	{520, 32, INTEGER},
};
/* clang-format on */

static void field_length(struct reader *r, const struct field *f, bool scope9)
{
	if (r->protocol == 9 && f->octets == VARIABLE)
		reader_note(r, "v9 field %u of variable length", f->id);
	if (scope9 && (f->id < 1 || f->id > 5))
		reader_note(r, "v9 scope type %u", f->id);
	if (scope9)
		return;
	if (f->octets == 0)
		reader_note(r, "element %u of length 0", f->id);
	if (r->protocol == 9 && f->id & 0x8000)
		reader_note(r, "v9 field type %u", f->id);
	if (f->pen && f->pen != REVERSE_PEN)
		return;
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
		uint8_t octets = elements[i].octets, kind = elements[i].kind;

		if (elements[i].id != f->id || f->octets == octets)
			continue;
		if ((kind != INTEGER || f->octets > octets) && (kind != FLOAT || f->octets != 4))
			reader_note(r, "element %u of length %u, not %u", f->id, f->octets, octets);
	}
}

static struct template *template_of(const struct reader *r, uint16_t id)
{
	struct template *t = r->templates;

	while (t && (t->id != id || t->domain != r->domain || t->protocol != r->protocol))
		t = t->next;
	return t;
}

static void define(struct reader *r, struct template *new)
{
	struct template *old = template_of(r, new->id);

	r->template_records++;
	if (old && old->count == new->count && old->scopes == new->scopes &&
		old->options == new->options &&
		!memcmp(old->fields, new->fields, new->count * sizeof *new->fields)) {
		old->defined = r->export_time;
		free(new);
		return;
	}
	if (old)
		reader_note(r, "template %u has another layout now", new->id);
	new->next = r->templates;
	r->templates = new; /* in front of the old one */
}

static bool template_fields(struct reader *r, struct cursor *c, struct template *t)
{
	for (uint16_t i = 0; i < t->count; i++) {
		struct field *f = &t->fields[i];

		f->id = get16(c);
		f->octets = get16(c);
		if (r->protocol == 10 && f->id & 0x8000) {
			f->id &= 0x7fff;
			f->pen = get32(c);
			if (!f->pen)
				reader_note(r, "enterprise number 0");
		}
		if (c->over) {
			reader_note(r, "template %u runs over the end of its set", t->id);
			return false;
		}
		field_length(r, f, r->protocol == 9 && i < t->scopes);
	}
	return true;
}

/* One template record; NULL at the end of the set and after what cannot be read on. */
static struct template *template_record(struct reader *r, struct cursor *c, bool options)
{
	uint16_t id = get16(c), count = get16(c), scopes = 0;

	if (options && r->protocol == 9) { /* lengths in octets: of the scopes, of the others */
		uint16_t others = get16(c);
		if (count % 4 || others % 4)
			reader_note(r, "v9 options template lengths %u, %u", count, others);
		scopes = count / 4;
		count = (uint16_t)(scopes + others / 4);
	} else if (options) {
		scopes = get16(c);
	}
	if (id < 256)
		reader_note(r, "template id %u", id);
	if (!count)
		reader_note(r, "template %u withdrawn over UDP", id);
	if (options && (scopes < 1 || scopes > count))
		reader_note(r, "%u scope fields of %u", scopes, count);
	if (count > MOST_FIELDS) {
		reader_note(r, "template %u of %u fields", id, count);
		return NULL;
	}
	struct template *t = calloc(1, sizeof *t + count * sizeof *t->fields);
	if (!t)
		abort();
	t->domain = r->domain;
	t->defined = r->export_time;
	t->protocol = r->protocol;
	t->id = id;
	t->count = count;
	t->scopes = scopes;
	t->options = options;
	if (template_fields(r, c, t) && id >= 256 && count)
		return t;
	free(t);
	return NULL;
}

static void padding(struct reader *r, const struct cursor *c, size_t below, unsigned set)
{
	if (left(c) >= below)
		reader_note(r, "set %u: %zu octets of padding", set, left(c));
	for (const uint8_t *p = c->at; p < c->end; p++) {
		if (*p) {
			reader_note(r, "set %u: padding is not zero", set);
			return;
		}
	}
}

unsigned reader_template_set(struct reader *r, struct cursor *c, unsigned set, bool options)
{
	size_t header = options ? 6 : 4;
	unsigned count = 0;

	while (left(c) >= header && reader_integer(c->at, 2)) {
		struct template *t = template_record(r, c, options);
		if (!t)
			return count;
		define(r, t);
		count++;
	}
	padding(r, c, 4, set);
	if (!count)
		reader_note(r, "set %u without a template", set);
	return count;
}

static int64_t ntp_ms(const uint8_t *b)
{
	/* an NTP era is 2^32 seconds: before 1970 can only mean the next one */
	uint32_t seconds = (uint32_t)(reader_integer(b, 4) - NTP_EPOCH);

	return seconds * INT64_C(1000) + (int64_t)(reader_integer(b + 4, 4) * 1000 >> 32);
}

static void flow_times(struct reader *r, struct reader_record *record)
{
	static const uint16_t pairs[][2] = {{152, 153}, {156, 157}, {154, 155}, {22, 21}};

	for (size_t i = 0; i < 4; i++) {
		const struct reader_value *first = reader_value(record, 0, pairs[i][0]);
		const struct reader_value *last = reader_value(record, 0, pairs[i][1]);

		if (!first || !last || first->octets != (i < 3 ? 8 : 4) ||
			first->octets != last->octets || (i == 3 && r->protocol != 9))
			continue;
		if (i == 0) {
			record->first_ms = (int64_t)reader_integer(first->bytes, 8);
			record->last_ms = (int64_t)reader_integer(last->bytes, 8);
		} else if (i < 3) {
			record->first_ms = ntp_ms(first->bytes);
			record->last_ms = ntp_ms(last->bytes);
		} else {
			reader_uptimes(r, record, (uint32_t)reader_integer(first->bytes, 4),
				(uint32_t)reader_integer(last->bytes, 4));
		}
		return;
	}
	reader_note(r, "flow record without times");
}

/* Both families may stand in one template: the unused one is all zeros. */
static bool addresses(struct reader_record *record)
{
	static const uint8_t none[16];
	const struct reader_value *s4 = reader_value(record, 0, 8),
				  *d4 = reader_value(record, 0, 12);
	const struct reader_value *s6 = reader_value(record, 0, 27),
				  *d6 = reader_value(record, 0, 28);
	bool four = s4 && d4 && s4->octets == 4 && d4->octets == 4;
	bool six = s6 && d6 && s6->octets == 16 && d6->octets == 16;

	if (six && (!four || memcmp(s6->bytes, none, 16) || memcmp(d6->bytes, none, 16))) {
		record->family = 6;
		memcpy(record->src, s6->bytes, 16);
		memcpy(record->dst, d6->bytes, 16);
	} else if (four) {
		record->family = 4;
		memcpy(record->src, s4->bytes, 4);
		memcpy(record->dst, d4->bytes, 4);
	}
	return four || six;
}

static void flow_record(struct reader *r, struct reader_record *record)
{
	bool icmp;

	if (!addresses(record))
		reader_note(r, "flow record without addresses");
	if (!reader_value(record, 0, 4))
		reader_note(r, "flow record without a protocol");
	record->proto = (uint8_t)reader_uint(record, 0, 4);
	record->tos = (uint8_t)reader_uint(record, 0, 5);
	record->sport = (uint16_t)reader_uint(record, 0, 7);
	record->dport = (uint16_t)reader_uint(record, 0, 11);
	icmp = record->proto == (record->family == 6 ? 58 : 1);
	uint16_t element = record->family == 6 && reader_value(record, 0, 139) ? 139 : 32;
	if (icmp && reader_value(record, 0, element)) {
		record->sport = 0;
		record->dport = (uint16_t)reader_uint(record, 0, element);
	}
	record->packets = reader_uint(record, 0, 2);
	record->octets = reader_uint(record, 0, 1);
	record->flags = (uint8_t)reader_uint(record, 0, 6);
	record->reason = (uint8_t)reader_uint(record, 0, 136);
	flow_times(r, record);
	reader_finish(r, record);
}

/* One data record by its template; false when it runs over the end of its set. */
static bool data_record(struct reader *r, struct cursor *c, const struct template *t)
{
	struct reader_value values[MOST_FIELDS];
	struct reader_record record = {.protocol = r->protocol,
		.options = t->options,
		.scopes = t->scopes,
		.template_id = t->id,
		.domain = r->domain,
		.values = values,
		.count = t->count};

	for (uint16_t i = 0; i < t->count; i++) {
		uint16_t octets = t->fields[i].octets;
		if (octets == VARIABLE) {
			octets = (uint8_t)reader_integer(reader_take(c, 1), 1);
			if (octets == 255)
				octets = get16(c);
		}
		values[i] = (struct reader_value){
			t->fields[i].pen, t->fields[i].id, octets, reader_take(c, octets)};
	}
	if (c->over) {
		reader_note(r, "record of template %u runs over the end of its set", t->id);
		return false;
	}
	if (t->options || r->any_elements)
		r->sink(r->arg, &record);
	else
		flow_record(r, &record);
	return true;
}

unsigned reader_data_set(struct reader *r, struct cursor *c, uint16_t set)
{
	const struct template *t = template_of(r, set);
	size_t least = 0;
	unsigned count = 0;

	if (!t) {
		reader_note(r, "data set %u before its template", set);
		return 0;
	}
	if (r->protocol == 10 && r->export_time < t->defined)
		reader_note(r, "data set %u is older than its template", set);
	for (uint16_t i = 0; i < t->count; i++)
		least += t->fields[i].octets == VARIABLE ? 1 : t->fields[i].octets;
	while (least && left(c) >= least) {
		if (!data_record(r, c, t))
			return count;
		count++;
	}
	padding(r, c, 4, set);
	if (!count)
		reader_note(r, "data set %u without a record", set);
	return count;
}
