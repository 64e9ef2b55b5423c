/* definition: what a flow record keys on and what it collects, in the words of
 * Cisco's Flexible NetFlow.
 *
 * A definition is a row of fields. From it come the masks by which the cache tells
 * flows apart (definition_select) and the templates that tell a collector of them
 * (layout.h). A field is an information element, of the flow's own packet or, by
 * name, of the outer or the inner packet of a tunnel. Plain data; pure functions,
 * any thread. */
#ifndef EXPORT_DEFINITION_H
#define EXPORT_DEFINITION_H

#include "export/ie.h"
#include "flow/selection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEFINITION_FIELDS = 56, DEFINITION_NAME = 32 };

/* The flow is the tunnel's outer packet, or its inner one where tunnels are taken
 * off: "outer" and "inner" name one whatever the flow is. */
enum definition_side { DEFINITION_FLOW, DEFINITION_OUTER, DEFINITION_INNER };

struct definition_field {
	uint16_t element; /* enum ie_index */
	uint8_t side;     /* enum definition_side */
	bool key;
};

struct definition {
	char name[DEFINITION_NAME];
	unsigned count; /* in the order of the template */
	struct definition_field field[DEFINITION_FIELDS];
};

/* A ready-made definition; NULL: there is none of this name, which a user's may have. */
const struct definition *definition_ready(const char *name);
/* "default": the one that is used where none is named. */
bool definition_is_default(const struct definition *definition);
/* Names of them all, for a message. */
void definition_names(char *text, size_t size);

/* "sourceIPv4Address", "IPV4_SRC_ADDR", "inner.sourceIPv4Address". False: no element
 * has this name, or not on that side. */
bool definition_field_read(const char *text, struct definition_field *field);

/* Whether only biflows have a value for the element. */
bool definition_needs_biflow(uint16_t element);
/* And only those that were answered. */
bool definition_needs_answer(uint16_t element);

/* Whether the definition can be metered, and exported by this version (0: printed
 * only). False: *why names the field and the reason. */
bool definition_check(
	const struct definition *definition, uint16_t version, char *why, size_t size);
/* The same for biflows, whose key must name both ends or neither. */
bool definition_check_biflow(
	const struct definition *definition, uint16_t version, char *why, size_t size);

/* Whether it has what a decoder notes of tunnels only when it is asked to look into them. */
bool definition_has_tunnel(const struct definition *definition, bool inner);

/* The masks that the cache is to use. `inner`: the flow is the innermost packet. `biflow`:
 * flows have both directions; the type of service, in which these may differ, is then no
 * key of a ready-made definition. */
void definition_select(const struct definition *definition, bool inner, bool biflow,
	struct flow_selection *selection);

/* Where the values of an element lie that a biflow has of each direction. False: it is
 * one that both have in common. */
bool definition_biflow(uint16_t element, uint16_t *forward, uint16_t *reverse);

/* Where a field's value lies in struct flow_full_record when it is not the element's
 * usual place: the tunnel's other packet. 0: it is the flow's own. */
uint16_t definition_other(const struct definition_field *field, bool inner);

#endif
