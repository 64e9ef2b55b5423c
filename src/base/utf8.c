#include "base/utf8.h"

#include <string.h>

size_t utf8_length(const uint8_t *s, size_t left)
{
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

void utf8_copy(char *out, size_t size, const char *text)
{
	size_t left = strlen(text), used = 0;

	while (left > 0) {
		size_t n = utf8_length((const uint8_t *)text, left);
		size_t step = n ? n : 1;
		if (used + step >= size)
			break;
		memcpy(out + used, n ? text : "?", step);
		used += step;
		text += step;
		left -= step;
	}
	out[used] = '\0';
}
