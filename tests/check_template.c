/* Each way of writing a value against octets worked out by hand, the lengths that RFC 7011 section
 * 6.2 allows, NetFlow v5's record octet by octet, and the layouts that weir sends. */
#include "export/layout.h"
#include "export/template.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))
#define MS      INT64_C(1000000)
#define SECOND  (1000 * MS)
/* 2023-11-14 22:13:20 UTC, in seconds */
#define START INT64_C(1700000000)
/* 2036-02-07 06:28:16 UTC, where NTP's seconds begin again */
#define ERA INT64_C(2085978496)

/* The value of the element's member in the record, as an integer or as octets. */
static const struct vector {
	const char *element;
	uint16_t length;
	int64_t value;
	const char *octets; /* hexadecimal */
} vectors[] = {
	/* host integers, as they are and narrower: the largest that fits */
	{"octetDeltaCount", 8, 0x0102030405060708, "0102030405060708"},
	{"octetDeltaCount", 8, -1, "ffffffffffffffff"},
	{"octetDeltaCount", 7, 0x02030405060708, "02030405060708"},
	{"octetDeltaCount", 5, 0x0102030405, "0102030405"},
	{"octetDeltaCount", 4, 0x01020304, "01020304"},
	{"octetDeltaCount", 4, 0xffffffff, "ffffffff"},
	{"octetDeltaCount", 4, 0x100000000, "ffffffff"},
	{"octetDeltaCount", 1, 255, "ff"},
	{"octetDeltaCount", 1, 256, "ff"},
	{"packetDeltaCount", 3, 0xfffffe, "fffffe"},
	{"packetDeltaCount", 3, 0x7fffffffffffffff, "ffffff"},
	{"protocolIdentifier", 1, 0xfe, "fe"},
	{"sourceTransportPort", 2, 0x8001, "8001"},
	{"sourceTransportPort", 1, 0x80, "80"},
	{"sourceTransportPort", 1, 0x100, "ff"},
	{"vlanId", 2, 0x0fff, "0fff"},
	/* half of a round trip in microseconds */
	{"CLIENT_NW_LATENCY_MS", 4, 4000000, "000007d0"},
	{"SERVER_NW_LATENCY_MS", 4, 1999, "00000000"},
	/* flags: the low octet */
	{"tcpControlBits", 2, 0x0fd2, "0fd2"},
	{"tcpControlBits", 1, 0x0fd2, "d2"},
	/* an interface that does not fit is not known */
	{"ingressInterface", 4, 0x80000001, "80000001"},
	{"ingressInterface", 2, 0xffff, "ffff"},
	{"ingressInterface", 2, 0x10000, "0000"},
	{"ingressInterface", 2, 0x10001, "0000"},
	{"egressInterface", 3, 0xffffff, "ffffff"},
	{"egressInterface", 3, 0x1000000, "000000"},
	/* milliseconds and seconds since 1970, rounded down, before it too */
	{"flowStartMilliseconds", 8, START *SECOND + 5 * MS + 999999, "0000018bcfe56805"},
	{"flowStartMilliseconds", 8, -1, "ffffffffffffffff"},
	{"flowStartMilliseconds", 8, -MS, "ffffffffffffffff"},
	{"flowEndMilliseconds", 8, 0, "0000000000000000"},
	{"flowStartSeconds", 4, START *SECOND + SECOND - 1, "6553f100"},
	{"flowEndSeconds", 4, -1, "ffffffff"},
	/* NTP: seconds since 1900 and a fraction; microseconds have its low 11 bits clear */
	{"flowStartNanoseconds", 8, 0, "83aa7e8000000000"},
	{"flowStartNanoseconds", 8, 1, "83aa7e8000000004"},
	{"flowStartNanoseconds", 8, SECOND / 2, "83aa7e8080000000"},
	{"flowStartNanoseconds", 8, SECOND - 1, "83aa7e80fffffffb"},
	{"flowStartNanoseconds", 8, -1, "83aa7e7ffffffffb"},
	{"flowEndNanoseconds", 8, START *SECOND, "e8fe6f8000000000"},
	{"flowEndNanoseconds", 8, ERA *SECOND - 1, "fffffffffffffffb"},
	{"flowEndNanoseconds", 8, ERA *SECOND, "0000000000000000"},
	{"flowEndNanoseconds", 8, ERA *SECOND + 3 * SECOND + SECOND / 4, "0000000340000000"},
	{"flowStartMicroseconds", 8, 1, "83aa7e8000000000"},
	{"flowStartMicroseconds", 8, 1000, "83aa7e8000001000"},
	{"flowStartMicroseconds", 8, SECOND - 1, "83aa7e80fffff800"},
	{"flowEndMicroseconds", 8, ERA *SECOND + 2000, "0000000000002000"},
	/* milliseconds since boot, which is START - 10 s here */
	{"flowStartSysUpTime", 4, START *SECOND, "00002710"},
	{"flowStartSysUpTime", 4, START *SECOND - 1, "0000270f"},
	{"flowEndSysUpTime", 4, (START - 10) * SECOND, "00000000"},
	{"flowEndSysUpTime", 4, (START - 10) * SECOND + 4294967295 * MS, "ffffffff"},
	/* parts of a value */
	{"icmpTypeIPv4", 1, 0x0801, "08"},
	{"icmpCodeIPv6", 1, 0x8104, "04"},
	{"fragmentOffset", 2, 0x2185, "0185"},
	{"fragmentOffset", 2, 0x7fff, "1fff"},
	{"fragmentFlags", 1, 0x4000, "40"},
	{"fragmentFlags", 1, 0x3fff, "20"},
	{"ipDiffServCodePoint", 1, 0xb9, "2e"},
	{"ipPrecedence", 1, 0xb9, "05"},
	/* RFC 7011 section 6.1.5 */
	{"dot1qDEI", 1, 1, "01"},
	{"dot1qDEI", 1, 0, "02"},
	/* a wider field than the value */
	{"mplsLabelStackDepth", 4, 12, "0000000c"},
	/* RFC 9740: bit 0 is the lowest, in as few octets as there are bits */
	{"ipv6ExtensionHeadersFull", 4, 0x23, "00000023"},
	{"tcpOptionsFull", 8, 0x0d, "000000000000000d"},
	{"tcpOptionsFull", 2, 0x0d, "000d"},
	{"tcpOptionsFull", 12, 0x0d, "00000000000000000000000d"},
	/* the session's */
	{"observationDomainId", 4, 0, "0000004d"},
	{"systemInitTimeMilliseconds", 8, 0, "0000018bcfe540f0"},
	{"flowActiveTimeout", 2, 0, "003c"},
	{"flowIdleTimeout", 2, 0, "000f"},
	/* what weir has no value for */
	{"paddingOctets", 3, 77, "000000"},
	{"bgpNextHopIPv4Address", 4, 77, "00000000"},
};

static struct template compiled(const char *element, uint16_t length)
{
	struct template t = {.id = 256, .field_count = 1};

	const struct ie *ie = ie_named(element);
	ck_assert_ptr_nonnull(ie);
	t.field[0] = (struct template_field){.ie = ie, .length = length, .offset = ie->offset};
	ck_assert_msg(template_compile(&t), "%s of %u octets", element, length);
	ck_assert_uint_eq(t.record_octets, length);
	return t;
}

static void set_member(struct flow_told *r, const struct ie *ie, int64_t value)
{
	void *at = (uint8_t *)r + ie->offset;
	uint32_t v32 = (uint32_t)value;
	uint16_t v16 = (uint16_t)value;
	uint8_t v8 = (uint8_t)value;

	switch (ie->size) {
	case 1: memcpy(at, &v8, 1); break;
	case 2: memcpy(at, &v16, 2); break;
	case 4: memcpy(at, &v32, 4); break;
	default: memcpy(at, &value, 8);
	}
}

/* Into memory of the record's size, so that an octet too many is seen. */
static void expect_path(const struct template *t, const struct flow_record *r,
	const struct flow_path *path, const char *digits)
{
	uint8_t *octets = malloc(t->record_octets);
	char text[512] = "";

	memset(octets, 0xa5, t->record_octets);
	template_encode(
		t, r, &(struct template_facts){(START - 10) * 1000, 77, 60, 15, path}, octets);
	for (unsigned i = 0; i < t->record_octets; i++)
		snprintf(text + 2 * i, 3, "%02x", octets[i]);
	ck_assert_str_eq(text, digits);
	free(octets);
}

static void expect_octets(const struct template *t, const struct flow_record *r, const char *digits)
{
	expect_path(t, r, NULL, digits);
}

START_TEST(encodings)
{
	const struct vector *v = &vectors[_i];
	struct template t = compiled(v->element, v->length);
	struct flow_told r;

	memset(&r, 0x5a, sizeof r);
	set_member(&r, t.field[0].ie, v->value);
	expect_path(&t, &r.record, &r.path, v->octets);
}
END_TEST

START_TEST(addresses)
{
	struct flow_record r = {0};

	for (unsigned i = 0; i < 16; i++)
		r.key.source_address[i] = r.key.destination_address[i] = (uint8_t)(i + 1);
	struct template t = compiled("sourceIPv4Address", 4);
	expect_octets(&t, &r, "01020304");
	t = compiled("destinationIPv6Address", 16);
	expect_octets(&t, &r, "0102030405060708090a0b0c0d0e0f10");
}
END_TEST

/* Fields behind one whose length varies, whatever kind they are of, follow one another. */
START_TEST(behind_a_text)
{
	static const struct {
		char name[16];
		uint8_t address[16], four[4], one;
	} from = {"eth0", {0x20, 1, 0xd, 0xb8, [15] = 9}, {192, 0, 2, 1}, 17};
	static const char *const names[] = {
		"interfaceName", "sourceIPv6Address", "sourceIPv4Address", "protocolIdentifier"};
	static const uint16_t offsets[] = {0, 16, 32, 36}, lengths[] = {IE_VARIABLE, 16, 4, 1};
	struct template t = {.id = 256, .field_count = 4};

	for (unsigned i = 0; i < 4; i++)
		t.field[i] = (struct template_field){
			.ie = ie_named(names[i]), .length = lengths[i], .offset = offsets[i]};
	ck_assert(template_compile(&t));
	ck_assert_uint_eq(template_octets(&t, &from), 5 + 16 + 4 + 1);
	uint8_t octets[5 + 16 + 4 + 1] = {0};
	template_encode(&t, &from, &(struct template_facts){.domain = 1}, octets);
	ck_assert_mem_eq(octets, "\4eth0", 5);
	ck_assert_mem_eq(octets + 5, from.address, 21);
}
END_TEST

START_TEST(paths)
{
	struct flow_record r = {0};
	struct flow_path path = {.source_prefix = 24, .destination_prefix = 127};

	for (unsigned i = 0; i < 16; i++)
		path.next_hop[i] = (uint8_t)(i + 1);
	struct template t = compiled("ipNextHopIPv4Address", 4);
	expect_path(&t, &r, &path, "01020304");
	expect_octets(&t, &r, "00000000");
	t = compiled("ipNextHopIPv6Address", 16);
	expect_path(&t, &r, &path, "0102030405060708090a0b0c0d0e0f10");
	path.source_as = 4200000000;
	path.destination_as = 65535;
	t = compiled("bgpSourceAsNumber", 4);
	expect_path(&t, &r, &path, "fa56ea00");
	t = compiled("bgpSourceAsNumber", 2);
	expect_path(&t, &r, &path, "5ba0");
	t = compiled("bgpDestinationAsNumber", 2);
	expect_path(&t, &r, &path, "ffff");
	t = compiled("sourceIPv4PrefixLength", 1);
	expect_path(&t, &r, &path, "18");
	t = compiled("destinationIPv6PrefixLength", 1);
	expect_path(&t, &r, &path, "7f");
	expect_octets(&t, &r, "00");
}
END_TEST

START_TEST(worked_out)
{
	struct flow_record r = {.first = START * SECOND, .last = START * SECOND + 1500 * MS + 7000};
	static const struct {
		uint8_t address[4];
		const char *octets;
		uint8_t version;
	} multicast[] = {
		{{224, 0, 0, 1}, "80", 4},
		{{239, 255, 255, 250}, "80", 4},
		{{223, 255, 255, 255}, "00", 4},
		{{240, 0, 0, 1}, "00", 4},
		{{0xff, 0x02, 0, 0}, "02", 6}, /* IPv6, link scope */
		{{0xff, 0x15, 0, 0}, "15", 6}, /* transient, site scope */
		{{0xfe, 0x80, 0, 0}, "00", 6},
		{{0xe0, 0, 0, 1}, "00", 6},
		{{0xff, 0xff, 0, 0}, "00", 4},
	};
	struct template t = compiled("flowDurationMilliseconds", 4);

	expect_octets(&t, &r, "000005dc");
	t = compiled("flowDurationMicroseconds", 4);
	expect_octets(&t, &r, "0016e367");
	t = compiled("isMulticast", 1);
	for (int i = 0; i < ROWS(multicast); i++) {
		memset(&r.key, 0, sizeof r.key);
		memcpy(r.key.destination_address, multicast[i].address, 4);
		r.key.ip_version = multicast[i].version;
		expect_octets(&t, &r, multicast[i].octets);
	}
}
END_TEST

/* RFC 7011 section 6.2: only integers of more than an octet may be shorter; nothing is longer. */
static const struct {
	const char *element;
	uint16_t least, most; /* legal lengths, and those between */
} lengths[] = {
	{"octetDeltaCount", 1, 8},
	{"packetDeltaCount", 1, 8},
	{"protocolIdentifier", 1, 1},
	{"sourceTransportPort", 1, 2},
	{"tcpControlBits", 1, 2},
	{"ingressInterface", 1, 4},
	{"sourceIPv4Address", 4, 4},
	{"sourceIPv6Address", 16, 16},
	{"flowStartSeconds", 4, 4},
	{"flowStartMilliseconds", 8, 8},
	{"flowStartMicroseconds", 8, 8},
	{"flowEndNanoseconds", 8, 8},
	{"flowStartSysUpTime", 4, 4},
	{"paddingOctets", 1, 255},
	{"tcpOptionsFull", 1, 32},
	{"isMulticast", 1, 1},
	{"dot1qDEI", 1, 1},
};

START_TEST(legal_lengths)
{
	for (unsigned length = 0; length <= 300; length++) {
		struct template t = {.id = 256, .field_count = 1};
		bool legal = length >= lengths[_i].least && length <= lengths[_i].most;
		t.field[0] = (struct template_field){
			.ie = ie_named(lengths[_i].element), .length = (uint16_t)length};
		ck_assert_msg(template_compile(&t) == legal, "%s of %u octets", lengths[_i].element,
			length);
	}
}
END_TEST

static void init(struct layout *layout, uint16_t version, const char *definition)
{
	layout_init(layout, &(struct layout_options){.version = version,
				    .definition = definition_ready(definition)});
}

/* Cisco's record: a value of its own in each field. */
START_TEST(netflow5_record)
{
	struct layout layout;
	struct flow_record r = {
		.key = {.source_address = {192, 0, 2, 1},
			.destination_address = {198, 51, 100, 2},
			.source_port = 0x3132,
			.destination_port = 0x3334,
			.protocol = 6,
			.tos = 0x39,
			.ip_version = 4},
		.first = START * SECOND + 5 * MS,
		.last = START * SECOND + 6 * MS + 1,
		.packets = 0x10111213,
		.octets = 0x14151617,
		.ingress_interface = 0x0c0d,
		.egress_interface = 0x10000,
		.tcp_control_bits = 0xf37,
		.vlan_id = 0x777,
		.end_reason = 3,
	};

	init(&layout, 5, "default");
	ck_assert_uint_eq(layout.count, 1);
	ck_assert_uint_eq(layout.template[0].record_octets, 48);
	expect_octets(&layout.template[0], &r,
		"c0000201" /*  0 srcaddr */
		"c6336402" /*  4 dstaddr */
		"00000000" /*  8 nexthop */
		"0c0d"     /* 12 input */
		"0000"     /* 14 output: does not fit */
		"10111213" /* 16 dPkts */
		"14151617" /* 20 dOctets */
		"00002715" /* 24 First */
		"00002716" /* 28 Last */
		"3132"     /* 32 srcport */
		"3334"     /* 34 dstport */
		"00"       /* 36 pad1 */
		"37"       /* 37 tcp_flags */
		"06"       /* 38 prot */
		"39"       /* 39 tos */
		"00000000" /* 40 src_as, dst_as */
		"0000"     /* 44 src_mask, dst_mask */
		"0000" /* 46 pad2 */);
}
END_TEST

static const uint16_t versions[] = {5, 9, 10};

static bool may_be_shorter(uint8_t type)
{
	return type == IE_UNSIGNED16 || type == IE_UNSIGNED32 || type == IE_UNSIGNED64 ||
	       type == IE_UNSIGNED256;
}

static const char *const ready[] = {
	"default", "router", "nat", "minimal", "layer2", "tunnel", "tcp", "security"};

/* Legal lengths, ids of their own, no element twice but a tunnel's, outer before inner. */
START_TEST(layouts)
{
	uint16_t version = versions[_i % 3];
	struct layout layout;

	if (version == 5 && _i / 3)
		return;
	init(&layout, version, ready[_i / 3]);
	for (unsigned i = 0; i < layout.count; i++) {
		const struct template *t = &layout.template[i];
		unsigned octets = 0;
		ck_assert_uint_eq(t->id, 256 + i);
		for (unsigned k = 0; k < t->field_count; k++) {
			const struct template_field *f = &t->field[k];
			octets += f->length;
			ck_assert(f->length > 0 && (version == 5 || f->ie->encoding));
			if (version == 10 && !may_be_shorter(f->ie->type))
				ck_assert_uint_eq(f->length, f->ie->ipfix_length);
			ck_assert(version != 9 || (f->ie->v9_name && f->ie->id < 0x8000));
			for (unsigned m = 0; m < k && version != 5; m++)
				ck_assert(t->field[m].ie != f->ie ||
					  f->offset >= offsetof(struct flow_full_record,
							       details.first.inner_source_address));
		}
		ck_assert_uint_eq(octets, t->record_octets);
	}
}
END_TEST

static const struct {
	uint16_t version;
	uint8_t ip_version, protocol;
	int expected; /* of the layout's templates; -1: cannot be told */
} choices[] = {
	{5, 4, 6, 0},
	{5, 4, 1, 0},
	{5, 6, 6, -1},
	{5, 6, 58, -1},
	{9, 4, 17, 0},
	{9, 6, 17, 1},
	{9, 4, 1, 2},
	{9, 6, 58, 3},
	{9, 4, 58, 0},
	{9, 6, 1, 1},
	{10, 4, 6, 0},
	{10, 6, 6, 1},
	{10, 4, 1, 2},
	{10, 6, 58, 3},
	{10, 6, 1, 1},
};

START_TEST(choice)
{
	struct layout layout;
	struct flow_record r = {
		.key.ip_version = choices[_i].ip_version, .key.protocol = choices[_i].protocol};
	int expected = choices[_i].expected;

	init(&layout, choices[_i].version, "default");
	ck_assert_ptr_eq(
		layout_choose(&layout, &r), expected < 0 ? NULL : &layout.template[expected]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("template");
	TCase *cases = tcase_create("template");

	tcase_add_loop_test(cases, encodings, 0, ROWS(vectors));
	tcase_add_test(cases, addresses);
	tcase_add_test(cases, behind_a_text);
	tcase_add_test(cases, paths);
	tcase_add_test(cases, worked_out);
	tcase_add_loop_test(cases, legal_lengths, 0, ROWS(lengths));
	tcase_add_test(cases, netflow5_record);
	tcase_add_loop_test(cases, layouts, 0, ROWS(versions) * ROWS(ready));
	tcase_add_loop_test(cases, choice, 0, ROWS(choices));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
