/* weirdump_layout: the template records of NetFlow v9 (RFC 3954 sections 5.2 and
 * 6.1) and IPFIX (RFC 7011 sections 3.4.1 and 3.4.2). */
#include "weirdump_layout.h"

/* Fields without octets that a template may have: they cost nothing to send and
 * something to print. */
#define EMPTY_FIELDS_MOST 16

#define ENTERPRISE_BIT 0x8000

/* NetFlow v9's scopes are a numbering of their own. */
static const struct ie scopes_of_v9[] = {
	{.name = "scopeSystem", .id = 1, .type = IE_UNSIGNED32},
	{.name = "scopeInterface", .id = 2, .type = IE_UNSIGNED32},
	{.name = "scopeLineCard", .id = 3, .type = IE_UNSIGNED32},
	{.name = "scopeCache", .id = 4, .type = IE_UNSIGNED32},
	{.name = "scopeTemplate", .id = 5, .type = IE_UNSIGNED32},
};

static bool read_field(struct field *field, struct bytes *bytes, uint16_t version, bool scope)
{
	const uint8_t *p = bytes_pull(bytes, 4);

	if (!p)
		return false;
	*field = (struct field){.id = be16(p), .length = be16(p + 2)};
	if (version == 10 && field->id & ENTERPRISE_BIT) {
		p = bytes_pull(bytes, 4);
		if (!p)
			return false;
		field->id &= (uint16_t)~ENTERPRISE_BIT;
		field->pen = be32(p);
	}
	if (version == 9 && scope)
		field->ie = field->id >= 1 && field->id <= 5 ? &scopes_of_v9[field->id - 1] : NULL;
	else
		field->ie = ie_find(field->pen, field->id);
	return true;
}

/* The fields of the record, of which no more are kept than there is room for. */
static const char *read_fields(
	struct layout *layout, struct bytes *bytes, uint16_t version, size_t count)
{
	size_t empty = 0, octets = 0;

	for (size_t i = 0; i < count; i++) {
		struct field field;

		if (!read_field(&field, bytes, version, i < layout->scopes))
			return "template record passes the end of its set";
		if (field.length == IE_VARIABLE && version == 9)
			layout->refused = "field of a variable length in NetFlow v9";
		empty += field.length == 0;
		octets += field.length;
		if (i < TEMPLATE_FIELDS_MOST)
			layout->fields[i] = field;
	}
	if (count > TEMPLATE_FIELDS_MOST)
		layout->refused = "more fields than weirdump keeps";
	else if (octets == 0)
		layout->refused = "no field has octets";
	else if (empty > EMPTY_FIELDS_MOST)
		layout->refused = "too many fields without octets";
	layout->count = (uint16_t)count;
	return NULL;
}

static const char *read_v9_options(struct layout *layout, struct bytes *bytes)
{
	const uint8_t *p = bytes_pull(bytes, 6);
	uint16_t scopes, options;

	if (!p)
		return "options template record passes the end of its set";
	layout->id = be16(p);
	scopes = be16(p + 2);
	options = be16(p + 4);
	if (scopes % 4 != 0 || options % 4 != 0)
		return "lengths of an options template are no multiples of 4";
	layout->scopes = scopes / 4;
	if (scopes == 0)
		layout->refused = "options template without scope";
	return read_fields(layout, bytes, 9, ((size_t)scopes + options) / 4);
}

static const char *read_ipfix_options(struct layout *layout, struct bytes *bytes, uint16_t count)
{
	const uint8_t *p = bytes_pull(bytes, 2);

	if (!p)
		return "options template record passes the end of its set";
	layout->scopes = be16(p);
	if (layout->scopes == 0)
		layout->refused = "options template without scope";
	else if (layout->scopes > count)
		layout->refused = "options template with more scopes than fields";
	return read_fields(layout, bytes, 10, count);
}

static const char *read_record(
	struct layout *layout, struct bytes *bytes, uint16_t version, bool options)
{
	const uint8_t *p;
	uint16_t count;

	if (version == 9 && options)
		return read_v9_options(layout, bytes);
	p = bytes_pull(bytes, 4);
	if (!p)
		return "template record passes the end of its set";
	layout->id = be16(p);
	count = be16(p + 2);
	if (version == 10 && count == 0)
		return NULL;
	return options ? read_ipfix_options(layout, bytes, count)
		       : read_fields(layout, bytes, version, count);
}

const char *layout_read(struct layout *layout, struct bytes *bytes, uint16_t version, bool options)
{
	const char *wrong;

	layout->count = 0;
	layout->scopes = 0;
	layout->refused = NULL;
	wrong = read_record(layout, bytes, version, options);
	if (!wrong && layout->id < 256 && (version == 9 || layout->count > 0))
		layout->refused = "template number below 256";
	return wrong;
}
