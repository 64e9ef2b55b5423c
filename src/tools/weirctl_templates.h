/* weirctl_templates: the answer to templates as text for a person.
 *
 * As weirctl_show.h, of which it is a part. */
#ifndef WEIRCTL_TEMPLATES_H
#define WEIRCTL_TEMPLATES_H

#include <jansson.h>
#include <stdio.h>

void weirctl_show_templates(const json_t *answer, FILE *out);

#endif
