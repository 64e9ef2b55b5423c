#include "daemon/templates.h"

#include "base/clock.h"
#include "export/message.h"
#include "export/print.h"
#include "export/protocol.h"

#include <stdlib.h>
#include <string.h>

#define N(value) ((json_int_t)(value))

static json_t *field(const struct protocol *p, const struct template *t, unsigned i)
{
	const struct template_field *f = &t->field[i];
	char name[PRINT_NAME];

	print_name(name, &(struct field){.ie = f->ie, .pen = template_field_pen(f)});
	return json_pack("{ss sI sI sI sb sb}", "name", name, "id", N(message_field_id(p, t, i)),
		"length", N(f->length), "pen", N(template_field_pen(f)), "scope",
		i < t->scope_count, "key", f->key);
}

static json_t *template(const struct protocol *p, const struct session_template *s)
{
	json_t *fields = json_array();

	for (unsigned i = 0; i < s->template.field_count; i++)
		json_array_append_new(fields, field(p, &s->template, i));
	return json_pack("{sI ss ss so}", "id", N(s->template.id), "kind",
		s->template.scope_count ? "options" : "data", "record", s->record, "fields",
		fields);
}

/* null where none was sent: not yet, or because the protocol has none. */
static json_t *sent(const struct session_templates *s)
{
	return s->done ? json_integer(N(s->sent / CLOCK_MILLISECOND)) : json_null();
}

static json_t *collector(const char *name, const struct session_templates *s)
{
	const struct protocol *p = protocol_find(s->version);
	json_t *all = json_array();

	for (unsigned i = 0; i < s->count; i++)
		json_array_append_new(all, template(p, &s->list[i]));
	return json_pack("{ss ss so so}", "name", name, "protocol", p->name, "sent_ms", sent(s),
		"templates", all);
}

static json_t *answer(struct exporter *e, const char *only, struct session_templates *room)
{
	json_t *all = json_array();
	char name[EXPORTER_COLLECTOR_NAME];
	unsigned left_out = 0;

	for (unsigned i = 0; exporter_templates(e, i, name, room); i++) {
		if (only && strcmp(name, only) != 0)
			continue;
		if (json_array_size(all) < TEMPLATES_COLLECTORS)
			json_array_append_new(all, collector(name, room));
		else
			left_out++;
	}
	if (only && json_array_size(all) == 0) {
		json_decref(all);
		return json_pack("{ss}", "error", "collector: status lists the names there are");
	}
	return json_pack("{so sI}", "collectors", all, "left_out", N(left_out));
}

json_t *templates_json(struct view *v, const json_t *request)
{
	const json_t *only = json_object_get(request, "collector");

	if (only && !json_is_string(only))
		return json_pack("{ss}", "error", "collector: a name is expected");
	struct session_templates *room = malloc(sizeof *room);
	json_t *all = room ? answer(v->exporter, json_string_value(only), room) : NULL;
	free(room);
	return all;
}
