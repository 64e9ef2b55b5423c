#include "export/message.h"

enum {
	SET_HEADER = 4,
	TEMPLATE_HEADER = 4,
	OPTIONS_TEMPLATE_HEADER = 6,
	TEMPLATE_FIELD = 4,
	ALIGNMENT = 4,
};

/* What a record of NetFlow v9's options is about, RFC 3954 section 6.1. */
enum { V9_SCOPE_SYSTEM = 1, V9_SCOPE_INTERFACE = 2, V9_SCOPE_TEMPLATE = 5 };

enum { ENTERPRISE = 0x8000, ENTERPRISE_OCTETS = 4 }; /* RFC 7011 section 3.2 */

void message_begin(struct message *m, const struct protocol *protocol)
{
	m->protocol = protocol;
	m->wire = wire_of(m->buffer, m->size);
	(void)wire_reserve(&m->wire, protocol->header_octets);
	m->set = NULL;
	m->records = 0;
	m->data_records = 0;
	m->option_records = 0;
	m->latest = INT64_MIN;
	m->length = 0;
	m->events = 0;
	m->flows = 0;
	m->packets = 0;
	m->octets = 0;
}

/* Octets of zero that bring the open set to a multiple of 4 (RFC 3954 section 5.3,
 * RFC 7011 section 3.3.1). Shorter than any record that weir sends. */
static size_t padding(const struct message *m)
{
	return (size_t) - (m->wire.at - m->set) % ALIGNMENT;
}

static void close_set(struct message *m)
{
	if (!m->set)
		return;
	size_t pad = padding(m);
	uint8_t *zeros = wire_reserve(&m->wire, pad);
	if (zeros)
		memset(zeros, 0, pad);
	uint8_t *at = put16(m->set, m->set_id);
	put16(at, (uint16_t)(m->wire.at - m->set));
	m->set = NULL;
}

/* Room for `octets` in the set, which is opened where it is not the last one, if there is
 * also room for the padding that closing it may need. */
static uint8_t *add(struct message *m, uint16_t set_id, size_t octets)
{
	bool open = m->set && m->set_id == set_id;
	size_t need = octets + ALIGNMENT - 1;

	if (!open)
		need += SET_HEADER + (m->set ? padding(m) : 0);
	if (wire_room(&m->wire) < need)
		return NULL;
	if (!open) {
		close_set(m);
		m->set = wire_reserve(&m->wire, SET_HEADER);
		m->set_id = set_id;
	}
	m->records++;
	return wire_reserve(&m->wire, octets);
}

static size_t fields_octets(const struct template *t)
{
	size_t octets = (size_t)t->field_count * TEMPLATE_FIELD;

	for (unsigned i = 0; i < t->field_count; i++)
		octets += template_field_pen(&t->field[i]) ? ENTERPRISE_OCTETS : 0;
	return octets;
}

static uint16_t v9_scope(const struct ie *ie)
{
	return ie == &ie_table[IE_ingressInterface] ? V9_SCOPE_INTERFACE
	       : ie == &ie_table[IE_templateId]     ? V9_SCOPE_TEMPLATE
						    : V9_SCOPE_SYSTEM;
}

uint16_t message_field_id(const struct protocol *p, const struct template *t, unsigned i)
{
	const struct ie *ie = t->field[i].ie;

	return i < t->scope_count && p->scopes_are_types ? v9_scope(ie) : ie->id;
}

/* RFC 3954 section 6.1 counts octets of scopes and of the other fields, RFC 7011 section
 * 3.4.2.2 all fields and those of them that are scopes. */
static uint8_t *put_template_header(
	const struct protocol *protocol, const struct template *t, uint8_t *at)
{
	uint16_t others = (uint16_t)(t->field_count - t->scope_count);

	at = put16(at, t->id);
	if (!t->scope_count)
		return put16(at, t->field_count);
	if (protocol->scopes_are_types) {
		at = put16(at, (uint16_t)(t->scope_count * TEMPLATE_FIELD));
		return put16(at, (uint16_t)(others * TEMPLATE_FIELD));
	}
	at = put16(at, t->field_count);
	return put16(at, t->scope_count);
}

/* Options templates have a set each, as some collectors read only the first of a set. */
bool message_add_template(struct message *m, const struct template *t)
{
	const struct protocol *p = m->protocol;
	bool options = t->scope_count > 0;
	uint16_t set_id = (uint16_t)(p->template_set + options);

	if (options)
		close_set(m);
	uint8_t *at = add(m, set_id,
		(options ? OPTIONS_TEMPLATE_HEADER : TEMPLATE_HEADER) + fields_octets(t));

	if (!at)
		return false;
	at = put_template_header(p, t, at);
	for (unsigned i = 0; i < t->field_count; i++) {
		const struct template_field *f = &t->field[i];
		uint32_t pen = template_field_pen(f);
		uint16_t id = message_field_id(p, t, i);
		at = put16(at, (uint16_t)(id | (pen ? ENTERPRISE : 0)));
		at = put16(at, f->length);
		if (pen)
			at = put32(at, pen);
	}
	return true;
}

static uint8_t *add_data(struct message *m, uint16_t set_id, uint32_t octets)
{
	uint8_t *at = NULL;

	if (m->protocol->has_sets) {
		at = add(m, set_id, octets);
	} else if (m->data_records < m->protocol->most_records) {
		at = wire_reserve(&m->wire, octets);
		m->records = (uint16_t)(m->records + (at != NULL));
	}
	if (!at)
		return NULL;
	m->data_records++;
	m->record_octets = (uint16_t)octets;
	return at;
}

uint8_t *message_add_record(struct message *m, const struct template *t, uint32_t octets)
{
	uint8_t *at = add_data(m, t->id, octets);

	if (at && t->scope_count)
		m->option_records++;
	return at;
}

uint16_t message_refill(struct message *m, const struct message *from, uint16_t record)
{
	const struct protocol *p = from->protocol;
	uint32_t first = p->header_octets + (p->has_sets ? SET_HEADER : 0u);
	uint32_t octets = from->record_octets;

	for (; record < from->data_records; record++) {
		uint8_t *at = add_data(m, from->set_id, octets);
		if (!at)
			break;
		memcpy(at, from->buffer + first + record * octets, octets);
		message_count(m, from->share[record]);
	}
	return record;
}

void message_close(struct message *m)
{
	close_set(m);
	m->length = (uint32_t)(m->wire.at - m->buffer);
}

void message_seal(struct message *m, const struct protocol_header *header)
{
	m->protocol->put_header(m->buffer, m, header);
}
