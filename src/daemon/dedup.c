#include "daemon/dedup.h"

#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COVERS = 4 * CONFIG_INPUTS };

/* Whether an input gets all its packets from others. It has its place for good: a source that
 * is ending may still look there. */
struct cover {
	char name[CONFIG_NAME];
	atomic_bool covered;
};

struct dedup {
	struct duplicates *table; /* NULL: the kernel does not allow it */
	unsigned count;
	bool all; /* interfaces are inputs */
	struct cover cover[COVERS];
	atomic_uint covers;
	char input[CONFIG_INPUTS][CONFIG_NAME];
};

static bool is_all(const struct config_input *in)
{
	return strcmp(in->interface, "any") == 0;
}

bool dedup_sees_several(const struct config *c)
{
	return c->input_count > 1 || c->patterns;
}

/* One interface sees one side of each packet. */
static bool is_wanted(const struct config *c)
{
	if (!c->dedup || (c->input_count > 0 && *c->inputs[0].file))
		return false;
	return dedup_sees_several(c) || (c->input_count == 1 && is_all(&c->inputs[0]));
}

static struct cover *find_cover(struct dedup *d, const char *name)
{
	unsigned count = atomic_load(&d->covers);

	for (unsigned i = 0; i < count; i++)
		if (strcmp(d->cover[i].name, name) == 0)
			return &d->cover[i];
	return NULL;
}

static struct cover *make_cover(struct dedup *d, const char *name)
{
	struct cover *c = find_cover(d, name);
	unsigned count = atomic_load(&d->covers);

	if (c || count == COVERS)
		return c;
	snprintf(d->cover[count].name, sizeof d->cover[count].name, "%s", name);
	atomic_store(&d->covers, count + 1);
	return &d->cover[count];
}

static void take_inputs(struct dedup *d, const struct config *c)
{
	d->all = false;
	for (unsigned i = 0; i < c->input_count; i++) {
		memcpy(d->input[i], c->inputs[i].interface, sizeof d->input[i]);
		d->all |= is_all(&c->inputs[i]);
		(void)make_cover(d, d->input[i]);
	}
	d->count = c->input_count;
}

struct dedup *dedup_new(const struct config *c)
{
	struct dedup *d = is_wanted(c) ? calloc(1, sizeof *d) : NULL;

	if (!d)
		return NULL;
	take_inputs(d, c);
	d->table = duplicates_new();
	if (!d->table)
		log_warning("capture",
			"event=no-egress error=\"%s\" note=\"the kernel allows no program that "
			"tells "
			"forwarded packets from this host's own (CAP_BPF?): only what comes in is "
			"metered\"",
			strerror(errno));
	return d;
}

void dedup_free(struct dedup *d)
{
	if (!d)
		return;
	duplicates_free(d->table);
	free(d);
}

struct duplicates *dedup_table(const struct dedup *d)
{
	return d ? d->table : NULL;
}

bool dedup_only_incoming(const struct dedup *d)
{
	return d && !d->table;
}

const atomic_bool *dedup_covered(struct dedup *d, const char *interface)
{
	struct cover *c = d && !d->table ? make_cover(d, interface) : NULL;

	return c ? &c->covered : NULL;
}

static bool is_input(const struct dedup *d, const struct link *link)
{
	for (unsigned i = 0; i < d->count; i++)
		if (strcmp(d->input[i], link->name) == 0)
			return true;
	return d->all;
}

/* Says where packets are metered that two inputs see because one lies over the other, when that
 * is so or is over. One socket for all interfaces leaves out what the kernel's program does, or
 * nothing. */
static void say_covered(struct dedup *d, const struct link *link, bool covered)
{
	bool twice = d->all && !d->table;
	struct cover *c = twice && covered ? make_cover(d, link->name) : find_cover(d, link->name);

	if (!c || atomic_exchange(&c->covered, covered) == covered)
		return;
	if (twice && covered)
		log_warning("capture",
			"event=inputs-overlap over=\"%s\" note=\"it gets its packets from other "
			"interfaces: what comes in is metered twice (CAP_BPF)\"",
			link->name);
	if (twice)
		return;
	log_info("capture",
		covered ? "%s gets its packets from other inputs: they are metered there"
			: "%s gets packets that no other input sees: it is metered",
		link->name);
}

/* What comes up from interfaces that are inputs has been seen there, so an interface over them
 * is an entry too, and what is seen on it is seen a second time. */
void dedup_see(struct dedup *d, const struct links *links)
{
	unsigned count, inputs = 0;
	const struct link *link = links_all(links, &count);
	uint32_t *index = calloc(count + 1, sizeof *index);

	if (!index)
		return;
	for (unsigned i = 0; i < count; i++)
		if (is_input(d, &link[i]))
			index[inputs++] = link[i].index;
	for (unsigned i = 0; i < count; i++) {
		bool covered = links_covered(links, &link[i], index, inputs);
		unsigned flags = is_input(d, &link[i]) || covered ? DUPLICATES_ENTRY : 0;
		if (covered)
			flags |= DUPLICATES_COVERED;
		if (d->table)
			duplicates_mark(d->table, link[i].index, flags);
		say_covered(d, &link[i], covered && is_input(d, &link[i]));
	}
	free(index);
}

void dedup_change(struct dedup *d, const struct config *c, const struct links *links)
{
	if (!d)
		return;
	take_inputs(d, c);
	if (links)
		dedup_see(d, links);
}

static const struct link *input_link(const struct config_input *in, const struct links *links)
{
	unsigned count;
	const struct link *link = links_all(links, &count);

	for (unsigned i = 0; i < count; i++)
		if (strcmp(in->interface, link[i].name) == 0)
			return &link[i];
	return NULL;
}

static bool is_covered(struct dedup *d, const char *input)
{
	struct cover *c = d ? find_cover(d, input) : NULL;

	return c && atomic_load(&c->covered);
}

void dedup_warn(struct dedup *d, const struct config *c, const struct links *links)
{
	for (unsigned i = 0; i < c->input_count; i++) {
		const struct link *over = input_link(&c->inputs[i], links);
		for (unsigned k = 0;
			over && !is_covered(d, c->inputs[i].interface) && k < c->input_count; k++) {
			const struct link *below = input_link(&c->inputs[k], links);
			if (below && (below->master == over->index || over->below == below->index))
				log_warning("capture",
					"event=inputs-overlap over=\"%s\" below=\"%s\" "
					"note=\"what passes both is metered twice\"",
					over->name, below->name);
		}
	}
}
