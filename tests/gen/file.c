/*
 * Capture files: pcap with microseconds or nanoseconds, pcap in big-endian order, pcapng with
 * nanoseconds. Time stamps are unsigned: 32 bits of seconds reach to February 2106.
 *
 * Some formats are broken behind BROKEN_AT frames, which are all that a reader can know of:
 * pcap-cut and pcapng-cut end inside a record, pcapng-mixed goes on with an interface of another
 * link type.
 */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPLEN   262144
#define BROKEN_AT 100

struct sink {
	FILE *file;
	const struct format *format;
	bool ng, nano, big;
	uint16_t linktype;
	unsigned frames;
	sink_take *take; /* instead of a file */
	void *arg;
};

enum broken { SOUND, CUT, MIXED };

static const struct format {
	const char *name;
	bool ng, nano, big;
	enum broken broken;
} formats[] = {
	{"pcap", false, false, false, SOUND},
	{"pcapng", true, true, false, SOUND},
	{"pcap-ns", false, true, false, SOUND},
	{"pcap-swapped", false, false, true, SOUND},
	{"pcap-cut", false, false, false, CUT},
	{"pcapng-cut", true, true, false, CUT},
	{"pcapng-mixed", true, true, false, MIXED},
};

static void word(const struct sink *s, uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[s->big ? 3 - i : i] = (uint8_t)(v >> 8 * i);
}

static void half(const struct sink *s, uint8_t *p, uint16_t v)
{
	p[s->big] = (uint8_t)v;
	p[!s->big] = (uint8_t)(v >> 8);
}

static void head_pcap(const struct sink *s, uint16_t linktype)
{
	uint8_t h[24] = {0};

	word(s, h, s->nano ? 0xa1b23c4d : 0xa1b2c3d4);
	half(s, h + 4, 2);
	half(s, h + 6, 4);
	word(s, h + 16, SNAPLEN);
	word(s, h + 20, linktype);
	fwrite(h, sizeof h, 1, s->file);
}

/* An interface whose time stamps count nanoseconds (if_tsresol 9). */
static void interface_ng(const struct sink *s, uint16_t linktype)
{
	uint8_t h[32] = {0};

	word(s, h, 1);
	word(s, h + 4, sizeof h);
	half(s, h + 8, linktype);
	word(s, h + 12, SNAPLEN);
	half(s, h + 16, 9);
	half(s, h + 18, 1);
	h[20] = 9;
	word(s, h + 28, sizeof h);
	fwrite(h, sizeof h, 1, s->file);
}

/* A section header, then one interface. */
static void head_ng(const struct sink *s, uint16_t linktype)
{
	uint8_t h[28] = {0};

	word(s, h, 0x0a0d0d0a);
	word(s, h + 4, sizeof h);
	word(s, h + 8, 0x1a2b3c4d);
	half(s, h + 12, 1);
	memset(h + 16, 0xff, 8);
	word(s, h + 24, sizeof h);
	fwrite(h, sizeof h, 1, s->file);
	interface_ng(s, linktype);
}

static const struct format *format_named(const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	fprintf(stderr, "gen: format %s is none of", name);
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		fprintf(stderr, "%s %s", i ? "," : "", formats[i].name);
	fputc('\n', stderr);
	return NULL;
}

struct sink *sink_open(const char *path, const char *format, uint16_t linktype)
{
	struct sink *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->format = format_named(format);
	if (!s->format) {
		free(s);
		return NULL;
	}
	s->ng = s->format->ng;
	s->nano = s->format->nano;
	s->big = s->format->big;
	s->linktype = linktype;
	s->file = strcmp(path, "-") ? fopen(path, "wb") : stdout;
	if (!s->file) {
		perror(path);
		free(s);
		return NULL;
	}
	(s->ng ? head_ng : head_pcap)(s, linktype);
	return s;
}

struct sink *sink_to(sink_take *take, void *arg)
{
	struct sink *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->format = formats;
	s->nano = true;
	s->take = take;
	s->arg = arg;
	return s;
}

bool sink_is_broken(const struct sink *s)
{
	return s->format->broken != SOUND && s->frames >= BROKEN_AT;
}

uint64_t sink_tick(const struct sink *s)
{
	return s->nano ? 1 : MICROSECOND;
}

static void write_pcap(
	struct sink *s, uint64_t ns, const uint8_t *data, uint32_t captured, uint32_t wire)
{
	uint8_t h[16];

	word(s, h, (uint32_t)(ns / SECOND));
	word(s, h + 4, (uint32_t)(ns % SECOND / sink_tick(s)));
	word(s, h + 8, captured);
	word(s, h + 12, wire);
	fwrite(h, 16, 1, s->file);
	fwrite(data, 1, sink_is_broken(s) ? captured / 2 : captured, s->file);
}

static void write_ng(
	struct sink *s, uint64_t ns, const uint8_t *data, uint32_t captured, uint32_t wire)
{
	uint8_t h[28], tail[8] = {0};
	uint32_t pad = -captured & 3;
	bool broken = sink_is_broken(s);

	if (broken && s->format->broken == MIXED && s->frames == BROKEN_AT)
		interface_ng(s, s->linktype == 101 ? 1 : 101);
	word(s, h, 6);
	word(s, h + 4, 32 + captured + pad);
	word(s, h + 8, broken && s->format->broken == MIXED);
	word(s, h + 12, (uint32_t)(ns >> 32));
	word(s, h + 16, (uint32_t)ns);
	word(s, h + 20, captured);
	word(s, h + 24, wire);
	word(s, tail + pad, 32 + captured + pad);
	fwrite(h, sizeof h, 1, s->file);
	if (broken && s->format->broken == CUT) {
		fwrite(data, 1, captured / 2, s->file);
		return;
	}
	fwrite(data, 1, captured, s->file);
	fwrite(tail, 1, pad + 4, s->file);
}

void sink_write(struct sink *s, uint64_t ns, const uint8_t *data, uint32_t captured, uint32_t wire)
{
	if (s->take)
		s->take(s->arg, ns, data, captured, wire);
	else if (s->format->broken != CUT || s->frames <= BROKEN_AT)
		(s->ng ? write_ng : write_pcap)(s, ns, data, captured, wire);
	s->frames++;
}

bool sink_close(struct sink *s)
{
	bool good = !s->file || !ferror(s->file);

	if (s->file)
		good = !fclose(s->file) && good;
	free(s);
	return good;
}
