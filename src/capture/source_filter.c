#include "capture/source_filter.h"

#include "capture/duplicates.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct source_filter {
	struct device_program classic;
	struct duplicates_program *program; /* with that in it, or NULL */
	char words[];
};

struct source_filter *source_filter_take(const char *words, struct opening *o)
{
	size_t octets = strlen(words) + 1;
	struct source_filter *f = malloc(sizeof *f + octets);

	if (!f)
		return NULL;
	memcpy(f->words, words, octets);
	f->classic = o->program;
	f->program = NULL;
	if (o->fd[OPENING_PROGRAM] < 0)
		return f;
	f->program =
		duplicates_take(opening_take(o, OPENING_PROGRAM), opening_take(o, OPENING_SUM));
	if (f->program)
		return f;
	source_filter_free(f);
	return NULL;
}

void source_filter_free(struct source_filter *f)
{
	if (!f)
		return;
	duplicates_unload(f->program);
	free(f);
}

const char *source_filter_words(const struct source_filter *f)
{
	return f->words;
}

bool source_filter_attach(const struct source_filter *f, int fd)
{
	struct sock_filter *code = (struct sock_filter *)f->classic.code;
	struct sock_fprog program = {f->classic.length, code};

	return f->program ? duplicates_attach(f->program, fd)
			  : setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
				    sizeof program) == 0;
}

struct source_count source_filter_left_out(const struct source_filter *f)
{
	return f->program ? duplicates_left_out(f->program) : (struct source_count){0};
}
