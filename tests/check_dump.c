/* weirdump's decoder: hand-made messages of the three versions, whole and broken. */
#include "../src/tools/weirdump_decode.c"
#include "../src/tools/weirdump_dump.c"
#include "../src/tools/weirdump_layout.c"
#include "../src/tools/weirdump_netflow5.c"
#include "../src/tools/weirdump_session.c"
#include "../src/tools/weirdump_template.c"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

/* What a dump printed and what it said. */
static struct {
	struct dump *dump;
	FILE *out;
	FILE *log;
	char *printed;
	char *said;
	size_t sizes[2];
	struct peer peer;
} t;

static void set_up(void)
{
	t.out = open_memstream(&t.printed, &t.sizes[0]);
	t.log = open_memstream(&t.said, &t.sizes[1]);
	t.dump = calloc(1, sizeof *t.dump);
	t.dump->printer = printer_new(PRINT_JSON, t.out);
	t.dump->templates = templates_new();
	t.dump->show_templates = true;
	t.dump->sessions.log = t.log;
	t.peer = (struct peer){.port = 2055};
	memcpy(t.peer.address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
}

static void tear_down(void)
{
	printer_free(t.dump->printer);
	templates_free(t.dump->templates);
	free(t.dump);
	fclose(t.out);
	fclose(t.log);
	free(t.printed);
	free(t.said);
}

/* Hexadecimal words, blanks between them ignored, as one message. The octets are
 * in a block of just their length, so that a read past the end is seen. */
static void hear(const char *digits)
{
	size_t n = 0;
	uint8_t *octets = malloc(strlen(digits) / 2 + 1), *exact;

	for (; *digits; digits++) {
		if (*digits == ' ')
			continue;
		char pair[3] = {digits[0], digits[1], '\0'};
		octets[n++] = (uint8_t)strtoul(pair, NULL, 16);
		digits++;
	}
	exact = malloc(n > 0 ? n : 1);
	memcpy(exact, octets, n);
	dump_message(t.dump, &t.peer, exact, n);
	free(exact);
	free(octets);
	fflush(t.out);
	fflush(t.log);
}

static const struct session *only_session(void)
{
	ck_assert_uint_eq(t.dump->sessions.of[0].number, 1);
	ck_assert_uint_eq(t.dump->sessions.of[1].number, 0);
	return &t.dump->sessions.of[0];
}

static void expect_said(const char *text)
{
	ck_assert_msg(strstr(t.said, text) != NULL, "\"%s\" is not in:\n%s", text, t.said);
}

static void expect_printed(const char *text)
{
	ck_assert_msg(strstr(t.printed, text) != NULL, "\"%s\" is not in:\n%s", text, t.printed);
}

/* NetFlow v5 */

#define V5_TIMES "000186a0 65534f80 1dcd6500"
#define V5_RECORD                                                                   \
	"c0000201 c6336401 00000000 0001 0002 00000003 000000b4 00000001 00000002 " \
	"0400 01bb 00 1b 06 00 0064 00c8 18 10 0000"

START_TEST(v5_records)
{
	hear("0005 0002 " V5_TIMES " 00000000 00 07 0000 " V5_RECORD V5_RECORD);
	hear("0005 0001 " V5_TIMES " 00000002 00 07 0000 " V5_RECORD);
	expect_printed("{\"sourceIPv4Address\":\"192.0.2.1\","
		       "\"destinationIPv4Address\":\"198.51.100.1\","
		       "\"ipNextHopIPv4Address\":\"0.0.0.0\",\"ingressInterface\":1,"
		       "\"egressInterface\":2,\"packetDeltaCount\":3,\"octetDeltaCount\":180,"
		       "\"flowStartSysUpTime\":1,\"flowEndSysUpTime\":2,"
		       "\"sourceTransportPort\":1024,\"destinationTransportPort\":443,"
		       "\"tcpControlBits\":27,\"protocolIdentifier\":6,\"ipClassOfService\":0,"
		       "\"bgpSourceAsNumber\":100,\"bgpDestinationAsNumber\":200,"
		       "\"sourceIPv4PrefixLength\":24,\"destinationIPv4PrefixLength\":16}\n");
	ck_assert_uint_eq(only_session()->tally.records, 3);
	ck_assert_uint_eq(only_session()->tally.gaps, 0);
	ck_assert_uint_eq(only_session()->domain, 7);
	ck_assert_str_eq(t.said, "weirdump: 192.0.2.1:2055 NetFlow v5 engine 0/7: first message\n");
}
END_TEST

START_TEST(v5_faults)
{
	hear("0005 0001 " V5_TIMES " 00000000 00000000 " V5_RECORD);
	hear("0005 0001 " V5_TIMES " 00000004 00000000 " V5_RECORD "00");
	expect_said("gap: 3 flows lost before sequence number 4");
	expect_said("trailing octets after the last record: 1");
	hear("0005 0002 " V5_TIMES " 00000005 00000000 " V5_RECORD);
	expect_said("malformed: count 2, but 72 octets hold 1 records");
	hear("0005 0000 " V5_TIMES " 00000007 00000000");
	expect_said("malformed: count 0 is not between 1 and 30");
	hear("0005 0001 " V5_TIMES);
	expect_said("malformed: 16 octets are too few");
	ck_assert_uint_eq(only_session()->tally.records, 3);
}
END_TEST

START_TEST(v5_order)
{
	hear("0005 0001 " V5_TIMES " ffffffff 00000000 " V5_RECORD);
	hear("0005 0001 " V5_TIMES " 00000000 00000000 " V5_RECORD); /* wrapped */
	ck_assert_uint_eq(only_session()->tally.gaps, 0);
	hear("0005 0001 " V5_TIMES " 00000002 00000000 " V5_RECORD); /* overtakes */
	ck_assert_uint_eq(only_session()->tally.lost, 1);
	hear("0005 0001 " V5_TIMES " 00000001 00000000 " V5_RECORD); /* late */
	ck_assert_uint_eq(only_session()->tally.lost, 0);
	ck_assert_uint_eq(only_session()->flags[SESSION_LATE], 1);
	hear("0005 0001 " V5_TIMES " 00000003 00000000 " V5_RECORD);
	hear("0005 0001 " V5_TIMES " 00000000 00000000 " V5_RECORD); /* restarted */
	hear("0005 0001 " V5_TIMES " 00000001 00000000 " V5_RECORD);
	ck_assert_uint_eq(only_session()->tally.gaps, 1);
	ck_assert_uint_eq(only_session()->flags[SESSION_RESTART], 1);
	ck_assert_uint_eq(only_session()->flags[SESSION_LATE], 1);
}
END_TEST

/* NetFlow v9: a template of address and port, an options template, their data */

#define V9(count, sequence) "0009 " count " 000003e8 65534f80 " sequence " 00000005 "
#define V9_TEMPLATE         "0000 0010 0100 0002 0008 0004 0007 0002 "
#define V9_OPTIONS          "0001 0014 0101 0004 0004 0001 0004 0022 0004 0000 "
#define V9_DATA             "0100 0010 c0000201 01bb c0000202 0035 "
#define V9_OPTIONS_DATA     "0101 000c 00000001 00000064 "

START_TEST(v9_records)
{
	hear(V9("0002", "00000000") V9_TEMPLATE V9_OPTIONS);
	hear(V9("0003", "00000001") V9_DATA V9_OPTIONS_DATA);
	expect_printed("{\"sourceIPv4Address\":\"192.0.2.1\",\"sourceTransportPort\":443}\n"
		       "{\"sourceIPv4Address\":\"192.0.2.2\",\"sourceTransportPort\":53}\n"
		       "{\"options\":{\"scopeSystem\":1,\"samplingInterval\":100}}\n");
	expect_printed("{\"template\":{\"id\":256,\"scopes\":0,");
	expect_printed("{\"template\":{\"id\":257,\"scopes\":1,");
	ck_assert_uint_eq(only_session()->tally.records, 2);
	ck_assert_uint_eq(only_session()->tally.options, 1);
	ck_assert_uint_eq(only_session()->domain, 5);
	ck_assert_str_eq(
		t.said, "weirdump: 192.0.2.1:2055 NetFlow v9 source id 5: first message\n");
}
END_TEST

START_TEST(v9_faults)
{
	hear(V9("0002", "00000000") V9_DATA);
	expect_said("data without template 256");
	hear(V9("0002", "00000001") V9_TEMPLATE V9_DATA);
	expect_said("count 2, but there are 3 records");
	hear(V9("0001", "00000004") "0100 000b c0000201 01bb 01");
	expect_said("gap: 2 packets lost before sequence number 4");
	expect_said("padding is not zero: 1 octets");
	hear(V9("0001", "00000005") "0000 000c 0102 0001 0008 ffff");
	expect_said("malformed: template 258: field of a variable length in NetFlow v9");
	hear(V9("0001", "00000006") "0002 0008 00000000");
	expect_said("malformed: set number 2");
	hear(V9("0001", "00000007") "0000 000c 0102 0009 0008 0004");
	expect_said("malformed: template record passes the end of its set");
	hear(V9("0001", "00000008") "0001 000e 0102 0003 0004 0001 0004");
	expect_said("malformed: lengths of an options template are no multiples of 4");
	hear(V9("0001", "00000009") "0100 0003");
	expect_said("malformed: set 256 of 3 octets, where 4 are left");
	hear(V9("0001", "0000000a") "0100 0010 c0000201");
	expect_said("malformed: set 256 of 16 octets, where 8 are left");
	hear("0009 0001 0000");
	expect_said("malformed: 6 octets are too few for a NetFlow v9 header");
	ck_assert_uint_eq(only_session()->tally.records, 3);
	ck_assert_uint_eq(only_session()->tally.gaps, 1);
}
END_TEST

/* IPFIX: address, an enterprise's string of a variable length, a reverse counter */

#define IPFIX(length, sequence) "000a " length " 65534f80 " sequence " 00000001 "
#define IPFIX_TEMPLATE          "0002 001c 0100 0003 0008 0004 8076 ffff 00008b30 8001 0004 00007279 "
#define IPFIX_DATA              "0100 0010 c0000201 0161 00000009 0000 "

START_TEST(ipfix_records)
{
	hear(IPFIX("003c", "00000000") IPFIX_TEMPLATE IPFIX_DATA);
	hear(IPFIX("0020", "00000001") IPFIX_DATA);
	expect_printed("{\"sourceIPv4Address\":\"192.0.2.1\",\"35632/118\":\"0x61\","
		       "\"reverseOctetDeltaCount\":9}\n");
	ck_assert_uint_eq(only_session()->tally.records, 2);
	ck_assert_uint_eq(only_session()->tally.gaps, 0);
	ck_assert_str_eq(t.said, "weirdump: 192.0.2.1:2055 IPFIX domain 1: first message\n");
}
END_TEST

/* RFC 7011 figure R: a length of 255 and more in three octets, and 3 octets for 0. */
START_TEST(ipfix_variable_length)
{
	hear(IPFIX("001c", "00000000") "0002 000c 0100 0001 0052 ffff");
	hear(IPFIX("001f", "00000000") "0100 000f 02 6162 ff0001 63 00 ff0000");
	expect_printed("{\"interfaceName\":\"ab\"}\n{\"interfaceName\":\"c\"}\n"
		       "{\"interfaceName\":\"\"}\n{\"interfaceName\":\"\"}\n");
	hear(IPFIX("0016", "00000004") "0100 0006 ff00");
	expect_said("malformed: data record of template 256 passes the end of its set");
	hear(IPFIX("0016", "00000004") "0100 0006 0261");
	ck_assert_uint_eq(only_session()->tally.malformed, 2);
	ck_assert_uint_eq(only_session()->tally.records, 4);
}
END_TEST

START_TEST(ipfix_sequence)
{
	hear(IPFIX("001c", "00000007") "0002 000c 0100 0001 0004 0001");
	hear(IPFIX("0018", "00000007") "0100 0008 06 11 01 06");
	hear(IPFIX("0010", "0000000b"));
	ck_assert_uint_eq(only_session()->tally.gaps, 0);
	hear(IPFIX("0015", "0000000d") "0100 0005 06");
	expect_said("gap: 2 data records lost before sequence number 13");
	/* how many records a set without template has is not known: no gap after it */
	hear(IPFIX("0018", "0000000e") "0101 0008 06 11 01 06");
	hear(IPFIX("0010", "00000012"));
	ck_assert_uint_eq(only_session()->tally.gaps, 1);
	ck_assert_uint_eq(only_session()->tally.untemplated, 1);
}
END_TEST

START_TEST(ipfix_faults)
{
	hear(IPFIX("0020", "00000000"));
	expect_said("malformed: message of 32 octets, where 16 came");
	hear(IPFIX("000f", "00000000"));
	expect_said("malformed: message of 15 octets, where 16 came");
	hear(IPFIX("0010", "00000000") "00");
	expect_said("trailing octets after the message: 1");
	hear(IPFIX("0018", "00000000") "0002 0008 0100 0000");
	expect_said("malformed: template 256 is withdrawn over UDP");
	hear(IPFIX("001c", "00000000") "0002 000c 0100 0001 0008 0000");
	expect_said("malformed: template 256: no field has octets");
	hear(IPFIX("001c", "00000000") "0002 000c 00ff 0001 0008 0004");
	expect_said("malformed: template 255: template number below 256");
	hear(IPFIX("001e", "00000000") "0003 000e 0100 0001 0002 0008 0004");
	expect_said("malformed: template 256: options template with more scopes than fields");
	hear(IPFIX("001e", "00000000") "0003 000e 0100 0001 0000 0008 0004");
	expect_said("malformed: template 256: options template without scope");
	hear(IPFIX("001c", "00000000") "0002 000c 0100 0001 8008 0004");
	expect_said("malformed: template record passes the end of its set");
	hear(IPFIX("0014", "00000000") "0005 0004");
	expect_said("malformed: set number 5");
	hear("000a");
	hear("000b 0000");
	hear("00");
	expect_said("malformed: version 11 is not 5, 9 or 10");
	ck_assert_uint_eq(t.dump->sessions.others.malformed, 3);
	ck_assert_uint_eq(only_session()->tally.records, 0);
}
END_TEST

START_TEST(templates_change)
{
	const char *changed = IPFIX("0021", "00000001") "0002 000c 0100 0001 0004 0001"
							"0100 0005 11";

	hear(IPFIX("003c", "00000000") IPFIX_TEMPLATE IPFIX_DATA);
	hear(changed);
	expect_said("template 256 has another layout now");
	expect_printed("{\"protocolIdentifier\":17}\n");
	/* another domain's number 256 is another template */
	hear("000a 0015 65534f80 00000000 00000002 0100 0005 11");
	expect_said("IPFIX domain 2: data without template 256");
	/* in a file templates may be withdrawn */
	t.dump->is_stream = true;
	hear(IPFIX("001d", "00000002") "0002 0008 0100 0000 0100 0005 11");
	expect_said("IPFIX domain 1: data without template 256");
}
END_TEST

/* All templates of a kind go with the number of their set, RFC 7011 section 8.1. */
START_TEST(templates_withdrawn)
{
	const char *templates = IPFIX("002a", "00000000") "0002 000c 0100 0001 0004 0001"
							  "0003 000e 0101 0001 0001 0095 0004";

	t.dump->is_stream = true;
	hear(templates);
	hear(IPFIX("0018", "00000000") "0002 0008 0002 0000");
	ck_assert_ptr_null(templates_find(t.dump->templates, 1, 256));
	ck_assert_ptr_nonnull(templates_find(t.dump->templates, 1, 257));
	hear(templates);
	hear(IPFIX("0018", "00000000") "0003 0008 0003 0000");
	ck_assert_ptr_nonnull(templates_find(t.dump->templates, 1, 256));
	ck_assert_ptr_null(templates_find(t.dump->templates, 1, 257));
}
END_TEST

/* Both stores keep to their bounds and forget the oldest. */
START_TEST(bounds)
{
	static struct field fields[TEMPLATE_FIELDS_MOST];
	enum template_news news;

	fields[0].length = 1;
	for (uint32_t i = 0; i < 3 * TEMPLATES_MOST; i++)
		ck_assert_ptr_nonnull(templates_put(
			t.dump->templates, 1, (uint16_t)(256 + i), fields, 1, 0, &news));
	ck_assert_uint_eq(t.dump->templates->count, TEMPLATES_MOST);
	ck_assert_ptr_null(templates_find(t.dump->templates, 1, 256));
	ck_assert_ptr_nonnull(templates_find(t.dump->templates, 1, 255 + 3 * TEMPLATES_MOST));
	for (uint32_t i = 0; i < TEMPLATES_MOST; i++)
		templates_put(t.dump->templates, 2, (uint16_t)(256 + i), fields,
			TEMPLATE_FIELDS_MOST, 0, &news);
	ck_assert_uint_le(t.dump->templates->fields, TEMPLATES_FIELDS_MOST);

	for (t.peer.port = 1; t.peer.port < 1000; t.peer.port++)
		hear(IPFIX("0010", "00000000"));
	ck_assert_uint_eq(t.dump->sessions.numbers, 999);
	ck_assert_uint_eq(t.dump->sessions.others.messages, 999 - SESSIONS_MOST);
	expect_said("forgotten");
}
END_TEST

START_TEST(stops_printing)
{
	t.dump->most = 2;
	hear("0005 0003 " V5_TIMES " 00000000 00000000 " V5_RECORD V5_RECORD V5_RECORD);
	ck_assert(dump_is_done(t.dump));
	ck_assert_uint_eq(t.dump->printed, 2);
	ck_assert_uint_eq(only_session()->tally.records, 3);
}
END_TEST

START_TEST(summary)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	hear("0005 0001 " V5_TIMES " 00000000 00000000 " V5_RECORD);
	hear(IPFIX("0014", "00000000") "0100 0004");
	hear("00");
	sessions_summary(&t.dump->sessions, out);
	fclose(out);
	ck_assert_str_eq(text,
		"weirdump: 192.0.2.1:2055 NetFlow v5 engine 0/0: 1 messages, 1 records, 0 options "
		"records, 0 gaps, 0 lost, 0 sets without template, 0 malformed\n"
		"weirdump: 192.0.2.1:2055 IPFIX domain 1: 1 messages, 0 records, 0 options "
		"records, 0 gaps, 0 lost, 1 sets without template, 0 malformed\n"
		"weirdump: total: 3 messages, 1 records, 0 options records, 0 gaps, 0 lost, 1 sets "
		"without template, 1 malformed\n");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dump");
	TCase *messages = tcase_create("messages");

	tcase_add_checked_fixture(messages, set_up, tear_down);
	tcase_add_test(messages, v5_records);
	tcase_add_test(messages, v5_faults);
	tcase_add_test(messages, v5_order);
	tcase_add_test(messages, v9_records);
	tcase_add_test(messages, v9_faults);
	tcase_add_test(messages, ipfix_records);
	tcase_add_test(messages, ipfix_variable_length);
	tcase_add_test(messages, ipfix_sequence);
	tcase_add_test(messages, ipfix_faults);
	tcase_add_test(messages, templates_change);
	tcase_add_test(messages, templates_withdrawn);
	tcase_add_test(messages, bounds);
	tcase_add_test(messages, stops_printing);
	tcase_add_test(messages, summary);
	suite_add_tcase(suite, messages);
	return suite_run(suite);
}
