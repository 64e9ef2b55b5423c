#include "config/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One file under preparation. */
struct scan {
	struct text *source;
	struct config_error *error;
	const char *at;
	unsigned line;
	unsigned file;
};

static bool add_path(struct text *source, const char *path, struct config_error *error);

static bool fail_at(const struct scan *scan, const char *what, const char *name)
{
	return config_fail(scan->error, "%s:%u: %s%s", scan->source->files[scan->file], scan->line,
		what, name);
}

static bool begin_part(const struct scan *scan)
{
	struct text *source = scan->source;
	struct text_part part = {source->line, scan->line, scan->file};
	size_t count = source->part_count;

	if ((count & (count - 1)) == 0) { /* room for a power of two */
		size_t size = (count ? 2 * count : 1) * sizeof(part);
		struct text_part *parts = realloc(source->parts, size);
		if (!parts)
			return config_fail(scan->error, "out of memory");
		source->parts = parts;
	}
	source->parts[source->part_count++] = part;
	return true;
}

static bool add_text(struct scan *scan, const char *text, size_t length)
{
	struct text *source = scan->source;

	if (source->length + length > TEXT_OCTETS)
		return fail_at(scan, "the configuration is larger than a megabyte", "");
	if (source->length + length >= source->room) {
		size_t room = 2 * (source->length + length) + 1024;
		char *larger = realloc(source->text, room);
		if (!larger)
			return config_fail(scan->error, "out of memory");
		source->text = larger;
		source->room = room;
	}
	memcpy(source->text + source->length, text, length);
	source->length += length;
	source->text[source->length] = '\0';
	for (size_t i = 0; i < length; i++)
		source->line += text[i] == '\n';
	return true;
}

/* Copies `length` characters as they stand. */
static bool copy(struct scan *scan, size_t length)
{
	const char *from = scan->at;

	if (!add_text(scan, from, length))
		return false;
	for (size_t i = 0; i < length; i++)
		scan->line += from[i] == '\n';
	scan->at += length;
	return true;
}

/* The length of a comment or string that begins here, 0: none does. Its end is
 * missing where *open; libconfig would take the rest of the file for part of it. */
static size_t opaque(const char *at, bool *open)
{
	const char *end = at + 1;

	*open = false;
	if (*at == '#' || (at[0] == '/' && at[1] == '/'))
		return strcspn(at, "\n");
	if (at[0] == '/' && at[1] == '*') {
		end = strstr(at + 2, "*/");
		*open = !end;
		return end ? (size_t)(end - at) + 2 : strlen(at);
	}
	if (*at != '"')
		return 0;
	while (*end && *end != '"')
		end += end[0] == '\\' && end[1] ? 2 : 1;
	*open = !*end;
	return (size_t)(end - at) + 1;
}

/* A number, with the L that it needs when it is wide. */
static bool copy_number(struct scan *scan)
{
	char digits[24], *end;
	size_t length = strspn(scan->at, "0123456789");
	bool hex = scan->at[0] == '0' && (scan->at[1] | 0x20) == 'x';
	long long value;

	if (hex)
		length = 2 + strspn(scan->at + 2, "0123456789abcdefABCDEF");
	snprintf(digits, sizeof(digits), "%.*s", (int)length, scan->at);
	errno = 0;
	value = strtoll(digits, &end, hex ? 16 : 10);
	if (!hex && scan->at[length] && strchr(".eE", scan->at[length]))
		return copy(scan, length + strspn(scan->at + length, ".eE+-0123456789"));
	if (errno || length >= sizeof(digits))
		return fail_at(scan, "a number beyond 64 bits: ", digits);
	return copy(scan, length) &&
	       (value <= INT32_MAX || *scan->at == 'L' || add_text(scan, "L", 1));
}

/* `name` beside the file that includes it. */
static bool add_include(struct scan *scan, const char *name, size_t length)
{
	struct text *source = scan->source;
	const char *from = source->files[scan->file], *slash = strrchr(from, '/');
	char path[4096];
	struct config_error error = {""};

	if (memchr(name, '\\', length) ||
		snprintf(path, sizeof(path), "%.*s%.*s",
			*name != '/' && slash ? (int)(slash - from) + 1 : 0, from, (int)length,
			name) >= (int)sizeof(path))
		return fail_at(scan, "@include of a path that is not plain or is too long", "");
	if (source->depth == TEXT_DEPTH)
		return fail_at(scan, "includes go deeper than allowed: ", path);
	if (source->file_count == TEXT_FILES)
		return fail_at(scan, "more files are included than allowed: ", path);
	if (add_path(source, path, &error))
		return true;
	if (strncmp(error.text, path, strlen(path)) == 0 && error.text[strlen(path)] == ':' &&
		!isdigit((unsigned char)error.text[strlen(path) + 1]))
		return fail_at(scan, "@include of ", error.text);
	*scan->error = error;
	return false;
}

/* At the beginning of a line: an @include directive is replaced by its file. */
static bool include(struct scan *scan)
{
	const char *at = scan->at + strspn(scan->at, " \t"), *end;
	static const char word[] = "@include";

	if (strncmp(at, word, sizeof(word) - 1) != 0)
		return true;
	at += sizeof(word) - 1;
	at += strspn(at, " \t");
	end = *at == '"' ? at + 1 + strcspn(at + 1, "\"\n") : at;
	if (*at != '"' || *end != '"' || end == at + 1)
		return fail_at(scan, "@include needs a file name in quotes", "");
	if (!add_include(scan, at + 1, (size_t)(end - at) - 1))
		return false;
	scan->at = end + 1;
	return begin_part(scan);
}

/* The length of what is copied as it stands: a comment, string or name, else one
 * character. */
static size_t plain(const char *at, bool *open)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-*";
	size_t length = opaque(at, open);

	if (length == 0 && (isalpha((unsigned char)*at) || *at == '_'))
		length = strspn(at, name);
	return length ? length : *at != '\0';
}

static bool scan_text(struct scan *scan)
{
	bool line_begins = true, open, ok;

	while (*scan->at) {
		size_t length;
		if (line_begins && !include(scan))
			return false;
		line_begins = *scan->at == '\n';
		length = plain(scan->at, &open);
		if (open)
			return fail_at(scan, "the end is missing of a ",
				*scan->at == '"' ? "string" : "comment");
		if (isdigit((unsigned char)*scan->at))
			ok = copy_number(scan);
		else
			ok = copy(scan, length);
		if (!ok)
			return false;
	}
	return true;
}

/* The whole file, NUL at its end; NULL: *error says why not. */
static char *read_file(const char *path, struct config_error *error)
{
	char *text = malloc(TEXT_OCTETS + 1);
	FILE *file;
	size_t length;

	if (!text) {
		config_fail(error, "%s: cannot be read: out of memory", path);
		return NULL;
	}
	file = fopen(path, "re");
	errno = file ? 0 : errno;
	length = file ? fread(text, 1, TEXT_OCTETS + 1, file) : 0;
	if (!file || ferror(file))
		config_fail(error, "%s: cannot be read: %s", path, strerror(errno));
	else if (length > TEXT_OCTETS)
		config_fail(error, "%s: is larger than a megabyte", path);
	else if (memchr(text, '\0', length))
		config_fail(error, "%s: is not a text file", path);
	else
		error = NULL;
	if (file)
		fclose(file);
	if (error) {
		free(text);
		return NULL;
	}
	text[length] = '\0';
	return text;
}

static bool add_file(
	struct text *source, const char *path, const char *text, struct config_error *error)
{
	struct scan scan = {source, error, text, 1, source->file_count};
	char *name = strdup(path);
	bool ok;

	if (!name)
		return config_fail(error, "out of memory");
	source->files[source->file_count++] = name;
	source->depth++;
	ok = begin_part(&scan) && add_text(&scan, "", 0) && scan_text(&scan);
	source->depth--;
	return ok;
}

static bool add_path(struct text *source, const char *path, struct config_error *error)
{
	char *text = read_file(path, error);
	bool ok = text && add_file(source, path, text, error);

	free(text);
	return ok;
}

bool text_scan(struct text *source, const char *path, const char *text, struct config_error *error)
{
	memset(source, 0, sizeof(*source));
	source->line = 1;
	return text ? add_file(source, path, text, error) : add_path(source, path, error);
}

void text_free(struct text *source)
{
	for (unsigned i = 0; i < source->file_count; i++)
		free(source->files[i]);
	free(source->parts);
	free(source->text);
}

/* The last part that begins at or before the line. */
static const struct text_part *part_of(const struct text *source, unsigned line)
{
	size_t i = source->part_count;

	while (i > 1 && source->parts[i - 1].from > line)
		i--;
	return &source->parts[i - 1];
}

const char *text_file(const struct text *source, unsigned line)
{
	return source->files[part_of(source, line)->file];
}

unsigned text_line(const struct text *source, unsigned line)
{
	const struct text_part *part = part_of(source, line);
	return part->line + (line > part->from ? line - part->from : 0);
}
