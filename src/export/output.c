#include "export/output.h"

#include "export/layout.h"

#include <stdlib.h>
#include <string.h>

enum { RECORD_OCTETS = TEMPLATE_FIELDS * 32, COLUMNS = 2 * TEMPLATE_FIELDS };

struct output {
	struct printer *printer;
	FILE *stream;
	struct layout layout;
	uint32_t scale;
	bool details; /* some template tells of them, so records have them */
	struct print_column column[COLUMNS];
	unsigned column_count;
};

static bool has_details(const struct layout *layout)
{
	for (unsigned i = 0; i < layout->count; i++)
		for (unsigned k = 0; k < layout->template[i].field_count; k++)
			if (layout->template[i].field[k].offset >= sizeof(struct flow_record))
				return true;
	return false;
}

/* The column of this field of a template; column_count: it has none yet. */
static unsigned find_column(const struct output *o, const struct template_field *f, unsigned nth)
{
	unsigned i = 0;

	while (i < o->column_count &&
		(o->column[i].ie != f->ie || o->column[i].pen != template_field_pen(f) ||
			o->column[i].nth != nth))
		i++;
	return i;
}

/* Adds the elements of a template that have no column yet, behind those that stand before
 * them there. */
static void add_columns(struct output *o, const struct template *t)
{
	unsigned next = 0;

	for (unsigned i = 0; i < t->field_count; i++) {
		const struct template_field *f = &t->field[i];
		unsigned nth = 0;
		for (unsigned k = 0; k < i; k++)
			nth += t->field[k].ie == f->ie && t->field[k].reverse == f->reverse;
		unsigned at = find_column(o, f, nth);
		if (at == o->column_count && at < COLUMNS) {
			memmove(&o->column[next + 1], &o->column[next],
				(o->column_count - next) * sizeof o->column[0]);
			o->column[next] = (struct print_column){f->ie, template_field_pen(f), nth};
			o->column_count++;
			at = next;
		}
		next = at + 1;
	}
}

/* Those of the default record are fixed, for scripts. */
static void choose_columns(struct output *o, const struct layout_options *layout)
{
	if (definition_is_default(layout->definition) && !layout->biflow)
		return;
	for (unsigned i = 0; i < o->layout.count; i++)
		add_columns(o, &o->layout.template[i]);
	printer_columns(o->printer, o->column, o->column_count);
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
	o->column_count = 0;
	choose_columns(o, layout);
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
