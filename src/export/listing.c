#include "export/listing.h"

#include <stdio.h>

void listing_fill(struct session_templates *all, const struct layout *layout,
	const struct options_data *options, bool has_ids)
{
	for (unsigned i = 0; i < layout->count; i++) {
		struct session_template *t = &all->list[all->count++];
		t->template = layout->template[i];
		layout_name(layout, i, t->record, sizeof t->record);
		if (!has_ids)
			t->template.id = 0;
	}
	for (enum option_kind kind = 0; kind < OPTION_KINDS; kind++) {
		if (!options->template[kind].field_count)
			continue;
		struct session_template *t = &all->list[all->count++];
		t->template = options->template[kind];
		snprintf(t->record, sizeof t->record, "%s", option_kind_name(kind));
	}
}
