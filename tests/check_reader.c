/*
 * The test reader itself: it takes good datagrams without a word, and finds each fault. A case is
 * the good stream with a few octets changed and the complaint that must come.
 */
#include "reader.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct message {
	uint8_t b[512];
	size_t n;
};

static void put(struct message *m, unsigned octets, uint64_t v)
{
	while (octets--)
		m->b[m->n++] = (uint8_t)(v >> 8 * octets);
}

static void list(struct message *m, const uint16_t *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put(m, 2, pairs[2 * i]);
		put(m, 2, pairs[2 * i + 1]);
	}
}

/* 10.0.0.1:1234 > 10.0.0.2:80, TCP, ToS 8, flags 0x1b, ended by FIN; the counters follow. */
static void key(struct message *m)
{
	put(m, 4, 0x0a000001);
	put(m, 4, 0x0a000002);
	put(m, 2, 1234);
	put(m, 2, 80);
	put(m, 4, 0x06081b03);
}

static const uint16_t key_fields[] = {8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 5, 1, 6, 1, 136, 1};

static void good5(struct message *m, uint32_t sequence)
{
	put(m, 4, 5 << 16 | 1);
	put(m, 4, 100000);
	put(m, 4, 1700000000);
	put(m, 4, 500000000);
	put(m, 4, sequence);
	put(m, 4, 0);
	put(m, 8, 0x0a0000010a000002);
	put(m, 8, 0);
	put(m, 4, 10);
	put(m, 4, 4000);
	put(m, 4, 1000);
	put(m, 4, 2000);
	put(m, 4, 1234 << 16 | 80);
	put(m, 4, 0x001b0608);
	put(m, 8, 0);
}

static void good9(struct message *m, uint32_t sequence)
{
	static const uint16_t more[] = {1, 4, 2, 4, 22, 4, 21, 4}, options[] = {1, 4, 34, 4};

	put(m, 4, 9 << 16 | (sequence ? 1 : 4));
	put(m, 4, 100000);
	put(m, 4, 1700000000);
	put(m, 4, sequence);
	put(m, 4, 7);
	if (!sequence) { /* template 256 at 20 */
		put(m, 4, 56);
		put(m, 4, 256 << 16 | 12);
		list(m, key_fields, 8);
		list(m, more, 4);
	}
	put(m, 4, 256 << 16 | 36); /* at 76, or 20 */
	key(m);
	put(m, 4, 4000);
	put(m, 4, 10);
	put(m, 4, 1000);
	put(m, 4, 2000);
	if (sequence)
		return;
	put(m, 4, 1 << 16 | 20); /* options template 257 at 112 */
	put(m, 2, 257);
	put(m, 4, 4 << 16 | 4);
	list(m, options, 2);
	put(m, 2, 0);
	put(m, 4, 257 << 16 | 12); /* at 132 */
	put(m, 8, 100);
}

static void good10(struct message *m, uint32_t sequence)
{
	static const uint16_t more[] = {1, 8, 2, 8, 152, 8, 153, 8, 82, 65535};
	static const uint16_t options[] = {149, 4, 41, 8};

	put(m, 4, 10 << 16 | (sequence ? 80 : 184));
	put(m, 4, 1700000000);
	put(m, 4, sequence);
	put(m, 4, 7);
	if (!sequence) { /* template 256 at 16 */
		put(m, 4, 2 << 16 | 68);
		put(m, 4, 256 << 16 | 14);
		list(m, key_fields, 8);
		list(m, more, 5);
		put(m, 4, 0x80010004);
		put(m, 4, 12345);
	}
	put(m, 4, 256 << 16 | 64); /* at 84, or 16 */
	key(m);
	put(m, 8, 4000);
	put(m, 8, 10);
	put(m, 8, 1699999901500);
	put(m, 8, 1699999902500);
	put(m, 5, 0x0465746830); /* "eth0" */
	put(m, 7, 77 << 24);
	if (sequence)
		return;
	put(m, 4, 3 << 16 | 20); /* options template 257 at 148 */
	put(m, 4, 257 << 16 | 2);
	put(m, 2, 1);
	list(m, options, 2);
	put(m, 2, 0);
	put(m, 4, 257 << 16 | 16); /* at 168 */
	put(m, 4, 7);
	put(m, 8, 1000);
}

/* The two datagrams of a good stream. */
static void stream(struct message m[2], unsigned protocol)
{
	memset(m, 0, 2 * sizeof *m);
	for (uint32_t i = 0; i < 2; i++) {
		if (protocol == 5)
			good5(&m[i], i);
		else if (protocol == 9)
			good9(&m[i], i);
		else
			good10(&m[i], 2 * i);
	}
}

struct tally {
	size_t flows, options;
	struct reader_record last;
	uint64_t pen_value;
	char name[5];
};

static void count(void *arg, const struct reader_record *record)
{
	struct tally *t = arg;
	const struct reader_value *name = reader_value(record, 0, 82);

	if (record->options) {
		t->options++;
		return;
	}
	t->flows++;
	t->last = *record;
	t->pen_value = reader_uint(record, 12345, 1);
	if (name && name->octets == 4)
		memcpy(t->name, name->bytes, 4);
}

START_TEST(good)
{
	static const unsigned protocols[] = {5, 9, 10};
	unsigned protocol = protocols[_i];
	struct tally tally = {0};
	struct reader *r = reader_new(count, &tally);
	struct message m[2];

	stream(m, protocol);
	for (int i = 0; i < 2; i++)
		reader_feed(r, m[i].b, m[i].n);
	ck_assert_msg(!reader_faults(r), "%s", reader_fault(r, 0));
	ck_assert_uint_eq(tally.flows, 2);
	ck_assert_uint_eq(tally.options, protocol != 5);
	ck_assert_uint_eq(reader_templates(r), protocol == 5 ? 0 : 2);
	ck_assert_uint_eq(tally.last.family, 4);
	ck_assert_mem_eq(tally.last.src, "\x0a\0\0\1", 4);
	ck_assert_mem_eq(tally.last.dst, "\x0a\0\0\2", 4);
	ck_assert_uint_eq(tally.last.sport, 1234);
	ck_assert_uint_eq(tally.last.dport, 80);
	ck_assert_uint_eq(tally.last.proto, 6);
	ck_assert_uint_eq(tally.last.tos, 8);
	ck_assert_uint_eq(tally.last.flags, 0x1b);
	ck_assert_uint_eq(tally.last.reason, protocol == 5 ? 0 : 3);
	ck_assert_uint_eq(tally.last.packets, 10);
	ck_assert_uint_eq(tally.last.octets, 4000);
	ck_assert_int_eq(tally.last.first_ms, protocol == 9 ? 1699999901000 : 1699999901500);
	ck_assert_int_eq(tally.last.last_ms, protocol == 9 ? 1699999902000 : 1699999902500);
	ck_assert_uint_eq(tally.pen_value, protocol == 10 ? 77 : 0);
	ck_assert_str_eq(tally.name, protocol == 10 ? "eth0" : "");
	reader_free(r);
}
END_TEST

static const struct {
	const char *name;
	unsigned protocol, datagram; /* which of the two is changed */
	size_t at;
	unsigned octets; /* 0: the datagram is cut at `at` */
	uint64_t value;
	const char *fault;
} faults[] = {
	{"another version", 5, 0, 0, 2, 7, "version 7"},
	{"v5 without records", 5, 0, 2, 2, 0, "v5 count 0"},
	{"v5 count above 30", 5, 0, 2, 2, 31, "v5 count 31"},
	{"v5 count not the length", 5, 0, 2, 2, 2, "v5 length 72"},
	{"v5 header cut", 5, 0, 20, 0, 0, "v5 header is cut"},
	{"v5 nanoseconds", 5, 0, 12, 4, 1000000000, "v5 nanoseconds"},
	{"v5 first sequence", 5, 0, 16, 4, 1, "sequence number 1 where 0"},
	{"v5 sequence gap", 5, 1, 16, 4, 5, "sequence number 5 where 1"},
	{"v5 start moves", 5, 1, 4, 4, 100005, "start moved"},
	{"v5 first after last", 5, 0, 48, 4, 3000, "first 3000 after last"},
	{"v5 last after uptime", 5, 0, 52, 4, 100001, "after the header's"},
	{"v5 pad1", 5, 0, 60, 1, 1, "padding is not zero"},
	{"v5 pad2", 5, 0, 71, 1, 1, "padding is not zero"},
	{"v5 no packets", 5, 0, 40, 4, 0, "no packets"},
	{"v5 flags of UDP", 5, 0, 62, 1, 17, "TCP flags"},
	{"v9 header cut", 9, 0, 19, 0, 0, "v9 header is cut"},
	{"v9 counts sets, not records", 9, 0, 2, 2, 3, "v9 count 3 for 4"},
	{"v9 counts flows only", 9, 0, 2, 2, 1, "v9 count 1 for 4"},
	{"v9 sequence counts records", 9, 1, 12, 4, 4, "sequence number 4 where 1"},
	{"v9 first sequence", 9, 0, 12, 4, 2, "sequence number 2 where 0"},
	{"v9 start moves", 9, 1, 8, 4, 1700000001, "start moved"},
	{"v9 data before template", 9, 0, 76, 2, 258, "data set 258 before"},
	{"v9 reserved set id", 9, 0, 76, 2, 2, "set id 2"},
	{"v9 template id", 9, 0, 24, 2, 255, "template id 255"},
	{"v9 IPv4 address of 3 octets", 9, 0, 30, 2, 3, "element 8 of length 3"},
	{"v9 variable length", 9, 0, 30, 2, 65535, "variable length"},
	{"v9 enterprise field", 9, 0, 28, 2, 0x8001, "field type 32769"},
	{"v9 options in counts", 9, 0, 118, 2, 1, "options template lengths 1"},
	{"v9 scope type", 9, 0, 122, 2, 149, "scope type 149"},
	{"v9 no scope", 9, 0, 118, 2, 0, "0 scope fields"},
	{"v9 padding", 9, 0, 131, 1, 1, "padding is not zero"},
	{"v9 set length 0", 9, 0, 78, 2, 0, "set length 0"},
	{"v9 set too long", 9, 0, 134, 2, 400, "set length 400"},
	{"v9 set length odd", 9, 0, 134, 2, 11, "not a multiple of 4"},
	{"v9 first after last", 9, 0, 104, 4, 3000, "first 3000 after"},
	{"v9 last after uptime", 9, 0, 108, 4, 200000, "after the header's"},
	{"IPFIX header cut", 10, 0, 12, 0, 0, "IPFIX header is cut"},
	{"IPFIX length", 10, 0, 2, 2, 180, "IPFIX length 180"},
	{"IPFIX counts messages", 10, 1, 8, 4, 1, "sequence number 1 where 2"},
	{"IPFIX counts templates", 10, 1, 8, 4, 4, "sequence number 4 where 2"},
	{"IPFIX first sequence", 10, 0, 8, 4, 1, "sequence number 1 where 0"},
	{"IPFIX v9's template set", 10, 0, 16, 2, 0, "set id 0"},
	{"IPFIX reserved set", 10, 0, 84, 2, 255, "set id 255"},
	{"IPFIX template id", 10, 0, 20, 2, 3, "template id 3"},
	{"IPFIX withdrawal", 10, 0, 22, 2, 0, "withdrawn"},
	{"IPFIX field count", 10, 0, 22, 2, 15, "runs over"},
	{"IPFIX shortened time", 10, 0, 66, 2, 4, "element 152 of length 4"},
	{"IPFIX widened port", 10, 0, 34, 2, 4, "element 7 of length 4"},
	{"IPFIX element of no length", 10, 0, 46, 2, 0, "element 5 of length 0"},
	{"IPFIX enterprise 0", 10, 0, 80, 4, 0, "enterprise number 0"},
	{"IPFIX no scope", 10, 0, 156, 2, 0, "0 scope fields"},
	{"IPFIX scopes above fields", 10, 0, 156, 2, 3, "3 scope fields of 2"},
	{"IPFIX padding", 10, 0, 147, 1, 9, "padding is not zero"},
	{"IPFIX template padding", 10, 0, 167, 1, 9, "padding is not zero"},
	{"IPFIX string too long", 10, 0, 136, 1, 9, "runs over"},
	{"IPFIX rest of a record", 10, 0, 136, 1, 0, "octets of padding"},
	{"IPFIX reason", 10, 0, 103, 1, 6, "flow end reason 6"},
	{"IPFIX first after last", 10, 0, 120, 8, 1699999902501, "first after last"},
	{"IPFIX data older than template", 10, 1, 4, 4, 1699999999, "older than its template"},
	{"IPFIX unaligned", 10, 0, 150, 2, 18, "not aligned"},
	{"IPFIX trailing octets", 10, 0, 182, 0, 0, "set length 16"},
	{"IPFIX no address", 10, 0, 24, 2, 15, "without addresses"},
	{"IPFIX no protocol", 10, 0, 40, 2, 60, "without a protocol"},
	{"IPFIX no times", 10, 0, 68, 2, 323, "without times"},
};

/* The wanted fault comes; an empty one means any. */
START_TEST(broken)
{
	struct tally tally = {0};
	struct reader *r = reader_new(count, &tally);
	struct message m[2];
	bool found = false;
	size_t n;

	stream(m, faults[_i].protocol);
	struct message *changed = &m[faults[_i].datagram];
	if (!faults[_i].octets) {
		changed->n = faults[_i].at;
	} else {
		n = changed->n;
		changed->n = faults[_i].at;
		put(changed, faults[_i].octets, faults[_i].value);
		changed->n = n;
	}
	for (int i = 0; i < 2; i++)
		reader_feed(r, m[i].b, m[i].n);
	for (n = 0; reader_fault(r, n); n++)
		found = found || strstr(reader_fault(r, n), faults[_i].fault);
	ck_assert_msg(found, "%s: no complaint of '%s', the first was '%s'", faults[_i].name,
		faults[_i].fault, reader_fault(r, 0) ? reader_fault(r, 0) : "none");
	reader_free(r);
}
END_TEST

/* A template that comes again unchanged is no fault; one that changed is. */
START_TEST(redefined)
{
	struct tally tally = {0};
	struct reader *r = reader_new(count, &tally);
	struct message m[2];

	stream(m, 10);
	reader_feed(r, m[0].b, m[0].n);
	m[0].b[11] = 2; /* the sequence number that is due */
	reader_feed(r, m[0].b, m[0].n);
	ck_assert_uint_eq(reader_faults(r), 0);
	m[0].b[11] = 4;
	m[0].b[25] = 15; /* ipNextHopIPv4Address for sourceIPv4Address */
	reader_feed(r, m[0].b, m[0].n);
	ck_assert_msg(
		strstr(reader_fault(r, 0), "another layout") != NULL, "%s", reader_fault(r, 0));
	reader_free(r);
}
END_TEST

/* Each datagram cut anywhere, and each octet changed: whatever it says, it reads inside. */
START_TEST(bounds)
{
	static const unsigned protocols[] = {5, 9, 10};
	static const uint8_t values[] = {0, 0x7f, 0x80, 0xff};
	struct message m[2];

	stream(m, protocols[_i]);
	for (size_t n = 0; n <= m[0].n; n++) {
		for (size_t v = 0; v < sizeof values; v++) {
			struct tally tally = {0};
			struct reader *r = reader_new(count, &tally);
			uint8_t *exact = malloc(n + 1);
			memcpy(exact, m[0].b, n);
			reader_feed(r, exact, n);
			if (n < m[0].n)
				ck_assert_uint_gt(reader_faults(r), 0);
			free(exact);
			exact = malloc(m[0].n);
			memcpy(exact, m[0].b, m[0].n);
			if (n < m[0].n)
				exact[n] = values[v];
			reader_feed(r, exact, m[0].n);
			reader_feed(r, m[1].b, m[1].n);
			free(exact);
			reader_free(r);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reader");
	TCase *c = tcase_create("reader");

	tcase_add_loop_test(c, good, 0, 3);
	tcase_add_loop_test(c, broken, 0, sizeof faults / sizeof *faults);
	tcase_add_test(c, redefined);
	tcase_add_loop_test(c, bounds, 0, 3);
	suite_add_tcase(s, c);
	return suite_run(s);
}
