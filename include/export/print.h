/* print: data records on a stream, as text, JSON or CSV.
 *
 * A printer takes records as fields, so it does not matter who decoded them and
 * from what. Elements have IANA's names; those that are not in the table are
 * called by number, PEN/ID, and a reverse element (RFC 5103) by its forward
 * element's name after "reverse".
 *
 * TEXT is a table for people (export/table.h), titles once at the top.
 * JSON is one object a line with every field in its order and its value as the
 * wire has it, times as ISO 8601; an element that occurs twice is an array.
 * CSV has one set of columns and one line of titles, as scripts want: the same
 * column means the same whatever template a record came by. Without a choice
 * it is fixed; of its columns flowStartMilliseconds and flowEndMilliseconds are
 * filled from whichever elements say the times, and a record's other elements have
 * none. JSON has all.
 *
 * One thread per printer. What goes wrong in writing stays with the stream. */
#ifndef EXPORT_PRINT_H
#define EXPORT_PRINT_H

#include "export/field.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum print_format { PRINT_TEXT, PRINT_JSON, PRINT_CSV };

struct printer;

/* NULL: no memory. The stream stays the caller's; nothing is left in the printer
 * between two calls. */
struct printer *printer_new(enum print_format format, FILE *out);
void printer_free(struct printer *printer);

/* A column of CSV: an element's value, and which one of a record that has it several times. */
struct print_column {
	const struct ie *ie;
	uint32_t pen; /* its own, or IE_REVERSE_PEN */
	unsigned nth; /* from 0 */
};

/* Other columns, before the first record; the array stays the caller's and must outlive
 * the printer. */
void printer_columns(struct printer *printer, const struct print_column *columns, size_t count);

/* A flow record. message: when its message left, NULL where nothing is relative to it. */
void printer_record(struct printer *printer, const struct field *fields, size_t count,
	const struct message_time *message);

/* An options record, its first `scopes` fields the scope: a line of names and
 * values, or the JSON object {"options": {...}}. CSV has no line for it. */
void printer_options(
	struct printer *printer, const struct field *fields, size_t count, size_t scopes);

/* A template, scopes 0, or options template; likewise. */
void printer_template(struct printer *printer, uint16_t id, const struct field *fields,
	size_t count, size_t scopes);

/* The name of a field's element, for a message to people. Room: PRINT_NAME. */
#define PRINT_NAME 64
size_t print_name(char *out, const struct field *field);

#endif
