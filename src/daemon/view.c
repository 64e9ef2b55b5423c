#include "daemon/view.h"

#include <stdlib.h>

struct ledger *view_ledger(const struct view *v)
{
	struct ledger *l = malloc(sizeof *l);

	if (!l)
		return NULL;
	ledger_read(l, v->crew, v->exporter);
	watch_check(v->watch, l);
	return l;
}
