#include "config/pattern.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

bool config_is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

/* The number of the input that is for an interface, or -1. */
static int input_for(const struct config *c, const char *name)
{
	for (unsigned i = 0; i < c->input_count; i++)
		if (strcmp(c->inputs[i].interface, name) == 0)
			return (int)i;
	for (unsigned i = 0; i < c->input_count; i++)
		if (config_is_pattern(c->inputs[i].interface) &&
			fnmatch(c->inputs[i].interface, name, 0) == 0)
			return (int)i;
	return -1;
}

/* NULL: there is no place. */
static struct config_input *add(struct config *to, const struct config_input *in)
{
	if (to->input_count == CONFIG_INPUTS)
		return NULL;
	to->inputs[to->input_count] = *in;
	return &to->inputs[to->input_count++];
}

static bool add_matching(
	struct config *to, const struct config_input *in, const struct config_interface *interface)
{
	struct config_input *added = add(to, in);

	if (!added)
		return false;
	snprintf(added->interface, sizeof added->interface, "%s", interface->name);
	added->index = interface->index;
	return true;
}

unsigned config_expand(const struct config *given, const struct config_interface *interfaces,
	unsigned count, struct config *to)
{
	unsigned left_out = 0;

	memcpy(to, given, sizeof *to);
	to->input_count = 0;
	for (unsigned i = 0; i < given->input_count; i++)
		if (!config_is_pattern(given->inputs[i].interface))
			(void)add(to, &given->inputs[i]);
	for (unsigned i = 0; i < given->input_count; i++) {
		if (!config_is_pattern(given->inputs[i].interface))
			continue;
		for (unsigned k = 0; k < count; k++)
			if (input_for(given, interfaces[k].name) == (int)i)
				left_out += !add_matching(to, &given->inputs[i], &interfaces[k]);
	}
	return left_out;
}
