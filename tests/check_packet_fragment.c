/* Fragments: later ones get the ports of the first one seen before. */
#include "frame_text.h"
#include "packet/decode.h"
#include "packet/fragment.h"
#include "suite.h"

#include <check.h>

static struct decoder *decoder;

static void setup(void)
{
	const struct decoder_options options = {.details = true, .seed = 1};
	decoder = decoder_new(&options);
	ck_assert_ptr_nonnull(decoder);
}

static void teardown(void)
{
	decoder_free(decoder);
}

static struct packet read_words(uint16_t link_type, const char *words)
{
	struct frame_text text;
	struct frame frame = frame_of(&text, link_type, words);
	struct decoder_ignored ignored;
	struct packet packet;

	memset(&packet, 0xa5, sizeof packet);
	ck_assert_int_eq(decoder_read(decoder, &frame, &packet, &ignored), PACKET_OK);
	return packet;
}

/* An IPv4 header with this identification, flags and offset, and protocol. */
static struct packet read_ip4(
	unsigned identification, unsigned word, unsigned protocol, const char *payload)
{
	char words[256];

	snprintf(words, sizeof words, "x4500001c%04x%04x40%02x z2 x0a0000010a000002 %s",
		identification, word, protocol, payload);
	return read_words(228, words);
}

START_TEST(later_fragments_follow_the_first)
{
	struct packet p = read_ip4(7, 0x2000, 17, "x04000035 z4");

	ck_assert_uint_eq(p.fragment, PACKET_FIRST_FRAGMENT);
	ck_assert_uint_eq(p.destination_port, 53);
	ck_assert_uint_eq(p.details.fragment_word, 0x2000);
	p = read_ip4(7, 0x2001, 17, "xffffffff z4");
	ck_assert_uint_eq(p.fragment, PACKET_LATER_FRAGMENT);
	ck_assert_uint_eq(p.source_port, 1024);
	ck_assert_uint_eq(p.destination_port, 53);
	p = read_ip4(7, 0x0002, 17, "xffffffff z4");
	ck_assert_uint_eq(p.destination_port, 53);
	ck_assert_uint_eq(p.octets, 28); /* its own */
}
END_TEST

START_TEST(orphans_have_no_ports)
{
	struct decoder_statistics statistics;
	struct packet p = read_ip4(7, 0x0001, 6, "xffffffff z4 z5 xff z2");

	ck_assert_uint_eq(p.source_port, 0);
	ck_assert_uint_eq(p.destination_port, 0);
	ck_assert_uint_eq(p.tcp_control_bits, 0);
	ck_assert(!(p.facts & (PACKET_TCP | PACKET_L4_SHORT)));
	read_ip4(8, 0x2000, 6, "x04000035 z4");  /* another identification */
	read_ip4(7, 0x2000, 17, "x04000035 z4"); /* another protocol */
	p = read_ip4(7, 0x0001, 6, "z8");
	ck_assert_uint_eq(p.destination_port, 0);
	decoder_statistics(decoder, &statistics);
	ck_assert_uint_eq(statistics.first_fragments, 2);
	ck_assert_uint_eq(statistics.later_fragments, 2);
	ck_assert_uint_eq(statistics.orphans, 2);
	ck_assert_uint_eq(statistics.displaced, 0);
}
END_TEST

START_TEST(the_last_first_fragment_counts)
{
	read_ip4(7, 0x2000, 17, "x04000035 z4");
	read_ip4(7, 0x2000, 17, "x04000036 z4");
	ck_assert_uint_eq(read_ip4(7, 0x0001, 17, "z8").destination_port, 0x36);
}
END_TEST

START_TEST(control_bits_are_not_inherited)
{
	read_ip4(7, 0x2000, 6, "tcp");
	struct packet p = read_ip4(7, 0x0003, 6, "tcp");
	ck_assert_uint_eq(p.destination_port, 443);
	ck_assert_uint_eq(p.tcp_control_bits, 0);
}
END_TEST

START_TEST(icmp_type_is_inherited)
{
	read_ip4(7, 0x2000, 1, "icmp");
	struct packet p = read_ip4(7, 0x0001, 1, "z8");
	ck_assert_uint_eq(p.destination_port, 0x0800);
	ck_assert(p.facts & PACKET_ICMP);
}
END_TEST

/* The fragment header says 60, the first fragment's chain goes on to UDP. */
START_TEST(ipv6_fragments)
{
	struct packet p = read_words(229, "6.44 x3c00000100000009 x1100010400000000 x04000035 z4");
	ck_assert_uint_eq(p.protocol, 17);
	ck_assert_uint_eq(p.fragment, PACKET_FIRST_FRAGMENT);
	ck_assert_uint_eq(p.details.identification, 9);
	ck_assert_uint_eq(p.details.fragment_word, 0x2000);
	p = read_words(229, "6.44 x3c00001100000009 z16");
	ck_assert_uint_eq(p.protocol, 17);
	ck_assert_uint_eq(p.source_port, 1024);
	ck_assert_uint_eq(p.destination_port, 53);
	ck_assert_uint_eq(p.details.fragment_word, 0x2002);
	p = read_words(229, "6.44 x3c00002000000009 z16"); /* the last one */
	ck_assert_uint_eq(p.destination_port, 53);
	ck_assert_uint_eq(p.details.fragment_word, 4);
	p = read_words(229, "6.44 x3c0000100000000a z16"); /* an orphan */
	ck_assert_uint_eq(p.protocol, 60);
	ck_assert_uint_eq(p.destination_port, 0);
	ck_assert_uint_eq(p.fragment, PACKET_LATER_FRAGMENT);
}
END_TEST

START_TEST(atomic_fragment_is_whole)
{
	struct decoder_statistics statistics;
	struct packet p = read_words(229, "6.44 x1100000000000009 x04000035 z4");

	ck_assert_uint_eq(p.fragment, PACKET_WHOLE);
	ck_assert_uint_eq(p.details.fragment_word, 0);
	ck_assert_uint_eq(p.details.identification, 9);
	ck_assert_uint_eq(p.destination_port, 53);
	decoder_statistics(decoder, &statistics);
	ck_assert_uint_eq(statistics.first_fragments, 0);
}
END_TEST

static struct packet fragment(unsigned identification)
{
	struct packet packet = {.ip_version = 4, .protocol = 17};

	packet.details.identification = identification;
	packet.destination_port = (uint16_t)identification;
	return packet;
}

START_TEST(the_oldest_gives_way)
{
	struct fragments *table = fragments_new(8, 99); /* one set */
	struct packet p;

	for (unsigned i = 1; i <= 8; i++) {
		p = fragment(i);
		ck_assert(!fragments_learn(table, &p, 17));
	}
	p = fragment(1); /* learnt again: the youngest now */
	ck_assert(!fragments_learn(table, &p, 17));
	p = fragment(9);
	ck_assert(fragments_learn(table, &p, 17));
	for (unsigned i = 1; i <= 9; i++) {
		p = fragment(i);
		p.destination_port = 0;
		ck_assert_int_eq(fragments_find(table, &p, 17), i != 2);
		ck_assert_uint_eq(p.destination_port, i != 2 ? i : 0);
	}
	fragments_free(table);
}
END_TEST

START_TEST(most_of_a_full_table_is_kept)
{
	struct fragments *table = fragments_new(4096, 99);
	unsigned displaced = 0, found = 0;
	struct packet p;

	for (unsigned i = 1; i <= 2048; i++) {
		p = fragment(i);
		displaced += fragments_learn(table, &p, 17);
	}
	for (unsigned i = 1; i <= 2048; i++) {
		p = fragment(i);
		found += fragments_find(table, &p, 17);
	}
	ck_assert_uint_eq(found, 2048 - displaced);
	ck_assert_uint_le(displaced, 102); /* half full: at most 5 %, 2 % are expected */
	fragments_free(table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet_fragment");
	TCase *cases = tcase_create("packet_fragment");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, later_fragments_follow_the_first);
	tcase_add_test(cases, orphans_have_no_ports);
	tcase_add_test(cases, the_last_first_fragment_counts);
	tcase_add_test(cases, control_bits_are_not_inherited);
	tcase_add_test(cases, icmp_type_is_inherited);
	tcase_add_test(cases, ipv6_fragments);
	tcase_add_test(cases, atomic_fragment_is_whole);
	tcase_add_test(cases, the_oldest_gives_way);
	tcase_add_test(cases, most_of_a_full_table_is_kept);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
