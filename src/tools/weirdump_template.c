/* weirdump_template: a hash table of templates and their order of age. */
#include "weirdump_template.h"

#include <stdlib.h>

#define BUCKETS 4096

TAILQ_HEAD(by_age, template);

struct templates {
	struct template *buckets[BUCKETS];
	struct by_age by_age; /* the longest unsent first */
	size_t count;
	size_t fields;
};

struct templates *templates_new(void)
{
	struct templates *store = calloc(1, sizeof *store);

	if (store)
		TAILQ_INIT(&store->by_age);
	return store;
}

static struct template **bucket_of(struct templates *store, uint32_t owner, uint16_t id)
{
	return &store->buckets[(owner * UINT32_C(2654435761) + id) % BUCKETS];
}

static void drop(struct templates *store, struct template *template)
{
	struct template **link = bucket_of(store, template->owner, template->id);

	while (*link != template)
		link = &(*link)->next;
	*link = template->next;
	TAILQ_REMOVE(&store->by_age, template, age);
	store->count--;
	store->fields -= template->count;
	free(template->fields);
	free(template->lengths);
	free(template);
}

void templates_free(struct templates *store)
{
	if (!store)
		return;
	while (!TAILQ_EMPTY(&store->by_age))
		drop(store, TAILQ_FIRST(&store->by_age));
	free(store);
}

struct template *templates_find(struct templates *store, uint32_t owner, uint16_t id)
{
	struct template *t = *bucket_of(store, owner, id);

	while (t && (t->owner != owner || t->id != id))
		t = t->next;
	return t;
}

static bool same(
	const struct template *t, const struct field *fields, uint16_t count, uint16_t scopes)
{
	if (t->count != count || t->scopes != scopes)
		return false;
	for (size_t i = 0; i < count; i++)
		if (t->fields[i].id != fields[i].id || t->fields[i].pen != fields[i].pen ||
			t->lengths[i] != fields[i].length)
			return false;
	return true;
}

static struct template *copy(
	uint32_t owner, uint16_t id, const struct field *fields, uint16_t count, uint16_t scopes)
{
	struct template *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->owner = owner;
	t->id = id;
	t->count = count;
	t->scopes = scopes;
	t->fields = calloc(count, sizeof *t->fields);
	t->lengths = calloc(count, sizeof *t->lengths);
	if (!t->fields || !t->lengths) {
		free(t->fields);
		free(t->lengths);
		free(t);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		t->fields[i] = fields[i];
		t->lengths[i] = fields[i].length;
		t->shortest += fields[i].length == IE_VARIABLE ? 1 : fields[i].length;
	}
	return t;
}

struct template *templates_put(struct templates *store, uint32_t owner, uint16_t id,
	const struct field *fields, uint16_t count, uint16_t scopes, enum template_news *news)
{
	struct template *old = templates_find(store, owner, id);
	struct template **bucket = bucket_of(store, owner, id), *t;

	*news = old ? TEMPLATE_CHANGED : TEMPLATE_NEW;
	if (old && same(old, fields, count, scopes)) {
		*news = TEMPLATE_SAME;
		TAILQ_REMOVE(&store->by_age, old, age);
		TAILQ_INSERT_TAIL(&store->by_age, old, age);
		return old;
	}
	if (old)
		drop(store, old);
	t = copy(owner, id, fields, count, scopes);
	if (!t)
		return NULL;
	while (store->count > 0 &&
		(store->count >= TEMPLATES_MOST || store->fields + count > TEMPLATES_FIELDS_MOST))
		drop(store, TAILQ_FIRST(&store->by_age));
	t->next = *bucket;
	*bucket = t;
	TAILQ_INSERT_TAIL(&store->by_age, t, age);
	store->count++;
	store->fields += count;
	return t;
}

bool templates_remove(struct templates *store, uint32_t owner, uint16_t id)
{
	struct template *t = templates_find(store, owner, id);

	if (t)
		drop(store, t);
	return t != NULL;
}

void templates_remove_all(struct templates *store, uint32_t owner, int kind)
{
	struct template *next;

	for (struct template *t = TAILQ_FIRST(&store->by_age); t; t = next) {
		next = TAILQ_NEXT(t, age);
		if (t->owner == owner && (kind < 0 || (t->scopes > 0) == kind))
			drop(store, t);
	}
}

/* RFC 7011 section 7: one octet of length, or 255 and two. */
static bool variable_length(struct bytes *bytes, uint16_t *length)
{
	const uint8_t *p = bytes_pull(bytes, 1);

	if (!p)
		return false;
	*length = *p;
	if (*p < 255)
		return true;
	p = bytes_pull(bytes, 2);
	if (!p)
		return false;
	*length = be16(p);
	return true;
}

bool template_read(struct template *template, struct bytes *bytes)
{
	for (size_t i = 0; i < template->count; i++) {
		struct field *field = &template->fields[i];

		field->length = template->lengths[i];
		if (field->length == IE_VARIABLE && !variable_length(bytes, &field->length))
			return false;
		field->octets = bytes_pull(bytes, field->length);
		if (!field->octets)
			return false;
	}
	return true;
}
