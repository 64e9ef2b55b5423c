#include "export/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	FILES = 16,
	LEAST = 128 << 10, /* octets of one file: more than any message has */
};

/* Parcels as they are in memory, one after the other. */
struct file {
	int fd;
	uint64_t from; /* what is before has been moved */
	uint64_t to;
	struct transport_load load; /* of all between */
};

struct spool {
	char *directory;
	uint64_t size;            /* of one file, at most */
	struct file file[FILES];  /* a ring */
	unsigned first, count;    /* of those that are open; at least one always is */
	uint8_t octets[64 << 10]; /* of the message that is being moved */
};

static struct file *file_of(struct spool *s, unsigned i)
{
	return &s->file[(s->first + i) % FILES];
}

/* 0, or the errno. */
static int open_file(struct spool *s)
{
	char path[4096];

	if (s->count == FILES)
		return ENOBUFS;
	if (snprintf(path, sizeof path, "%s/weir-spool.XXXXXX", s->directory) >= (int)sizeof path)
		return ENAMETOOLONG;
	int fd = mkstemp(path);
	if (fd < 0)
		return errno;
	(void)unlink(path);
	*file_of(s, s->count++) = (struct file){.fd = fd};
	return 0;
}

struct spool *spool_open(const char *directory, uint64_t limit, struct transport_error *error)
{
	struct spool *s = calloc(1, sizeof *s);
	int why = ENOMEM;

	if (s && (s->directory = strdup(directory))) {
		s->size = limit / FILES < LEAST ? LEAST : limit / FILES;
		why = open_file(s);
	}
	if (!why)
		return s;
	snprintf(error->text, sizeof error->text, "spool %.150s: %s", directory, strerror(why));
	if (s)
		free(s->directory);
	free(s);
	return NULL;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->count; i++)
		close(file_of(s, i)->fd);
	free(s->directory);
	free(s);
}

bool spool_is_empty(const struct spool *s)
{
	return s->count == 1 && s->file[s->first].from == s->file[s->first].to;
}

int spool_put(struct spool *s, const struct transport_message *m, uint32_t gap)
{
	struct parcel p = {.load = m->load, .length = m->length, .step = m->step, .gap = gap};
	struct iovec iov[] = {{&p, sizeof p}, {(void *)(uintptr_t)m->octets, m->length}};
	struct file *f = file_of(s, s->count - 1);
	ssize_t size = (ssize_t)(sizeof p + m->length);

	if (f->to + (uint64_t)size > s->size) {
		int why = open_file(s);
		if (why)
			return why;
		f = file_of(s, s->count - 1);
	}
	/* what a full disk took of a message is written over by the next */
	ssize_t n = lseek(f->fd, (off_t)f->to, SEEK_SET) < 0 ? -1 : writev(f->fd, iov, 2);
	if (n != size)
		return n < 0 ? errno : ENOSPC;
	f->to += (uint64_t)size;
	transport_load_add(&f->load, &m->load);
	return 0;
}

static bool read_whole(int fd, void *octets, size_t size, uint64_t at)
{
	return lseek(fd, (off_t)at, SEEK_SET) >= 0 && read(fd, octets, size) == (ssize_t)size;
}

/* The file has been moved, or cannot be: its room on disk is free again. */
static void let_go(struct spool *s, struct file *f)
{
	if (s->count == 1) {
		(void)!ftruncate(f->fd, 0);
		*f = (struct file){.fd = f->fd};
		return;
	}
	close(f->fd);
	s->first = (s->first + 1) % FILES;
	s->count--;
}

struct parcel *spool_move(struct spool *s, struct backlog *b, struct transport_load *unread)
{
	struct file *f = file_of(s, 0);
	struct parcel p;

	if (spool_is_empty(s))
		return NULL;
	if (!read_whole(f->fd, &p, sizeof p, f->from) || p.length > sizeof s->octets ||
		!read_whole(f->fd, s->octets, p.length, f->from + sizeof p)) {
		transport_load_add(unread, &f->load);
		let_go(s, f);
		return NULL;
	}
	struct transport_message m = {
		.octets = s->octets, .length = p.length, .step = p.step, .load = p.load};
	struct parcel *moved = backlog_add(b, &m, p.gap);
	if (!moved)
		return NULL;
	f->from += sizeof p + p.length;
	transport_load_take(&f->load, &p.load);
	if (f->from == f->to)
		let_go(s, f);
	return moved;
}
