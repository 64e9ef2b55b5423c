#include "weirctl_templates.h"

#include "weirctl_member.h"

#include <time.h>

enum { VARIABLE = 65535 }; /* a length, RFC 7011 section 7 */

static void show_template(const json_t *t, FILE *out)
{
	const json_t *fields = at(t, "fields");
	json_int_t id = number(t, "id");

	if (id)
		fprintf(out, "\n%s template %" JSON_INTEGER_FORMAT "  %s\n", text(t, "kind"), id,
			text(t, "record"));
	else
		fprintf(out, "\n%s record  %s\n", text(t, "kind"), text(t, "record"));
	fprintf(out, "   %10s %6s %6s  %s\n", "ENTERPRISE", "ID", "LENGTH", "NAME");
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *f = json_array_get(fields, i);
		json_int_t length = number(f, "length"), pen = number(f, "pen");
		char enterprise[24] = "", octets[24] = "varies";
		if (pen)
			snprintf(enterprise, sizeof enterprise, "%" JSON_INTEGER_FORMAT, pen);
		if (length != VARIABLE)
			snprintf(octets, sizeof octets, "%" JSON_INTEGER_FORMAT, length);
		fprintf(out, "   %10s %6" JSON_INTEGER_FORMAT " %6s  %.40s%s%s\n", enterprise,
			number(f, "id"), octets, text(f, "name"),
			json_is_true(at(f, "scope")) ? ", scope" : "",
			json_is_true(at(f, "key")) ? ", key" : "");
	}
}

void weirctl_show_templates(const json_t *a, FILE *out)
{
	const json_t *all = at(a, "collectors");
	json_int_t left_out = number(a, "left_out");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *c = json_array_get(all, i), *list = at(c, "templates");
		const json_t *sent = at(c, "sent_ms");
		time_t when = (time_t)(json_integer_value(sent) / 1000);
		char date[32] = "not sent";
		struct tm tm;
		if (json_is_integer(sent) && localtime_r(&when, &tm))
			strftime(date, sizeof date, "last sent %F %T", &tm);
		fprintf(out, "%sCOLLECTOR %s\n%s, templates %s\n", i ? "\n" : "", text(c, "name"),
			text(c, "protocol"), date);
		for (size_t k = 0; k < json_array_size(list); k++)
			show_template(json_array_get(list, k), out);
	}
	if (left_out)
		fprintf(out,
			"\n%" JSON_INTEGER_FORMAT
			" more collectors: weirctl templates NAME shows one\n",
			left_out);
}
