#include "daemon/hotplug.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* By name and number: another one of its name is another one. */
static bool is_among(const struct config *c, const struct config_input *in)
{
	for (unsigned i = 0; i < c->input_count; i++)
		if (c->inputs[i].index == in->index &&
			strcmp(c->inputs[i].interface, in->interface) == 0)
			return true;
	return false;
}

static struct config *copy_of(const struct config *c)
{
	struct config *copy = malloc(sizeof *copy);

	if (copy)
		memcpy(copy, c, sizeof *copy);
	return copy;
}

/* `to` is given away. */
static bool change(struct assembly *a, struct config *to, struct config_error *error)
{
	struct reload_report *report = malloc(sizeof *report);
	bool good = report && to && reload_inputs(a, to, report, error);

	if (!report || !to)
		config_fail(error, "out of memory");
	if (!good)
		free(to);
	free(report);
	return good;
}

/* All at once; those that are named one by one wait for their interface. */
static void let_go(struct assembly *a, const struct config *wanted)
{
	struct config *to = copy_of(a->config);
	struct config_error error;
	unsigned kept = 0;

	for (unsigned i = 0; to && i < to->input_count; i++) {
		const struct config_input *in = &to->inputs[i];
		if (!in->index || is_among(wanted, in)) {
			to->inputs[kept++] = *in;
			continue;
		}
		log_warning("capture",
			"event=gone interface=\"%s\" note=\"metered again when it comes back\"",
			in->interface);
	}
	if (to && kept == to->input_count) {
		free(to);
		return;
	}
	if (to)
		to->input_count = kept;
	if (!change(a, to, &error))
		log_error("capture", "event=not-let-go error=\"%s\"", error.text);
}

static void take_up(struct assembly *a, const struct config_input *in)
{
	struct config *to = copy_of(a->config);
	struct config_error error;

	if (to)
		to->inputs[to->input_count++] = *in;
	if (change(a, to, &error))
		return;
	present_refuse(a->present, in->index);
	log_warning("capture",
		"event=cannot-capture interface=\"%s\" error=\"%s\" note=\"it is left out\"",
		in->interface, error.text);
}

void hotplug_follow(struct assembly *a)
{
	struct config *wanted = malloc(sizeof *wanted);

	present_hear(a->present);
	if (wanted && a->config->patterns &&
		present_expand(a->present, a->given, a->config, wanted)) {
		let_go(a, wanted);
		for (unsigned i = 0; i < wanted->input_count; i++)
			if (wanted->inputs[i].index && !is_among(a->config, &wanted->inputs[i]) &&
				a->config->input_count < CONFIG_INPUTS)
				take_up(a, &wanted->inputs[i]);
	}
	free(wanted);
}

bool hotplug_reload(struct assembly *a, struct config *to, struct reload_report *report,
	struct config_error *error)
{
	if (!a->present && to->patterns)
		return config_fail(error,
			"inputs: the right to capture was given up, so a pattern needs a restart; "
			"with privileges.capture = true it does not");
	if (!a->present) /* nobody asks what was given, and a copy is large */
		return reload(a, to, report, error);
	struct config *given = copy_of(to);
	if (!given)
		return config_fail(error, "out of memory");
	bool good = present_expand(a->present, given, a->config, to) ||
		    config_fail(error, "out of memory");
	if (!good || !reload(a, to, report, error)) {
		free(given);
		return false;
	}
	free(a->given);
	a->given = given;
	return true;
}
