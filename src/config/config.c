#include "config/config.h"

#include <stdarg.h>
#include <strings.h>

bool config_fail(struct config_error *error, const char *format, ...)
{
	struct config_error made; /* arguments may stand in *error */
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(made.text, sizeof(made.text), format, arguments);
	va_end(arguments);
	for (char *c = made.text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	*error = made;
	return false;
}

int config_group(const struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->group_count; i++)
		if (strcasecmp(config->groups[i].name, name) == 0)
			return (int)i;
	return -1;
}
