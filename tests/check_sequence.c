/* Sequence numbers beyond 2^32: they go on from 0, in each protocol's own steps, also over messages
 * that could not be sent. */
#include "export/layout.h"
#include "export/outbox.h"
#include "suite.h"

#include "base/wire.h"

#include <errno.h>

enum { USUAL = 1400, MESSAGES = 40, RECORDS = 7, BEFORE = 50 };

static struct {
	struct transport transport;
	unsigned at;   /* the sequence's, in a header */
	uint32_t want; /* of the next message */
	uint32_t step;
	unsigned seen, refused;
	bool wrapped;
} far;

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Every third does not leave. */
static unsigned send_some(struct transport *t, struct transport_message *m, unsigned count)
{
	ck_assert_ptr_eq(t, &far.transport);
	for (unsigned i = 0; i < count; i++) {
		uint32_t before = far.want;
		ck_assert_uint_eq(get32(m[i].octets + far.at), far.want);
		ck_assert_uint_eq(m[i].step, far.step);
		far.want += far.step;
		far.wrapped |= far.want < before;
		m[i].error = ++far.seen % 3 ? 0 : ENOBUFS;
		far.refused += m[i].error != 0;
	}
	return 0;
}

static void close_nothing(struct transport *t)
{
	ck_assert_ptr_eq(t, &far.transport);
}

static const struct transport_ops ops = {.send = send_some, .close = close_nothing};

static void put_message(struct outbox *b, const struct template *template)
{
	struct outgoing *o = outbox_begin(b, 0);

	for (unsigned i = 0; i < RECORDS; i++) {
		uint8_t *at = message_add_record(&o->message, template, template->record_octets);
		ck_assert_ptr_nonnull(at);
		memset(at, 0, template->record_octets);
		message_count(&o->message, (struct message_share){.packets = 1, .begins = true});
	}
	o->header = (struct protocol_header){.sampling = 1};
	outbox_put(b, o);
}

/* NetFlow v5 and IPFIX count records, v9 messages; where in the header: their RFCs. */
static const struct {
	uint16_t version;
	unsigned at;
	uint32_t step;
} versions[] = {{5, 16, RECORDS}, {9, 12, 1}, {10, 8, RECORDS}};

START_TEST(goes_on_from_zero)
{
	const struct protocol *protocol = protocol_find(versions[_i].version);
	static struct layout layout;
	struct outbox b;

	far.transport.ops = &ops;
	far.at = versions[_i].at;
	far.step = versions[_i].step;
	layout_init(&layout, &(struct layout_options){.version = versions[_i].version,
				     .definition = definition_ready("default")});
	ck_assert(
		outbox_init(&b, protocol, &far.transport, USUAL, layout.template[0].record_octets));
	b.sequence = far.want = UINT32_MAX - (versions[_i].version == 9 ? MESSAGES / 2 : BEFORE);
	for (unsigned i = 0; i < MESSAGES; i++)
		put_message(&b, &layout.template[0]);
	outbox_send(&b);
	ck_assert_uint_eq(far.seen, MESSAGES);
	ck_assert(far.wrapped);
	ck_assert_uint_eq(b.count.lost.flows, far.refused * RECORDS);
	ck_assert_uint_eq(b.count.sent.flows, (far.seen - far.refused) * RECORDS);
	outbox_free(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sequence");
	TCase *cases = tcase_create("all");

	tcase_add_loop_test(cases, goes_on_from_zero, 0, 3);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
