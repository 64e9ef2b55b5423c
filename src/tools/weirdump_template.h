/* weirdump_template: the templates that exporters have sent.
 *
 * One store for all exporters, bounded in templates and in fields: what has not
 * been sent for the longest time makes room. A template's fields are where its
 * records are decoded into, one at a time. */
#ifndef WEIRDUMP_TEMPLATE_H
#define WEIRDUMP_TEMPLATE_H

#include "base/bytes.h"
#include "export/field.h"

#include <sys/queue.h>

enum {
	TEMPLATES_MOST = 4096,
	TEMPLATE_FIELDS_MOST = 1024,        /* of one template */
	TEMPLATES_FIELDS_MOST = 256 * 1024, /* of all */
};

struct template
{
	TAILQ_ENTRY(template) age;
	struct template *next; /* of the same bucket */
	uint32_t owner;        /* number of the session that sent it */
	uint16_t id;
	uint16_t count;
	uint16_t scopes;   /* 0: describes flow records */
	uint32_t shortest; /* octets of the shortest record, at least 1 */
	uint16_t *lengths; /* of the fields on the wire, IE_VARIABLE among them */
	struct field *fields;
};

enum template_news { TEMPLATE_NEW, TEMPLATE_SAME, TEMPLATE_CHANGED };

struct templates;

struct templates *templates_new(void);
void templates_free(struct templates *store);

/* NULL: not there. Valid until the next call that puts or removes. */
struct template *templates_find(struct templates *store, uint32_t owner, uint16_t id);

/* Keeps a copy of fields, at least one and at most TEMPLATE_FIELDS_MOST of which
 * one at least has octets. NULL: no memory. */
struct template *templates_put(struct templates *store, uint32_t owner, uint16_t id,
	const struct field *fields, uint16_t count, uint16_t scopes, enum template_news *news);

bool templates_remove(struct templates *store, uint32_t owner, uint16_t id);
/* kind 0: the templates, 1: the options templates, -1: both. */
void templates_remove_all(struct templates *store, uint32_t owner, int kind);

/* The next record's octets into the template's fields; false: it passes the end. */
bool template_read(struct template *template, struct bytes *bytes);

#endif
