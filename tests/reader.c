/*
 * The messages of the test reader: headers, sequence numbers, the exporter's start, the fixed
 * record of v5, and the chain of sets.
 */
#include "reader_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reader_note(struct reader *r, const char *format, ...)
{
	va_list ap;

	if (r->faults++ >= FAULTS_KEPT)
		return;
	va_start(ap, format);
	vsnprintf(r->fault[r->faults - 1], sizeof r->fault[0], format, ap);
	va_end(ap);
}

const uint8_t *reader_take(struct cursor *c, size_t octets)
{
	const uint8_t *at = c->at;

	if (octets > left(c)) {
		c->over = true;
		c->at = c->end;
		return NULL;
	}
	c->at += octets;
	return at;
}

uint64_t reader_integer(const uint8_t *p, size_t octets)
{
	uint64_t v = 0;

	for (size_t i = 0; p && i < octets; i++)
		v = v << 8 | p[i];
	return v;
}

static struct cursor part(struct cursor *c, size_t octets)
{
	const uint8_t *at = reader_take(c, octets);

	return (struct cursor){at, at ? at + octets : NULL, !at};
}

struct reader *reader_new(reader_sink *sink, void *arg)
{
	struct reader *r = calloc(1, sizeof *r);

	if (!r)
		abort();
	r->sink = sink;
	r->arg = arg;
	return r;
}

void reader_take_any(struct reader *r)
{
	r->any_elements = true;
}

void reader_free(struct reader *r)
{
	for (struct template *t = r->templates, *next; t; t = next) {
		next = t->next;
		free(t);
	}
	for (struct domain *d = r->domains, *next; d; d = next) {
		next = d->next;
		free(d);
	}
	free(r);
}

size_t reader_faults(const struct reader *r)
{
	return r->faults;
}

const char *reader_fault(const struct reader *r, size_t n)
{
	return n < r->faults && n < FAULTS_KEPT ? r->fault[n] : NULL;
}

size_t reader_templates(const struct reader *r)
{
	return r->template_records;
}

const struct reader_value *reader_value(const struct reader_record *r, uint32_t pen, uint16_t id)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->values[i].pen == pen && r->values[i].id == id)
			return &r->values[i];
	return NULL;
}

uint64_t reader_uint(const struct reader_record *r, uint32_t pen, uint16_t id)
{
	const struct reader_value *v = reader_value(r, pen, id);

	return v ? reader_integer(v->bytes, v->octets) : 0;
}

/* Sequence numbers begin at 0; those of v9 may begin at 1. step: what this datagram adds. */
static void sequence(struct reader *r, uint32_t number, uint32_t step)
{
	struct domain *d = r->domains;

	while (d && (d->id != r->domain || d->protocol != r->protocol))
		d = d->next;
	if (!d) {
		d = calloc(1, sizeof *d);
		if (!d)
			abort();
		d->id = r->domain;
		d->protocol = r->protocol;
		d->sequence = r->protocol == 9 && number == 1;
		d->next = r->domains;
		r->domains = d;
	}
	if (number != d->sequence)
		reader_note(r, "sequence number %u where %u is due", number, d->sequence);
	d->sequence = number + step;
}

/* The exporter's start is one instant, unless it moves by days to keep uptimes within 32 bits. */
static void same_boot(struct reader *r, int64_t boot_ns)
{
	int64_t moved = boot_ns > r->boot_ns ? boot_ns - r->boot_ns : r->boot_ns - boot_ns;
	int64_t slack = r->protocol == 5 ? 1000000 : 0;

	if (r->booted && moved > slack && moved < 86400 * INT64_C(1000000000))
		reader_note(r, "the exporter's start moved by %lld us", (long long)(moved / 1000));
	r->boot_ns = boot_ns;
	r->booted = true;
}

static int64_t from_boot(const struct reader *r, uint32_t ms)
{
	int64_t ns = r->boot_ns + ms * INT64_C(1000000);

	if (ns < 0) /* the header's seconds count modulo 2^32: the era before */
		ns += (INT64_C(1) << 32) * 1000000000;
	return ns / 1000000 - (ns % 1000000 < 0);
}

void reader_uptimes(struct reader *r, struct reader_record *record, uint32_t first, uint32_t last)
{
	if (first > last)
		reader_note(r, "uptime of first %u after last %u", first, last);
	if (last > r->uptime)
		reader_note(r, "uptime of last %u after the header's %u", last, r->uptime);
	record->first_ms = from_boot(r, first);
	record->last_ms = from_boot(r, last);
}

void reader_finish(struct reader *r, const struct reader_record *record)
{
	if (record->packets == 0)
		reader_note(r, "flow record of no packets");
	if (record->first_ms > record->last_ms)
		reader_note(r, "first after last");
	if (record->flags && record->proto != 6)
		reader_note(r, "TCP flags in a flow of protocol %u", record->proto);
	if (record->reason > 5)
		reader_note(r, "flow end reason %u", record->reason);
	r->sink(r->arg, record);
}

static void record5(struct reader *r, const uint8_t *b)
{
	struct reader_record record = {.protocol = 5, .family = 4, .domain = r->domain};

	memcpy(record.src, b, 4);
	memcpy(record.dst, b + 4, 4);
	record.packets = reader_integer(b + 16, 4);
	record.octets = reader_integer(b + 20, 4);
	record.sport = (uint16_t)reader_integer(b + 32, 2);
	record.dport = (uint16_t)reader_integer(b + 34, 2);
	record.flags = b[37];
	record.proto = b[38];
	record.tos = b[39];
	if (b[36] || b[46] || b[47])
		reader_note(r, "v5 padding is not zero");
	reader_uptimes(r, &record, (uint32_t)reader_integer(b + 24, 4),
		(uint32_t)reader_integer(b + 28, 4));
	reader_finish(r, &record);
}

static void netflow5(struct reader *r, struct cursor *c)
{
	uint16_t count = get16(c);
	const uint8_t *b;

	r->uptime = get32(c);
	r->export_time = get32(c);
	uint32_t nanos = get32(c), number = get32(c);
	r->domain = get16(c); /* engine type and number */
	get16(c);
	if (c->over) {
		reader_note(r, "v5 header is cut");
		return;
	}
	if (count < 1 || count > 30)
		reader_note(r, "v5 count %u", count);
	if (left(c) != 48u * count)
		reader_note(r, "v5 length %zu for a count of %u", left(c) + 24, count);
	if (nanos >= 1000000000)
		reader_note(r, "v5 nanoseconds %u", nanos);
	sequence(r, number, count);
	same_boot(r, r->export_time * INT64_C(1000000000) + nanos - r->uptime * INT64_C(1000000));
	for (; count && (b = reader_take(c, 48)); count--)
		record5(r, b);
}

/* All sets of a v9 or IPFIX message: the numbers of template records and of data records. */
static void sets(struct reader *r, struct cursor *c, const uint8_t *start, unsigned *templates,
	unsigned *data)
{
	uint16_t plain = r->protocol == 9 ? 0 : 2;

	if (!left(c))
		reader_note(r, "message without sets");
	while (left(c)) {
		if ((c->at - start) % 4)
			reader_note(r, "set at octet %td is not aligned", c->at - start);
		size_t rest = left(c);
		uint16_t set = get16(c), octets = get16(c);
		if (c->over || octets < 4 || octets > rest) {
			reader_note(r, "set length %u with %zu octets left", octets, rest);
			return;
		}
		if (octets % 4)
			reader_note(r, "set length %u is not a multiple of 4", octets);
		struct cursor body = part(c, octets - 4u);
		if (set >= 256)
			*data += reader_data_set(r, &body, set);
		else if (set == plain || set == plain + 1)
			*templates += reader_template_set(r, &body, set, set != plain);
		else
			reader_note(r, "set id %u", set);
	}
}

static void netflow9(struct reader *r, struct cursor *c)
{
	const uint8_t *start = c->at - 2;
	unsigned templates = 0, data = 0;
	uint16_t count = get16(c);

	r->uptime = get32(c);
	r->export_time = get32(c);
	uint32_t number = get32(c);
	r->domain = get32(c);
	if (c->over) {
		reader_note(r, "v9 header is cut");
		return;
	}
	same_boot(r, r->export_time * INT64_C(1000000000) - r->uptime * INT64_C(1000000));
	sequence(r, number, 1);
	sets(r, c, start, &templates, &data);
	if (count != templates + data)
		reader_note(r, "v9 count %u for %u records", count, templates + data);
}

static void ipfix(struct reader *r, struct cursor *c)
{
	const uint8_t *start = c->at - 2;
	size_t octets = left(c) + 2;
	unsigned templates = 0, data = 0;
	uint16_t length = get16(c);

	r->export_time = get32(c);
	uint32_t number = get32(c);
	r->domain = get32(c);
	if (c->over) {
		reader_note(r, "IPFIX header is cut");
		return;
	}
	if (length != octets)
		reader_note(r, "IPFIX length %u in a datagram of %zu octets", length, octets);
	sets(r, c, start, &templates, &data);
	sequence(r, number, data);
}

void reader_feed(struct reader *r, const uint8_t *datagram, size_t octets)
{
	struct cursor c = {datagram, datagram + octets, false};
	uint16_t version = get16(&c);

	r->protocol = (uint8_t)version;
	r->domain = 0;
	switch (version) {
	case 5: netflow5(r, &c); break;
	case 9: netflow9(r, &c); break;
	case 10: ipfix(r, &c); break;
	default: reader_note(r, "version %u", version);
	}
}
