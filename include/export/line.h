/* line: the buffer in which a line of output grows.
 *
 * A writer asks for room once per value and then appends without checks; what is
 * full goes to the stream, so a line may be longer than the buffer. Errors stay
 * with the stream (ferror). Not thread-safe, one thread per line. */
#ifndef EXPORT_LINE_H
#define EXPORT_LINE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct line {
	char *start;
	size_t used;
	size_t size;
	FILE *out;
};

static inline void line_flush(struct line *line)
{
	if (line->used > 0)
		fwrite(line->start, 1, line->used, line->out);
	line->used = 0;
}

/* Makes sure of n octets, at most the buffer's size. */
static inline void line_reserve(struct line *line, size_t n)
{
	assert(n <= line->size);
	if (line->size - line->used < n)
		line_flush(line);
}

static inline char *line_end(struct line *line)
{
	return line->start + line->used;
}

static inline void line_char(struct line *line, char c)
{
	line_reserve(line, 1);
	line->start[line->used++] = c;
}

static inline void line_bytes(struct line *line, const char *text, size_t n)
{
	line_reserve(line, n);
	memcpy(line_end(line), text, n);
	line->used += n;
}

static inline void line_text(struct line *line, const char *text)
{
	line_bytes(line, text, strlen(text));
}

/* Text in a column, with blanks before it or after it. */
static inline void line_right(struct line *line, const char *text, size_t n, size_t width)
{
	for (size_t i = n; i < width; i++)
		line_char(line, ' ');
	line_bytes(line, text, n);
}

static inline void line_left(struct line *line, const char *text, size_t n, size_t width)
{
	line_bytes(line, text, n);
	for (size_t i = n; i < width; i++)
		line_char(line, ' ');
}

#endif
