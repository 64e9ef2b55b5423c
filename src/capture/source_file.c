/* Capture files through libpcap: pcap and pcapng of either byte order, micro- and
 * nanoseconds, also from a pipe. Times come as nanoseconds whatever the file has. */
#include "capture/source_file.h"

#include "base/clock.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Packet time stays where 100 years of time-out can be added: the year 2116. */
#define LATEST_SECOND (INT64_C(1) << 32)

struct file {
	struct source source;
	pcap_t *pcap;
	struct bpf_program filter;
	bool has_filter;
	uint16_t link_type;
	struct source_statistics count;
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

static enum source_status file_read(struct source *s, unsigned most, source_take *take,
	void *context)
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
		if (f->has_filter && !pcap_offline_filter(&f->filter, header, data)) {
			f->count.filtered.frames++;
			f->count.filtered.octets += header->len;
			continue;
		}
		struct frame frame = {
			.data = data,
			.time = time_of(&header->ts),
			.captured = header->caplen,
			.wire_octets = header->len,
			.link_type = f->link_type,
		};
		take(context, &frame);
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

	if (f->has_filter)
		pcap_freecode(&f->filter);
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

struct source *source_open_file(const struct source_options *o, struct source_error *error)
{
	const char *name = strcmp(o->file, "-") == 0 ? "standard input" : o->file;
	char text[PCAP_ERRBUF_SIZE] = "";
	struct file *f = calloc(1, sizeof *f);

	if (!f) {
		snprintf(error->text, sizeof error->text, "out of memory");
		return NULL;
	}
	f->source.ops = &file_ops;
	f->pcap = pcap_open_offline_with_tstamp_precision(o->file, PCAP_TSTAMP_PRECISION_NANO,
		text);
	if (!f->pcap) {
		/* libpcap names the file in some of its messages and not in others. */
		const char *what = strncmp(text, o->file, strlen(o->file)) == 0 ? NULL : name;
		snprintf(error->text, sizeof error->text, "%s%s%s", what ? what : "",
			what ? ": " : "", text);
		free(f);
		return NULL;
	}
	f->link_type = (uint16_t)pcap_datalink(f->pcap);
	if (*o->filter) {
		if (pcap_compile(f->pcap, &f->filter, o->filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
			snprintf(error->text, sizeof error->text, "filter '%s': %s", o->filter,
				pcap_geterr(f->pcap));
			file_close(&f->source);
			return NULL;
		}
		f->has_filter = true;
	}
	return &f->source;
}
