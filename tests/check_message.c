/* How many records a message takes, and what its sets are then, octet by octet: RFC 3954 section
 * 5.3, RFC 7011 section 3.3. */
#include "export/message.h"
#include "suite.h"

#include <check.h>
#include <string.h>

enum { SIZE = 2048, ID = 256, UNTOUCHED = 0xee };

static const struct protocol *const protocols[] = {&protocol_netflow9, &protocol_ipfix};
static const unsigned headers[] = {20, 16};

static struct {
	struct message message;
	uint8_t buffer[SIZE];
	struct message_share share[SIZE];
} here;

static struct message *begin(const struct protocol *protocol, uint32_t size)
{
	memset(here.buffer, UNTOUCHED, sizeof here.buffer);
	here.message.buffer = here.buffer;
	here.message.size = size;
	here.message.share = here.share;
	message_begin(&here.message, protocol);
	return &here.message;
}

/* Of one field of so many octets. */
static struct template template_of(unsigned id, unsigned octets)
{
	struct template t = {.id = (uint16_t)id, .field_count = 1};

	t.field[0] = (struct template_field){
		.ie = &ie_table[IE_paddingOctets], .length = (uint16_t)octets};
	ck_assert(template_compile(&t));
	return t;
}

/* Adds a record, filled, whose share is its length. */
static bool add(struct message *m, const struct template *t, unsigned octets)
{
	uint8_t *at = message_add_record(m, t, octets);

	if (at) {
		memset(at, (int)octets, octets);
		message_count(
			m, (struct message_share){.packets = 1, .octets = octets, .begins = true});
	}
	return at != NULL;
}

static unsigned be(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* A set of so many records of so many octets; returns where the next one is. */
static const uint8_t *assert_set(const uint8_t *p, unsigned id, unsigned count, unsigned octets)
{
	unsigned length = 4 + count * octets, i;

	ck_assert_uint_eq(be(p), id);
	ck_assert_uint_eq(be(p + 2), (length + 3) / 4 * 4);
	for (i = 4; i < length; i++)
		must(p[i] == octets);
	for (; i % 4; i++)
		must(p[i] == 0);
	return p + i;
}

static void assert_end(const struct message *m, const uint8_t *end, uint32_t size)
{
	ck_assert_uint_eq(m->length, (size_t)(end - m->buffer));
	ck_assert_uint_le(m->length, size);
	for (const uint8_t *p = end; p < here.buffer + SIZE; p++)
		must(*p == UNTOUCHED);
}

/* As many as there is room for, with three octets to pad with. */
START_TEST(one_set)
{
	static const unsigned lengths[] = {4, 5, 6, 7, 8, 13, 48};
	unsigned octets = lengths[_i / 2], header = headers[_i % 2];
	struct template t = template_of(ID, octets);

	for (unsigned size = header; size < 300; size++) {
		struct message *m = begin(protocols[_i % 2], size);
		unsigned wanted = size > header + 7 ? (size - header - 7) / octets : 0, count = 0;
		ck_assert(message_is_empty(m));
		while (add(m, &t, octets))
			count++;
		ck_assert_msg(count == wanted, "%u octets: %u for %u", size, count, wanted);
		ck_assert_int_eq(message_is_empty(m), count == 0);
		ck_assert_uint_eq(m->records, count);
		ck_assert_uint_eq(m->data_records, count);
		ck_assert_uint_eq(m->option_records, 0);
		ck_assert_uint_eq(m->flows, count);
		ck_assert_uint_eq(m->packets, count);
		ck_assert_uint_eq(m->octets, count * octets);
		message_close(m);
		const uint8_t *end = here.buffer + header;
		assert_end(m, count ? assert_set(end, ID, count, octets) : end, size);
	}
}
END_TEST

/* Records of 5 and of 6 octets by turns, a set each: 12 octets with its header and padding. */
START_TEST(many_sets)
{
	unsigned header = headers[_i];
	struct template odd = template_of(ID, 5), even = template_of(ID + 1, 6);

	for (unsigned size = header; size < 300; size++) {
		struct message *m = begin(protocols[_i], size);
		unsigned wanted = 0, count = 0;
		/* of the even ones, one octet of the three to pad with is left */
		while (header + 12 * (wanted + 1) + wanted % 2 <= size)
			wanted++;
		while (count % 2 ? add(m, &even, 6) : add(m, &odd, 5))
			count++;
		ck_assert_msg(count == wanted, "%u octets: %u for %u", size, count, wanted);
		message_close(m);
		const uint8_t *p = here.buffer + header;
		for (unsigned i = 0; i < count; i++)
			p = assert_set(p, ID + i % 2, 1, 5 + i % 2);
		assert_end(m, p, size);
	}
}
END_TEST

/* NetFlow v5 has no sets, and thirty records at most. */
START_TEST(no_sets)
{
	struct template t = template_of(0, 48);

	for (unsigned size = 24; size < 1600; size++) {
		struct message *m = begin(&protocol_netflow5, size);
		unsigned wanted = (size - 24) / 48, count = 0;
		while (add(m, &t, 48))
			count++;
		ck_assert_uint_eq(count, wanted < 30 ? wanted : 30);
		ck_assert_uint_eq(m->records, count);
		ck_assert_uint_eq(m->data_records, count);
		message_close(m);
		ck_assert_uint_eq(m->length, 24 + 48 * count);
	}
}
END_TEST

/* The records of a message into smaller ones: each once, in order, with what it carries. */
START_TEST(refilled)
{
	static struct message whole;
	static uint8_t octets[SIZE];
	static struct message_share share[SIZE];
	unsigned header = headers[_i];
	struct template t = template_of(ID + 1, 8);
	uint16_t next = 0;

	whole = *begin(protocols[_i], SIZE);
	whole.share = share;
	for (unsigned n = 0; n < 20; n++) {
		uint8_t *at = message_add_record(&whole, &t, 8);
		memset(at, (int)n, 8);
		message_count(&whole, (struct message_share){.packets = n,
					      .octets = 100 * n,
					      .begins = n % 2,
					      .event = n % 3 == 0});
	}
	message_close(&whole);
	whole.buffer = memcpy(octets, here.buffer, SIZE);
	for (unsigned first = 0; first < 20; first += 3) {
		struct message *m = begin(protocols[_i], header + 7 + 3 * 8);
		unsigned n = first + 3 < 20 ? 3 : 20 - first, packets = 0, flows = 0, events = 0;
		next = message_refill(m, &whole, next);
		ck_assert_uint_eq(next, first + n);
		for (unsigned i = first; i < next; i++) {
			const uint8_t *at = here.buffer + header + 4 + 8 * (i - first);
			ck_assert_uint_eq(at[0], i);
			ck_assert_uint_eq(at[7], i);
			packets += i;
			flows += i % 2;
			events += i % 3 == 0;
		}
		message_close(m);
		ck_assert_uint_eq(m->length, header + 4 + 8 * n);
		ck_assert_uint_eq(be(here.buffer + header), ID + 1);
		ck_assert_uint_eq(m->packets, packets);
		ck_assert_uint_eq(m->octets, 100 * packets);
		ck_assert_uint_eq(m->flows, flows);
		ck_assert_uint_eq(m->events, events);
	}
}
END_TEST

/* Templates of one kind share a set, options templates have one each. */
START_TEST(sets_of_templates)
{
	struct template t = template_of(ID, 8), o = template_of(ID + 1, 8);
	unsigned header = headers[_i], set = _i ? 2 : 0;
	struct message *m = begin(protocols[_i], header + 4 + 16 + 2 * 16 + 3);

	o.scope_count = 1;
	ck_assert(message_add_template(m, &t));
	ck_assert(message_add_template(m, &t));
	ck_assert(message_add_template(m, &o));
	ck_assert(message_add_template(m, &o));
	ck_assert(!message_add_template(m, &o));
	ck_assert_uint_eq(m->records, 4);
	ck_assert_uint_eq(m->data_records, 0);
	message_close(m);
	const uint8_t *p = here.buffer + header;
	ck_assert_uint_eq(be(p), set);
	ck_assert_uint_eq(be(p + 2), 4 + 2 * 8);
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *q = p + 20 + 16 * i;
		ck_assert_uint_eq(be(q), set + 1);
		ck_assert_uint_eq(be(q + 2), 16);
		ck_assert_uint_eq(be(q + 4), ID + 1);
		ck_assert_uint_eq(be(q + 14), 0); /* padding */
	}
	assert_end(m, p + 20 + 32, SIZE);
}
END_TEST

/* The moment of a header in its own units, the last one where 32 bits of seconds end. */
START_TEST(header_times)
{
	const int64_t ms = 1000000, second = 1000 * ms, last = PROTOCOL_END;
	static const struct protocol *const all[] = {
		&protocol_netflow5, &protocol_netflow9, &protocol_ipfix};
	const struct {
		int64_t time, wanted[3];
	} moments[] = {
		{5 * second, {5 * second, 5 * second, 5 * second}},
		{5 * second + 1, {5 * second, 6 * second, 5 * second}},
		{6 * second - 1, {6 * second - ms, 6 * second, 5 * second}},
		{last - second, {last - second, last - second, last - second}},
		{last - 1, {last - ms, last - second, last - second}},
		{last, {last - ms, last - second, last - second}},
		{last + 9 * second, {last - ms, last - second, last - second}},
	};

	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
		for (int k = 0; k < 3; k++)
			ck_assert_int_eq(
				all[k]->header_time(moments[i].time), moments[i].wanted[k]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("message");
	TCase *cases = tcase_create("message");

	tcase_add_loop_test(cases, one_set, 0, 14);
	tcase_add_loop_test(cases, many_sets, 0, 2);
	tcase_add_test(cases, no_sets);
	tcase_add_loop_test(cases, refilled, 0, 2);
	tcase_add_loop_test(cases, sets_of_templates, 0, 2);
	tcase_add_test(cases, header_times);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
