/* ie: the rows of ie.def as a table, and the ways to find one. */
#include "export/ie.h"

#include "export/option_values.h"
#include "flow/record.h"

#include <strings.h>

#define ROW(enterprise, symbol, number, v9, kind, how, ipfix, v9len, type_of, member, ...) \
	[IE_##symbol] = {.name = #symbol,                                                  \
		.v9_name = v9,                                                             \
		.pen = enterprise,                                                         \
		.id = number,                                                              \
		.type = IE_##kind,                                                         \
		.encoding = IE_##how,                                                      \
		.ipfix_length = ipfix,                                                     \
		.v9_length = v9len,                                                        \
		.offset = offsetof(type_of, member),                                       \
		.size = sizeof(((type_of *)0)->member),                                    \
		__VA_ARGS__},
#define IE(symbol, number, v9, kind, how, ipfix, v9len, member) \
	ROW(0, symbol, number, v9, kind, how, ipfix, v9len, struct flow_told, member, )
#define IE_OPTION(symbol, number, v9, kind, how, ipfix, v9len, member)                    \
	ROW(0, symbol, number, v9, kind, how, ipfix, v9len, struct option_values, member, \
		.is_option = true)
#define IE_OF(pen, symbol, number, v9, kind, how, ipfix, v9len, member, meaning, unit)  \
	ROW(pen, symbol, number, v9, kind, how, ipfix, v9len, struct flow_told, member, \
		.semantics = IE_##meaning, .units = IE_##unit)

const struct ie ie_table[IE_COUNT] = {
#include "export/ie.def"
};
#undef IE
#undef IE_OPTION
#undef IE_OF

/* From id to row, one more than the index; 0: no row. The order of the rows is
 * free, and two rows of one id do not compile. */
static const uint16_t row_by_id[] = {
#define IE_OF(pen, symbol, ...)
#define IE(symbol, id, ...)        [id] = IE_##symbol + 1,
#define IE_OPTION(symbol, id, ...) [id] = IE_##symbol + 1,
#include "export/ie.def"
};

static const char *const type_names[IE_TYPES] = {
	[IE_OCTET_ARRAY] = "octetArray",
	[IE_UNSIGNED8] = "unsigned8",
	[IE_UNSIGNED16] = "unsigned16",
	[IE_UNSIGNED32] = "unsigned32",
	[IE_UNSIGNED64] = "unsigned64",
	[IE_FLOAT64] = "float64",
	[IE_BOOLEAN] = "boolean",
	[IE_MAC_ADDRESS] = "macAddress",
	[IE_STRING] = "string",
	[IE_SECONDS] = "dateTimeSeconds",
	[IE_MILLISECONDS] = "dateTimeMilliseconds",
	[IE_MICROSECONDS] = "dateTimeMicroseconds",
	[IE_NANOSECONDS] = "dateTimeNanoseconds",
	[IE_IPV4_ADDRESS] = "ipv4Address",
	[IE_IPV6_ADDRESS] = "ipv6Address",
	[IE_UNSIGNED256] = "unsigned256",
	[IE_BASIC_LIST] = "basicList",
	[IE_SUB_TEMPLATE_LIST] = "subTemplateList",
	[IE_SUB_TEMPLATE_MULTI_LIST] = "subTemplateMultiList",
};

/* Enterprises have few rows, and nobody looks for them per packet. */
static const struct ie *find_of(uint32_t pen, uint16_t id)
{
	for (size_t i = 0; i < IE_COUNT; i++)
		if (ie_table[i].pen == pen && ie_table[i].id == id)
			return &ie_table[i];
	return NULL;
}

const struct ie *ie_find(uint32_t pen, uint16_t id)
{
	if (pen != 0 && pen != IE_REVERSE_PEN)
		return find_of(pen, id);
	if (id >= sizeof row_by_id / sizeof row_by_id[0] || row_by_id[id] == 0)
		return NULL;
	return &ie_table[row_by_id[id] - 1];
}

const struct ie *ie_named(const char *name)
{
	for (size_t i = 0; i < IE_COUNT; i++)
		if (strcasecmp(ie_table[i].name, name) == 0)
			return &ie_table[i];
	for (size_t i = 0; i < IE_COUNT; i++)
		if (ie_table[i].v9_name && strcasecmp(ie_table[i].v9_name, name) == 0)
			return &ie_table[i];
	return NULL;
}

uint8_t ie_type_number(enum ie_type type)
{
	static const uint8_t numbers[IE_TYPES] = {
		[IE_OCTET_ARRAY] = 0,
		[IE_UNSIGNED8] = 1,
		[IE_UNSIGNED16] = 2,
		[IE_UNSIGNED32] = 3,
		[IE_UNSIGNED64] = 4,
		[IE_FLOAT64] = 10,
		[IE_BOOLEAN] = 11,
		[IE_MAC_ADDRESS] = 12,
		[IE_STRING] = 13,
		[IE_SECONDS] = 14,
		[IE_MILLISECONDS] = 15,
		[IE_MICROSECONDS] = 16,
		[IE_NANOSECONDS] = 17,
		[IE_IPV4_ADDRESS] = 18,
		[IE_IPV6_ADDRESS] = 19,
		[IE_BASIC_LIST] = 20,
		[IE_SUB_TEMPLATE_LIST] = 21,
		[IE_SUB_TEMPLATE_MULTI_LIST] = 22,
		[IE_UNSIGNED256] = 23,
	};

	return (unsigned)type < IE_TYPES ? numbers[type] : 0;
}

const char *ie_type_name(enum ie_type type)
{
	return (unsigned)type < IE_TYPES ? type_names[type] : "unknown";
}

enum ie_source ie_source(const struct ie *ie)
{
	const size_t first = offsetof(struct flow_told, details.first);

	if (ie->encoding == IE_NONE)
		return IE_FROM_NOTHING;
	if (ie->is_option)
		return IE_FROM_OPTIONS;
	if (ie->encoding >= IE_DOMAIN)
		return IE_FROM_EXPORTER;
	if (ie->offset < sizeof(struct flow_key))
		return IE_FROM_KEY;
	if (ie_needs_path(ie))
		return IE_FROM_HOST;
	bool of_first = ie->offset >= first && ie->offset < first + sizeof(struct packet_details);

	return of_first || ie->id == 58 || ie->id == 243 ? IE_FROM_FIRST : IE_FROM_PACKETS;
}

bool ie_needs_details(const struct ie *ie)
{
	return ie->offset >= sizeof(struct flow_record) && !ie_needs_path(ie);
}

bool ie_needs_path(const struct ie *ie)
{
	return !ie->is_option && ie->offset >= offsetof(struct flow_told, path);
}

/* Bits that no registry has assigned yet need not be sent (RFC 9740). */
uint16_t ie_length(const struct ie *ie, uint16_t version)
{
	if (ie->type == IE_UNSIGNED256)
		return ie->size;
	return version == 10 ? ie->ipfix_length : ie->v9_length;
}

static void list_row(const struct ie *ie, FILE *out)
{
	static const char *const sources[] = {[IE_FROM_NOTHING] = "",
		[IE_FROM_KEY] = "  key",
		[IE_FROM_PACKETS] = "  packets",
		[IE_FROM_FIRST] = "  first packet",
		[IE_FROM_HOST] = "  host",
		[IE_FROM_EXPORTER] = "  exporter",
		[IE_FROM_OPTIONS] = "  options data"};
	char length[12] = "variable", number[24];

	if (ie->ipfix_length != IE_VARIABLE)
		snprintf(length, sizeof length, "%u", ie->ipfix_length);
	if (ie->pen)
		snprintf(number, sizeof number, "%u/%u", ie->pen, ie->id);
	else
		snprintf(number, sizeof number, "%u", ie->id);
	fprintf(out, "%-35s %9s  %-35s %-21s %8s%s\n", ie->name, number,
		ie->v9_name ? ie->v9_name : "-", ie_type_name(ie->type), length,
		sources[ie_source(ie)]);
}

void ie_list(FILE *out)
{
	for (size_t id = 0; id < sizeof row_by_id / sizeof row_by_id[0]; id++)
		if (row_by_id[id])
			list_row(&ie_table[row_by_id[id] - 1], out);
	for (size_t i = 0; i < IE_COUNT; i++)
		if (ie_table[i].pen)
			list_row(&ie_table[i], out);
}
