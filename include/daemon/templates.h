/* templates: what a running weir's records look like, as JSON.
 *
 * For each collector its templates, with every field's name, number and length. Main
 * thread; a collector's templates are copied while its thread waits, the rest is done
 * outside of that. */
#ifndef DAEMON_TEMPLATES_H
#define DAEMON_TEMPLATES_H

#include "daemon/view.h"

#include <jansson.h>

enum { TEMPLATES_COLLECTORS = 16 }; /* in one answer */

/* The answer to the command; the request's member "collector" names one, and without it the
 * first TEMPLATES_COLLECTORS are told of and how many were left out. NULL: memory is short. */
json_t *templates_json(struct view *view, const json_t *request);

#endif
