/* Every sample frame cut at each octet, and each of its octets set to 00, 7f, 80 and ff: a
 * verdict comes of it, nothing behind the frame is read (it ends where memory does), the
 * three ways of story.h agree,
 * and in each the short way of common.c says what the loop says. */
#include "frame_samples.h"
#include "frame_text.h"
#include "guard.h"
#include "packet/common.h"
#include "story.h"
#include "suite.h"

#include <check.h>

enum { ETHERNET = 1, NETANALYZER = 240, NETANALYZER_HEADER = 4 };

static struct guard guard;
static struct story reader;

static void begin(void)
{
	const struct decoder_options options = {.details = true, .fragments = 1};

	story_begin(&reader, &options);
}

static void setup(void)
{
	guard = guard_new(FRAME_TEXT_MAX);
	begin();
}

static void teardown(void)
{
	story_end(&reader);
	guard_free(&guard);
}

/* With other decoders after a first fragment: none is known from the frame before. */
static void tell(const char *name, const struct frame *frame, struct story *story)
{
	const char *fault = story_read(&reader, frame);
	bool learnt = false;

	*story = reader;
	for (int way = 0; way < STORY_WAYS; way++)
		learnt |= story->verdict[way] == PACKET_OK &&
			  story->packet[way].fragment == PACKET_FIRST_FRAGMENT;
	if (learnt) {
		story_end(&reader);
		begin();
	}
	ck_assert_msg(!fault, "%s: %s", name, fault);
}

static void sane(const char *name, const struct story *story, int way)
{
	const struct packet *p = &story->packet[way];

	if (story->verdict[way] != PACKET_OK) {
		unsigned reason = story->ignored[way].reason;
		ck_assert_msg(reason < PACKET_IGNORED_REASONS, "%s", name);
		ck_assert_int_eq(packet_ignored_verdict(reason), story->verdict[way]);
		return;
	}
	ck_assert_msg(p->ip_version == 4 || p->ip_version == 6, "%s: version", name);
	ck_assert_msg(p->octets >= (p->ip_version == 4 ? 20 : 40), "%s: octets", name);
	ck_assert_uint_eq(p->passing, 0);
	if (p->fragment == PACKET_LATER_FRAGMENT || p->facts & PACKET_EXTENSION_CUT)
		ck_assert(p->source_port == 0 && p->destination_port == 0);
	if (p->facts & (PACKET_TUNNEL | PACKET_INNER))
		ck_assert(p->details.tunnel_depth >= 1 && p->details.tunnel_depth <= 16);
	ck_assert_uint_eq(p->tcp_control_bits & ~0xfffu, 0);
}

/* An Ethernet frame, which the guard has, behind a header that only the loop knows. */
static void same_by_the_loop(const char *name, const struct frame *frame, const struct story *story)
{
	struct frame wrapped = *frame;

	wrapped.data = memset(guard.begin + guard.size - frame->captured - NETANALYZER_HEADER, 0,
		NETANALYZER_HEADER);
	wrapped.link_type = NETANALYZER;
	wrapped.captured += NETANALYZER_HEADER;
	wrapped.wire_octets += NETANALYZER_HEADER;
	struct story loop;
	tell(name, &wrapped, &loop);
	for (int way = 0; way < STORY_WAYS; way++) {
		ck_assert_msg(loop.verdict[way] == story->verdict[way], "%s: verdict", name);
		if (loop.verdict[way] != PACKET_OK)
			continue;
		loop.packet[way].details.wire_octets = story->packet[way].details.wire_octets;
		ck_assert_msg(memcmp(&loop.packet[way], &story->packet[way],
				      sizeof loop.packet[way]) == 0,
			"%s: the short way differs", name);
	}
}

static void read_copy(
	const char *name, const struct frame *frame, const uint8_t *data, uint32_t captured)
{
	struct frame copy = *frame;

	copy.data = guard_copy(&guard, data, captured);
	copy.captured = captured;
	struct story story;
	tell(name, &copy, &story);
	for (int way = 0; way < STORY_WAYS; way++)
		sane(name, &story, way);
	if (copy.link_type == ETHERNET)
		same_by_the_loop(name, &copy, &story);
}

static void damage(const struct frame_sample *sample)
{
	static const uint8_t values[] = {0x00, 0x7f, 0x80, 0xff};
	struct frame_text text;
	struct frame frame = frame_of(&text, sample->link_type, sample->words);
	uint8_t *data = &text.octets[text.at];

	for (uint32_t n = 0; n <= frame.captured; n++)
		read_copy(sample->name, &frame, data, n);
	for (uint32_t i = 0; i < frame.captured; i++) {
		uint8_t kept = data[i];
		for (size_t j = 0; j < sizeof values; j++) {
			data[i] = values[j];
			read_copy(sample->name, &frame, data, frame.captured);
		}
		data[i] = kept;
	}
}

START_TEST(damaged_link_headers)
{
	damage(&link_samples[_i]);
}
END_TEST

START_TEST(damaged_tunnels)
{
	damage(&tunnel_samples[_i]);
}
END_TEST

/* Packets the short way is for, and those just beside them. */
START_TEST(short_way_is_the_long_way)
{
	static const struct frame_sample samples[] = {
		{"tcp", 1, "e0800 4.6 tcp z20", 0},
		{"udp", 1, "e0800 4.17 u53 z20", 0},
		{"udp tunnel", 1, "e0800 4.17 u4789 x0800000000002a00 e0800 4.17 u53 z20", 0},
		{"udp, short", 1, "e0800 4.17 u53 z11", 0},
		{"tcp 6", 1, "e86dd 6.6 tcp z20", 0},
		{"udp 6", 1, "e86dd 6.17 u53 z20", 0},
		{"tagged tcp", 1, "e8100 q0800.6005 4.6 tcp z20", 0},
		{"tagged udp 6", 1, "e8100 q86dd.6005 6.17 u53 z20", 0},
		{"first fragment", 1, "e0800 x45000028000120004006 z2 x0a0000010a000002 tcp", 0},
		{"later fragment", 1, "e0800 x45000028000100014006 z2 x0a0000010a000002 tcp", 0},
		{"tcp, shorter than its header", 1,
			"e0800 x4500001e000100004006 z2 x0a0000010a000002 tcp", 0},
		{"tcp 6, shorter than its header", 1, "e86dd x60000000000a06ff z32 tcp", 0},
		{"length 0", 1, "e0800 x45000000000100004006 z2 x0a0000010a000002 tcp", 0},
	};
	damage(&samples[_i]);
}
END_TEST

START_TEST(short_way_is_taken)
{
	const struct decoder_options options = {.details = true, .ports = {[DECODER_LISP] = {700}}};
	struct tunnels tunnels;
	struct frame_text text;
	struct packet p;

	tunnels_set(&tunnels, &options);
	struct frame frame = frame_of(&text, 1, "e0800 4.6 tcp");
	ck_assert(common_read(&frame, NULL, true, &p));
	ck_assert(common_read(&frame, &tunnels, true, &p));
	frame = frame_of(&text, 1, "e8100 q86dd.0001 6.17 u53 z12");
	ck_assert(common_read(&frame, NULL, true, &p));
	ck_assert(common_read(&frame, &tunnels, true, &p));
	frame = frame_of(&text, 1, "e0800 4.17 u700 z12");
	ck_assert(common_read(&frame, NULL, true, &p));
	ck_assert(!common_read(&frame, &tunnels, true, &p));
	frame = frame_of(&text, 1, "e0800 4.17 x0dd80035 z16"); /* Teredo, by source */
	ck_assert(!common_read(&frame, &tunnels, true, &p));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet_damage");
	TCase *cases = tcase_create("packet_damage");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_set_timeout(cases, 60); /* of real time, under the sanitizers */
	tcase_add_loop_test(cases, damaged_link_headers, 0, SAMPLES(link_samples));
	tcase_add_loop_test(cases, damaged_tunnels, 0, SAMPLES(tunnel_samples));
	tcase_add_loop_test(cases, short_way_is_the_long_way, 0, 13);
	tcase_add_test(cases, short_way_is_taken);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
