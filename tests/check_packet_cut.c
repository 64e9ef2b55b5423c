/* Frames that end early: what a header is found to lack, and what is still told. Every
 * sample is cut at each octet; the octets that are left stand at the end of memory. */
#include "frame_samples.h"
#include "frame_text.h"
#include "guard.h"
#include "packet/decode.h"
#include "suite.h"

#include <check.h>

enum {
	TCP = 20, /* each sample's last header */
	PORTS = 4,
	CONTROL_BITS = 14,
	WINDOW = 16,
	LINK_ENC = 109,
	LINK_PFLOG = 117,
};

static const uint32_t carrier =
	PACKET_MPLS | PACKET_PPPOE | PACKET_SEGMENT | PACKET_GRE_KEY | PACKET_GTPU_TEID;

static struct guard guard;

static void setup(void)
{
	guard = guard_new(FRAME_TEXT_MAX);
}

static void teardown(void)
{
	guard_free(&guard);
}

static enum packet_verdict read_cut(const struct frame *whole, uint32_t n, bool inner,
	struct packet *packet, struct decoder_ignored *ignored)
{
	const struct decoder_options options = {.details = true, .inner = inner, .fragments = 1};
	struct decoder *decoder = decoder_new(&options);
	struct frame frame = *whole;

	ck_assert_ptr_nonnull(decoder);
	frame.captured = n;
	frame.data = guard_copy(&guard, whole->data, n);
	memset(packet, 0xa5, sizeof *packet);
	*ignored = (struct decoder_ignored){0};
	enum packet_verdict verdict = decoder_read(decoder, &frame, packet, ignored);
	decoder_free(decoder);
	return verdict;
}

/* Octets of the IP header that the TCP header follows. */
static uint32_t ip_octets(const struct frame *frame)
{
	const uint8_t *tcp = frame->data + frame->captured - TCP;

	return tcp[-20] == 0x45 && tcp[-20 + 9] == 6 ? 20 : 40;
}

/* The header before IP is whole with n octets, or what it lacks is not read. */
static bool leads_to_ip(const struct frame_sample *sample, uint32_t n, uint32_t link)
{
	if (sample->link_type == LINK_ENC || sample->link_type == LINK_PFLOG)
		return n >= 4; /* the family comes first */
	if (n < link)
		return false;
	if (strcmp(sample->name, "pppoe, short protocol") == 0)
		return n > link; /* two octets of protocol are asked for */
	if (sample->facts & PACKET_MPLS || (link == 0 && sample->link_type < 228))
		return n > link; /* IP's first octet tells its version */
	return true;
}

START_TEST(link_header_cut)
{
	const struct frame_sample *sample = &link_samples[_i];
	struct frame_text text;
	struct frame frame = frame_of(&text, sample->link_type, sample->words);
	uint32_t ip = ip_octets(&frame), link = frame.captured - TCP - ip;

	for (uint32_t n = 0; n < link + ip; n++) {
		struct packet p;
		struct decoder_ignored why;
		enum packet_ignored reason = PACKET_IGNORED_LINK_SHORT;
		if (leads_to_ip(sample, n, link))
			reason = n <= link  ? PACKET_IGNORED_IP_EMPTY
				 : ip == 20 ? PACKET_IGNORED_IP4_SHORT
					    : PACKET_IGNORED_IP6_SHORT;
		ck_assert_int_eq(read_cut(&frame, n, _i % 2, &p, &why), PACKET_MALFORMED);
		ck_assert_msg(why.reason == reason, "%s, %u octets: %s for %s", sample->name, n,
			packet_ignored_name(why.reason), packet_ignored_name(reason));
		ck_assert_uint_eq(why.value, 0);
	}
}
END_TEST

/* `n` octets of the TCP header are there; the flow is its packet. */
static void assert_tcp(const char *name, const struct packet *p, uint32_t n)
{
	ck_assert_msg(p->protocol == 6, "%s", name);
	ck_assert_uint_eq(p->source_port, n < PORTS ? 0 : 1024);
	ck_assert_uint_eq(p->destination_port, n < PORTS ? 0 : 443);
	ck_assert_uint_eq(p->tcp_control_bits, n < CONTROL_BITS ? 0 : 0x10);
	ck_assert_msg(!(p->facts & PACKET_L4_SHORT) == (n >= CONTROL_BITS), "%s, %u", name, n);
	ck_assert_msg(!!(p->facts & PACKET_TCP) == (n >= WINDOW), "%s, %u", name, n);
	if (n >= WINDOW) {
		ck_assert_uint_eq(p->details.tcp_sequence, 1);
		ck_assert_uint_eq(p->details.tcp_acknowledgement, 2);
		ck_assert_uint_eq(p->details.tcp_window, 0xffff);
		ck_assert_uint_eq(p->details.tcp_header, 20);
		ck_assert_uint_eq(p->details.tcp_payload, 0);
	}
}

START_TEST(transport_header_cut)
{
	const struct frame_sample *sample = &link_samples[_i];
	struct frame_text text;
	struct frame frame = frame_of(&text, sample->link_type, sample->words);

	for (uint32_t n = 0; n <= TCP; n++) {
		struct packet p;
		struct decoder_ignored why;
		uint32_t captured = frame.captured - TCP + n;
		ck_assert_int_eq(read_cut(&frame, captured, _i % 2, &p, &why), PACKET_OK);
		ck_assert_uint_eq(p.octets, ip_octets(&frame) + TCP);
		ck_assert_uint_eq(p.details.wire_octets, frame.captured);
		assert_tcp(sample->name, &p, n);
	}
}
END_TEST

/* An inner packet is one from its whole IP header on. Before, the flow is a packet around it,
 * and what tunnels say that were not entered is not told. */
START_TEST(tunnel_cut)
{
	const struct frame_sample *sample = &tunnel_samples[_i];
	struct frame_text text;
	struct frame frame = frame_of(&text, sample->link_type, sample->words);
	unsigned depth = text.below - 1; /* of the outermost packet */
	uint32_t outer = frame.data[14] >> 4 == 4 ? 20 : 40;

	for (uint32_t n = 14 + outer; n <= frame.captured; n++) {
		struct packet p;
		struct decoder_ignored why;
		ck_assert_int_eq(read_cut(&frame, n, true, &p, &why), PACKET_OK);
		unsigned is = frame_text_depth(p.source_address, p.ip_version);
		ck_assert_msg(is <= depth, "%s, %u octets: depth %u", sample->name, n, is);
		ck_assert_msg((is == 0) == (n >= frame.captured - TCP), "%s, %u octets: depth %u",
			sample->name, n, is);
		depth = is;
		ck_assert_msg(is < text.below - 1 || !(p.facts & carrier),
			"%s, %u octets: facts %x", sample->name, n, p.facts);
		if (is > 0)
			continue;
		ck_assert_msg((p.facts & sample->facts) == sample->facts, "%s", sample->name);
		assert_tcp(sample->name, &p, n - (frame.captured - TCP));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet_cut");
	TCase *cases = tcase_create("packet_cut");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, link_header_cut, 0, SAMPLES(link_samples));
	tcase_add_loop_test(cases, transport_header_cut, 0, SAMPLES(link_samples));
	tcase_add_loop_test(cases, tunnel_cut, 0, SAMPLES(tunnel_samples));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
