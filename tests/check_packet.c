/* Link layers, IP, ports: the outermost packet's facts (flow rules L, I, T). */
#include "base/bytes.h"
#include "frame_samples.h"
#include "frame_text.h"
#include "packet/decode.h"
#include "packet/header_options.h"
#include "suite.h"

#include <check.h>

static enum packet_verdict read_words(uint16_t link_type, const char *words, bool inner,
	struct packet *packet, struct decoder_ignored *ignored)
{
	const struct decoder_options options = {.details = true, .inner = inner};
	struct decoder *decoder = decoder_new(&options);
	struct frame_text text;
	struct frame frame = frame_of(&text, link_type, words);

	ck_assert_ptr_nonnull(decoder);
	memset(packet, 0xa5, sizeof *packet); /* what is not set must show */
	enum packet_verdict verdict = decoder_read(decoder, &frame, packet, ignored);
	decoder_free(decoder);
	return verdict;
}

static void assert_tag(const struct packet_tag *tag, unsigned id, unsigned priority)
{
	ck_assert_uint_eq(tag->id, id);
	ck_assert_uint_eq(tag->priority, priority);
	ck_assert_uint_eq(tag->drop_eligible, 0);
}

START_TEST(each_link_header_leads_to_ip)
{
	const struct frame_sample *sample = &link_samples[_i];

	for (int inner = 0; inner < 2; inner++) {
		struct packet p;
		struct decoder_ignored ignored = {0};
		ck_assert_msg(read_words(sample->link_type, sample->words, inner, &p, &ignored) ==
				      PACKET_OK,
			"%s: %s", sample->name, packet_ignored_name(ignored.reason));
		ck_assert_msg(p.octets == (p.ip_version == 4 ? 40 : 60), "%s: %u octets",
			sample->name, (unsigned)p.octets);
		ck_assert_uint_eq(p.protocol, 6);
		ck_assert_uint_eq(p.source_port, 1024);
		ck_assert_uint_eq(p.destination_port, 443);
		ck_assert_uint_eq(p.tcp_control_bits, 0x10);
		ck_assert_msg((p.facts & sample->facts) == sample->facts, "%s: facts %x",
			sample->name, p.facts);
		ck_assert(p.facts & PACKET_TCP);
		ck_assert(!(p.facts & (PACKET_TUNNEL | PACKET_L4_SHORT)));
	}
}
END_TEST

START_TEST(facts_of_a_packet)
{
	struct packet p;
	struct decoder_ignored ignored;

	ck_assert_int_eq(read_words(1, "e88a8 q8100.6064 q86dd.0065 6.6 tcp", false, &p, &ignored),
		PACKET_OK);
	ck_assert_mem_eq(p.source_address, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	ck_assert_mem_eq(p.destination_address, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
	ck_assert_uint_eq(p.ip_version, 6);
	ck_assert_uint_eq(p.interface, 7);
	ck_assert_uint_eq(p.passing, 0);
	ck_assert_int_eq(p.time, 1000000000);
	ck_assert_uint_eq(p.vlan_id, 100);
	assert_tag(&p.details.vlan, 100, 3);
	assert_tag(&p.details.customer_vlan, 101, 0);
	ck_assert_uint_eq(p.details.ethertype, 0x86dd);
	ck_assert_uint_eq(p.details.flow_label, 0xabcde);
	ck_assert_uint_eq(p.details.ttl, 63);
	ck_assert_uint_eq(p.tos, 0);
	ck_assert_uint_eq(p.details.wire_octets, 14 + 8 + 60);
	ck_assert_mem_eq(p.details.source_mac, "\x02\0\0\0\0\x01", 6);
	ck_assert_mem_eq(p.details.destination_mac, "\x02\0\0\0\0\x02", 6);
	ck_assert_uint_eq(p.details.tcp_sequence, 1);
	ck_assert_uint_eq(p.details.tcp_acknowledgement, 2);
	ck_assert_uint_eq(p.details.tcp_window, 0xffff);
	ck_assert_uint_eq(p.details.tcp_payload, 0);

	ck_assert_int_eq(read_words(1, "e8847 x0006404000065140 4.6 tcp z30", false, &p, &ignored),
		PACKET_OK);
	ck_assert_mem_eq(p.source_address, "\x0a\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	ck_assert_uint_eq(p.details.mpls_depth, 2);
	ck_assert_uint_eq(be32(p.details.mpls[0]), 0x00064040);
	ck_assert_uint_eq(be32(p.details.mpls[1]), 0x00065140);
	ck_assert_uint_eq(p.details.identification, 0x1234);
	ck_assert_uint_eq(p.details.ttl, 64);
	ck_assert_uint_eq(p.details.tcp_payload, 30);

	/* the last octet of the options, too */
	read_words(
		228, "x4600002c z4 x4006 z2 x0a0000010a000002 x01010194 tcp", false, &p, &ignored);
	ck_assert_uint_eq(p.details.ip4_options,
		header_ip4_options(bytes_of((const uint8_t *)"\1\1\1\x94", 4)));
	ck_assert_uint_ne(
		p.details.ip4_options, header_ip4_options(bytes_of((const uint8_t *)"\1\1\1", 3)));

	ck_assert_int_eq(
		read_words(1, "e8864 x110000052a2a0021 4.6 tcp", false, &p, &ignored), PACKET_OK);
	ck_assert_uint_eq(p.details.pppoe_session, 5);
}
END_TEST

/* A priority tag names no VLAN; the tag below it does. */
START_TEST(priority_tag_is_no_vlan)
{
	struct packet p;
	struct decoder_ignored ignored;

	read_words(1, "e8100 q8100.e000 q0800.0005 4.6 tcp", false, &p, &ignored);
	ck_assert_uint_eq(p.vlan_id, 5);
	ck_assert(!(p.facts & PACKET_CUSTOMER_VLAN));
	read_words(1, "e8100 q0800.e000 4.6 tcp", false, &p, &ignored);
	ck_assert_uint_eq(p.vlan_id, 0);
	assert_tag(&p.details.vlan, 0, 7);
}
END_TEST

/* clang-format off */
static const struct {
	uint16_t link_type;
	const char *words;
	enum packet_verdict verdict;
	enum packet_ignored reason;
	uint64_t value;
	const char *printed;
} refused[] = {
	{1, "e0806 z46", PACKET_NOT_IP, PACKET_IGNORED_ETHERTYPE, 0x0806, "ethertype 0x0806"},
	{1, "e05dd z46", PACKET_NOT_IP, PACKET_IGNORED_ETHERTYPE, 0x05dd, "ethertype 0x05dd"},
	{1, "e8100 q0806.0001 z46", PACKET_NOT_IP, PACKET_IGNORED_ETHERTYPE, 0x0806,
		"ethertype 0x0806"},
	{1, "e0020 xaaaa0300000c2000", PACKET_NOT_IP, PACKET_IGNORED_SNAP, 0x0c2000,
		"snap 0x00000c2000"},
	{1, "e0020 xaaaa030080c20005", PACKET_NOT_IP, PACKET_IGNORED_SNAP, 0x0080c20005,
		"snap 0x0080c20005"},
	{1, "e0026 x424203 z35", PACKET_NOT_IP, PACKET_IGNORED_LLC, 0x4242, "llc 0x4242"},
	{1, "e0026 xaaaa00 z35", PACKET_NOT_IP, PACKET_IGNORED_LLC, 0xaaaa, "llc 0xaaaa"},
	{1, "e0026 xfefe0383 z35", PACKET_NOT_IP, PACKET_IGNORED_NLPID, 0x83, "nlpid 0x83"},
	{107, "x1841030080 x0080c20003", PACKET_NOT_IP, PACKET_IGNORED_NLPID, 0x80, "nlpid 0x80"},
	{113, "z14 x000c z16", PACKET_NOT_IP, PACKET_IGNORED_SLL, 12, "sll 0x000c"},
	{113, "z14 x05dc z16", PACKET_NOT_IP, PACKET_IGNORED_SLL, 1500, "sll 0x05dc"},
	{113, "z14 x05dd z16", PACKET_NOT_IP, PACKET_IGNORED_ETHERTYPE, 1501, "ethertype 0x05dd"},
	{276, "x0001 z18", PACKET_NOT_IP, PACKET_IGNORED_SLL, 1, "sll 0x0001"},
	{0, "x10000000 z20", PACKET_NOT_IP, PACKET_IGNORED_AF, 16, "address-family 16"},
	{109, "x10000000 z20", PACKET_NOT_IP, PACKET_IGNORED_AF, 16, "address-family 16"},
	{117, "x3d05 z62", PACKET_NOT_IP, PACKET_IGNORED_AF, 5, "address-family 5"},
	{239, "x07000000", PACKET_NOT_IP, PACKET_IGNORED_AF, 7, "address-family 7"},
	{101, "x50 z20", PACKET_NOT_IP, PACKET_IGNORED_RAW, 5, "raw-nibble 0x5"},
	{104, "x0200 x0800 z20", PACKET_NOT_IP, PACKET_IGNORED_CHDLC, 2, "cisco-hdlc 0x02"},
	{9, "xff03c021 z8", PACKET_NOT_IP, PACKET_IGNORED_PPP, 0xc021, "ppp 0xc021"},
	{1, "e8864 x11000005000ac023 z8", PACKET_NOT_IP, PACKET_IGNORED_PPP, 0xc023, "ppp 0xc023"},
	{1, "e8864 x1209000500080021", PACKET_NOT_IP, PACKET_IGNORED_PPPOE, 0x1209, "pppoe 0x1209"},
	{107, "x194103cc", PACKET_NOT_IP, PACKET_IGNORED_FRAME_RELAY, 0x19,
		"frame-relay-address 0x19"},
	{219, "x00065140 x10 z40", PACKET_NOT_IP, PACKET_IGNORED_MPLS, 1, "mpls-payload 0x1"},
	{105, "x0900 z30", PACKET_NOT_IP, PACKET_IGNORED_WLAN_VERSION, 1, "wlan-version 1"},
	{105, "x8000 z30", PACKET_NOT_IP, PACKET_IGNORED_WLAN_TYPE, 0, "wlan-type 0"},
	{105, "xd400 z30", PACKET_NOT_IP, PACKET_IGNORED_WLAN_TYPE, 1, "wlan-type 1"},
	{105, "x4800 z30", PACKET_NOT_IP, PACKET_IGNORED_WLAN_NULL, 0, "wlan-null"},
	{105, "x0841 z30", PACKET_NOT_IP, PACKET_IGNORED_WLAN_PROTECTED, 0, "wlan-protected"},
	{105, "x0800 z20 x0100 z30", PACKET_NOT_IP, PACKET_IGNORED_WLAN_FRAGMENT, 0,
		"wlan-fragment"},
	{105, "x8800 z22 x8000 z30", PACKET_NOT_IP, PACKET_IGNORED_WLAN_AMSDU, 0, "wlan-amsdu"},
	{1, "z13", PACKET_MALFORMED, PACKET_IGNORED_LINK_SHORT, 0, "link-short"},
	{1, "", PACKET_MALFORMED, PACKET_IGNORED_LINK_SHORT, 0, "link-short"},
	{239, "x02000000 x0300010000000000", PACKET_MALFORMED, PACKET_IGNORED_LINK_SHORT, 0,
		"link-short"},
	{163, "x80211001ffffffff z8", PACKET_MALFORMED, PACKET_IGNORED_LINK_SHORT, 0, "link-short"},
	{192, "x00000000c0000000", PACKET_MALFORMED, PACKET_IGNORED_LAYERS, 0, "layer-limit"},
	{1, "e0800", PACKET_MALFORMED, PACKET_IGNORED_IP_EMPTY, 0, "ip-empty"},
	{117, "xff020000 z8", PACKET_MALFORMED, PACKET_IGNORED_IP_EMPTY, 0, "ip-empty"},
	{192, "x0000ffffe4000000", PACKET_MALFORMED, PACKET_IGNORED_IP_EMPTY, 0, "ip-empty"},
	{1, "e0800 6.6 tcp", PACKET_MALFORMED, PACKET_IGNORED_IP_VERSION, 6, "ip-version 6"},
	{1, "e86dd 4.6 tcp", PACKET_MALFORMED, PACKET_IGNORED_IP_VERSION, 4, "ip-version 4"},
	{228, "x45 z18", PACKET_MALFORMED, PACKET_IGNORED_IP4_SHORT, 0, "ip4-short"},
	{228, "x44 z30", PACKET_MALFORMED, PACKET_IGNORED_IP4_IHL, 4, "ip4-ihl 4"},
	{228, "x46 z22", PACKET_MALFORMED, PACKET_IGNORED_IP4_OPTIONS, 0, "ip4-options-cut"},
	{228, "x45000013 z30", PACKET_MALFORMED, PACKET_IGNORED_IP4_LENGTH, 0, "ip4-total-length"},
	{229, "x60 z38", PACKET_MALFORMED, PACKET_IGNORED_IP6_SHORT, 0, "ip6-short"},
	{2, "z40", PACKET_UNSUPPORTED_LINK, PACKET_IGNORED_LINK_TYPE, 2, "link-type 2"},
	{147, "z40", PACKET_UNSUPPORTED_LINK, PACKET_IGNORED_LINK_TYPE, 147, "link-type 147"},
	{65535, "z40", PACKET_UNSUPPORTED_LINK, PACKET_IGNORED_LINK_TYPE, 65535, "link-type 65535"},
	{192, "x0000080093000000", PACKET_UNSUPPORTED_LINK, PACKET_IGNORED_LINK_TYPE, 147,
		"link-type 147"},
};
/* clang-format on */

START_TEST(each_reason_is_named)
{
	struct packet p;
	struct decoder_ignored ignored = {0};
	char text[64];

	ck_assert_msg(read_words(refused[_i].link_type, refused[_i].words, false, &p, &ignored) ==
			      refused[_i].verdict,
		"%s", refused[_i].words);
	ck_assert_msg(ignored.reason == refused[_i].reason, "%s: %s", refused[_i].words,
		packet_ignored_name(ignored.reason));
	ck_assert_uint_eq(ignored.value, refused[_i].value);
	ck_assert_int_eq(packet_ignored_verdict(ignored.reason), refused[_i].verdict);
	packet_ignored_print(text, sizeof text, ignored.reason, ignored.value);
	ck_assert_str_eq(text, refused[_i].printed);
}
END_TEST

START_TEST(reasons_have_names_of_their_own)
{
	for (unsigned i = 0; i < PACKET_IGNORED_REASONS; i++) {
		ck_assert_ptr_nonnull(packet_ignored_name(i));
		ck_assert_int_ne(packet_ignored_verdict(i), PACKET_OK);
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(packet_ignored_name(i), packet_ignored_name(j));
	}
	ck_assert_str_eq(packet_ignored_name(PACKET_IGNORED_REASONS), "unknown");
}
END_TEST

/* clang-format off */
static const struct {
	const char *name;
	uint16_t link_type;
	const char *words;
	uint64_t octets;
	uint8_t protocol;
	uint16_t source_port, destination_port, bits;
	uint32_t set, clear; /* facts */
} read_rows[] = {
	/* octets */
	{"padding does not count", 1, "e0800 x45000028000000004006 z2 x0a0000010a000002 tcp z6",
		40, 6, 1024, 443, 0x10, PACKET_TCP, PACKET_L4_SHORT},
	{"length beyond the wire", 228, "x450005dc000000004006 z2 x0a0000010a000002 tcp",
		1500, 6, 1024, 443, 0x10, PACKET_TCP, PACKET_ZERO_LENGTH},
	{"total length 0", 1, "e0800 x45000000000000004006 z2 x0a0000010a000002 tcp z100",
		140, 6, 1024, 443, 0x10, PACKET_ZERO_LENGTH, 0},
	{"payload length 0, tcp", 229, "x60000000000006ff z32 tcp z40",
		100, 6, 1024, 443, 0x10, PACKET_ZERO_LENGTH, 0},
	{"payload length 0, tcp, nothing there", 229, "x60000000000006ff z32 x01020304050607",
		40, 6, 0, 0, 0, PACKET_L4_SHORT, PACKET_ZERO_LENGTH},
	{"payload length 0, icmp", 229, "x6000000000003aff z32 icmp z40",
		40, 58, 0, 0, 0, PACKET_L4_SHORT, PACKET_ZERO_LENGTH},
	{"jumbogram", 229, "x60000000000000ff z32 x0600 xc20400011170 tcp",
		40 + 70000, 6, 1024, 443, 0x10, PACKET_IP_OPTIONS, PACKET_ZERO_LENGTH},
	{"jumbogram, captured to its option", 229, "x60000000000000ff z32 x0600 xc20400011170",
		40 + 70000, 6, 0, 0, 0, PACKET_IP_OPTIONS | PACKET_L4_SHORT, PACKET_ZERO_LENGTH},
	{"largest jumbogram, after pads", 229,
		"x60000000000000ff z32 x0601 x00 x010100 xc204ffffffff z4 tcp",
		40 + 0xffffffffull, 6, 1024, 443, 0x10, PACKET_IP_OPTIONS, PACKET_ZERO_LENGTH},
	{"jumbogram, after an odd pad", 229,
		"x60000000000000ff z32 x0601 x00 xc20400011170 x01050000000000 tcp",
		40 + 70000, 6, 1024, 443, 0x10, PACKET_IP_OPTIONS, PACKET_ZERO_LENGTH},
	{"no jumbo option", 229, "x60000000000000ff z32 x0600 x010400000000",
		40, 0, 0, 0, 0, PACKET_EXTENSION_CUT, PACKET_ZERO_LENGTH},
	{"jumbo option cut", 229, "x60000000000000ff z32 x0600 x00000000c204",
		40, 0, 0, 0, 0, PACKET_EXTENSION_CUT, PACKET_ZERO_LENGTH},
	{"jumbo, option past its header", 229, "x60000000000000ff z32 x0600 x01ff00000000",
		40, 0, 0, 0, 0, PACKET_EXTENSION_CUT, PACKET_ZERO_LENGTH},
	/* the header chain */
	{"ipv4 options", 228, "x46000038 z4 x4006 z2 x0a0000010a000002 x94040000 tcp",
		56, 6, 1024, 443, 0x10, PACKET_IP_OPTIONS, 0},
	{"all extension headers", 229,
		"6.0 x2b00010400000000 x3c00000000000000 x0600010400000000 tcp",
		84, 6, 1024, 443, 0x10, PACKET_IP_OPTIONS, PACKET_EXTENSION_CUT},
	{"atomic fragment", 229, "6.44 x0600000000000001 tcp", 68, 6, 1024, 443, 0x10,
		PACKET_IP_OPTIONS, 0},
	{"authentication ends it", 229, "6.51 x0604 z22 tcp", 84, 51, 0, 0, 0, 0, PACKET_L4_SHORT},
	{"esp", 228, "4.50 z20", 40, 50, 0, 0, 0, 0, PACKET_L4_SHORT},
	{"mobility ends it", 229, "6.135 x3b00 z6", 48, 135, 0, 0, 0, 0, PACKET_EXTENSION_CUT},
	{"no next header", 229, "6.59", 40, 59, 0, 0, 0, 0, PACKET_EXTENSION_CUT},
	{"extension header cut", 229, "6.60 x0601010400000000", 48, 60, 0, 0, 0,
		PACKET_EXTENSION_CUT, 0},
	{"fragment header cut", 229, "6.44 x06000000000000", 47, 44, 0, 0, 0,
		PACKET_EXTENSION_CUT, 0},
	/* ports */
	{"udp", 228, "4.17 u53 z4", 32, 17, 1024, 53, 0, 0, PACKET_L4_SHORT},
	{"udp-lite", 228, "4.136 u53", 28, 136, 1024, 53, 0, 0, PACKET_L4_SHORT},
	{"dccp", 229, "6.33 x13881389", 44, 33, 5000, 5001, 0, 0, PACKET_L4_SHORT},
	{"sctp", 228, "4.132 x13881389 z8", 32, 132, 5000, 5001, 0, 0, PACKET_L4_SHORT},
	{"icmp", 228, "4.1 icmp", 28, 1, 0, 0x0800, 0, PACKET_ICMP, PACKET_L4_SHORT},
	{"icmpv6", 229, "6.58 x8701 z6", 48, 58, 0, 0x8701, 0, PACKET_ICMP, 0},
	{"icmp in ipv6 is none", 229, "6.1 icmp", 48, 1, 0, 0, 0, 0, PACKET_ICMP},
	{"icmpv6 in ipv4 is none", 228, "4.58 icmp", 28, 58, 0, 0, 0, 0, PACKET_ICMP},
	{"igmp", 228, "4.2 x1600 z6", 28, 2, 0, 0, 0, 0, PACKET_L4_SHORT},
	{"three octets of ports", 228, "4.17 x040001", 23, 17, 0, 0, 0, PACKET_L4_SHORT, 0},
	{"one octet of icmp", 228, "4.1 x08", 21, 1, 0, 0, 0, PACKET_L4_SHORT, PACKET_ICMP},
	{"tcp, 3 octets", 228, "4.6 x040001", 23, 6, 0, 0, 0, PACKET_L4_SHORT, 0},
	{"tcp, 13 octets", 228, "4.6 x040001bb z9", 33, 6, 1024, 443, 0, PACKET_L4_SHORT,
		PACKET_TCP},
	{"tcp, 14 octets", 228, "4.6 x040001bb z8 x5fff", 34, 6, 1024, 443, 0xfff, 0,
		PACKET_TCP | PACKET_L4_SHORT},
	{"tcp, offset below 5", 228, "4.6 x040001bb z8 x1102 z2", 36, 6, 1024, 443, 0x102,
		PACKET_TCP, PACKET_L4_SHORT},
	{"tcp outside the ip length", 1, "e0800 x45000016000000004006 z2 x0a0000010a000002 tcp z4",
		22, 6, 0, 0, 0, PACKET_L4_SHORT, PACKET_TCP},
};
/* clang-format on */

START_TEST(lengths_chains_and_ports)
{
	for (int inner = 0; inner < 2; inner++) {
		struct packet p;
		struct decoder_ignored ignored;
		ck_assert_msg(read_words(read_rows[_i].link_type, read_rows[_i].words, inner, &p,
				      &ignored) == PACKET_OK,
			"%s", read_rows[_i].name);
		ck_assert_msg(p.octets == read_rows[_i].octets, "%s: %llu octets",
			read_rows[_i].name, (unsigned long long)p.octets);
		ck_assert_msg(p.protocol == read_rows[_i].protocol, "%s: protocol %u",
			read_rows[_i].name, p.protocol);
		ck_assert_uint_eq(p.source_port, read_rows[_i].source_port);
		ck_assert_uint_eq(p.destination_port, read_rows[_i].destination_port);
		ck_assert_uint_eq(p.tcp_control_bits, read_rows[_i].bits);
		ck_assert_msg((p.facts & read_rows[_i].set) == read_rows[_i].set &&
				      !(p.facts & read_rows[_i].clear),
			"%s: facts %x", read_rows[_i].name, p.facts);
	}
}
END_TEST

/* The octets by the wire's length, where less was captured. */
START_TEST(zero_length_takes_the_wire)
{
	const struct decoder_options options = {.details = true};
	struct decoder *decoder = decoder_new(&options);
	struct frame_text text;
	struct frame frame =
		frame_of(&text, 1, "e0800 x45000000000000004006 z2 x0a0000010a000002 tcp");
	struct packet p;
	struct decoder_ignored ignored;

	frame.wire_octets = 65554;
	ck_assert_int_eq(decoder_read(decoder, &frame, &p, &ignored), PACKET_OK);
	ck_assert_uint_eq(p.octets, 65540);
	ck_assert_uint_eq(p.details.tcp_payload, 65500);
	ck_assert_uint_eq(p.details.wire_octets, 65554);
	frame.wire_octets = 1; /* less than what was captured: not to be believed */
	ck_assert_int_eq(decoder_read(decoder, &frame, &p, &ignored), PACKET_OK);
	ck_assert_uint_eq(p.octets, 40);
	decoder_free(decoder);
}
END_TEST

START_TEST(any_number_of_tags)
{
	char words[16 + 400 * 12] = "e8100";
	struct packet p;
	struct decoder_ignored ignored;

	for (int i = 0; i < 400; i++)
		strcat(words, " q8100.0007");
	strcat(words, " q0800.0008 4.6 tcp");
	ck_assert_int_eq(read_words(1, words, false, &p, &ignored), PACKET_OK);
	assert_tag(&p.details.vlan, 7, 0);
	assert_tag(&p.details.customer_vlan, 7, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet");
	TCase *cases = tcase_create("packet");

	tcase_add_loop_test(cases, each_link_header_leads_to_ip, 0, SAMPLES(link_samples));
	tcase_add_test(cases, facts_of_a_packet);
	tcase_add_test(cases, priority_tag_is_no_vlan);
	tcase_add_loop_test(cases, each_reason_is_named, 0, SAMPLES(refused));
	tcase_add_test(cases, reasons_have_names_of_their_own);
	tcase_add_loop_test(cases, lengths_chains_and_ports, 0, SAMPLES(read_rows));
	tcase_add_test(cases, zero_length_takes_the_wire);
	tcase_add_test(cases, any_number_of_tags);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
