/* Capture files. Ordinary pcap goes to source_plain.c; every other kind is read
 * through libpcap: pcapng, old and modified pcap, of either byte order, also from a
 * pipe. Times come as nanoseconds whatever the file has. */
#include "capture/source_file.h"

#include "base/clock.h"
#include "capture/filter.h"
#include "capture/source_plain.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Packet time stays where 100 years of time-out can be added: the year 2106. */
#define LATEST_SECOND (INT64_C(1) << 32)

struct file {
	struct source source;
	pcap_t *pcap;
	struct filter *filter; /* or NULL */
	uint16_t link_type;
	struct source_statistics count;
};

/* What has been read of a file to see what it is, and where the rest comes from. */
struct opening {
	int fd;
	size_t length;
	size_t given;
	uint64_t *octets_read; /* is counted up by what libpcap takes */
	uint8_t octets[SOURCE_PLAIN_HEADER];
};

static int64_t time_of(const struct timeval *tv)
{
	int64_t seconds = tv->tv_sec;

	/* A pcap file's seconds are 32 bits without a sign; libpcap gives them one. */
	if (seconds < 0 && seconds >= INT32_MIN)
		seconds += INT64_C(1) << 32;
	if (seconds > LATEST_SECOND)
		seconds = LATEST_SECOND;
	if (seconds < -LATEST_SECOND)
		seconds = -LATEST_SECOND;
	return seconds * CLOCK_SECOND + tv->tv_usec; /* nanoseconds, as asked at the opening */
}

static enum source_status file_read(
	struct source *s, unsigned most, source_take *take, void *context)
{
	struct file *f = (struct file *)s;

	while (most--) {
		struct pcap_pkthdr *header;
		const u_char *data;
		int n = pcap_next_ex(f->pcap, &header, &data);
		if (n == PCAP_ERROR_BREAK)
			return SOURCE_END;
		if (n != 1)
			return SOURCE_FAILED;
		struct frame frame = {
			.data = data,
			.time = time_of(&header->ts),
			.captured = header->caplen,
			.wire_octets = header->len,
			.link_type = f->link_type,
		};
		if (f->filter && !filter_accepts(f->filter, &frame)) {
			f->count.filtered.frames++;
			f->count.filtered.octets += frame.wire_octets;
			continue;
		}
		take(context, &frame, 1);
	}
	return SOURCE_READY;
}

static struct source_statistics file_statistics(struct source *s)
{
	return ((struct file *)s)->count;
}

static const char *file_failure(struct source *s)
{
	return pcap_geterr(((struct file *)s)->pcap);
}

static void file_close(struct source *s)
{
	struct file *f = (struct file *)s;

	filter_free(f->filter);
	if (f->pcap)
		pcap_close(f->pcap);
	free(f);
}

static const struct source_ops file_ops = {
	.read = file_read,
	.statistics = file_statistics,
	.failure = file_failure,
	.close = file_close,
};

static ssize_t opening_read(void *cookie, char *to, size_t size)
{
	struct opening *o = cookie;
	size_t left = o->length - o->given;

	ssize_t n = (ssize_t)(size < left ? size : left);

	if (left == 0) {
		n = read(o->fd, to, size);
	} else {
		memcpy(to, o->octets + o->given, (size_t)n);
		o->given += (size_t)n;
	}
	if (n > 0)
		*o->octets_read += (uint64_t)n;
	return n;
}

static int opening_close(void *cookie)
{
	struct opening *o = cookie;

	close(o->fd);
	free(o);
	return 0;
}

/* A stream that gives again what was read, for files that can't be wound back. */
static FILE *stream_of(const struct opening *o, uint64_t *octets_read)
{
	cookie_io_functions_t functions = {.read = opening_read, .close = opening_close};
	struct opening *copy = malloc(sizeof *copy);

	if (!copy)
		return NULL;
	*copy = *o;
	copy->octets_read = octets_read;
	FILE *stream = fopencookie(copy, "r", functions);
	if (!stream)
		free(copy);
	return stream;
}

static bool begin(struct opening *o, const char *file)
{
	o->fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);
	o->length = o->given = 0;
	if (o->fd < 0)
		return false;
	while (o->length < sizeof o->octets) {
		ssize_t n = read(o->fd, o->octets + o->length, sizeof o->octets - o->length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			close(o->fd);
			return false;
		}
		if (n == 0)
			break;
		o->length += (size_t)n;
	}
	return true;
}

/* What a file that is no capture is instead, and what to do then. */
static void say_unknown(struct source_error *error, const char *name, const struct opening *o)
{
	static const struct {
		const char *magic, *tool;
	} packed[] = {{"\x1f\x8b", "zcat"}, {"\x28\xb5\x2f\xfd", "zstdcat"},
		{"\xfd\x37zXZ", "xzcat"}, {"BZh", "bzcat"}, {"\x04\x22\x4d\x18", "lz4cat"}};

	for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++) {
		size_t n = strlen(packed[i].magic);
		if (o->length < n || memcmp(o->octets, packed[i].magic, n) != 0)
			continue;
		snprintf(error->text, sizeof error->text,
			"%s: is compressed: read it by `%s %s | weir -r -`", name, packed[i].tool,
			name);
		return;
	}
	snprintf(error->text, sizeof error->text,
		o->length == 0 ? "%s: is empty" : "%s: is no capture: neither pcap nor pcapng",
		name);
}

static struct source *open_with_libpcap(const struct opening *o, const char *name,
	const struct source_options *options, struct source_error *error)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	struct file *f = calloc(1, sizeof *f);
	FILE *stream = f ? stream_of(o, &f->count.file_octets) : NULL;

	if (stream)
		f->pcap = pcap_fopen_offline_with_tstamp_precision(
			stream, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!f || !f->pcap) {
		if (o->length == 0 || strcmp(text, "unknown file format") == 0)
			say_unknown(error, name, o);
		else
			snprintf(error->text, sizeof error->text, "%s: %s", name,
				*text ? text : "out of memory");
		if (stream)
			fclose(stream);
		else
			close(o->fd);
		free(f);
		return NULL;
	}
	f->source.ops = &file_ops;
	f->link_type = (uint16_t)pcap_datalink(f->pcap);
	if (*options->filter) {
		f->filter = filter_new(options->filter, f->link_type, error);
		if (!f->filter) {
			file_close(&f->source);
			return NULL;
		}
	}
	return &f->source;
}

struct source *source_open_file(const struct source_options *options, struct source_error *error)
{
	const char *name = strcmp(options->file, "-") == 0 ? "standard input" : options->file;
	struct opening o;

	if (!begin(&o, options->file)) {
		snprintf(error->text, sizeof error->text, "%s: %s", name, strerror(errno));
		return NULL;
	}
	if (source_plain_knows(o.octets, o.length))
		return source_open_plain(o.fd, o.octets, options, error);
	return open_with_libpcap(&o, name, options, error);
}
