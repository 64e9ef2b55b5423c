/* Tunnels: the innermost packet that parses, and what stays outside (flow rules U). */
#include "base/bytes.h"
#include "frame_samples.h"
#include "frame_text.h"
#include "packet/decode.h"
#include "suite.h"

#include <check.h>

static struct packet read_with(const struct decoder_options *options, uint16_t link_type,
	const char *words, unsigned *below)
{
	struct decoder *decoder = decoder_new(options);
	struct frame_text text;
	struct frame frame = frame_of(&text, link_type, words);
	struct decoder_ignored ignored = {0};
	struct packet packet;

	ck_assert_ptr_nonnull(decoder);
	memset(&packet, 0xa5, sizeof packet);
	ck_assert_msg(decoder_read(decoder, &frame, &packet, &ignored) == PACKET_OK, "%s: %s",
		words, packet_ignored_name(ignored.reason));
	decoder_free(decoder);
	if (below)
		*below = text.below;
	return packet;
}

static struct packet read_inner(const char *words)
{
	return read_with(&(struct decoder_options){.details = true, .inner = true}, 1, words, NULL);
}

START_TEST(each_tunnel_is_entered)
{
	const struct frame_sample *sample = &tunnel_samples[_i];
	const struct decoder_options inner = {.details = true, .inner = true};
	unsigned below;
	struct packet p = read_with(&inner, sample->link_type, sample->words, &below);

	ck_assert_msg(
		frame_text_depth(p.source_address, p.ip_version) == 0, "%s: outside", sample->name);
	ck_assert_uint_eq(p.protocol, 6);
	ck_assert_uint_eq(p.source_port, 1024);
	ck_assert_uint_eq(p.destination_port, 443);
	ck_assert_uint_eq(p.tcp_control_bits, 0x10);
	ck_assert_msg(p.octets == (p.ip_version == 4 ? 40 : 60), "%s: %u octets", sample->name,
		(unsigned)p.octets);
	ck_assert(p.facts & PACKET_TUNNEL);
	ck_assert_uint_eq(p.details.tunnel_depth, below - 1);
	ck_assert_uint_eq(
		frame_text_depth(p.details.outer_source_address, p.details.outer_ip_version),
		below - 1);
	ck_assert_uint_eq(
		frame_text_depth(p.details.outer_destination_address, p.details.outer_ip_version),
		below - 1);
	ck_assert_msg(
		(p.facts & sample->facts) == sample->facts, "%s: facts %x", sample->name, p.facts);
	ck_assert(!(p.facts & PACKET_VLAN));
	ck_assert_uint_eq(p.details.ethertype, p.details.outer_ip_version == 4 ? 0x0800 : 0x86dd);
}
END_TEST

START_TEST(each_tunnel_is_left_alone)
{
	const struct frame_sample *sample = &tunnel_samples[_i];
	const struct decoder_options outer = {.details = true, .inner = false};
	unsigned below;
	struct packet p = read_with(&outer, sample->link_type, sample->words, &below);

	ck_assert_uint_eq(frame_text_depth(p.source_address, p.ip_version), below - 1);
	ck_assert(!(p.facts & (PACKET_TUNNEL | PACKET_SEGMENT | PACKET_GRE_KEY | PACKET_MPLS)));
	ck_assert_uint_eq(p.octets, p.details.wire_octets - 14);
}
END_TEST

START_TEST(identities_of_tunnels)
{
	struct packet p = read_inner("e0800 4.17 u4789 x0800000000002a00 e0800 4.6 tcp");
	ck_assert_uint_eq(p.details.segment_id, (uint64_t)PACKET_SEGMENT_VXLAN << 56 | 0x2a);
	ck_assert_mem_eq(p.details.source_mac, "\x02\0\0\0\0\x01", 6);

	p = read_inner("e0800 4.47 x20006558 x00abcd01 e0800 4.6 tcp");
	ck_assert_uint_eq(p.details.segment_id, (uint64_t)PACKET_SEGMENT_NVGRE << 56 | 0xabcd);
	ck_assert_uint_eq(p.details.gre_key, 0x00abcd01);

	p = read_inner("e0800 4.17 u6081 x0000655800002b00 e0800 4.6 tcp");
	ck_assert_uint_eq(p.details.segment_id, (uint64_t)PACKET_SEGMENT_GENEVE << 56 | 0x2b);

	p = read_inner("e8100 q0800.0005 4.17 u4789 x0800000000002a00 e8100 q0800.0009 4.1 icmp");
	ck_assert_uint_eq(p.vlan_id, 5); /* the wire's, not the tenant's */
	ck_assert(!(p.facts & PACKET_CUSTOMER_VLAN));
	ck_assert_uint_eq(p.destination_port, 0x0800);

	/* The outermost labels, and the innermost key. */
	p = read_inner("e8847 x00065140 4.47 x20008847 x00000001 x00077140 "
		       "4.47 x20000800 x00000002 4.6 tcp");
	ck_assert_uint_eq(be32(p.details.mpls[0]), 0x00065140);
	ck_assert_uint_eq(p.details.gre_key, 2);
	ck_assert_uint_eq(p.details.tunnel_depth, 2);
	ck_assert_uint_eq(p.details.outer_source_address[2], 2);
	p = read_inner("e8847 x0006404000065140 4.47 x00008847 x00077140 4.6 tcp");
	ck_assert_uint_eq(be32(p.details.mpls[0]), 0x00064040);
	ck_assert_uint_eq(be32(p.details.mpls[1]), 0x00065140);
	ck_assert_uint_eq(p.details.mpls_depth, 2);
}
END_TEST

/* Facts of the outer packet do not stay with an inner one that lacks them. */
START_TEST(outer_facts_do_not_leak)
{
	struct packet p = read_inner("e86dd 6.60 x0400010400000000 4.1 icmp");

	ck_assert(!(p.facts & (PACKET_IP_OPTIONS | PACKET_FLOW_LABEL | PACKET_EXTENSION_CUT)));
	ck_assert(p.facts & PACKET_ICMP);
	p = read_inner("e0800 x450000000000000004040000 x0a0001010a000102 4.6 tcp");
	ck_assert(!(p.facts & PACKET_ZERO_LENGTH));
}
END_TEST

/* What is no tunnel, or leads nowhere: the packet around it is the flow. */
/* clang-format off */
static const struct {
	const char *name;
	const char *words;
	uint16_t destination_port;
} outside[] = {
	{"vxlan without its flag", "e0800 4.17 u4789 x0000000000002a00 e0800 x55", 4789},
	{"vxlan with arp", "e0800 4.17 u4789 x0800000000002a00 e0806 z28", 4789},
	{"vxlan cut", "e0800 4.17 u4789 x08000000", 4789},
	{"vxlan-gpe with nsh", "e0800 4.17 u4790 x0c00000400002a00 z40", 4790},
	{"vxlan-gpe with 0", "e0800 4.17 u4790 x0c00000000002a00 z40", 4790},
	{"geneve version 1", "e0800 4.17 u6081 x4000655800002b00 z60", 6081},
	{"geneve, options cut", "e0800 4.17 u6081 x3f00655800002b00 z60", 6081},
	{"gtp-u echo", "e0800 4.17 u2152 x3201000400000000 z40", 2152},
	{"gtp-u, extension of length 0", "e0800 4.17 u2152 x34ff003000000001 x00000085 z40", 2152},
	{"gtp-u, extension cut", "e0800 4.17 u2152 x34ff003000000001 x00000085 xff0010c0", 2152},
	{"gtp-u, no extension there", "e0800 4.17 u2152 x34ff003000000001 x00000085", 2152},
	{"gtp-u, option cut", "e0800 4.17 u2152 x34ff003000000001 x0000", 2152},
	{"gtp-u, no ip", "e0800 4.17 u2152 x30ff003000000001 x00", 2152},
	{"l2tp control", "e0800 4.17 u1701 xc802001400010001 z12", 1701},
	{"l2tp version 3", "e0800 4.17 u1701 x0003000000000001 z12", 1701},
	{"l2tp, offset cut", "e0800 4.17 u1701 x0202000100010050 z4", 1701},
	{"l2tp, header cut", "e0800 4.17 u1701 x480200010001", 1701},
	{"l2tp, lcp", "e0800 4.17 u1701 x000200010001 xff03c021 z8", 1701},
	{"teredo bubble", "e0800 4.17 u3544 z8", 3544},
	{"teredo, authentication cut", "e0800 4.17 u3544 x00010102", 3544},
	{"teredo, origin cut", "e0800 4.17 u3544 x0000", 3544},
	{"lisp cut", "e0800 4.17 u4341 z4", 4341},
	{"other port", "e0800 4.17 u4788 x0800000000002a00 e0800 z40", 4788},
	{"udp cut", "e0800 4.17 x040012b50008", 4789},
	{"gre cut", "e0800 4.47 x0000", 0},
	{"gre version 1, not ppp", "e0800 4.47 x00010800 z40", 0},
	{"gre version 2", "e0800 4.47 x00020800 z40", 0},
	{"gre, source route", "e0800 4.47 x40000800 z40", 0},
	{"gre, checksum cut", "e0800 4.47 x80000800 x00", 0},
	{"gre, key cut", "e0800 4.47 x20000800 x00", 0},
	{"gre, sequence cut", "e0800 4.47 x10000800 x00", 0},
	{"gre, erspan cut", "e0800 4.47 x100088be z4 z4", 0},
	{"gre, erspan III cut", "e0800 4.47 x000022eb z11", 0},
	{"gre, keepalive", "e0800 4.47 x00000000", 0},
	{"pptp cut", "e0800 4.47 x3081880b z4", 0},
	{"etherip cut", "e0800 4.97 x30", 0},
	{"ah cut", "e0800 4.51 x0404 z8", 0},
	{"ah, tcp", "e0800 4.51 x06040000 z20 tcp", 0},
	{"ipip, nothing", "e0800 4.4", 0},
	{"ipip, version", "e0800 4.4 x65 z39", 0},
	{"6in4, short", "e0800 4.41 x60 z38", 0},
	{"mpls in ip, cut", "e0800 4.137 x000640", 0},
	{"pseudowire of nothing", "e0800 4.137 x00065140 z60", 0},
	{"pseudowire, bad ip below", "e0800 4.137 x00065140 z4 e0800 x44 z30", 0},
};
/* clang-format on */

START_TEST(what_does_not_parse_stays_outside)
{
	struct packet p = read_inner(outside[_i].words);

	ck_assert_msg(!(p.facts & (PACKET_TUNNEL | PACKET_SEGMENT | PACKET_GRE_KEY | PACKET_MPLS)),
		"%s: facts %x", outside[_i].name, p.facts);
	ck_assert_msg(p.octets == p.details.wire_octets - 14, "%s: octets", outside[_i].name);
	ck_assert_msg(p.destination_port == outside[_i].destination_port, "%s: port %u",
		outside[_i].name, p.destination_port);
}
END_TEST

/* MAC addresses are those on the wire: not of the customer's frame in it, nor of one in a tunnel.
 */
START_TEST(addresses_of_the_wire)
{
	const struct decoder_options options = {.details = true, .inner = true};
	struct packet p = read_inner("e88e7 x00000064 xc10000000001c10000000002 x0800 4.6 tcp");

	ck_assert_mem_eq(p.details.source_mac, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12);
	p = read_with(&options, 228, "4.47 x00006558 e0800 4.6 tcp", NULL);
	ck_assert(p.facts & PACKET_TUNNEL);
	ck_assert(!(p.facts & PACKET_MAC));
	p = read_with(&options, 228, "4.47 x00006558 e8100 q0800.0009 4.6 tcp", NULL);
	ck_assert(!(p.facts & PACKET_VLAN));
	ck_assert_uint_eq(p.details.ethertype, 0);
}
END_TEST

/* What was noted of a way that led nowhere is not told. An MPLS payload is first read from its
 * fifth octet on: what is the IP packet's length, identification and so on is then an EtherType
 * (octet 16) and what comes behind it. */
#define PAYLOAD(length, id_fragment)                                         \
	"x00065140 x000000000000000000000000 x0800 x4500" length id_fragment \
	"4006c021 x0a0000010a000002 tcp"

START_TEST(what_led_nowhere_is_forgotten)
{
	static const struct {
		const char *words;
		unsigned protocol, vlan_id;
		uint32_t facts, octets;
	} ways[] = {
		{"e8847 " PAYLOAD("8100", "00050000"), 6, 0, PACKET_MAC | PACKET_MPLS, 0x8100},
		{"e8100 q8847.0007 " PAYLOAD("8100", "00050000"), 6, 7,
			PACKET_MAC | PACKET_MPLS | PACKET_VLAN, 0x8100},
		{"e8847 " PAYLOAD("8864", "11004000"), 6, 0, PACKET_MAC | PACKET_MPLS, 0x8864},
		{"e0800 4.47 x00008864 x110000050008c021 z6", 47, 0, PACKET_MAC, 38},
		{"e0800 4.137 x00064040", 137, 0, PACKET_MAC, 24},
		{"e0800 4.47 x00008100 x0005 x0806 z4", 47, 0, PACKET_MAC, 32},
	};
	static const struct packet_details none;
	struct packet p = read_inner(ways[_i].words);
	const uint32_t facts =
		PACKET_MAC | PACKET_VLAN | PACKET_CUSTOMER_VLAN | PACKET_PPPOE | PACKET_MPLS;

	ck_assert_uint_eq(p.protocol, ways[_i].protocol);
	ck_assert_uint_eq(p.octets, ways[_i].octets);
	ck_assert_uint_eq(p.facts & facts, ways[_i].facts);
	ck_assert_uint_eq(p.vlan_id, ways[_i].vlan_id);
	ck_assert_uint_eq(p.details.vlan.id, ways[_i].vlan_id);
	ck_assert_mem_eq(&p.details.customer_vlan, &none.customer_vlan, sizeof none.customer_vlan);
	ck_assert_uint_eq(p.details.pppoe_session, 0);
	ck_assert_uint_eq(p.details.mpls_depth, !!(p.facts & PACKET_MPLS));
	if (!(p.facts & PACKET_MPLS))
		ck_assert_mem_eq(p.details.mpls, none.mpls, sizeof none.mpls);
}
END_TEST

/* The inner header must lie inside the outer packet, not in the padding behind it. */
START_TEST(inner_header_behind_the_outer_end)
{
	struct packet p = read_inner("e0800 x45000020000000004004 z2 x0a0001010a000102 4.6 tcp");
	ck_assert(!(p.facts & PACKET_TUNNEL));
	ck_assert_uint_eq(p.octets, 32);
	p = read_inner("e0800 x45000030000000004089 z2 x0a0001010a000102 x00065140 e0800 4.6 tcp");
	ck_assert(!(p.facts & PACKET_TUNNEL));
	/* A header there is no guess gone wrong, so the payload's other reading, a packet that is
	 * all inside, is not looked at. */
	p = read_inner("e0800 x4500003a000000004089 z2 x0a0001010a000102 x00065140 z12 x0800 "
		       "x45000800 x45004000 x4006 z2 x0a0000010a000002 tcp");
	ck_assert(!(p.facts & PACKET_TUNNEL));
	ck_assert_uint_eq(p.protocol, 137);
}
END_TEST

/* A total length of 0 inside a tunnel: what the outer packet leaves for it. */
START_TEST(inner_zero_length)
{
	struct packet p = read_inner("e0800 4.47 x00000800 x45000000000000004006 z2 "
				     "x0a0000010a000002 tcp z60");

	ck_assert(p.facts & PACKET_TUNNEL);
	ck_assert(p.facts & PACKET_ZERO_LENGTH);
	ck_assert_uint_eq(p.octets, 100);
}
END_TEST

START_TEST(depth_is_limited)
{
	char words[256] = "e0800";
	struct decoder_options options = {.details = true, .inner = true};

	for (int i = 0; i < 24; i++)
		strcat(words, " 4.4");
	strcat(words, " 4.6 tcp");
	struct packet p = read_with(&options, 1, words, NULL);
	ck_assert_uint_eq(p.details.tunnel_depth, 16);
	ck_assert_uint_eq(p.source_address[2], 24 - 16);
	ck_assert_uint_eq(p.details.outer_source_address[2], 24);
	ck_assert_uint_eq(p.protocol, 4);
	options.depth = 1;
	p = read_with(&options, 1, words, NULL);
	ck_assert_uint_eq(p.details.tunnel_depth, 1);
	ck_assert_uint_eq(p.source_address[2], 23);
	options.depth = 24;
	p = read_with(&options, 1, words, NULL);
	ck_assert_uint_eq(p.source_address[2], 0);
	ck_assert_uint_eq(p.destination_port, 443);
}
END_TEST

/* The longest kind of tunnel, as often as the default depth allows. */
START_TEST(layers_suffice_for_the_depth)
{
	char words[2048] = "e0800";
	const struct decoder_options options = {.details = true, .inner = true};

	for (int i = 0; i < 16; i++)
		strcat(words, " 4.17 u4789 x0800000000002a00 e8100 q0800.0001");
	strcat(words, " 4.6 tcp");
	struct packet p = read_with(&options, 1, words, NULL);
	ck_assert_uint_eq(p.details.tunnel_depth, 16);
	ck_assert_uint_eq(p.destination_port, 443);
}
END_TEST

/* Where the layers run out below an IP header, that is the flow. */
START_TEST(layers_run_out_inside)
{
	char words[4096] = "e0800 4.97 x3000";
	struct decoder_options options = {.details = true, .inner = true};

	for (int i = 0; i < 200; i++)
		strcat(words, " e88e7 z4");
	strcat(words, " e0800 4.6 tcp");
	struct packet p = read_with(&options, 1, words, NULL);
	ck_assert(!(p.facts & PACKET_TUNNEL));
	ck_assert_uint_eq(p.protocol, 97);
}
END_TEST

/* MPLS payloads in MPLS payloads: each doubles the guesses, their limit ends them. */
/* Then the frame is ignored for that, and not for a guess that the limit has ended. */
START_TEST(layers_run_out_in_a_guess)
{
	char words[4096] = "e8847 x00065140";
	const struct decoder_options options = {.details = true, .inner = true};
	struct decoder *decoder = decoder_new(&options);
	struct frame_text text;
	struct packet p;
	struct decoder_ignored ignored;

	for (int i = 0; i < 200; i++)
		strcat(words, " e88e7 z4");
	struct frame frame = frame_of(&text, 1, words);
	ck_assert_int_eq(decoder_read(decoder, &frame, &p, &ignored), PACKET_MALFORMED);
	ck_assert_uint_eq(ignored.reason, PACKET_IGNORED_LAYERS);
	decoder_free(decoder);
}
END_TEST

/* Sixteen payloads of a frame are tried. */
START_TEST(so_many_guesses)
{
	char words[4096] = "e8847 x00065140";
	const struct decoder_options options = {.details = true, .inner = true};
	struct decoder *decoder = decoder_new(&options);
	struct frame_text text;
	struct packet p;
	struct decoder_ignored ignored;

	for (int i = 1; i < 16 + _i; i++)
		strcat(words, " z4 e8847 x00065140");
	strcat(words, " z4 e0800 4.6 tcp");
	struct frame frame = frame_of(&text, 1, words);
	ck_assert_int_eq(
		decoder_read(decoder, &frame, &p, &ignored), _i ? PACKET_NOT_IP : PACKET_OK);
	decoder_free(decoder);
}
END_TEST

START_TEST(guesses_are_bounded)
{
	char words[4096] = "x00065140";
	const struct decoder_options options = {.details = true, .inner = true};
	struct decoder *decoder = decoder_new(&options);
	struct frame_text text;
	struct packet p;
	struct decoder_ignored ignored;

	for (int i = 0; i < 100; i++)
		strcat(words, " z4 e8847 x00065140");
	struct frame frame = frame_of(&text, 219, words);
	ck_assert_int_eq(decoder_read(decoder, &frame, &p, &ignored), PACKET_NOT_IP);
	ck_assert_uint_eq(ignored.reason, PACKET_IGNORED_MPLS);
	decoder_free(decoder);
}
END_TEST

START_TEST(guess_in_a_link_layer)
{
	const struct decoder_options inner = {.details = true, .inner = true},
				     outer = {.inner = false};
	struct decoder *decoder = decoder_new(&outer);
	struct frame_text text;
	struct frame frame = frame_of(&text, 1, "e8847 x00065140 z4 e0800 4.6 tcp");
	struct packet p;
	struct decoder_ignored ignored;

	ck_assert_int_eq(decoder_read(decoder, &frame, &p, &ignored), PACKET_NOT_IP);
	ck_assert_uint_eq(ignored.reason, PACKET_IGNORED_MPLS);
	decoder_free(decoder);

	p = read_with(&inner, 1, "e8847 x00065140 z4 e8100 q0800.0003 4.6 tcp", NULL);
	ck_assert(!(p.facts & PACKET_TUNNEL)); /* no IP packet around it */
	ck_assert_uint_eq(p.destination_port, 443);
	ck_assert_uint_eq(p.vlan_id, 3);
	p = read_with(&inner, 219, "x00065140 e0800 4.6 tcp", NULL);
	ck_assert_uint_eq(p.destination_port, 443);

	decoder = decoder_new(&inner); /* neither guess leads to IP */
	frame = frame_of(&text, 1, "e8847 x00065140 z4 e8100 q0806.0003 z28");
	ck_assert_int_eq(decoder_read(decoder, &frame, &p, &ignored), PACKET_NOT_IP);
	ck_assert_uint_eq(ignored.reason, PACKET_IGNORED_MPLS);
	ck_assert_uint_eq(ignored.value, 0);
	decoder_free(decoder);
}
END_TEST

START_TEST(ports_are_the_options)
{
	const char *vxlan = "e0800 4.17 u5555 x0800000000002a00 e0800 4.6 tcp";
	const char *iana = "e0800 4.17 u4789 x0800000000002a00 e0800 4.6 tcp";
	const char *geneve = "e0800 4.17 u6081 x0000655800002b00 e0800 4.6 tcp";
	struct decoder_options options = {.details = true,
		.inner = true,
		.ports = {[DECODER_VXLAN] = {1, 2, 3, 4, 5, 6, 7, 5555}}};

	ck_assert_uint_eq(read_with(&options, 1, vxlan, NULL).destination_port, 443);
	ck_assert_uint_eq(read_with(&options, 1, iana, NULL).destination_port, 4789);
	ck_assert_uint_eq(read_with(&options, 1, geneve, NULL).destination_port, 443);
}
END_TEST

/* A later fragment holds no header; a first one may hold a whole tunnel header. */
START_TEST(fragments_of_tunnels)
{
	struct packet p = read_inner("e0800 x4500003c000020004004 z2 x0a0001010a000102 4.6 tcp");
	ck_assert_uint_eq(p.destination_port, 443);
	ck_assert_uint_eq(p.fragment, PACKET_WHOLE);
	p = read_inner("e0800 x4500003c000000014004 z2 x0a0001010a000102 4.6 tcp");
	ck_assert_uint_eq(p.protocol, 4);
	ck_assert_uint_eq(p.fragment, PACKET_LATER_FRAGMENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet_tunnel");
	TCase *cases = tcase_create("packet_tunnel");

	tcase_add_loop_test(cases, each_tunnel_is_entered, 0, SAMPLES(tunnel_samples));
	tcase_add_loop_test(cases, each_tunnel_is_left_alone, 0, SAMPLES(tunnel_samples));
	tcase_add_test(cases, identities_of_tunnels);
	tcase_add_test(cases, outer_facts_do_not_leak);
	tcase_add_loop_test(cases, what_does_not_parse_stays_outside, 0, SAMPLES(outside));
	tcase_add_test(cases, addresses_of_the_wire);
	tcase_add_loop_test(cases, what_led_nowhere_is_forgotten, 0, 6);
	tcase_add_test(cases, inner_header_behind_the_outer_end);
	tcase_add_test(cases, inner_zero_length);
	tcase_add_test(cases, depth_is_limited);
	tcase_add_test(cases, layers_suffice_for_the_depth);
	tcase_add_test(cases, layers_run_out_inside);
	tcase_add_test(cases, layers_run_out_in_a_guess);
	tcase_add_loop_test(cases, so_many_guesses, 0, 2);
	tcase_add_test(cases, guesses_are_bounded);
	tcase_add_test(cases, guess_in_a_link_layer);
	tcase_add_test(cases, ports_are_the_options);
	tcase_add_test(cases, fragments_of_tunnels);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
