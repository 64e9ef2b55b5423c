/* A configuration file and, after a NUL, a --set from anywhere: refused or taken. */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets a string where it did not expect one. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config; /* too large to be made anew for each input */
	struct config_error error;
	char *text = calloc(1, size + 2); /* two strings, whatever comes */

	if (!text)
		abort();
	memcpy(text, data, size);
	config_defaults(&config);
	if (!strstr(text, "@include")) /* which would read files of this machine */
		config_parse(&config, text, "fuzz", &error);
	config_set(&config, text + strlen(text) + (strlen(text) < size), &error);
	config_check(&config, &error);
	free(text);
	return 0;
}
