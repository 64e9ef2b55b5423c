/* Tunnel facts: the flow is the outermost packet, and what a tunnel carries stands beside it. Every
 * frame is read in the three ways of story.h, which must agree. */
#include "base/bytes.h"
#include "frame_samples.h"
#include "frame_text.h"
#include "story.h"
#include "suite.h"

#include <check.h>

enum {
	IDENTITY = PACKET_SEGMENT | PACKET_GRE_KEY | PACKET_GTPU_TEID,
	CARRIED = IDENTITY | PACKET_MPLS | PACKET_PPPOE | PACKET_INNER,
};

static struct story story;
static const struct packet *const told = &story.packet[STORY_FACTS];

static void begin(const struct decoder_options *options)
{
	story_begin(&story, options);
}

static void setup(void)
{
	begin(&(struct decoder_options){.details = true, .seed = 1});
}

static void teardown(void)
{
	story_end(&story);
}

/* Returns how many IP headers the frame has. */
static unsigned tell(uint16_t link_type, const char *words)
{
	struct frame_text text;
	struct frame frame = frame_of(&text, link_type, words);
	const char *fault = story_read(&story, &frame);

	ck_assert_msg(!fault, "%s: %s", words, fault);
	ck_assert_msg(story.verdict[STORY_FACTS] == PACKET_OK, "%s: %s", words,
		packet_ignored_name(story.ignored[STORY_FACTS].reason));
	return text.below;
}

START_TEST(each_tunnel_is_told)
{
	const struct frame_sample *sample = &tunnel_samples[_i];
	unsigned below = tell(sample->link_type, sample->words);

	ck_assert_uint_eq(frame_text_depth(told->source_address, told->ip_version), below - 1);
	ck_assert_uint_eq(told->octets, told->details.wire_octets - 14);
	ck_assert_uint_eq(told->tcp_control_bits, 0);

	ck_assert_msg(told->facts & PACKET_INNER, "%s: outside", sample->name);
	ck_assert_uint_eq(told->details.tunnel_depth, below - 1);
	ck_assert_uint_eq(frame_text_depth(told->details.inner_source_address,
				  told->details.inner_ip_version),
		0);
	ck_assert_uint_eq(frame_text_depth(told->details.inner_destination_address,
				  told->details.inner_ip_version),
		0);
	ck_assert_uint_eq(told->details.inner_protocol, 6);
	ck_assert_uint_eq(told->details.inner_source_port, 1024);
	ck_assert_uint_eq(told->details.inner_destination_port, 443);
	ck_assert_msg((told->facts & sample->facts) == sample->facts, "%s: facts %x", sample->name,
		told->facts);
	ck_assert(!(told->facts & (PACKET_TUNNEL | PACKET_TCP)));
}
END_TEST

START_TEST(what_is_no_tunnel_has_nothing_beside_it)
{
	const struct frame_sample *sample = &link_samples[_i];

	tell(sample->link_type, sample->words);
	ck_assert_uint_eq(told->facts, story.packet[STORY_OUTER].facts);
}
END_TEST

/* What tunnels with a valid packet in them are known by. */
/* clang-format off */
static const struct identity {
	const char *words;
	uint32_t facts; /* all of CARRIED but PACKET_INNER */
	uint8_t depth;
	uint8_t kind; /* and id: of the segment */
	uint32_t id, key, teid, label;
	uint16_t session;
} identities[] = {
	{"e0800 4.4 4.6 tcp", 0, .depth = 1},
	{"e0800 4.17 u4789 x0800000000002a00 e0800 4.6 tcp",
		PACKET_SEGMENT, 1, .kind = PACKET_SEGMENT_VXLAN, .id = 0x2a},
	{"e0800 4.17 u4790 x0c00000112345600 4.6 tcp",
		PACKET_SEGMENT, 1, .kind = PACKET_SEGMENT_VXLAN, .id = 0x123456},
	{"e86dd 6.17 u6081 x000086dd00002b00 6.6 tcp",
		PACKET_SEGMENT, 1, .kind = PACKET_SEGMENT_GENEVE, .id = 0x2b},
	{"e0800 4.47 x20006558 x00abcd01 e0800 4.6 tcp",
		PACKET_SEGMENT | PACKET_GRE_KEY, 1,
		.kind = PACKET_SEGMENT_NVGRE, .id = 0xabcd, .key = 0x00abcd01},
	{"e0800 4.47 x20000800 x00000007 4.6 tcp", PACKET_GRE_KEY, 1, .key = 7},
	{"e0800 4.51 x2f040000 z20 x20000800 x00000007 4.6 tcp", PACKET_GRE_KEY, 1, .key = 7},
	{"e0800 4.17 u2152 x30ff003000001234 4.6 tcp", PACKET_GTPU_TEID, 1, .teid = 0x1234},
	{"e0800 4.17 u2152 x34ff003000001235 x00000085 x010010c0 x02000000 z4 4.6 tcp",
		PACKET_GTPU_TEID, 1, .teid = 0x1235},
	{"e0800 4.47 x00008847 x00077140 4.6 tcp", PACKET_MPLS, 1, .label = 0x00077140},
	{"e0800 4.137 x00077140 z4 e0800 4.6 tcp", PACKET_MPLS, 1, .label = 0x00077140},
	{"e0800 4.17 u4789 x0800000000002a00 e8864 x110000052a2a0021 4.6 tcp",
		PACKET_SEGMENT | PACKET_PPPOE, 1,
		.kind = PACKET_SEGMENT_VXLAN, .id = 0x2a, .session = 5},
	/* The outermost labels and session, so the frame's where it has some. */
	{"e8847 x00065140 4.47 x20008847 x00000001 x00077140 4.47 x20000800 x00000002 4.6 tcp",
		PACKET_MPLS | PACKET_GRE_KEY, 2, .key = 2, .label = 0x00065140},
	{"e8864 x110000072a2a0021 4.17 u4789 x0800000000002a00 e8864 x110000052a2a0021 4.6 tcp",
		PACKET_SEGMENT | PACKET_PPPOE, 1,
		.kind = PACKET_SEGMENT_VXLAN, .id = 0x2a, .session = 7},
	/* The innermost segment, key and TEID. */
	{"e0800 4.17 u4789 x0800000000002a00 e0800 4.17 u4789 x0800000000003a00 e0800 4.6 tcp",
		PACKET_SEGMENT, 2, .kind = PACKET_SEGMENT_VXLAN, .id = 0x3a},
	{"e0800 4.17 u4789 x0800000000002a00 e0800 4.47 x20000800 x00000007 4.4 4.6 tcp",
		PACKET_SEGMENT | PACKET_GRE_KEY, 3,
		.kind = PACKET_SEGMENT_VXLAN, .id = 0x2a, .key = 7},
	{"e0800 4.17 u2152 x30ff003000001234 4.17 u2152 x30ff003000001235 4.6 tcp",
		PACKET_GTPU_TEID, 2, .teid = 0x1235},
	/* Below the innermost valid packet nothing counts. */
	{"e0800 4.47 x20000800 x00000007 4.17 u4789 x0800000000002a00 e0806 z28",
		PACKET_GRE_KEY, 1, .key = 7},
};
/* clang-format on */

START_TEST(identities_are_those_of_the_inner_flow)
{
	const struct identity *due = &identities[_i];

	tell(1, due->words);
	ck_assert_msg((told->facts & CARRIED) == (due->facts | PACKET_INNER), "%s: facts %x",
		due->words, told->facts);
	ck_assert_uint_eq(told->details.tunnel_depth, due->depth);
	if (due->facts & PACKET_SEGMENT) {
		ck_assert_uint_eq(told->details.segment_id, (uint64_t)due->kind << 56 | due->id);
	}
	if (due->facts & PACKET_GRE_KEY)
		ck_assert_uint_eq(told->details.gre_key, due->key);
	if (due->facts & PACKET_GTPU_TEID)
		ck_assert_uint_eq(told->details.gtpu_teid, due->teid);
	if (due->facts & PACKET_MPLS)
		ck_assert_uint_eq(be32(told->details.mpls[0]), due->label);
	if (due->facts & PACKET_PPPOE)
		ck_assert_uint_eq(told->details.pppoe_session, due->session);
}
END_TEST

/* Tunnels without a valid packet in them: their own header says what they are, if it is whole. */
/* clang-format off */
static const struct {
	const char *name;
	const char *words;
	uint32_t facts; /* all of CARRIED */
	uint32_t number;
} alone[] = {
	{"vxlan, arp", "e0800 4.17 u4789 x0800000000002a00 e0806 z28", PACKET_SEGMENT, 0x2a},
	{"vxlan, stp", "e0800 4.17 u4789 x0800000000002a00 e0026 x424203 z35", PACKET_SEGMENT, 0x2a},
	{"vxlan, captured no further", "e0800 4.17 u4789 x0800000000002a00", PACKET_SEGMENT, 0x2a},
	{"vxlan, ip cut", "e0800 4.17 u4789 x0800000000002a00 e0800 x4500", PACKET_SEGMENT, 0x2a},
	{"vxlan, bad ip", "e0800 4.17 u4789 x0800000000002a00 e0800 x44 z30", PACKET_SEGMENT, 0x2a},
	{"vxlan-gpe, bad ip", "e0800 4.17 u4790 x0c00000100002a00 x55 z30", PACKET_SEGMENT, 0x2a},
	{"geneve, nsh", "e0800 4.17 u6081 x0000894f00002b00 z40", PACKET_SEGMENT, 0x2b},
	{"nvgre, arp", "e0800 4.47 x20006558 x00002c01 e0806 z28",
		PACKET_SEGMENT | PACKET_GRE_KEY, 0x2c},
	{"gre, keepalive", "e0800 4.47 x20000000 x00000007", PACKET_GRE_KEY, 7},
	{"gre, pseudowire of nothing", "e0800 4.47 x20008847 x00000007 x00065140 z60",
		PACKET_GRE_KEY, 7},
	{"gtp-u, no ip", "e0800 4.17 u2152 x30ff003000001234 x00", PACKET_GTPU_TEID, 0x1234},

	{"ipip, nothing", "e0800 4.4", 0, 0},
	{"gre without a key", "e0800 4.47 x00000000", 0, 0},
	{"gre, key cut", "e0800 4.47 x20000800 x000000", 0, 0},
	{"gre, key in the padding",
		"e0800 x4500001812340000402f z2 x0a0001010a000102 x20000800 x00000007 z18", 0, 0},
	{"gre, sequence number cut", "e0800 4.47 x30000800 x00000007 x00", 0, 0},
	{"gre, erspan cut", "e0800 4.47 x300088be x00000007 z4 z4", 0, 0},
	{"gre, a call of pptp", "e0800 4.47 x3081880b x002c0001 z4 z4 xff03c021", 0, 0},
	{"vxlan without its flag", "e0800 4.17 u4789 x0000000000002a00 e0806 z28", 0, 0},
	{"vxlan cut", "e0800 4.17 u4789 x08000000000000", 0, 0},
	{"vxlan, udp in the padding", "e0800 x4500001812340000 x40110000 x0a0001010a000102 "
		"x040012b5001e0000 x0800000000002a00 z18", 0, 0},
	{"vxlan-gpe, nsh", "e0800 4.17 u4790 x0c00000400002a00 z40", 0, 0},
	{"geneve version 1", "e0800 4.17 u6081 x4000655800002b00 z60", 0, 0},
	{"geneve, options cut", "e0800 4.17 u6081 x3f00655800002b00 z60", 0, 0},
	{"gtp-u echo", "e0800 4.17 u2152 x3201000400001234 z40", 0, 0},
	{"gtp-u, extension cut", "e0800 4.17 u2152 x34ff003000001234 x00000085 xff0010c0", 0, 0},
	{"other port", "e0800 4.17 u4788 x0800000000002a00 e0806 z28", 0, 0},
	{"later fragment of vxlan", "e0800 x45000032123400014011 z2 x0a0001010a000102 "
		"x040012b5001e0000 x0800000000002a00 e0806", 0, 0},
};
/* clang-format on */

START_TEST(a_tunnel_without_a_packet_has_its_own_identity)
{
	const char *name = alone[_i].name;

	tell(1, alone[_i].words);
	ck_assert_msg(
		(told->facts & CARRIED) == alone[_i].facts, "%s: facts %x", name, told->facts);
	if (told->facts & PACKET_SEGMENT)
		ck_assert_msg((uint32_t)told->details.segment_id == alone[_i].number, "%s: %llx",
			name, (unsigned long long)told->details.segment_id);
	else if (told->facts & PACKET_GRE_KEY)
		ck_assert_msg(told->details.gre_key == alone[_i].number, "%s: %x", name,
			told->details.gre_key);
	else if (told->facts & PACKET_GTPU_TEID)
		ck_assert_msg(told->details.gtpu_teid == alone[_i].number, "%s: %x", name,
			told->details.gtpu_teid);
	/* Nothing of the kind where the flow is the innermost packet: it was carried in nothing. */
	ck_assert(!(story.packet[STORY_INNER].facts & CARRIED));
}
END_TEST

START_TEST(ports_of_the_inner_packet)
{
	tell(1, "e0800 4.4 4.1 icmp");
	ck_assert_uint_eq(told->details.inner_protocol, 1);
	ck_assert_uint_eq(told->details.inner_source_port, 0);
	ck_assert_uint_eq(told->details.inner_destination_port, 0x0800);
	ck_assert(!(told->facts & PACKET_ICMP));
	ck_assert_uint_eq(told->destination_port, 0);
	tell(1, "e0800 4.41 6.60 x0600010400000000 tcp");
	ck_assert_uint_eq(told->details.inner_protocol, 6);
	ck_assert_uint_eq(told->details.inner_destination_port, 443);
	ck_assert(!(told->facts & (PACKET_FLOW_LABEL | PACKET_IP_OPTIONS)));
	tell(1, "e0800 4.4 4.6 x040001");
	ck_assert_uint_eq(told->details.inner_protocol, 6);
	ck_assert_uint_eq(told->details.inner_source_port, 0);
	ck_assert(!(told->facts & PACKET_L4_SHORT));
	tell(1, "e0800 4.17 u4789 x0800000000002a00 e0800 4.17 u53 z8");
	ck_assert_uint_eq(told->destination_port, 4789);
	ck_assert_uint_eq(told->details.inner_destination_port, 53);
}
END_TEST

#define INNER_FRAGMENT(word) "e0800 4.4 x450000280007" word "4011 z2 x0a0063010a006302 "
#define OUTER_FRAGMENT(word) "e0800 x450000280007" word "4011 z2 x0a0063010a006302 "

START_TEST(fragments_in_tunnels_follow_their_first_ones)
{
	struct decoder_statistics facts, inner;

	tell(1, INNER_FRAGMENT("2000") "x04000035 z16");
	ck_assert_uint_eq(told->details.inner_destination_port, 53);
	tell(1, INNER_FRAGMENT("0001") "xffffffff z16");
	ck_assert_uint_eq(told->details.inner_source_port, 1024);
	ck_assert_uint_eq(told->details.inner_destination_port, 53);
	ck_assert_uint_eq(told->fragment, PACKET_WHOLE);
	decoder_statistics(story.decoder[STORY_FACTS], &facts);
	decoder_statistics(story.decoder[STORY_INNER], &inner);
	ck_assert_uint_eq(facts.first_fragments + facts.later_fragments, 0); /* none of a flow's */
	ck_assert_uint_eq(inner.first_fragments + inner.later_fragments, 2);

	/* A packet that is no tunnel's learns nothing from one that is. */
	tell(1, OUTER_FRAGMENT("0001") "xffffffff z16");
	ck_assert_uint_eq(told->source_port, 0);
	tell(1, OUTER_FRAGMENT("2000") "x04000050 z16");
	tell(1, OUTER_FRAGMENT("0001") "xffffffff z16");
	ck_assert_uint_eq(told->destination_port, 80);
}
END_TEST

START_TEST(fragments_of_tunnels)
{
	tell(1, "e0800 x4500003c123420004004 z2 x0a0001010a000102 4.6 tcp");
	ck_assert_uint_eq(told->fragment, PACKET_FIRST_FRAGMENT);
	ck_assert_uint_eq(told->details.inner_destination_port, 443);
	tell(1, "e0800 x4500003c123400014004 z2 x0a0001010a000102 4.6 tcp");
	ck_assert_uint_eq(told->fragment, PACKET_LATER_FRAGMENT);
	ck_assert(!(told->facts & PACKET_INNER));
}
END_TEST

START_TEST(depth_and_ports_are_the_options)
{
	const struct decoder_options options = {
		.details = true, .depth = 2, .ports = {[DECODER_VXLAN] = {5555}}};

	teardown();
	begin(&options);
	tell(1, "e0800 4.4 4.4 4.4 4.6 tcp");
	ck_assert_uint_eq(told->details.tunnel_depth, 2);
	ck_assert_uint_eq(told->details.inner_protocol, 4);
	ck_assert_uint_eq(told->details.inner_source_address[2], 1);
	tell(1, "e0800 4.17 u4789 x0800000000002a00 e0800 4.6 tcp");
	ck_assert(!(told->facts & CARRIED));
	tell(1, "e0800 4.17 u5555 x0800000000002a00 e0800 4.6 tcp");
	ck_assert_uint_eq(told->facts & CARRIED, PACKET_SEGMENT | PACKET_INNER);
}
END_TEST

/* A pseudowire right behind the link layer is a frame's content, not a packet's. */
START_TEST(what_is_no_ip_stays_ignored)
{
	struct frame_text text;
	struct frame frame = frame_of(&text, 1, "e8847 x00065140 z4 e0800 4.6 tcp");

	ck_assert_ptr_null(story_read(&story, &frame));
	ck_assert_int_eq(story.verdict[STORY_FACTS], PACKET_NOT_IP);
	ck_assert_int_eq(story.verdict[STORY_INNER], PACKET_OK);
}
END_TEST

/* The layer limit and the guesses end both walks in the same place. */
START_TEST(limits_are_the_same)
{
	char words[4096];

	strcpy(words, "e0800 4.97 x3000");
	for (int i = 0; i < 200; i++)
		strcat(words, " e88e7 z4");
	tell(1, strcat(words, " e0800 4.6 tcp"));
	ck_assert(!(told->facts & CARRIED));

	for (int links = 56; links < 66; links++) {
		strcpy(words, "e88e7 z4");
		for (int i = 1; i < links; i++)
			strcat(words, " e88e7 z4");
		strcat(words, " e0800 4.47 x20000800 x00000007 4.47 x20000800 x00000008 4.6 tcp");
		struct frame_text text;
		struct frame frame = frame_of(&text, 1, words);
		const char *fault = story_read(&story, &frame);
		ck_assert_msg(!fault, "%d: %s", links, fault);
	}

	strcpy(words, "e0800 4.47 x20008847 x00000007 x00065140");
	for (int i = 0; i < 100; i++)
		strcat(words, " z4 e8847 x00065140");
	tell(1, words);
	ck_assert_uint_eq(told->facts & CARRIED, PACKET_GRE_KEY);
}
END_TEST

static void same_as_inner(struct decoder *decoder, const char *words)
{
	struct decoder_ignored ignored;
	struct packet packet;
	struct frame_text text;
	struct frame frame = frame_of(&text, 1, words);

	tell(1, words);
	memset(&packet, STORY_UNSET, sizeof packet);
	ck_assert_int_eq(decoder_read(decoder, &frame, &packet, &ignored), PACKET_OK);
	ck_assert_mem_eq(&packet, &story.packet[STORY_INNER], sizeof packet);
}

START_TEST(an_inner_flow_is_not_asked_for_them)
{
	const struct decoder_options options = {
		.details = true, .inner = true, .tunnel_facts = true};
	struct decoder *decoder = decoder_new(&options);

	for (size_t i = 0; i < SAMPLES(tunnel_samples); i++)
		same_as_inner(decoder, tunnel_samples[i].words);
	for (size_t i = 0; i < SAMPLES(alone); i++)
		same_as_inner(decoder, alone[i].words);
	decoder_free(decoder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet_tunnel_facts");
	TCase *cases = tcase_create("packet_tunnel_facts");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, each_tunnel_is_told, 0, SAMPLES(tunnel_samples));
	tcase_add_loop_test(
		cases, what_is_no_tunnel_has_nothing_beside_it, 0, SAMPLES(link_samples));
	tcase_add_loop_test(cases, identities_are_those_of_the_inner_flow, 0, SAMPLES(identities));
	tcase_add_loop_test(
		cases, a_tunnel_without_a_packet_has_its_own_identity, 0, SAMPLES(alone));
	tcase_add_test(cases, ports_of_the_inner_packet);
	tcase_add_test(cases, fragments_in_tunnels_follow_their_first_ones);
	tcase_add_test(cases, fragments_of_tunnels);
	tcase_add_test(cases, depth_and_ports_are_the_options);
	tcase_add_test(cases, what_is_no_ip_stays_ignored);
	tcase_add_test(cases, limits_are_the_same);
	tcase_add_test(cases, an_inner_flow_is_not_asked_for_them);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
