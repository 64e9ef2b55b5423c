/* table: one flow record as a row of text. */
#include "export/table.h"

#include "base/bytes.h"
#include "export/format.h"
#include "export/times.h"
#include "export/value.h"

/* Widths of the columns; between two of them stands a blank, in ADDRESSES " -> ". */
enum {
	START = 23,
	DURATION = 8,
	PROTOCOL = 5,
	ADDRESS = 21, /* 255.255.255.255:65535 */
	ADDRESSES = ADDRESS + 4 + ADDRESS,
	PACKETS = 7,
	OCTETS = 8,
	FLAGS = 6,
};

/* An address in brackets, a colon and a port, or a type and a code. */
#define ENDPOINT_ROOM (FORMAT_ADDRESS + 2 * FORMAT_NUMBER)

/* What a row shows; the first field of a kind wins, of a tunnel the outer one. */
struct row {
	const uint8_t *address[2]; /* source, destination */
	bool is_ipv6;
	bool has_port[2], has_icmp, has_protocol, has_packets, has_octets, has_flags, has_tos,
		has_reason;
	uint64_t port[2], icmp, protocol, packets, octets, flags, tos, reason;
};

static void take_address(struct row *row, const struct field *f, int end, bool is_ipv6)
{
	const uint8_t *other = row->address[!end];

	if (f->length != (is_ipv6 ? 16 : 4) || row->address[end])
		return;
	if (other && row->is_ipv6 != is_ipv6)
		return;
	row->address[end] = f->octets;
	row->is_ipv6 = is_ipv6;
}

static void take(uint64_t *value, bool *has, const struct field *f)
{
	if (!*has)
		*has = value_unsigned(f->octets, f->length, value);
}

/* The type's part and the code's part of an ICMP element. */
static void take_icmp(struct row *row, const struct field *f)
{
	uint64_t value;

	if (!value_unsigned(f->octets, f->length, &value))
		return;
	if (f->id == 176 || f->id == 178)
		value <<= 8;
	row->icmp |= value & 0xffff;
	row->has_icmp = true;
}

static void take_field(struct row *row, const struct field *f)
{
	switch (f->id) {
	case 8: take_address(row, f, 0, false); break;
	case 12: take_address(row, f, 1, false); break;
	case 27: take_address(row, f, 0, true); break;
	case 28: take_address(row, f, 1, true); break;
	case 7:
	case 180:
	case 182: take(&row->port[0], &row->has_port[0], f); break;
	case 11:
	case 181:
	case 183: take(&row->port[1], &row->has_port[1], f); break;
	case 4: take(&row->protocol, &row->has_protocol, f); break;
	case 6: take(&row->flags, &row->has_flags, f); break;
	case 5: take(&row->tos, &row->has_tos, f); break;
	case 136: take(&row->reason, &row->has_reason, f); break;
	case 2:
	case 24:
	case 86:
	case 298: take(&row->packets, &row->has_packets, f); break;
	case 1:
	case 23:
	case 85:
	case 231: take(&row->octets, &row->has_octets, f); break;
	case 32:
	case 139:
	case 176:
	case 177:
	case 178:
	case 179: take_icmp(row, f); break;
	default: break;
	}
}

static size_t endpoint(char *out, const struct row *row, int end)
{
	bool icmp = row->has_protocol && (row->protocol == 1 || row->protocol == 58);
	bool brackets = row->is_ipv6 && row->has_port[end] && !icmp;
	char *at = out;

	if (!row->address[end]) {
		*at++ = '-';
	} else {
		if (brackets)
			*at++ = '[';
		at += row->is_ipv6 ? format_ipv6(at, row->address[end])
				   : format_ipv4(at, row->address[end]);
		if (brackets)
			*at++ = ']';
	}
	if (icmp && end == 1 && (row->has_icmp || row->has_port[1])) {
		uint64_t what = row->has_icmp ? row->icmp : row->port[1];
		*at++ = ' ';
		at += format_number(at, what >> 8);
		*at++ = '/';
		at += format_number(at, what & 255);
	} else if (!icmp && row->has_port[end]) {
		*at++ = ':';
		at += format_number(at, row->port[end]);
	}
	return (size_t)(at - out);
}

static void put_addresses(struct table *table, struct line *line, const struct row *row)
{
	char source[ENDPOINT_ROOM], destination[ENDPOINT_ROOM];
	size_t a = endpoint(source, row, 0), b = endpoint(destination, row, 1);
	size_t block = (a > ADDRESS ? a : ADDRESS) + 4;
	size_t width = ADDRESSES;

	if (row->is_ipv6) {
		if (block + b > table->width6)
			table->width6 = block + b;
		if (table->width6 > width)
			width = table->width6;
	}
	line_right(line, source, a, ADDRESS);
	line_text(line, " -> ");
	line_left(line, destination, b, width > block ? width - block : 0);
}

static void put_times(struct line *line, const struct times *times)
{
	char text[FORMAT_TIME + FORMAT_NUMBER] = "-";
	size_t n = 1;

	if (times->has_first) {
		int64_t second = times->first / 1000, ms = times->first % 1000;
		if (ms < 0) {
			ms += 1000;
			second--;
		}
		n = format_iso8601(text, second, (uint32_t)ms * 1000000, 3, ' ');
	}
	line_left(line, text, n, START);
	line_char(line, ' ');
	text[0] = '-';
	n = 1;
	if (times->has_first && times->has_last) {
		uint64_t ms = times->last >= times->first
				      ? (uint64_t)times->last - (uint64_t)times->first
				      : (uint64_t)times->first - (uint64_t)times->last;
		n = times->last < times->first;
		n += format_number(text + n, ms / 1000);
		text[n++] = '.';
		text[n++] = (char)('0' + ms / 100 % 10);
		text[n++] = (char)('0' + ms / 10 % 10);
		text[n++] = (char)('0' + ms % 10);
	}
	line_right(line, text, n, DURATION);
}

static void put_number(struct line *line, bool has, uint64_t number, size_t width)
{
	char text[FORMAT_NUMBER] = "-";

	line_right(line, text, has ? format_number(text, number) : 1, width);
}

static void put_protocol(struct line *line, const struct row *row)
{
	const char *name = row->has_protocol ? value_protocol(row->protocol) : "-";
	char number[FORMAT_NUMBER];

	if (!name) {
		format_number(number, row->protocol);
		name = number;
	}
	line_left(line, name, strlen(name), PROTOCOL);
}

static void put_rest(struct line *line, const struct row *row)
{
	bool flags = row->has_flags && row->flags != 0;
	const char *reason = value_end_reason(row->reason);
	char text[VALUE_FLAGS] = "-";

	line_char(line, ' ');
	line_left(line, text, flags ? value_tcp_flags(text, row->flags) : 1, FLAGS);
	line_char(line, ' ');
	line_text(line, reason ? reason : "-");
	if (row->tos != 0) {
		line_text(line, " tos ");
		put_number(line, true, row->tos, 0);
	}
	line_char(line, '\n');
}

static void put_titles(struct table *table, struct line *line)
{
	static const struct {
		const char *title;
		size_t width;
		bool right;
	} titles[] = {{"start (UTC)", START, false}, {"duration", DURATION, true},
		{"proto", PROTOCOL, false}, {"source", ADDRESS, true}, {"->", 2, false},
		{"destination", ADDRESS, false}, {"packets", PACKETS, true},
		{"octets", OCTETS, true}, {"flags", FLAGS, false}, {"end", 0, false}};

	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
		size_t n = strlen(titles[i].title);
		if (i > 0)
			line_char(line, ' ');
		if (titles[i].right)
			line_right(line, titles[i].title, n, titles[i].width);
		else
			line_left(line, titles[i].title, n, titles[i].width);
	}
	line_char(line, '\n');
	table->headed = true;
}

bool table_row(struct table *table, struct line *line, const struct field *fields, size_t count,
	const struct message_time *message)
{
	struct times times;
	struct row row = {0};

	for (size_t i = 0; i < count; i++)
		if (fields[i].pen == 0 && fields[i].ie)
			take_field(&row, &fields[i]);
	if (!row.address[0] && !row.address[1])
		return false;
	if (!table->headed)
		put_titles(table, line);
	times = times_of(fields, count, message);
	put_times(line, &times);
	line_char(line, ' ');
	put_protocol(line, &row);
	line_char(line, ' ');
	put_addresses(table, line, &row);
	line_char(line, ' ');
	put_number(line, row.has_packets, row.packets, PACKETS);
	line_char(line, ' ');
	put_number(line, row.has_octets, row.octets, OCTETS);
	put_rest(line, &row);
	return true;
}
