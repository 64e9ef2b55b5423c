/* IPFIX files, RFC 5655: messages one after the other, each file a transport session of its
 * own, with all templates at its head and sequence numbers from 0. A file is written as
 * PATH.part and gets its name, of the time of its first message, when it is whole. */
#include "export/backlog.h"
#include "export/transport.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADER = 16, /* of an IPFIX message: version, length, export time, sequence, domain */
	LENGTH_AT = 2,
	TIME_AT = 4,
	SEQUENCE_AT = 8,
	TEMPLATES = 128 << 10, /* octets, of a session's */
	NAMESAKES = 1000,      /* files of one second */
	NAME = 4096,
};

struct file {
	struct transport transport;
	char path[NAME - 64];
	char part[NAME];
	uint64_t most; /* octets in a file */
	int64_t span;  /* seconds that a file is of, from a multiple of them on */

	struct backlog *templates; /* never dropped */
	int fd;                    /* of the part, or -1 */
	uint64_t size;
	bool has_data;
	uint32_t first; /* export time of its first message */
	uint32_t sequence;
	int said; /* errno that was complained about, until all is well again */
};

/* ---- names ---- */

/* PATH-20231114T221320Z.ipfix, and -1, -2, ... where that is there already. */
static bool name_part(struct file *f, uint32_t seconds)
{
	char name[NAME + 64], text[32];
	time_t time = (time_t)seconds;
	struct tm tm;

	strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", gmtime_r(&time, &tm));
	for (int i = 0; i < NAMESAKES; i++) {
		if (i)
			snprintf(name, sizeof name, "%s-%s-%d.ipfix", f->path, text, i);
		else
			snprintf(name, sizeof name, "%s-%s.ipfix", f->path, text);
		if (renameat2(AT_FDCWD, f->part, AT_FDCWD, name, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EEXIST)
			break;
	}
	log_warning(
		"exporter", "event=file-failed file=\"%s\" error=\"%s\"", f->part, strerror(errno));
	return false;
}

/* A part that a crash left gets its name, up to its last whole message. */
static void recover(struct file *f)
{
	uint8_t header[HEADER];
	uint32_t first = 0;
	off_t at = 0;
	int fd = open(f->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0)
		st.st_size = 0;
	while (lseek(fd, at, SEEK_SET) == at && read(fd, header, HEADER) == HEADER) {
		off_t length = be16(header + LENGTH_AT);
		if (length < HEADER || at + length > st.st_size)
			break;
		if (at == 0)
			first = be32(header + TIME_AT);
		at += length;
	}
	bool cut = ftruncate(fd, at) == 0;
	close(fd);
	if (at && cut && name_part(f, first))
		log_info("exporter",
			"event=recovered file=\"%s\" note=\"was left behind, and has its name "
			"now\"",
			f->part);
	else if (!at)
		(void)unlink(f->part);
}

/* ---- writing ---- */

static void complain(struct file *f, int error)
{
	if (f->said != error && error)
		log_warning("exporter", "event=file-failed file=\"%s\" error=\"%s\"", f->part,
			strerror(error));
	else if (f->said && !error)
		log_info("exporter", "event=writing-again file=\"%s\"", f->part);
	f->said = error;
}

/* Whole or not at all; 0 or the errno. */
static int put_message(struct file *f, const uint8_t *octets, uint32_t length)
{
	uint8_t sequence[] = {(uint8_t)(f->sequence >> 24), (uint8_t)(f->sequence >> 16),
		(uint8_t)(f->sequence >> 8), (uint8_t)f->sequence};
	uint8_t *head = (uint8_t *)(uintptr_t)octets, *rest = head + SEQUENCE_AT + sizeof sequence;
	struct iovec iov[] = {{head, SEQUENCE_AT}, {sequence, sizeof sequence},
		{rest, length - SEQUENCE_AT - sizeof sequence}};
	ssize_t n = lseek(f->fd, (off_t)f->size, SEEK_SET) < 0 ? -1 : writev(f->fd, iov, 3);

	if (n == (ssize_t)length) {
		f->size += length;
		return 0;
	}
	int error = n < 0 ? errno : ENOSPC;
	if (n > 0 && ftruncate(f->fd, (off_t)f->size) < 0)
		error = errno;
	return error;
}

static void close_part(struct file *f)
{
	if (f->fd < 0)
		return;
	close(f->fd);
	f->fd = -1;
	if (f->has_data)
		(void)name_part(f, f->first);
	else
		(void)unlink(f->part);
}

static int open_part(struct file *f, uint32_t seconds)
{
	int error = 0;

	f->fd = open(f->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (f->fd < 0)
		return errno;
	f->size = 0;
	f->sequence = 0;
	f->has_data = false;
	f->first = seconds;
	for (struct parcel *p = backlog_first(f->templates); p && !error;
		p = backlog_next(f->templates, p))
		error = put_message(f, p->octets, p->length);
	if (error)
		close_part(f);
	return error;
}

static bool is_of_another_span(const struct file *f, int64_t seconds)
{
	return seconds / f->span != f->first / f->span;
}

static int put_data(struct file *f, const struct transport_message *m)
{
	uint32_t seconds = be32(m->octets + TIME_AT);
	int error = 0;

	if (f->fd >= 0 && f->has_data &&
		(f->size + m->length > f->most || is_of_another_span(f, seconds)))
		close_part(f);
	if (f->fd < 0)
		error = open_part(f, seconds);
	if (error)
		return error;
	error = put_message(f, m->octets, m->length);
	f->sequence += m->step; /* of a lost one, too */
	if (!error && !f->has_data)
		f->first = seconds;
	f->has_data |= !error;
	return error;
}

/* Into the file there is, and at the head of each that follows. */
static int put_templates(struct file *f, const struct transport_message *m)
{
	if (!backlog_add(f->templates, m, 0))
		return E2BIG;
	return f->fd < 0 ? 0 : put_message(f, m->octets, m->length);
}

/* ---- the transport ---- */

static unsigned file_send(struct transport *t, struct transport_message *messages, unsigned count)
{
	struct file *f = (struct file *)t;

	for (unsigned i = 0; i < count; i++) {
		struct transport_message *m = &messages[i];
		m->error = m->templates ? put_templates(f, m) : put_data(f, m);
		complain(f, m->error);
	}
	return 0;
}

/* Only a daemon that captures comes here before the end, and its messages are of now. */
static void file_work(struct transport *t, struct transport_report *report)
{
	struct file *f = (struct file *)t;

	report->away = f->said != 0;
	if (f->fd >= 0 && f->has_data && is_of_another_span(f, clock_wall() / CLOCK_SECOND))
		close_part(f);
}

static void file_end(struct transport *t)
{
	close_part((struct file *)t);
}

static void file_close(struct transport *t)
{
	struct file *f = (struct file *)t;

	close_part(f);
	backlog_free(f->templates);
	free(f);
}

/* The file that is being written has them in it. */
static void file_forget(struct transport *t)
{
	struct file *f = (struct file *)t;

	while (backlog_first(f->templates))
		backlog_drop(f->templates);
}

static const struct transport_ops file_ops = {
	.send = file_send,
	.work = file_work,
	.end = file_end,
	.forget = file_forget,
	.close = file_close,
	.keeps_templates = true,
};

/* So that a place where nothing can be written is known at the start. */
static bool try_place(struct file *f, struct transport_error *error)
{
	int fd = open(f->part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0) {
		snprintf(error->text, sizeof error->text, "%s", strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

struct transport *transport_file_open(
	const struct transport_file_options *o, struct transport_error *error)
{
	struct file *f = calloc(1, sizeof *f);

	snprintf(error->text, sizeof error->text, "out of memory");
	if (!f)
		return NULL;
	tzset(); /* reads a file at its first use, which a confined process may not */
	f->transport.ops = &file_ops;
	f->fd = -1;
	f->most = o->size;
	f->span = o->time / CLOCK_SECOND;
	snprintf(f->path, sizeof f->path, "%s", o->path);
	snprintf(f->part, sizeof f->part, "%s.part", f->path);
	f->templates = backlog_new(TEMPLATES);
	if (f->templates && try_place(f, error)) {
		recover(f);
		return &f->transport;
	}
	file_close(&f->transport);
	return NULL;
}
