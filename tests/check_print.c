/* Records as rows, objects and CSV lines. */
#include "export/print.h"
#include "export/times.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MOST 40

/* A record under construction: fields with octets of their own. */
struct record {
	struct field fields[FIELDS_MOST];
	uint8_t octets[FIELDS_MOST][32];
	size_t count;
};

static void add_raw(struct record *r, const struct ie *ie, uint32_t pen, uint16_t id,
	const void *octets, uint16_t length)
{
	memcpy(r->octets[r->count], octets, length);
	r->fields[r->count] = (struct field){ie, pen, id, length, r->octets[r->count]};
	r->count++;
}

static void add(struct record *r, const char *name, uint64_t number, uint16_t length)
{
	const struct ie *ie = ie_named(name);
	uint8_t octets[8];

	ck_assert_msg(ie != NULL, "%s", name);
	for (int i = 0; i < length; i++)
		octets[i] = (uint8_t)(number >> (8 * (length - 1 - i)));
	add_raw(r, ie, 0, ie->id, octets, length);
}

static void add_ipv6(struct record *r, const char *name, uint8_t last)
{
	uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8};
	const struct ie *ie = ie_named(name);

	address[15] = last;
	add_raw(r, ie, 0, ie->id, address, sizeof address);
}

static void ipv4_flow(struct record *r, uint64_t protocol, uint64_t source_port, uint64_t port)
{
	r->count = 0;
	add(r, "sourceIPv4Address", 0xc0000201, 4);
	add(r, "destinationIPv4Address", 0xffffffff, 4);
	add(r, "protocolIdentifier", protocol, 1);
	add(r, "sourceTransportPort", source_port, 2);
	add(r, "destinationTransportPort", port, 2);
	add(r, "packetDeltaCount", 3, 4);
	add(r, "octetDeltaCount", 180, 4);
	add(r, "tcpControlBits", 0x13, 1);
	add(r, "flowEndReason", 3, 1);
	add(r, "flowStartMilliseconds", 1700000000005, 8);
	add(r, "flowEndMilliseconds", 1700000001255, 8);
}

/* What a printer makes of some records; the caller frees it. */
static char *print(enum print_format format, const struct record *records, size_t count,
	const struct message_time *time)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct printer *printer = printer_new(format, out);

	ck_assert_ptr_nonnull(printer);
	for (size_t i = 0; i < count; i++)
		printer_record(printer, records[i].fields, records[i].count, time);
	printer_free(printer);
	fclose(out);
	return text;
}

static void expect(enum print_format format, const struct record *records, size_t count,
	const struct message_time *time, const char *wanted)
{
	char *text = print(format, records, count, time);

	ck_assert_str_eq(text, wanted);
	free(text);
}

#define TITLES                                                                                   \
	"start (UTC)             duration proto                source -> destination           " \
	"packets   octets flags  end\n"

START_TEST(text_rows)
{
	static struct record r[4];

	ipv4_flow(&r[0], 6, 65535, 443);
	ipv4_flow(&r[1], 1, 0, 0x0800); /* as v5 and v9 have ICMP */
	ipv4_flow(&r[2], 47, 0, 0);
	add(&r[2], "ipClassOfService", 0xb8, 1);
	ipv4_flow(&r[3], 1, 0, 0);
	add(&r[3], "icmpTypeCodeIPv4", 0x0301, 2);
	expect(PRINT_TEXT, r, 4, NULL,
		TITLES "2023-11-14 22:13:20.005    1.250 tcp         192.0.2.1:65535 -> "
		       "255.255.255.255:443         3      180 SAF    end\n"
		       "2023-11-14 22:13:20.005    1.250 icmp              192.0.2.1 -> "
		       "255.255.255.255 8/0         3      180 SAF    end\n"
		       "2023-11-14 22:13:20.005    1.250 gre             192.0.2.1:0 -> "
		       "255.255.255.255:0           3      180 SAF    end tos 184\n"
		       "2023-11-14 22:13:20.005    1.250 icmp              192.0.2.1 -> "
		       "255.255.255.255 3/1         3      180 SAF    end\n");
}
END_TEST

/* The widest of each column fits 120 columns. */
START_TEST(text_width)
{
	static struct record r;
	char *text, *row;

	ipv4_flow(&r, 58, 0, 0);
	r.count = 0;
	add(&r, "sourceIPv4Address", 0xffffffff, 4);
	add(&r, "destinationIPv4Address", 0xffffffff, 4);
	add(&r, "protocolIdentifier", 88, 1);
	add(&r, "sourceTransportPort", 65535, 2);
	add(&r, "destinationTransportPort", 65535, 2);
	add(&r, "packetDeltaCount", 1234567, 8);
	add(&r, "octetDeltaCount", 12345678, 8);
	add(&r, "tcpControlBits", 0x3f, 2);
	add(&r, "flowEndReason", 5, 1);
	add(&r, "flowStartMilliseconds", 1700000000005, 8);
	add(&r, "flowEndMilliseconds", 1700001001255, 8);
	text = print(PRINT_TEXT, &r, 1, NULL);
	row = strchr(text, '\n') + 1;
	ck_assert_uint_le(strcspn(row, "\n"), 120);
	ck_assert_ptr_nonnull(strstr(row, "SAPFRU resources"));
	free(text);
}
END_TEST

/* Columns of IPv6 rows meet those of IPv4 as long as the addresses fit. */
START_TEST(text_ipv6)
{
	static struct record r[2];
	char *text, *first, *second;

	for (int i = 0; i < 2; i++) {
		add_ipv6(&r[i], "sourceIPv6Address", 1);
		add_ipv6(&r[i], "destinationIPv6Address", (uint8_t)(i ? 0xff : 2));
		add(&r[i], "protocolIdentifier", i ? 58 : 17, 1);
		add(&r[i], "sourceTransportPort", 53, 2);
		add(&r[i], "destinationTransportPort", i ? 0x8000 : 53, 2);
		add(&r[i], "packetDeltaCount", 1, 8);
		add(&r[i], "octetDeltaCount", 76, 8);
	}
	text = print(PRINT_TEXT, r, 2, NULL);
	first = strchr(text, '\n') + 1;
	second = strchr(first, '\n') + 1;
	ck_assert_ptr_nonnull(strstr(first, "[2001:db8::1]:53 -> [2001:db8::2]:53 "));
	ck_assert_ptr_nonnull(strstr(second, "2001:db8::1 -> 2001:db8::ff 128/0 "));
	ck_assert_int_eq(
		strstr(first, "       76 ") - first, strstr(second, "       76 ") - second);
	ck_assert_int_eq(strstr(first, "       76 ") - first, 93);
	free(text);
}
END_TEST

START_TEST(text_without_address)
{
	static struct record r;

	add(&r, "sourceMacAddress", 0x0200c0ffee01, 6);
	add(&r, "octetDeltaCount", 9, 1);
	expect(PRINT_TEXT, &r, 1, NULL,
		"record sourceMacAddress=02:00:c0:ff:ee:01 octetDeltaCount=9\n");
}
END_TEST

START_TEST(json)
{
	static struct record r;

	add(&r, "sourceIPv4Address", 0xc0000201, 4);
	add(&r, "octetDeltaCount", 180, 2);
	add(&r, "sourceIPv4Address", 0x0a000001, 4);
	add_raw(&r, ie_find(IE_REVERSE_PEN, 1), IE_REVERSE_PEN, 1, "\x05", 1);
	add_raw(&r, NULL, 35632, 118, "\x07\x08", 2);
	add_raw(&r, NULL, 0, 9999, "\x07", 1);
	add_raw(&r, ie_named("interfaceName"), 0, 82, "a\"\x01", 3);
	add(&r, "sourceIPv4Address", 0x0a000002, 4);
	add(&r, "flowStartMilliseconds", 1700000000005, 8);
	expect(PRINT_JSON, &r, 1, NULL,
		"{\"sourceIPv4Address\":[\"192.0.2.1\",\"10.0.0.1\",\"10.0.0.2\"],"
		"\"octetDeltaCount\":180,\"reverseOctetDeltaCount\":5,\"35632/118\":\"0x0708\","
		"\"0/9999\":\"0x07\",\"interfaceName\":\"a\\\"\\u0001\","
		"\"flowStartMilliseconds\":\"2023-11-14T22:13:20.005Z\"}\n");
}
END_TEST

/* One set of columns for records of different templates, and times from uptimes. */
START_TEST(csv)
{
	static struct record r[2];
	const struct message_time time = {1700000010000, 100000, true};
	char *text, *row;

	ipv4_flow(&r[0], 6, 1024, 443);
	add_ipv6(&r[1], "sourceIPv6Address", 1);
	add(&r[1], "flowStartSysUpTime", 90000, 4);
	add(&r[1], "flowEndSysUpTime", 90001, 4);
	text = print(PRINT_CSV, r, 2, &time);
	ck_assert_ptr_eq(strstr(text, "flowStartMilliseconds,flowEndMilliseconds,"), text);
	row = strchr(text, '\n') + 1;
	ck_assert_ptr_eq(strstr(row, "2023-11-14T22:13:20.005Z,2023-11-14T22:13:21.255Z,,6,"
				     "192.0.2.1,,1024,255.255.255.255,,443,,,3,180,19,,,,,3,"),
		row);
	row = strchr(row, '\n') + 1;
	ck_assert_ptr_eq(strstr(row, "2023-11-14T22:13:20.000Z,2023-11-14T22:13:20.001Z,,,,"
				     "2001:db8::1,,,,,,"),
		row);
	ck_assert_ptr_null(strstr(row, "flowStart"));
	free(text);
}
END_TEST

START_TEST(chosen_columns)
{
	static struct record r;
	const struct ie *octets = ie_named("octetDeltaCount");
	const struct print_column columns[] = {{octets, 0, 0}, {ie_named("minimumTTL"), 0, 0},
		{ie_named("interfaceName"), 0, 0}, {octets, IE_REVERSE_PEN, 0}, {octets, 0, 1},
		{octets, 0, 2}};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct printer *printer = printer_new(PRINT_CSV, out);

	add(&r, "octetDeltaCount", 180, 2);
	add_raw(&r, ie_named("interfaceName"), 0, 82, "a,b", 3);
	add(&r, "octetDeltaCount", 190, 2);
	add_raw(&r, octets, IE_REVERSE_PEN, octets->id, "\2", 1);
	printer_columns(printer, columns, 6);
	printer_record(printer, r.fields, r.count, NULL);
	printer_free(printer);
	fclose(out);
	ck_assert_str_eq(text, "octetDeltaCount,minimumTTL,interfaceName,reverseOctetDeltaCount,"
			       "octetDeltaCount_2,octetDeltaCount_3\n180,,\"a,b\",2,190,\n");
	free(text);
}
END_TEST

START_TEST(options_and_templates)
{
	static const char *const wanted[] = {
		"options observationDomainId=1 | exportedFlowRecordTotalCount=7\n"
		"options template 300: observationDomainId(4) | exportedFlowRecordTotalCount(v)\n",
		"{\"options\":{\"observationDomainId\":1,\"exportedFlowRecordTotalCount\":7}}\n"
		"{\"template\":{\"id\":300,\"scopes\":1,\"fields\":[{\"name\":"
		"\"observationDomainId\","
		"\"pen\":0,\"id\":149,\"length\":4},{\"name\":\"exportedFlowRecordTotalCount\","
		"\"pen\":0,\"id\":42,\"length\":65535}]}}\n",
		""};
	static struct record r;

	add(&r, "observationDomainId", 1, 4);
	add(&r, "exportedFlowRecordTotalCount", 7, 8);
	for (int format = PRINT_TEXT; format <= PRINT_CSV; format++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		struct printer *printer = printer_new((enum print_format)format, out);

		r.fields[1].length = 8;
		printer_options(printer, r.fields, 2, 1);
		r.fields[1].length = IE_VARIABLE;
		printer_template(printer, 300, r.fields, 2, 1);
		printer_free(printer);
		fclose(out);
		ck_assert_str_eq(text, wanted[format]);
		free(text);
	}
}
END_TEST

/* A line may be longer than any buffer. */
START_TEST(long_line)
{
	static uint8_t octets[UINT16_MAX];
	static struct field fields[100];
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct printer *printer = printer_new(PRINT_JSON, out);

	for (size_t i = 0; i < 100; i++)
		fields[i] = (struct field){NULL, 1, (uint16_t)i, UINT16_MAX, octets};
	printer_record(printer, fields, 100, NULL);
	printer_free(printer);
	fclose(out);
	ck_assert_uint_gt(size, 100 * 2 * UINT16_MAX);
	ck_assert_str_eq(text + size - 5, "00\"}\n");
	free(text);
}
END_TEST

/* NTP's form of so many seconds since 1970. */
#define NTP(seconds) ((UINT64_C(2208988800) + (seconds)) << 32)

enum { NAMES = 3 };

static struct times times_with(const char *const names[NAMES], const uint64_t values[NAMES],
	const struct message_time *time)
{
	static struct record r;

	r.count = 0;
	for (int i = 0; i < NAMES; i++)
		if (names[i])
			add(&r, names[i], values[i],
				ie_named(names[i])->type == IE_UNSIGNED32 ||
						ie_named(names[i])->type == IE_SECONDS
					? 4
					: 8);
	return times_of(r.fields, r.count, time);
}

/* clang-format off */
static const struct {
	const char *names[NAMES];
	uint64_t values[NAMES];
	struct message_time time;
	int64_t first, last; /* -1: not known */
} times_rows[] = {
	{{"flowStartSysUpTime", "flowEndSysUpTime"}, {900, 1000}, {5000, 1000, true}, 4900, 5000},
	/* the uptime has wrapped since the flow began */
	{{"flowStartSysUpTime", "flowEndSysUpTime"}, {4294967295, 2}, {5000, 3, true}, 4996, 4999},
	/* a flow as long as uptimes can say */
	{{"flowStartSysUpTime", "flowEndSysUpTime"}, {100000, 0}, {4294967296, 0, true},
		100000, 4294967296},
	/* ahead of its message by a little, by as much as is believed, and by more */
	{{"flowStartSysUpTime", "flowEndSysUpTime"}, {1001, 1002}, {5000, 1000, true}, 5001, 5002},
	{{"flowStartSysUpTime", "flowEndSysUpTime"}, {61000, 61001}, {5000000000, 1000, true},
		5000060000, 705092705},
	/* no uptime, no time */
	{{"flowStartSysUpTime", NULL}, {1, 0}, {5000, 0, false}, -1, -1},
	{{"flowStartDeltaMicroseconds", "flowEndDeltaMicroseconds"}, {3000000, 1000000},
		{9000, 0, false}, 6000, 8000},
	{{"flowStartSeconds", "flowEndSeconds"}, {7, 8}, {0, 0, false}, 7000, 8000},
	{{"flowStartMilliseconds", "flowEndMilliseconds"}, {100, 50}, {0, 0, false}, 100, 50},
	{{"flowStartMicroseconds", "flowEndMicroseconds"}, {NTP(7), NTP(8)}, {0, 0, false},
		7000, 8000},
	{{"flowStartNanoseconds", "flowEndNanoseconds"}, {NTP(7), NTP(8)}, {0, 0, false},
		7000, 8000},
	{{"flowStartMilliseconds", "flowDurationMilliseconds"}, {100, 50}, {0, 0, false}, 100, 150},
	{{"flowEndMilliseconds", "flowDurationMicroseconds"}, {100, 50999}, {0, 0, false}, 50, 100},
	{{"flowStartMilliseconds", "flowDurationMilliseconds"}, {0, UINT32_MAX}, {0, 0, false},
		0, UINT32_MAX},
	/* both ends are told: no duration is needed */
	{{"flowStartMilliseconds", "flowEndMilliseconds", "flowDurationMilliseconds"},
		{100, 200, 50}, {0, 0, false}, 100, 200},
	{{"flowDurationMilliseconds", NULL}, {50}, {5000, 1000, true}, -1, -1},
	/* what is absolute comes first; then a header's uptime, a boot, a delta */
	{{"flowStartMilliseconds", "flowStartSysUpTime", "flowEndSysUpTime"}, {100, 200, 300},
		{5000, 1000, true}, 100, 4300},
	{{"flowEndMilliseconds", "flowStartSysUpTime", "flowEndSysUpTime"}, {100, 200, 300},
		{5000, 1000, true}, 4200, 100},
	{{"systemInitTimeMilliseconds", "flowEndSysUpTime"}, {1000, 77}, {0, 0, false}, -1, 1077},
	{{"systemInitTimeMilliseconds", "flowStartSysUpTime", "flowEndSysUpTime"}, {1000, 77, 78},
		{0, 0, false}, 1077, 1078},
	{{"systemInitTimeMilliseconds", "flowStartSysUpTime", "flowEndSysUpTime"}, {1000, 77, 78},
		{5000, 100, true}, 4977, 4978},
	{{"systemInitTimeMilliseconds", "flowStartSysUpTime", "flowStartDeltaMicroseconds"},
		{1000, 77, 2000000}, {5000, 0, false}, 1077, -1},
	/* of none of these: octets, and a time of something else */
	{{"octetDeltaCount", "packetDeltaCount", "observationTimeMilliseconds"}, {1, 2, 3},
		{5000, 1000, true}, -1, -1},
};
/* clang-format on */

static void assert_time(int row, const char *end, bool has, int64_t is, int64_t wanted)
{
	ck_assert_msg(has == (wanted >= 0) && (!has || is == wanted), "row %d: %s %jd", row, end,
		(intmax_t)is);
}

START_TEST(times)
{
	struct times t =
		times_with(times_rows[_i].names, times_rows[_i].values, &times_rows[_i].time);

	assert_time(_i, "first", t.has_first, t.first, times_rows[_i].first);
	assert_time(_i, "last", t.has_last, t.last, times_rows[_i].last);
}
END_TEST

/* No message around the record: nothing to count from but a boot. */
START_TEST(times_without_a_message)
{
	static const char *const names[][NAMES] = {
		{"flowStartSysUpTime", "flowEndDeltaMicroseconds"},
		{"flowStartSysUpTime", "flowEndDeltaMicroseconds", "systemInitTimeMilliseconds"},
	};
	static const uint64_t values[NAMES] = {5, 6, 1000};

	for (int boot = 0; boot < 2; boot++) {
		struct times t = times_with(names[boot], values, NULL);
		assert_time(boot, "first", t.has_first, t.first, boot ? 1005 : -1);
		assert_time(boot, "last", t.has_last, t.last, -1);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("print");
	TCase *records = tcase_create("records");

	tcase_add_test(records, text_rows);
	tcase_add_test(records, text_width);
	tcase_add_test(records, text_ipv6);
	tcase_add_test(records, text_without_address);
	tcase_add_test(records, json);
	tcase_add_test(records, csv);
	tcase_add_test(records, chosen_columns);
	tcase_add_test(records, options_and_templates);
	tcase_add_test(records, long_line);
	tcase_add_loop_test(records, times, 0, sizeof times_rows / sizeof times_rows[0]);
	tcase_add_test(records, times_without_a_message);
	suite_add_tcase(suite, records);
	return suite_run(suite);
}
