/* Options data as a collector gets them: each kind to the octet, written here once more from RFC
 * 3954 section 6.1, RFC 7011 sections 3.4.2 and 4, and RFC 5610; when they come; and that what they
 * count is what arrived. */
#include "export/session.h"
#include "reader.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS      INT64_C(1000000)
#define SECOND  (1000 * MS)
#define START   (INT64_C(1700000000) * SECOND)
#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))

enum { MOST = 4096, OCTETS = 1400, DOMAIN = 7, PROCESS = 9 };

/* What arrived, and what of it the reader understood. */
static struct {
	struct transport transport;
	struct session_options options;
	struct session *session;
	struct reader *reader;
	uint8_t datagram[MOST][OCTETS];
	uint32_t length[MOST];
	bool has_options[MOST]; /* options data records, flow records in it */
	bool has_flows[MOST];
	unsigned arrived, lost;
	uint64_t octets, flows, options_records;
	bool (*refuses)(unsigned message);
	unsigned offered;
	void (*sees)(const struct reader_record *r);
} far;

static void read_record(void *context, const struct reader_record *r)
{
	(void)context;
	if (r->options) {
		far.has_options[far.arrived] = true;
		far.options_records++;
		if (far.sees)
			far.sees(r);
	} else {
		far.has_flows[far.arrived] = true;
		far.flows++;
	}
}

static unsigned take(struct transport *t, struct transport_message *m, unsigned count)
{
	ck_assert_ptr_eq(t, &far.transport);
	for (unsigned i = 0; i < count; i++) {
		m[i].error = far.refuses && far.refuses(far.offered++) ? ENOBUFS : 0;
		if (m[i].error) {
			far.lost++;
			continue;
		}
		ck_assert_uint_lt(far.arrived, MOST);
		memcpy(far.datagram[far.arrived], m[i].octets, m[i].length);
		far.length[far.arrived] = m[i].length;
		reader_feed(far.reader, m[i].octets, m[i].length);
		far.octets += m[i].length;
		far.arrived++;
	}
	return 0;
}

static void leave(struct transport *t)
{
	(void)t;
}

static const struct transport_ops ops = {.send = take, .close = leave};

static void prepare(uint16_t version)
{
	memset(&far, 0, sizeof far);
	far.transport.ops = &ops;
	far.transport.local = (struct transport_address){4, {192, 0, 2, 1}};
	far.reader = reader_new(read_record, NULL);
	reader_take_any(far.reader);
	far.options = (struct session_options){
		.layout = {.version = version, .definition = definition_ready("default")},
		.domain = DOMAIN,
		.max_datagram = OCTETS,
		.template_refresh = 60 * SECOND,
		.options =
			{
				.enabled = true,
				.refresh = 100 * SECOND,
				.sampling_elements = OPTION_SAMPLING_BOTH,
				.interval = 100,
				.process = PROCESS,
			},
		.active_timeout = 60,
		.idle_timeout = 15,
		.boot = START - 1000 * SECOND,
	};
}

static void begin(void)
{
	far.session = session_new(&far.options, &far.transport);
	ck_assert_ptr_nonnull(far.session);
}

static void end(void)
{
	/* a lost message is a gap */
	if (!far.lost && reader_faults(far.reader))
		ck_abort_msg("%s", reader_fault(far.reader, 0));
	session_free(far.session);
	reader_free(far.reader);
}

static void give(uint32_t n, int64_t now)
{
	struct flow_record r = {
		.key.ip_version = n & 1 ? 6 : 4,
		.key.protocol = 17,
		.key.source_port = (uint16_t)n,
		.packets = 3,
		.octets = 200,
		.first = now - SECOND,
		.last = now,
		.end_reason = 1,
	};
	session_record(far.session, &r, NULL, now);
}

/* ---- each kind, to the octet ---- */

/* The set of this id, or the set of options templates that has this template, in hexadecimal. */
static const char *set_of(uint16_t version, uint16_t id, bool is_template)
{
	static char text[2 * OCTETS + 1];
	uint16_t set_id = is_template ? (version == 9 ? 1 : 3) : id;

	for (unsigned i = 0; i < far.arrived; i++) {
		const uint8_t *d = far.datagram[i];
		for (uint32_t at = version == 9 ? 20 : 16; at < far.length[i];) {
			unsigned found = (unsigned)(d[at] << 8 | d[at + 1]);
			unsigned length = (unsigned)(d[at + 2] << 8 | d[at + 3]);
			unsigned first = (unsigned)(d[at + 4] << 8 | d[at + 5]);
			if (found == set_id && (!is_template || first == id)) {
				for (unsigned k = 0; k < length; k++)
					sprintf(text + 2 * k, "%02x", d[at + k]);
				return text;
			}
			at += length;
		}
	}
	return "";
}

static void is_set(uint16_t version, uint16_t id, bool is_template, const char *want)
{
	char plain[2 * OCTETS + 1];
	size_t n = 0;

	for (; *want; want++)
		if (*want != ' ')
			plain[n++] = *want;
	plain[n] = '\0';
	const char *got = set_of(version, id, is_template);
	if (strcmp(got, plain) != 0)
		ck_abort_msg("v%u %s %u:\n got %s\nwant %s", version,
			is_template ? "template" : "data", id, got, plain);
}

/* IPFIX scopes are elements; v9's are types 1 (the system: its source id), 2 (interface), 5
 * (template), and the element stands behind. NULL: v9's data are IPFIX's. */
static const struct {
	uint16_t id;
	enum sampler_algorithm algorithm;
	const char *ipfix, *v9, *data, *v9_data;
} kinds[] = {
	{320, SAMPLER_COUNT, "0003001c 0140 0004 0001 0095 0004 0022 0004 0023 0001 0032 0004 0000",
		"0001001c 0140 0004 000c 0001 0004 0022 0004 0023 0001 0032 0004 0000",
		"01400014 00000007 00000064 01 00000064 000000", NULL},
	{320, SAMPLER_RANDOM,
		"0003001c 0140 0004 0001 0095 0004 0022 0004 0023 0001 0032 0004 0000",
		"0001001c 0140 0004 000c 0001 0004 0022 0004 0023 0001 0032 0004 0000",
		"01400014 00000007 00000064 02 00000064 000000", NULL},
	{321, SAMPLER_COUNT, "0003001c 0141 0004 0001 012e 0008 0130 0002 0131 0004 0132 0004 0000",
		"00010020 0141 0004 0010 0001 0004 012e 0008 0130 0002 0131 0004 0132 0004 0000",
		"01410018 0000000000000001 0001 00000001 00000063 0000",
		"0141001c 00000007 0000000000000001 0001 00000001 00000063 0000"},
	{322, SAMPLER_RANDOM,
		"0003001c 0142 0004 0001 012e 0008 0130 0002 0135 0004 0136 0004 0000",
		"00010020 0142 0004 0010 0001 0004 012e 0008 0130 0002 0135 0004 0136 0004 0000",
		"01420018 0000000000000001 0003 00000001 00000064 0000",
		"0142001c 00000007 0000000000000001 0003 00000001 00000064 0000"},
	{323, SAMPLER_FLOW, "00030018 0143 0003 0001 012e 0008 0186 0002 0137 0008 0000",
		"0001001c 0143 0004 000c 0001 0004 012e 0008 0186 0002 0137 0008 0000",
		"01430018 0000000000000001 0004 3f847ae147ae147b 0000",
		"0143001c 00000007 0000000000000001 0004 3f847ae147ae147b 0000"},
	{325, SAMPLER_COUNT,
		"00030020 0145 0005 0001 0095 0004 00a4 0008 00a5 0008 0143 0008 0143 0008 0000",
		"00010020 0145 0004 0010 0001 0004 00a4 0008 00a5 0008 0143 0008 0143 0008 0000",
		"01450028 00000007 0000000000000005 00000000000001f4 0000018bcfe56801 "
		"0000018bcfe56802",
		NULL},
	{326, SAMPLER_COUNT,
		"00030024 0146 0006 0001 0090 0004 00a6 0008 00a7 0008 00a8 0008 0143 0008 "
		"0143 0008 0000",
		"00010028 0146 0004 0018 0001 0004 0090 0004 00a6 0008 00a7 0008 00a8 0008 "
		"0143 0008 0143 0008 0000",
		"01460030 00000009 0000000000000002 0000000000000006 0000000000000190 "
		"0000018bcfe56803 0000018bcfe56804",
		"01460034 00000007 00000009 0000000000000002 0000000000000006 0000000000000190 "
		"0000018bcfe56803 0000018bcfe56804"},
	{327, SAMPLER_COUNT,
		"00030020 0147 0005 0001 0090 0004 00a0 0008 0024 0002 0025 0002 0082 0004 0000",
		"00010024 0147 0004 0014 0001 0004 0090 0004 00a0 0008 0024 0002 0025 0002 "
		"0082 0004 0000",
		"01470018 00000009 0000018bcfd625c0 003c 000f c0000201",
		"0147001c 00000007 00000009 0000018bcfd625c0 003c 000f c0000201"},
	{329, SAMPLER_COUNT, "00030014 0149 0002 0001 0091 0002 00ad 0008 0000",
		"00010018 0149 0004 0008 0005 0002 0091 0002 00ad 0008 0000",
		"0149002c 0100 000000000000043f 0101 000000000000043f 0102 000000000000021f "
		"0103 000000000000021f",
		"01490034 0100 0100 000000000000043f 0101 0101 000000000000043f "
		"0102 0102 000000000000087f 0103 0103 000000000000087f"},
};

START_TEST(to_the_octet)
{
	uint16_t version = _i % 2 ? 10 : 9;
	unsigned row = (unsigned)_i / 2;
	const char *data = kinds[row].data;

	prepare(version);
	far.options.options.algorithm = kinds[row].algorithm;
	begin();
	session_losses(far.session, &(struct loss){0, 5, 500, START + MS, START + 2 * MS},
		&(struct loss){2, 6, 400, START + 3 * MS, START + 4 * MS});
	session_tick(far.session, START);
	if (version == 9 && kinds[row].v9_data)
		data = kinds[row].v9_data;
	is_set(version, kinds[row].id, true, version == 9 ? kinds[row].v9 : kinds[row].ipfix);
	is_set(version, kinds[row].id, false, data);
	end();
}
END_TEST

/* What went out before: the templates, in one datagram. */
START_TEST(statistics_to_the_octet)
{
	uint16_t version = _i % 2 ? 10 : 9;
	char want[200];

	prepare(version);
	begin();
	session_tick(far.session, START);
	is_set(version, 324, true,
		version == 9
			? "0001001c 0144 0004 000c 0001 0004 0029 0008 002a 0008 0028 0008 0000"
			: "0003001c 0144 0004 0001 0095 0004 0029 0008 002a 0008 0028 0008 0000");
	snprintf(want, sizeof want, "01440020 00000007 0000000000000001 0000000000000000 %016x",
		far.length[0]);
	is_set(version, 324, false, want);
	end();
}
END_TEST

/* ---- interfaces ---- */

static const struct option_interface some[] = {
	{1, "lo", "lo"}, {2, "eth0", "up\xc3\xbc"}, {0x12345678, "fifteen-octets!", ""}};

static size_t put_hex(char *out, const void *octets, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sprintf(out + 2 * i, "%02x", ((const uint8_t *)octets)[i]);
	return 2 * size;
}

START_TEST(interfaces_to_the_octet)
{
	uint16_t version = _i % 2 ? 10 : 9;
	char want[1000];
	size_t n = (size_t)sprintf(want, version == 9 ? "0148010c" : "01480100");

	prepare(version);
	begin();
	session_interfaces(far.session, some, ROWS(some));
	session_tick(far.session, START);
	is_set(version, 328, true,
		version == 9
			? "0001001c 0148 0004 000c 0002 0004 000a 0004 0052 0010 0053 0040 0000"
			: "00030018 0148 0003 0001 000a 0004 0052 0010 0053 0040 0000");
	for (int i = 0; i < ROWS(some); i++) {
		n += (size_t)sprintf(want + n, "%08x", some[i].index);
		if (version == 9)
			n += (size_t)sprintf(want + n, "%08x", some[i].index);
		n += put_hex(want + n, some[i].name, 16);
		n += put_hex(want + n, some[i].description, 64);
	}
	is_set(version, 328, false, want);
	end();
}
END_TEST

static uint32_t told[300];
static unsigned told_count;

static void sees_interface(const struct reader_record *r)
{
	char name[16];

	if (r->template_id != 328)
		return;
	const struct reader_value *v = reader_value(r, 0, 82);
	ck_assert_ptr_nonnull(v);
	told[told_count] = (uint32_t)reader_uint(r, 0, 10);
	snprintf(name, sizeof name, "if%u", told[told_count++]);
	ck_assert_str_eq((const char *)v->bytes, name);
}

/* More than a datagram holds; then others, at once. */
START_TEST(many_interfaces)
{
	static struct option_interface all[300];
	uint16_t version = _i % 2 ? 10 : 9;

	prepare(version);
	begin();
	far.sees = sees_interface;
	told_count = 0;
	for (uint32_t i = 0; i < 300; i++) {
		all[i] = (struct option_interface){.index = i + 1};
		snprintf(all[i].name, sizeof all[i].name, "if%u", i + 1);
	}
	session_interfaces(far.session, all, 290);
	session_tick(far.session, START);
	ck_assert_uint_eq(told_count, 290);
	for (unsigned i = 0; i < 290; i++)
		ck_assert_uint_eq(told[i], i + 1);
	told_count = 0;
	session_tick(far.session, START + MS);
	ck_assert_uint_eq(told_count, 0);
	session_interfaces(far.session, all + 290, 10);
	session_tick(far.session, START + 2 * MS);
	ck_assert_uint_eq(told_count, 10);
	ck_assert_uint_eq(told[0], 291);
	end();
}
END_TEST

/* ---- elements of enterprises ---- */

static unsigned elements;

static void sees_element(const struct reader_record *r)
{
	const struct reader_value *name = reader_value(r, 0, 341);

	if (r->template_id != 330)
		return;
	ck_assert_uint_eq(reader_uint(r, 0, 346), 35632);
	ck_assert_uint_eq(r->scopes, 2);
	ck_assert_ptr_nonnull(name);
	if (reader_uint(r, 0, 303) == 124) {
		ck_assert_uint_eq(name->octets, 20);
		ck_assert_int_eq(memcmp(name->bytes, "SERVER_NW_LATENCY_MS", 20), 0);
		ck_assert_uint_eq(reader_uint(r, 0, 339), 3); /* unsigned32 */
		ck_assert_uint_eq(reader_uint(r, 0, 344), 1); /* quantity */
		ck_assert_uint_eq(reader_uint(r, 0, 345), 6); /* milliseconds */
	}
	elements++;
}

/* RFC 5610: in IPFIX, of those that a template has. */
START_TEST(elements_of_enterprises)
{
	static const struct {
		uint16_t version;
		const char *definition;
		bool biflow;
		unsigned count;
	} rows[] = {{10, "tcp", true, 10}, {10, "tcp", false, 0}, {10, "default", true, 0},
		{9, "tcp", true, 0}};

	prepare(rows[_i].version);
	far.options.layout.definition = definition_ready(rows[_i].definition);
	far.options.layout.biflow = rows[_i].biflow;
	far.sees = sees_element;
	elements = 0;
	begin();
	session_tick(far.session, START);
	ck_assert_uint_eq(elements, rows[_i].count);
	if (rows[_i].version == 10)
		is_set(10, 330, true,
			"00030024 014a 0006 0002 015a 0004 012f 0002 0153 0001 0158 0001 0159 0002 "
			"0155 ffff 0000");
	if (rows[_i].count) {
		static const char first[] = "014a012000008b30006d0303000315"
					    "52455452414e534d49545445445f494e5f504b5453";
		ck_assert_int_eq(strncmp(set_of(10, 330, false), first, strlen(first)), 0);
	}
	end();
}
END_TEST

/* ---- what is told, and what is not ---- */

START_TEST(choices)
{
	static const struct {
		uint16_t version;
		bool enabled;
		enum option_sampling_elements elements;
		bool legacy, psamp, others;
	} rows[] = {
		{9, true, OPTION_SAMPLING_LEGACY, true, false, true},
		{10, true, OPTION_SAMPLING_LEGACY, true, false, true},
		{9, true, OPTION_SAMPLING_PSAMP, false, true, true},
		{10, true, OPTION_SAMPLING_PSAMP, false, true, true},
		{10, true, OPTION_SAMPLING_BOTH, true, true, true},
		{10, false, OPTION_SAMPLING_BOTH, false, false, false},
		{9, false, OPTION_SAMPLING_BOTH, false, false, false},
		{5, true, OPTION_SAMPLING_BOTH, false, false, false},
	};

	prepare(rows[_i].version);
	far.options.options.enabled = rows[_i].enabled;
	far.options.options.sampling_elements = rows[_i].elements;
	begin();
	session_tick(far.session, START);
	give(0, START);
	session_flush(far.session, START);
	if (rows[_i].version != 5) {
		ck_assert(!*set_of(rows[_i].version, 320, true) == !rows[_i].legacy);
		ck_assert(!*set_of(rows[_i].version, 320, false) == !rows[_i].legacy);
		ck_assert(!*set_of(rows[_i].version, 321, true) == !rows[_i].psamp);
		ck_assert(!*set_of(rows[_i].version, 321, false) == !rows[_i].psamp);
		ck_assert(!*set_of(rows[_i].version, 324, false) == !rows[_i].others);
	}
	ck_assert((far.options_records > 0) == rows[_i].others);
	ck_assert_uint_eq(far.flows, 1);
	end();
}
END_TEST

/* Every packet is metered: that is told, too. */
START_TEST(one_in_one)
{
	prepare(10);
	far.options.options.interval = (uint32_t)_i; /* 0 or 1 */
	begin();
	session_tick(far.session, START);
	is_set(10, 320, false, "01400014 00000007 00000001 01 00000001 000000");
	is_set(10, 321, false, "01410018 0000000000000001 0001 00000001 00000000 0000");
	end();
}
END_TEST

/* Neither the address nor the start, where they are not known. */
START_TEST(unknown_is_left_out)
{
	prepare(10);
	far.transport.local = (struct transport_address){0};
	far.options.boot = INT64_MIN;
	begin();
	session_tick(far.session, START);
	is_set(10, 327, true, "00030018 0147 0003 0001 0090 0004 0024 0002 0025 0002 0000");
	is_set(10, 327, false, "0147000c 00000009 003c 000f");
	end();
}
END_TEST

/* ---- when ---- */

/* Seconds at which options data arrived while nothing else happened: templates come every 60. */
START_TEST(by_time)
{
	static const int due[] = {0, 2, 4, 104, 204, 304};
	unsigned n = 0;

	prepare(_i % 2 ? 10 : 9);
	begin();
	for (int i = 0; i < 3500; i++) {
		uint64_t before = far.options_records;
		session_tick(far.session, START + i * SECOND / 10);
		if (far.options_records == before)
			continue;
		ck_assert_int_lt(n, ROWS(due));
		ck_assert_int_eq(i, 10 * due[n++]);
	}
	ck_assert_uint_eq(n, ROWS(due));
	end();
}
END_TEST

/* Before the first flow, in datagrams of their own, again after so many datagrams, and all over
 * when the session is a new one. */
START_TEST(before_data)
{
	unsigned since = 0;

	prepare(_i % 2 ? 10 : 9);
	far.options.options.datagrams = 10;
	begin();
	for (uint32_t n = 0; n < 2000; n++)
		give(n, START);
	session_flush(far.session, START);
	ck_assert_uint_eq(far.flows, 2000);
	ck_assert(!far.has_options[0] && !far.has_flows[0]); /* templates */
	ck_assert(far.has_options[1]);
	for (unsigned i = 0; i < far.arrived; i++) {
		ck_assert(!far.has_options[i] || !far.has_flows[i]);
		since = far.has_options[i] ? 0 : since + 1;
		ck_assert_uint_le(since, 10);
	}
	end();
}
END_TEST

static bool away;

static void hear(struct transport *t, struct transport_report *report)
{
	(void)t;
	report->away = away;
}

/* A collector that was away and comes back is told at once. */
START_TEST(who_comes_back)
{
	static const struct transport_ops stream = {.send = take, .work = hear, .close = leave};

	prepare(10);
	far.transport.ops = &stream;
	away = false;
	begin();
	session_tick(far.session, START);
	session_tick(far.session, START + 2 * SECOND);
	session_tick(far.session, START + 4 * SECOND);
	uint64_t before = far.options_records;
	away = true;
	session_tick(far.session, START + 5 * SECOND);
	ck_assert_uint_eq(far.options_records, before);
	away = false;
	session_tick(far.session, START + 6 * SECOND);
	session_tick(far.session, START + 6 * SECOND + MS);
	ck_assert_uint_eq(far.options_records, before + before / 3);
	session_tick(far.session, START + 7 * SECOND);
	ck_assert_uint_eq(far.options_records, before + before / 3);
	end();
}
END_TEST

/* ---- what they count ---- */

static uint64_t stated, lost_stated;

static void sees_counts(const struct reader_record *r)
{
	if (r->template_id == 324) {
		ck_assert_uint_eq(reader_uint(r, 0, 41), far.arrived);
		ck_assert_uint_eq(reader_uint(r, 0, 42), far.flows);
		ck_assert_uint_eq(reader_uint(r, 0, 40), far.octets);
		stated++;
	}
	if (r->template_id == 326) {
		struct session_statistics s = session_statistics(far.session);
		ck_assert_uint_eq(reader_uint(r, 0, 166), s.lost.flows);
		ck_assert_uint_eq(reader_uint(r, 0, 167), s.lost.packets);
		ck_assert_uint_eq(reader_uint(r, 0, 168), s.lost.octets);
		lost_stated = s.lost.flows;
	}
}

static bool refuses_some(unsigned message)
{
	return message > 5 && message % 7 == 3;
}

/* What a collector got before, to the octet; losses are those of the session. And at the end once
 * more. */
START_TEST(counts_are_what_arrived)
{
	int64_t now = START;

	prepare(_i % 2 ? 10 : 9);
	far.options.options.refresh = 3 * SECOND;
	far.sees = sees_counts;
	if (_i / 2)
		far.refuses = refuses_some;
	stated = lost_stated = 0;
	begin();
	for (uint32_t n = 0; n < 3000; n++, now += SECOND / 50) {
		give(n, now);
		if (n % 5 == 0)
			session_tick(far.session, now);
	}
	session_flush(far.session, now);
	struct session_statistics s = session_statistics(far.session);
	ck_assert_uint_ge(stated, 15);
	ck_assert_uint_eq(s.messages, far.arrived);
	ck_assert_uint_eq(s.records, far.flows);
	ck_assert_uint_eq(s.options, far.options_records);
	ck_assert_uint_eq(s.sent.flows + s.lost.flows, 3000);
	ck_assert((s.lost.flows > 0) == (_i / 2 > 0));
	end();
}
END_TEST

/* Times of losses are those of the first and the last lost message. */
START_TEST(times_of_losses)
{
	struct loss l = {0};

	loss_add(&l, 0, 0, 0, START);
	ck_assert_int_eq(l.first, 0);
	loss_add(&l, 1, 2, 3, START + 5);
	loss_sum(&l, &(struct loss){0});
	loss_sum(&l, &(struct loss){0, 1, 1, START - 1, START});
	loss_add(&l, 1, 1, 1, START + 9);
	ck_assert_int_eq(l.first, START - 1);
	ck_assert_int_eq(l.last, START + 9);
	ck_assert_uint_eq(l.flows, 2);
	ck_assert_uint_eq(l.packets, 4);
	ck_assert_uint_eq(l.octets, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options_data");
	TCase *cases = tcase_create("options_data");

	tcase_add_loop_test(cases, to_the_octet, 0, 2 * ROWS(kinds));
	tcase_add_loop_test(cases, statistics_to_the_octet, 0, 2);
	tcase_add_loop_test(cases, interfaces_to_the_octet, 0, 2);
	tcase_add_loop_test(cases, many_interfaces, 0, 2);
	tcase_add_loop_test(cases, elements_of_enterprises, 0, 4);
	tcase_add_loop_test(cases, choices, 0, 8);
	tcase_add_loop_test(cases, one_in_one, 0, 2);
	tcase_add_test(cases, unknown_is_left_out);
	tcase_add_loop_test(cases, by_time, 0, 2);
	tcase_add_loop_test(cases, before_data, 0, 2);
	tcase_add_test(cases, who_comes_back);
	tcase_add_loop_test(cases, counts_are_what_arrived, 0, 4);
	tcase_add_test(cases, times_of_losses);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
