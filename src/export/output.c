#include "export/output.h"

#include "export/layout.h"

#include <stdlib.h>

enum { RECORD_OCTETS = TEMPLATE_FIELDS * 32 };

struct output {
	struct printer *printer;
	FILE *stream;
	struct layout layout;
};

struct output *output_new(
	enum print_format format, FILE *stream, const struct layout_options *layout)
{
	struct output *o = malloc(sizeof *o);

	if (!o)
		return NULL;
	o->stream = stream;
	o->printer = printer_new(format, stream);
	if (!o->printer) {
		free(o);
		return NULL;
	}
	layout_init(&o->layout, layout);
	return o;
}

void output_free(struct output *o)
{
	if (!o)
		return;
	printer_free(o->printer);
	free(o);
}

void output_record(struct output *o, const struct flow_record *r)
{
	const struct template *t = layout_choose(&o->layout, r);
	uint8_t octets[RECORD_OCTETS];
	struct field field[TEMPLATE_FIELDS];
	const uint8_t *at = octets;

	template_encode(t, r, &(struct template_facts){0}, octets);
	for (unsigned i = 0; i < t->field_count; i++) {
		const struct template_field *f = &t->field[i];
		field[i] = (struct field){f->ie, f->ie->pen, f->ie->id, f->length, at};
		at += f->length;
	}
	printer_record(o->printer, field, t->field_count, NULL);
}

bool output_flush(struct output *o)
{
	return fflush(o->stream) == 0 && !ferror(o->stream);
}
