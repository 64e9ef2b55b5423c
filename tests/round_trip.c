#include "round_trip.h"

#include "export/session.h"
#include "reader.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS = 200, LEAST_DATAGRAM = 484, ACTIVE = 61, IDLE = 17, DOMAIN = 0x01020304 };

#define NS    INT64_C(1000000000)
#define NOW   (INT64_C(1700000000) * NS)
#define RANGE (30 * INT64_C(86400) * NS)

struct octets {
	const uint8_t *at, *end;
};

struct trip {
	struct transport transport; /* first: the session's */
	struct reader *reader;
	struct session *session;
	struct definition definition;
	struct session_options options;
	struct layout layout; /* as the session's: the reader's templates are held against it */
	struct flow_told record[RECORDS];
	const struct template *template[RECORDS]; /* each record's, until it has arrived */
	unsigned given, arrived;
	uint64_t values;
	char fault[200];
};

static uint8_t next(struct octets *o)
{
	return o->at < o->end ? *o->at++ : 0;
}

__attribute__((format(printf, 2, 3))) static void fail(struct trip *t, const char *format, ...)
{
	va_list ap;

	if (t->fault[0])
		return;
	va_start(ap, format);
	vsnprintf(t->fault, sizeof t->fault, format, ap);
	va_end(ap);
}

/* ------------------------------------------------------------------ what is given */

static void choose_fields(struct trip *t, struct octets *o, uint16_t version)
{
	struct definition *d = &t->definition;
	unsigned tries = next(o);

	snprintf(d->name, sizeof d->name, "any");
	while (tries-- > 0 && d->count < DEFINITION_FIELDS) {
		static const char *const sides[] = {"", "outer.", "inner.", ""};
		struct definition_field *f = &d->field[d->count];
		char name[80], why[256];
		unsigned element = next(o) % (unsigned)IE_COUNT;
		snprintf(name, sizeof name, "%s%s", sides[next(o) % 4], ie_table[element].name);
		if (!definition_field_read(name, f))
			continue;
		f->key = d->count == 0 || next(o) & 1;
		d->count++;
		if (!definition_check(d, version, why, sizeof why))
			d->count--;
	}
	if (!d->count)
		d->field[d->count++] =
			(struct definition_field){IE_protocolIdentifier, DEFINITION_FLOW, true};
}

static int64_t time_of(uint64_t any)
{
	return NOW - (int64_t)(any % (uint64_t)RANGE);
}

/* Octets as they come, but for what a cache never says. */
static void fill_record(struct flow_told *full, struct octets *o)
{
	static const uint8_t versions[] = {0, 4, 6};
	struct flow_record *r = &full->record;
	struct packet_details *first = &full->details.first;

	for (size_t i = 0; i < sizeof *full; i++)
		((uint8_t *)full)[i] = next(o);
	int64_t a = time_of((uint64_t)r->first), b = time_of((uint64_t)r->last);
	r->first = a < b ? a : b;
	r->last = a < b ? b : a;
	r->key.ip_version = r->key.ip_version & 1 ? 6 : 4;
	if (r->key.protocol & 1)
		r->key.protocol = r->key.ip_version == 6 ? 58 : 1;
	first->inner_ip_version = versions[first->inner_ip_version % 3];
	first->outer_ip_version = versions[first->outer_ip_version % 3];
}

/* ------------------------------------------------------------------ what must arrive */

static uint64_t load(const uint8_t *at, size_t size)
{
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case 1: memcpy(&v8, at, 1); return v8;
	case 2: memcpy(&v16, at, 2); return v16;
	case 4: memcpy(&v32, at, 4); return v32;
	default: memcpy(&v64, at, 8); return v64;
	}
}

static uint64_t most(uint64_t value, unsigned octets)
{
	return octets < 8 && value >> 8 * octets ? (UINT64_C(1) << 8 * octets) - 1 : value;
}

static uint64_t ntp(int64_t time, bool micro)
{
	uint64_t seconds = (uint64_t)(time / NS) + 2208988800;
	uint64_t fraction = (uint64_t)(((unsigned __int128)(time % NS) << 32) / 1000000000);

	return seconds << 32 | (micro ? fraction & 0xfffff800 : fraction);
}

static uint64_t multicast(const struct flow_key *k)
{
	const uint8_t *a = k->destination_address;

	if (k->ip_version == 4)
		return a[0] >= 224 && a[0] < 240 ? 0x80 : 0;
	return a[0] == 0xff ? a[1] % 32 : 0;
}

static uint64_t whole(const struct flow_told *r, const struct template_field *f)
{
	const uint8_t *at = (const uint8_t *)r + f->offset;
	uint64_t v = load(at, f->ie->size);
	int64_t lasted = r->record.last - r->record.first;

	switch ((enum ie_encoding)f->ie->encoding) {
	case IE_NONE:
	case IE_ZERO: return 0;
	case IE_BITS: return f->length == 1 ? v & 0xff : v;
	case IE_INDEX: return most(v, f->length) == v ? v : 0;
	case IE_MSEC: return (uint64_t)((int64_t)v / 1000000);
	case IE_SEC: return (uint64_t)((int64_t)v / NS);
	case IE_NTP: return ntp((int64_t)v, f->ie->type == IE_MICROSECONDS);
	case IE_BOOL: return v ? 1 : 2;
	case IE_HIGH: return v >> 8;
	case IE_LOW: return v & 0xff;
	case IE_OFFSET: return v & 0x1fff;
	case IE_FLAGS: return v >> 13 << 5;
	case IE_DSCP: return v >> 2;
	case IE_PRECEDENCE: return v >> 5;
	case IE_DURATION: return most((uint64_t)(lasted / 1000000), f->length);
	case IE_DURATION_MICRO: return most((uint64_t)(lasted / 1000), f->length);
	case IE_MULTICAST: return multicast(&r->record.key);
	case IE_DOMAIN: return DOMAIN;
	case IE_ACTIVE: return ACTIVE;
	case IE_IDLE: return IDLE;
	default: return most(v, f->length);
	}
}

/* Relative to a start that the record tells as well, or that only a header of v9 has. */
static bool uptime_is_right(const struct reader_record *got, const struct flow_told *r,
	const struct template_field *f, uint64_t told)
{
	const struct reader_value *start = reader_value(got, 0, 160);
	int64_t time;

	memcpy(&time, (const uint8_t *)r + f->offset, sizeof time);
	return got->protocol != 10 ||
	       (start && reader_uint(got, 0, 160) + told == (uint64_t)(time / 1000000));
}

static uint64_t number(const struct reader_value *v)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < v->octets; i++)
		n = n << 8 | v->bytes[i];
	return n;
}

static void judge(struct trip *t, const struct reader_record *got, unsigned index)
{
	const struct flow_told *r = &t->record[index];
	const struct template *template = t->template[index];

	if (got->count != template->field_count)
		fail(t, "%zu fields instead of %u", got->count, template->field_count);
	for (unsigned i = 0; i < got->count && !t->fault[0]; i++) {
		const struct template_field *f = &template->field[i];
		const struct reader_value *v = &got->values[i];
		const uint8_t *at = (const uint8_t *)r + f->offset;
		bool right;
		if (f->ie->encoding == IE_BYTES)
			right = memcmp(v->bytes, at, v->octets) == 0;
		else if (f->ie->encoding == IE_UPTIME)
			right = uptime_is_right(got, r, f, number(v));
		else
			right = f->ie->encoding == IE_START || number(v) == whole(r, f);
		if (v->id != f->ie->id || v->octets != f->length || !right)
			fail(t, "%s as %u of %u octets, %llu", f->ie->name, v->id, v->octets,
				(unsigned long long)number(v));
		t->values++;
	}
}

/* Records of one template keep their order. */
static void read_back(void *arg, const struct reader_record *got)
{
	struct trip *t = arg;

	for (unsigned i = 0; i < t->given; i++)
		if (t->template[i] && t->template[i] -> id == got -> template_id) {
			judge(t, got, i);
			t->template[i] = NULL;
			t->arrived++;
			return;
		}
	fail(t, "a record of template %u too many", got->template_id);
}

/* ------------------------------------------------------------------ between them */

static unsigned to_reader(struct transport *transport, struct transport_message *m, unsigned count)
{
	struct trip *t = (struct trip *)transport;

	for (unsigned i = 0; i < count; i++) {
		if (m[i].length > t->options.max_datagram)
			fail(t, "datagram of %u octets", m[i].length);
		reader_feed(t->reader, m[i].octets, m[i].length);
		m[i].error = 0;
	}
	return 0;
}

static void stay(struct transport *transport)
{
	(void)transport;
}

static const struct transport_ops ops = {.send = to_reader, .close = stay};

static struct trip *begin(struct octets *o)
{
	struct trip *t = calloc(1, sizeof *t);
	uint8_t how = next(o);

	if (!t)
		abort();
	t->transport.ops = &ops;
	t->options = (struct session_options){
		.layout = {.version = how & 1 ? 10 : 9,
			.times = (enum layout_times)(how / 4 % 6),
			.inner = how & 2,
			.definition = &t->definition},
		.domain = DOMAIN,
		.max_datagram = LEAST_DATAGRAM + next(o) * 4u,
		.template_refresh = 600 * NS,
		.active_timeout = ACTIVE,
		.idle_timeout = IDLE,
		.boot = INT64_MIN,
	};
	choose_fields(t, o, t->options.layout.version);
	layout_init(&t->layout, &t->options.layout);
	t->reader = reader_new(read_back, t);
	reader_take_any(t->reader);
	t->session = session_new(&t->options, &t->transport);
	if (!t->session)
		abort();
	return t;
}

const char *round_trip(const uint8_t *data, size_t size, struct round_trip_count *count)
{
	static char fault[200];
	struct octets o = {data, data + size};
	struct trip *t = begin(&o);

	while (o.at < o.end && t->given < RECORDS) {
		struct flow_told *r = &t->record[t->given];
		fill_record(r, &o);
		t->template[t->given++] = layout_choose(&t->layout, &r->record);
		session_record(t->session, &r->record, &r->path, NOW);
	}
	session_flush(t->session, NOW);
	if (t->arrived != t->given)
		fail(t, "%u records of %u arrived", t->arrived, t->given);
	if (reader_faults(t->reader))
		fail(t, "reader: %s", reader_fault(t->reader, 0));
	if (count) {
		count->definitions++;
		count->fields += t->definition.count;
		count->records += t->arrived;
		count->values += t->values;
	}
	memcpy(fault, t->fault, sizeof fault);
	session_free(t->session);
	reader_free(t->reader);
	free(t);
	return fault[0] ? fault : NULL;
}
