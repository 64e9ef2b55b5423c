/*
 * Capture files: pcap with microseconds or nanoseconds, pcap in big-endian order, pcapng with
 * nanoseconds. Time stamps are unsigned: 32 bits of seconds reach to February 2106.
 */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPLEN 262144

struct sink {
	FILE *file;
	bool ng, nano, big;
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

/* A section header, then one interface whose time stamps count nanoseconds (if_tsresol 9). */
static void head_ng(const struct sink *s, uint16_t linktype)
{
	uint8_t h[28 + 32] = {0}, *i = h + 28;

	word(s, h, 0x0a0d0d0a);
	word(s, h + 4, 28);
	word(s, h + 8, 0x1a2b3c4d);
	half(s, h + 12, 1);
	memset(h + 16, 0xff, 8);
	word(s, h + 24, 28);
	word(s, i, 1);
	word(s, i + 4, 32);
	half(s, i + 8, linktype);
	word(s, i + 12, SNAPLEN);
	half(s, i + 16, 9);
	half(s, i + 18, 1);
	i[20] = 9;
	word(s, i + 28, 32);
	fwrite(h, sizeof h, 1, s->file);
}

struct sink *sink_open(const char *path, const char *format, uint16_t linktype)
{
	struct sink *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->ng = !strcmp(format, "pcapng");
	s->nano = s->ng || !strcmp(format, "pcap-ns");
	s->big = !strcmp(format, "pcap-swapped");
	if (!s->nano && !s->big && strcmp(format, "pcap")) {
		fprintf(stderr, "gen: format %s is none of pcap, pcapng, pcap-ns, pcap-swapped\n",
			format);
		free(s);
		return NULL;
	}
	s->file = strcmp(path, "-") ? fopen(path, "wb") : stdout;
	if (!s->file) {
		perror(path);
		free(s);
		return NULL;
	}
	(s->ng ? head_ng : head_pcap)(s, linktype);
	return s;
}

uint64_t sink_tick(const struct sink *s)
{
	return s->nano ? 1 : MICROSECOND;
}

void sink_write(struct sink *s, uint64_t ns, const uint8_t *data, uint32_t captured, uint32_t wire)
{
	uint8_t h[28], tail[8] = {0};
	uint32_t pad = -captured & 3;

	if (!s->ng) {
		word(s, h, (uint32_t)(ns / SECOND));
		word(s, h + 4, (uint32_t)(ns % SECOND / sink_tick(s)));
		word(s, h + 8, captured);
		word(s, h + 12, wire);
		fwrite(h, 16, 1, s->file);
		fwrite(data, 1, captured, s->file);
		return;
	}
	word(s, h, 6);
	word(s, h + 4, 32 + captured + pad);
	word(s, h + 8, 0);
	word(s, h + 12, (uint32_t)(ns >> 32));
	word(s, h + 16, (uint32_t)ns);
	word(s, h + 20, captured);
	word(s, h + 24, wire);
	word(s, tail + pad, 32 + captured + pad);
	fwrite(h, sizeof h, 1, s->file);
	fwrite(data, 1, captured, s->file);
	fwrite(tail, 1, pad + 4, s->file);
}

bool sink_close(struct sink *s)
{
	bool good = !ferror(s->file);

	good = !fclose(s->file) && good;
	free(s);
	return good;
}
