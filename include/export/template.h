/* template: which elements a data record has, in which order and length.
 *
 * A template is compiled from rows of the element table into a short list of
 * steps (what to fetch, how to turn it into octets), and template_encode() is
 * the only code that writes a field of any protocol: a NetFlow v5 record is a
 * fixed template of 20 fields over the same table. Steps that are alike are done
 * one after the other, whatever their order on the wire: deciding for each field
 * what is to be done costs more than doing it. Constant after
 * template_compile(), then any thread. */
#ifndef EXPORT_TEMPLATE_H
#define EXPORT_TEMPLATE_H

#include "export/ie.h"
#include "flow/record.h"

#include <stdbool.h>
#include <stdint.h>

enum { TEMPLATE_FIELDS = 64, TEMPLATE_FIRST_ID = 256 };

struct template_field {
	const struct ie *ie;
	uint16_t length; /* octets on the wire */
	uint16_t offset; /* of the value in what the template's records are encoded from */
	bool reverse;    /* the reverse element, RFC 5103 section 6.1: the same id, another PEN */
	bool key;        /* what flows of the template differ by */
};

static inline uint32_t template_field_pen(const struct template_field *field)
{
	return field->reverse ? IE_REVERSE_PEN : field->ie->pen;
}

/* What is not in the record; of the session, but for the path. */
struct template_facts {
	int64_t boot;    /* milliseconds since 1970 that sysUptime counts from */
	uint32_t domain; /* Observation Domain ID */
	uint16_t active; /* time-outs, seconds */
	uint16_t idle;
	const struct flow_path *path; /* of the record at hand; NULL: nothing is known */
};

/* One step of the encoder; `step` is private to template.c. */
struct template_step {
	uint8_t step;
	uint8_t encoding; /* enum ie_encoding */
	uint8_t length;
	bool of_path;    /* the value lies in the path, not in the record */
	uint16_t offset; /* there */
	uint16_t at;     /* octets of the data record before it, where all lengths are fixed */
};

enum { TEMPLATE_KINDS = 9 };

struct template
{
	uint16_t id; /* 256 and up; NetFlow v5 has none */
	uint16_t field_count;
	uint16_t scope_count;   /* of an options template: so many first fields; 0: it is none */
	uint16_t record_octets; /* a text of variable length counts as the octet of its length */
	bool is_variable;
	struct template_field field[TEMPLATE_FIELDS];
	struct template_step step[TEMPLATE_FIELDS];
	/* Where steps of a kind end, of the record's values and of the path's. Without
	 * text of variable length; with, all steps are in the fields' order. */
	uint8_t end[2][TEMPLATE_KINDS];
};

/* Works out the record's length and the steps from id, field and field_count.
 * False: a field has a length that its element cannot have (RFC 7011 section 6.2). */
bool template_compile(struct template *template);

/* Of so many templates the fewest octets that a record has; UINT16_MAX: there are none. */
uint32_t template_shortest(const struct template *templates, unsigned count);

/* The octets of this record. */
uint32_t template_octets(const struct template *template, const void *record);

/* Writes one record of template_octets() at `at`, which the caller has reserved. The
 * record is what the fields' offsets are of: a struct flow_record, where an element
 * needs details (ie_needs_details) a struct flow_full_record's, in an options template a
 * struct option_values. */
void template_encode(const struct template *template, const void *record,
	const struct template_facts *facts, uint8_t *at);

#endif
