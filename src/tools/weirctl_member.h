/* weirctl_member: what stands in an answer, which is the other side's word: what is missing in it
 * is 0 or "-". */
#ifndef WEIRCTL_MEMBER_H
#define WEIRCTL_MEMBER_H

#include <jansson.h>
#include <stdio.h>

static inline const json_t *at(const json_t *o, const char *name)
{
	return json_object_get(o, name);
}

static inline json_int_t number(const json_t *o, const char *name)
{
	return json_integer_value(at(o, name));
}

static inline const char *text(const json_t *o, const char *name)
{
	const char *value = json_string_value(at(o, name));

	return value ? value : "-";
}

/* A number with its thousands apart: 12 345 678. */
enum { WEIRCTL_NUMBER = 32 };
static inline const char *weirctl_number(char out[WEIRCTL_NUMBER], json_int_t value)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, value), k = 0;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-')
			out[k++] = ' ';
		out[k++] = digits[i];
	}
	out[k] = '\0';
	return out;
}

#endif
