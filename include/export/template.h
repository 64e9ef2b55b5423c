/* template: which elements a data record has, in which order and length.
 *
 * A template is compiled from rows of the element table into a short list of
 * steps (what to fetch, how to turn it into octets), and template_encode() is
 * the only code that writes a field of any protocol: a NetFlow v5 record is a
 * fixed template of 20 fields over the same table. Constant after
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
};

/* One step of the encoder; `step` is private to template.c. */
struct template_step {
	uint8_t step;
	uint8_t length;
	uint16_t offset;
};

struct template
{
	uint16_t id; /* 256 and up; NetFlow v5 has none */
	uint16_t field_count;
	uint16_t record_octets;
	struct template_field field[TEMPLATE_FIELDS];
	struct template_step step[TEMPLATE_FIELDS];
};

/* Works out the record's length and the steps from id, field and field_count.
 * False: a field has a length that its element cannot have (RFC 7011 section 6.2). */
bool template_compile(struct template *template);

/* Writes one record of template->record_octets octets at `at`, which the caller
 * has reserved. `boot`: milliseconds since 1970 that sysUptime counts from. */
void template_encode(const struct template *template, const struct flow_record *record,
	int64_t boot, uint8_t *at);

#endif
