/* text: the text of a configuration file, its includes in place.
 *
 * libconfig takes a whole number beyond 32 bits for another one without a word
 * unless it ends in L, and ends the process where an include is a directory.
 * So the text is read and prepared here: @include lines are replaced by what
 * they name (looked for beside the including file), wide numbers get their L,
 * and each line of the result knows the file and line that it came from. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include "config/config.h"

#include <stddef.h>

enum { TEXT_FILES = 64, TEXT_DEPTH = 8, TEXT_OCTETS = 1 << 20 };

/* Lines from `from` on, until the next part begins, are lines of `file` counted
 * from `line`. */
struct text_part {
	unsigned from;
	unsigned line;
	unsigned file;
};

struct text {
	char *text; /* ends in NUL */
	size_t length;
	size_t room;
	unsigned line; /* that the next character goes to, from 1 */
	struct text_part *parts;
	size_t part_count;
	char *files[TEXT_FILES];
	unsigned file_count;
	unsigned depth;
};

/* Reads the file at `path`, or `text` called so where that is not NULL. Free in
 * either case. */
bool text_scan(struct text *source, const char *path, const char *text, struct config_error *error);
void text_free(struct text *source);

/* Where a line of the text came from. */
const char *text_file(const struct text *source, unsigned line);
unsigned text_line(const struct text *source, unsigned line);

#endif
