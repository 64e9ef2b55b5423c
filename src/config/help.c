#include "config/value.h"

#include <ctype.h>
#include <string.h>

enum { LINE = 65 }; /* columns left beside "allowed:" */

/* A default as the file would have it. */
static void show_preset(const struct schema_key *key, char *text, size_t size)
{
	const char *preset = key->preset;
	bool number = key->type == SCHEMA_NUMBER && preset && isdigit((unsigned char)*preset);
	bool quoted = key->type != SCHEMA_BOOLEAN && !number;

	if (!preset)
		snprintf(text, size, "-");
	else if (key->type == SCHEMA_PORTS || key->type == SCHEMA_CPUS)
		snprintf(text, size, "[%s]", preset);
	else
		snprintf(text, size, quoted ? "\"%s\"" : "%s", preset);
}

static void show_section(FILE *out, const struct schema_key *section)
{
	const char *path = section->path;
	int length = (int)strlen(path);

	if (section->type == SCHEMA_LIST)
		fprintf(out, "\n%.*s = ( { ... }, ... ): %s, %jd at most\n", length - 2, path,
			section->help, (intmax_t)section->maximum);
	else
		fprintf(out, "\n%s = { ... }: %s\n", path, section->help);
}

void config_help(FILE *out)
{
	char preset[64], allowed[256];

	fputs("Keys of the configuration file and of --set, each with its default (-: none),\n"
	      "what it is, and what is allowed. weir.conf(5) says more.\n\n",
		out);
	for (size_t i = 0; i < schema_count; i++) {
		const struct schema_key *key = &schema_keys[i];
		if (key->type == SCHEMA_GROUP || key->type == SCHEMA_LIST) {
			show_section(out, key);
			continue;
		}
		show_preset(key, preset, sizeof(preset));
		value_allowed(key, allowed, sizeof(allowed));
		fprintf(out, "  %s = %s\n      %s\n      allowed:%s%s\n", key->path, preset,
			key->help, strlen(allowed) > LINE ? "\n        " : " ", allowed);
	}
}
