#include "export/output.h"

#include "export/layout.h"

#include <stdlib.h>
#include <string.h>

enum { RECORD_OCTETS = TEMPLATE_FIELDS * 32 };

struct output {
	struct printer *printer;
	FILE *stream;
	struct layout layout;
	uint32_t scale;
	bool details; /* some template tells of them, so records have them */
};

static bool has_details(const struct layout *layout)
{
	for (unsigned i = 0; i < layout->count; i++)
		for (unsigned k = 0; k < layout->template[i].field_count; k++)
			if (layout->template[i].field[k].offset >= sizeof(struct flow_record))
				return true;
	return false;
}

struct output *output_new(
	enum print_format format, FILE *stream, const struct layout_options *layout, uint32_t scale)
{
	struct output *o = malloc(sizeof *o);

	if (!o)
		return NULL;
	o->stream = stream;
	o->scale = scale;
	o->printer = printer_new(format, stream);
	if (!o->printer) {
		free(o);
		return NULL;
	}
	layout_init(&o->layout, layout);
	o->details = has_details(&o->layout);
	return o;
}

void output_free(struct output *o)
{
	if (!o)
		return;
	printer_free(o->printer);
	free(o);
}

/* The record as if all packets had been metered, in *copy. */
static const struct flow_record *scaled(
	const struct output *o, const struct flow_record *r, struct flow_full_record *copy)
{
	memcpy(copy, r, o->details ? sizeof *copy : sizeof *r);
	copy->record.packets *= o->scale;
	copy->record.octets *= o->scale;
	if (o->details)
		copy->details.layer2_octets *= o->scale;
	return &copy->record;
}

void output_record(struct output *o, const struct flow_record *r, const struct flow_path *path)
{
	const struct template *t = layout_choose(&o->layout, r);
	uint8_t octets[RECORD_OCTETS];
	struct flow_full_record copy;
	struct field field[TEMPLATE_FIELDS];
	const uint8_t *at = octets;

	if (o->scale > 1)
		r = scaled(o, r, &copy);
	template_encode(t, r, &(struct template_facts){.path = path}, octets);
	for (unsigned i = 0; i < t->field_count; i++) {
		const struct template_field *f = &t->field[i];
		field[i] = (struct field){f->ie, template_field_pen(f), f->ie->id, f->length, at};
		at += f->length;
	}
	printer_record(o->printer, field, t->field_count, NULL);
}

bool output_flush(struct output *o)
{
	return fflush(o->stream) == 0 && !ferror(o->stream);
}
