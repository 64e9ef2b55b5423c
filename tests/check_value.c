/* One value of each type, in every form and at every length that it may have. */
#include "export/format.h"
#include "export/value.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

struct sample {
	const char *element; /* NULL: one that is in no table */
	const char *octets;  /* hexadecimal */
	const char *text;
	const char *json;
	const char *csv; /* NULL: as text */
};

static size_t octets_of(uint8_t *out, const char *digits)
{
	size_t n = 0;

	for (; digits[2 * n]; n++) {
		char pair[3] = {digits[2 * n], digits[2 * n + 1], '\0'};
		out[n] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static const struct sample samples[] = {
	/* integers, reduced and widened */
	{"octetDeltaCount", "00000000000005dc", "1500", "1500", NULL},
	{"octetDeltaCount", "05dc", "1500", "1500", NULL},
	{"octetDeltaCount", "0005dc", "1500", "1500", NULL},
	{"octetDeltaCount", "ffffffffffffffff", "18446744073709551615", "18446744073709551615",
		NULL},
	{"octetDeltaCount", "", "-", "null", ""},
	{"octetDeltaCount", "000000000000000001", "0x000000000000000001",
		"\"0x000000000000000001\"", NULL},
	{"sourceTransportPort", "ffff", "65535", "65535", NULL},
	{"minimumTTL", "40", "64", "64", NULL},
	/* named for people only */
	{"protocolIdentifier", "06", "tcp", "6", "6"},
	{"protocolIdentifier", "3a", "icmp6", "58", "58"},
	{"protocolIdentifier", "fd", "253", "253", NULL},
	{"tcpControlBits", "12", "SA", "18", "18"},
	{"tcpControlBits", "0000", "-", "0", "0"},
	{"tcpControlBits", "0fff", "SAPFRUECN123", "4095", "4095"},
	{"flowEndReason", "01", "idle", "1", "1"},
	{"flowEndReason", "02", "active", "2", "2"},
	{"flowEndReason", "03", "end", "3", "3"},
	{"flowEndReason", "04", "forced", "4", "4"},
	{"flowEndReason", "05", "resources", "5", "5"},
	{"flowEndReason", "00", "0", "0", NULL},
	{"flowEndReason", "06", "6", "6", NULL},
	{"icmpTypeCodeIPv4", "0301", "3/1", "769", "769"},
	{"icmpTypeCodeIPv6", "8000", "128/0", "32768", "32768"},
	/* floating point */
	{"samplingProbability", "3fb999999999999a", "0.1", "0.1", NULL},
	{"samplingProbability", "3f000000", "0.5", "0.5", NULL},
	{"samplingProbability", "3fd5555555555555", "0.33333333333333331", "0.33333333333333331",
		NULL},
	{"samplingProbability", "7ff8000000000000", "nan", "null", NULL},
	{"samplingProbability", "3f00", "0x3f00", "\"0x3f00\"", NULL},
	/* RFC 7011 section 6.1.5 */
	{"dataRecordsReliability", "01", "true", "true", NULL},
	{"dataRecordsReliability", "02", "false", "false", NULL},
	{"dataRecordsReliability", "07", "7", "7", NULL},
	/* addresses */
	{"sourceMacAddress", "0200c0ffee01", "02:00:c0:ff:ee:01", "\"02:00:c0:ff:ee:01\"", NULL},
	{"sourceMacAddress", "0200", "0x0200", "\"0x0200\"", NULL},
	{"sourceMacAddress", "20010db8000000000000000000000001",
		"0x20010db8000000000000000000000001", "\"0x20010db8000000000000000000000001\"",
		NULL},
	{"sourceIPv4Address", "c0000201", "192.0.2.1", "\"192.0.2.1\"", NULL},
	{"sourceIPv4Address", "c00002", "0xc00002", "\"0xc00002\"", NULL},
	{"sourceIPv6Address", "20010db8000000000000000000000001", "2001:db8::1", "\"2001:db8::1\"",
		NULL},
	{"sourceIPv6Address", "20010db8000100000000000000000001", "2001:db8:1::1",
		"\"2001:db8:1::1\"", NULL},
	{"sourceIPv6Address", "20010db8000000010000000000000001", "2001:db8:0:1::1",
		"\"2001:db8:0:1::1\"", NULL},
	{"sourceIPv6Address", "20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1",
		"\"2001:db8:0:1:1:1:1:1\"", NULL},
	{"sourceIPv6Address", "00000000000000000000000000000000", "::", "\"::\"", NULL},
	{"sourceIPv6Address", "00000000000000000000000000000001", "::1", "\"::1\"", NULL},
	{"sourceIPv6Address", "fe800000000000000000000000000000", "fe80::", "\"fe80::\"", NULL},
	{"sourceIPv6Address", "00000000000000000000ffffc0000201", "::ffff:192.0.2.1",
		"\"::ffff:192.0.2.1\"", NULL},
	/* times: whole seconds to 2106, milliseconds, NTP fractions, NTP's second era */
	{"flowStartSeconds", "65540b00", "2023-11-15T00:04:16Z", "\"2023-11-15T00:04:16Z\"", NULL},
	{"flowStartSeconds", "ffffffff", "2106-02-07T06:28:15Z", "\"2106-02-07T06:28:15Z\"", NULL},
	{"flowStartSeconds", "0065540b00", "0x0065540b00", "\"0x0065540b00\"", NULL},
	{"flowStartMilliseconds", "0000000000000000", "1970-01-01T00:00:00.000Z",
		"\"1970-01-01T00:00:00.000Z\"", NULL},
	{"flowStartMilliseconds", "0000018bcfe56805", "2023-11-14T22:13:20.005Z",
		"\"2023-11-14T22:13:20.005Z\"", NULL},
	{"flowStartMilliseconds", "0000e677d21fdc00", "+10000-01-01T00:00:00.000Z",
		"\"+10000-01-01T00:00:00.000Z\"", NULL},
	{"flowStartMicroseconds", "83aa7e8080000000", "1970-01-01T00:00:00.500000Z",
		"\"1970-01-01T00:00:00.500000Z\"", NULL},
	{"flowStartMicroseconds", "00000000fffff800", "2036-02-07T06:28:17.000000Z",
		"\"2036-02-07T06:28:17.000000Z\"", NULL},
	/* the eras meet: RFC 4330 section 3 */
	{"flowStartNanoseconds", "8000000000000000", "1968-01-20T03:14:08.000000000Z",
		"\"1968-01-20T03:14:08.000000000Z\"", NULL},
	{"flowStartNanoseconds", "7fffffff00000000", "2104-02-26T09:42:23.000000000Z",
		"\"2104-02-26T09:42:23.000000000Z\"", NULL},
	{"flowStartNanoseconds", "83aa7e8000000004", "1970-01-01T00:00:00.000000001Z",
		"\"1970-01-01T00:00:00.000000001Z\"", NULL},
	/* strings: v9's zeros at the end, what JSON or a terminal must not see, no UTF-8 */
	{"interfaceName", "6574683000000000", "\"eth0\"", "\"eth0\"", "eth0"},
	{"interfaceName", "", "\"\"", "\"\"", ""},
	{"interfaceName", "612c2262", "\"a,\\\"b\"", "\"a,\\\"b\"", "\"a,\"\"b\""},
	{"interfaceName", "5c", "\"\\\\\"", "\"\\\\\"", "\\\\"},
	{"interfaceName", "1b5b6d0a", "\"\\x1b[m\\x0a\"", "\"\\u001b[m\\u000a\"", "\\x1b[m\\x0a"},
	{"interfaceName", "c29b", "\"\\u9b\"", "\"\\u009b\"", "\\u9b"},
	{"interfaceName", "c3a4e282acf09f9880", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"",
		"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
	{"interfaceName", "ff41", "\"\\xffA\"", "\"\\\\xffA\"", "\\xffA"},
	{"interfaceName", "c080", "\"\\xc0\\x80\"", "\"\\\\xc0\\\\x80\"", "\\xc0\\x80"},
	{"interfaceName", "eda080", "\"\\xed\\xa0\\x80\"", "\"\\\\xed\\\\xa0\\\\x80\"",
		"\\xed\\xa0\\x80"},
	{"interfaceName", "e282", "\"\\xe2\\x82\"", "\"\\\\xe2\\\\x82\"", "\\xe2\\x82"},
	{"interfaceName", "f4908080", "\"\\xf4\\x90\\x80\\x80\"",
		"\"\\\\xf4\\\\x90\\\\x80\\\\x80\"", "\\xf4\\x90\\x80\\x80"},
	/* the rest is octets */
	{"mplsTopLabelStackSection", "000641", "0x000641", "\"0x000641\"", NULL},
	{"paddingOctets", "", "", "\"\"", NULL},
	{"tcpOptionsFull", "0123", "0x0123", "\"0x0123\"", NULL},
	{"basicList", "ff0001", "0xff0001", "\"0xff0001\"", NULL},
	{NULL, "0102", "0x0102", "\"0x0102\"", NULL},
	{NULL, "", "-", "null", ""},
};

static void expect(const struct sample *sample, enum value_form form, const char *wanted)
{
	uint8_t octets[64];
	char out[VALUE_ROOM(64)];
	size_t length = octets_of(octets, sample->octets), n;
	const struct ie *ie = sample->element ? ie_named(sample->element) : NULL;

	ck_assert_msg(!sample->element || ie, "%s is not in the table", sample->element);
	n = value_print(out, VALUE_ROOM(length), form, ie, octets, length);
	ck_assert_msg(strcmp(out, wanted) == 0 && n == strlen(wanted), "%s of %s: %s, not %s",
		sample->element, sample->octets, out, wanted);
}

START_TEST(forms)
{
	const struct sample *sample = &samples[_i];

	expect(sample, VALUE_TEXT, sample->text);
	expect(sample, VALUE_JSON, sample->json);
	expect(sample, VALUE_CSV, sample->csv ? sample->csv : sample->text);
}
END_TEST

/* Whatever the room, it is kept to and ends in NUL. */
START_TEST(bounded)
{
	const struct sample *sample = &samples[_i];
	const struct ie *ie = sample->element ? ie_named(sample->element) : NULL;
	uint8_t octets[64];
	size_t length = octets_of(octets, sample->octets);

	for (size_t size = 1; size < 40; size++)
		for (int form = VALUE_TEXT; form <= VALUE_CSV; form++) {
			char *out = malloc(size);
			size_t n =
				value_print(out, size, (enum value_form)form, ie, octets, length);
			ck_assert(n < size && out[n] == '\0');
			free(out);
		}
}
END_TEST

/* VALUE_ROOM is enough for the worst octets of every type and length. */
START_TEST(room)
{
	static const uint8_t worst[] = {0x00, 0x01, 0x22, 0x5c, 0x80, 0xff};
	uint8_t octets[300];

	for (size_t row = 0; row < IE_COUNT; row++)
		for (size_t w = 0; w < sizeof worst; w++)
			for (size_t length = 0; length <= sizeof octets;
				length += length < 20 ? 1 : 70) {
				size_t enough = VALUE_ROOM(length);
				char out[VALUE_ROOM(sizeof octets)];
				memset(octets, worst[w], length);
				size_t n = value_print(
					out, enough, VALUE_JSON, &ie_table[row], octets, length);
				ck_assert_uint_lt(n + 1, enough);
				ck_assert(out[0] != '"' || out[n - 1] == '"');
			}
}
END_TEST

START_TEST(calendar)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} dates[] = {{0, "1970-01-01 00:00:00"}, {951782399, "2000-02-28 23:59:59"},
		{951782400, "2000-02-29 00:00:00"}, {951868800, "2000-03-01 00:00:00"},
		{4107542399, "2100-02-28 23:59:59"}, {4107542400, "2100-03-01 00:00:00"},
		{1709164800, "2024-02-29 00:00:00"}, {-1, "1969-12-31 23:59:59"},
		{253402300799, "9999-12-31 23:59:59"}};
	char out[FORMAT_TIME];

	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
		format_iso8601(out, dates[i].seconds, 0, 0, ' ');
		ck_assert_str_eq(out, dates[i].text);
	}
}
END_TEST

START_TEST(times)
{
	uint8_t octets[8];
	int64_t ms = 0;

	octets_of(octets, "0000018bcfe56805");
	ck_assert(value_time(ie_named("flowEndMilliseconds"), octets, 8, &ms));
	ck_assert_int_eq(ms, 1700000000005);
	ck_assert(!value_time(ie_named("flowEndMilliseconds"), octets, 4, &ms));
	ck_assert(!value_time(ie_named("octetDeltaCount"), octets, 8, &ms));
	octets_of(octets, "83aa7e8180000000");
	ck_assert(value_time(ie_named("flowEndNanoseconds"), octets, 8, &ms));
	ck_assert_int_eq(ms, 1500);
	octets_of(octets, "83aa7e81ffffffff"); /* rounded to the next second */
	ck_assert(value_time(ie_named("flowEndNanoseconds"), octets, 8, &ms));
	ck_assert_int_eq(ms, 2000);
	ck_assert(value_time(ie_named("flowEndMicroseconds"), octets, 8, &ms));
	ck_assert_int_eq(ms, 2000);
	octets_of(octets, "7ffffffffffffc17"); /* the last second that fits whole */
	ck_assert(value_time(ie_named("flowEndMilliseconds"), octets, 8, &ms));
	ck_assert_int_eq(ms, INT64_MAX - 1000);
	octets_of(octets, "7ffffffffffffff8");
	ck_assert(!value_time(ie_named("flowEndMilliseconds"), octets, 8, &ms));
	memset(octets, 0xff, sizeof octets);
	ck_assert(!value_time(ie_named("flowEndMilliseconds"), octets, 8, &ms));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("value");
	TCase *values = tcase_create("values");
	int count = sizeof samples / sizeof samples[0];

	tcase_add_loop_test(values, forms, 0, count);
	tcase_add_loop_test(values, bounded, 0, count);
	tcase_add_test(values, room);
	tcase_add_test(values, calendar);
	tcase_add_test(values, times);
	suite_add_tcase(suite, values);
	return suite_run(suite);
}
