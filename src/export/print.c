/* print: records, options and templates as lines. */
#include "export/print.h"

#include "base/bytes.h"
#include "export/format.h"
#include "export/line.h"
#include "export/table.h"
#include "export/times.h"
#include "export/value.h"

#include <ctype.h>
#include <stdlib.h>

struct printer {
	enum print_format format;
	struct line line;
	struct table table;
	const struct print_column *columns;
	size_t column_count;
	bool headed; /* CSV's line of titles is out */
};

static const struct print_column default_columns[] = {
#define COLUMN(symbol)                       \
	{                                    \
		&ie_table[IE_##symbol], 0, 0 \
	}
	COLUMN(flowStartMilliseconds),
	COLUMN(flowEndMilliseconds),
	COLUMN(ipVersion),
	COLUMN(protocolIdentifier),
	COLUMN(sourceIPv4Address),
	COLUMN(sourceIPv6Address),
	COLUMN(sourceTransportPort),
	COLUMN(destinationIPv4Address),
	COLUMN(destinationIPv6Address),
	COLUMN(destinationTransportPort),
	COLUMN(icmpTypeCodeIPv4),
	COLUMN(icmpTypeCodeIPv6),
	COLUMN(packetDeltaCount),
	COLUMN(octetDeltaCount),
	COLUMN(tcpControlBits),
	COLUMN(ipClassOfService),
	COLUMN(ingressInterface),
	COLUMN(egressInterface),
	COLUMN(flowDirection),
	COLUMN(flowEndReason),
	COLUMN(minimumTTL),
	COLUMN(maximumTTL),
	COLUMN(vlanId),
	COLUMN(dot1qVlanId),
	COLUMN(dot1qCustomerVlanId),
	COLUMN(sourceMacAddress),
	COLUMN(destinationMacAddress),
	COLUMN(ipNextHopIPv4Address),
	COLUMN(bgpSourceAsNumber),
	COLUMN(bgpDestinationAsNumber),
	COLUMN(sourceIPv4PrefixLength),
	COLUMN(destinationIPv4PrefixLength),
#undef COLUMN
};

struct printer *printer_new(enum print_format format, FILE *out)
{
	struct printer *printer = calloc(1, sizeof *printer);

	if (!printer)
		return NULL;
	printer->format = format;
	printer->columns = default_columns;
	printer->column_count = sizeof default_columns / sizeof default_columns[0];
	printer->line.out = out;
	printer->line.size = VALUE_ROOM(UINT16_MAX);
	printer->line.start = malloc(printer->line.size);
	if (!printer->line.start) {
		free(printer);
		return NULL;
	}
	return printer;
}

void printer_free(struct printer *printer)
{
	if (!printer)
		return;
	free(printer->line.start);
	free(printer);
}

void printer_columns(struct printer *printer, const struct print_column *columns, size_t count)
{
	printer->columns = columns;
	printer->column_count = count;
}

size_t print_name(char *out, const struct field *field)
{
	size_t n;

	if (!field->ie) {
		n = format_number(out, field->pen);
		out[n++] = '/';
		return n + format_number(out + n, field->id);
	}
	if (field->pen != IE_REVERSE_PEN)
		return (size_t)snprintf(out, PRINT_NAME, "%s", field->ie->name);
	return (size_t)snprintf(out, PRINT_NAME, "reverse%c%s",
		toupper((unsigned char)field->ie->name[0]), field->ie->name + 1);
}

static void put_name(struct line *line, const struct field *field)
{
	if (field->ie && field->pen != IE_REVERSE_PEN) {
		line_text(line, field->ie->name);
		return;
	}
	line_reserve(line, PRINT_NAME);
	line->used += print_name(line_end(line), field);
}

static void put_number(struct line *line, const char *title, uint64_t number)
{
	line_text(line, title);
	line_reserve(line, FORMAT_NUMBER);
	line->used += format_number(line_end(line), number);
}

static void put_value(struct line *line, enum value_form form, const struct field *field)
{
	size_t room = VALUE_ROOM(field->length);

	line_reserve(line, room);
	line->used +=
		value_print(line_end(line), room, form, field->ie, field->octets, field->length);
}

static bool same_element(const struct field *a, const struct field *b)
{
	return a->id == b->id && a->pen == b->pen && a->ie == b->ie;
}

/* The next field from `from` on of the same element as *field; count: none. */
static size_t find_element(
	const struct field *fields, size_t from, size_t count, const struct field *field)
{
	while (from < count && !same_element(&fields[from], field))
		from++;
	return from;
}

static void put_json_fields(struct line *line, const struct field *fields, size_t count)
{
	line_char(line, '{');
	for (size_t i = 0; i < count; i++) {
		size_t again;

		if (find_element(fields, 0, i, &fields[i]) < i)
			continue;
		again = find_element(fields, i + 1, count, &fields[i]);
		line_text(line, i > 0 ? ",\"" : "\"");
		put_name(line, &fields[i]);
		line_text(line, again < count ? "\":[" : "\":");
		put_value(line, VALUE_JSON, &fields[i]);
		if (again == count)
			continue;
		for (; again < count; again = find_element(fields, again + 1, count, &fields[i])) {
			line_char(line, ',');
			put_value(line, VALUE_JSON, &fields[again]);
		}
		line_char(line, ']');
	}
	line_char(line, '}');
}

static struct field field_of(const struct print_column *c)
{
	return (struct field){.ie = c->ie, .pen = c->pen, .id = c->ie->id};
}

/* "sourceIPv4Address", and for the next one in a record "sourceIPv4Address_2". */
static void put_title(struct line *line, const struct print_column *column)
{
	struct field field = field_of(column);

	put_name(line, &field);
	if (column->nth > 0)
		put_number(line, "_", column->nth + 1);
}

static void put_csv_titles(struct printer *printer)
{
	for (size_t i = 0; i < printer->column_count; i++) {
		if (i > 0)
			line_char(&printer->line, ',');
		put_title(&printer->line, &printer->columns[i]);
	}
	line_char(&printer->line, '\n');
	printer->headed = true;
}

static void put_csv_time(struct line *line, bool has, int64_t milliseconds)
{
	uint8_t octets[8];
	struct field field = {.ie = &ie_table[IE_flowStartMilliseconds],
		.length = sizeof octets,
		.octets = octets};

	if (!has || milliseconds < 0)
		return;
	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)((uint64_t)milliseconds >> (56 - 8 * i));
	put_value(line, VALUE_CSV, &field);
}

static void put_csv_row(struct printer *printer, const struct field *fields, size_t count,
	const struct message_time *message)
{
	struct line *line = &printer->line;
	struct times times = times_of(fields, count, message);

	for (size_t i = 0; i < printer->column_count; i++) {
		struct field wanted = field_of(&printer->columns[i]);
		size_t found = find_element(fields, 0, count, &wanted);

		for (unsigned n = 0; n < printer->columns[i].nth && found < count; n++)
			found = find_element(fields, found + 1, count, &wanted);
		if (i > 0)
			line_char(line, ',');
		if (found < count)
			put_value(line, VALUE_CSV, &fields[found]);
		else if (wanted.pen)
			continue;
		else if (wanted.ie == &ie_table[IE_flowStartMilliseconds])
			put_csv_time(line, times.has_first, times.first);
		else if (wanted.ie == &ie_table[IE_flowEndMilliseconds])
			put_csv_time(line, times.has_last, times.last);
	}
	line_char(line, '\n');
}

/* name=value, the scope before a bar. */
static void put_pairs(struct line *line, const char *title, const struct field *fields,
	size_t count, size_t scopes)
{
	line_text(line, title);
	for (size_t i = 0; i < count; i++) {
		if (scopes > 0 && i == scopes)
			line_text(line, " |");
		line_char(line, ' ');
		put_name(line, &fields[i]);
		line_char(line, '=');
		put_value(line, VALUE_TEXT, &fields[i]);
	}
	line_char(line, '\n');
}

void printer_record(struct printer *printer, const struct field *fields, size_t count,
	const struct message_time *message)
{
	struct line *line = &printer->line;

	switch (printer->format) {
	case PRINT_TEXT:
		if (!table_row(&printer->table, line, fields, count, message))
			put_pairs(line, "record", fields, count, 0);
		break;
	case PRINT_JSON:
		put_json_fields(line, fields, count);
		line_char(line, '\n');
		break;
	case PRINT_CSV:
		if (!printer->headed)
			put_csv_titles(printer);
		put_csv_row(printer, fields, count, message);
		break;
	}
	line_flush(line);
}

void printer_options(
	struct printer *printer, const struct field *fields, size_t count, size_t scopes)
{
	struct line *line = &printer->line;

	if (printer->format == PRINT_TEXT) {
		put_pairs(line, "options", fields, count, scopes);
	} else if (printer->format == PRINT_JSON) {
		line_text(line, "{\"options\":");
		put_json_fields(line, fields, count);
		line_text(line, "}\n");
	}
	line_flush(line);
}

static void put_json_template(
	struct line *line, uint16_t id, const struct field *fields, size_t count, size_t scopes)
{
	put_number(line, "{\"template\":{\"id\":", id);
	put_number(line, ",\"scopes\":", scopes);
	line_text(line, ",\"fields\":[");
	for (size_t i = 0; i < count; i++) {
		line_text(line, i > 0 ? ",{\"name\":\"" : "{\"name\":\"");
		put_name(line, &fields[i]);
		put_number(line, "\",\"pen\":", fields[i].pen);
		put_number(line, ",\"id\":", fields[i].id);
		put_number(line, ",\"length\":", fields[i].length);
		line_char(line, '}');
	}
	line_text(line, "]}}\n");
}

static void put_text_template(
	struct line *line, uint16_t id, const struct field *fields, size_t count, size_t scopes)
{
	put_number(line, scopes > 0 ? "options template " : "template ", id);
	line_char(line, ':');
	for (size_t i = 0; i < count; i++) {
		if (scopes > 0 && i == scopes)
			line_text(line, " |");
		line_char(line, ' ');
		put_name(line, &fields[i]);
		if (fields[i].length == IE_VARIABLE)
			line_text(line, "(v");
		else
			put_number(line, "(", fields[i].length);
		line_char(line, ')');
	}
	line_char(line, '\n');
}

void printer_template(struct printer *printer, uint16_t id, const struct field *fields,
	size_t count, size_t scopes)
{
	if (printer->format == PRINT_TEXT)
		put_text_template(&printer->line, id, fields, count, scopes);
	else if (printer->format == PRINT_JSON)
		put_json_template(&printer->line, id, fields, count, scopes);
	line_flush(&printer->line);
}
