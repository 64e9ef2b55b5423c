#include "daemon/dedup.h"

#include "base/log.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

static bool is_all(const struct config_input *in)
{
	return strcmp(in->interface, "any") == 0;
}

/* One interface sees one side of each packet. */
static bool is_wanted(const struct config *c)
{
	if (!c->dedup || c->input_count == 0 || *c->inputs[0].file)
		return false;
	return c->input_count > 1 || is_all(&c->inputs[0]);
}

static void mark(struct duplicates *table, const struct config_input *in)
{
	if (!is_all(in)) {
		duplicates_mark(table, if_nametoindex(in->interface), DUPLICATES_ENTRY);
		return;
	}
	for (unsigned i = 1; i < DUPLICATES_INTERFACES; i++)
		duplicates_mark(table, i, DUPLICATES_ENTRY);
}

void dedup_open(struct dedup *d, const struct config *c)
{
	*d = (struct dedup){NULL, false};
	if (!is_wanted(c))
		return;
	d->table = duplicates_new();
	d->only_incoming = !d->table;
	if (!d->table)
		log_warning("capture",
			"the kernel allows no program that tells forwarded packets from this "
			"host's own (%s; CAP_BPF?): only what comes in is metered",
			strerror(errno));
	for (unsigned i = 0; d->table && i < c->input_count; i++)
		mark(d->table, &c->inputs[i]);
}

void dedup_close(struct dedup *d)
{
	duplicates_free(d->table);
	d->table = NULL;
}
