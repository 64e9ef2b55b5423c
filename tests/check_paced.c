/* The pace over UDP: never more than the rate allows, in order, and what has no room is said to be
 * lost. Where the receiver is in sight, never more than half of its buffer, and no slower. */
#include "base/clock.h"
#include "export/receiver.h"
#include "export/transport.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <string.h>

enum { RATE = 2000, BURST = 64, MESSAGE = 1000, BUFFER = 256 << 10 };

static struct {
	struct transport transport;
	uint32_t sent, closed;
	int64_t began; /* steady clock, of the first message */
	bool watched;  /* the receiver's room is the bound, not the rate */
} inner;

/* The receiver's socket; it reads while weir looks. */
static struct {
	struct receiver_room room;
	uint32_t reads; /* octets from one look to the next */
	uint32_t looks;
	uint32_t fullest;
	bool absent;
	bool elsewhere; /* somebody else gets the messages */
} far;

static unsigned inner_send(struct transport *t, struct transport_message *m, unsigned count)
{
	must(t == &inner.transport && count <= BURST);
	if (!inner.sent)
		inner.began = clock_steady();
	for (unsigned i = 0; i < count; i++) {
		uint32_t number;
		memcpy(&number, m[i].octets, sizeof number);
		must(m[i].length == MESSAGE && number >= inner.sent);
		inner.sent++;
		m[i].error = 0;
	}
	far.room.taken += count * receiver_cost(MESSAGE);
	far.fullest = far.room.taken > far.fullest ? far.room.taken : far.fullest;
	int64_t time = clock_steady() - inner.began;
	must(inner.watched || inner.sent <= BURST + 1 + time * RATE / CLOCK_SECOND);
	return 0;
}

static bool inner_look(struct transport *t, struct receiver_room *room)
{
	must(t == &inner.transport);
	if (far.elsewhere)
		far.room.taken = 0;
	*room = far.room;
	far.looks++;
	far.room.taken -= far.reads < far.room.taken ? far.reads : far.room.taken;
	return !far.absent;
}

static void inner_close(struct transport *t)
{
	(void)t;
	inner.closed++;
}

static const struct transport_ops inner_ops = {.send = inner_send, .close = inner_close};

static const struct transport_ops visible_ops = {
	.send = inner_send, .look = inner_look, .close = inner_close};

static struct transport *begin(bool patient)
{
	memset(&inner, 0, sizeof inner);
	inner.transport.ops = &inner_ops;
	struct transport_pace pace = {.rate = RATE, .buffer = BUFFER, .patient = patient};
	struct transport *t = transport_paced_new(&inner.transport, &pace);
	must(t);
	return t;
}

static struct transport *begin_watching(uint32_t whole, uint32_t reads)
{
	struct transport_pace pace = {
		.rate = RATE, .patient = true, .watch = true, .standstill = CLOCK_SECOND / 20};

	memset(&inner, 0, sizeof inner);
	memset(&far, 0, sizeof far);
	far.room.whole = whole;
	far.reads = reads;
	inner.transport.ops = &visible_ops;
	inner.watched = true;
	struct transport *t = transport_paced_new(&inner.transport, &pace);
	must(t);
	return t;
}

static int send_one(struct transport *t, uint32_t number)
{
	uint8_t octets[MESSAGE] = {0};
	struct transport_message m = {
		.octets = octets, .length = MESSAGE, .load = {.messages = 1, .flows = number}};

	memcpy(octets, &number, sizeof number);
	t->ops->send(t, &m, 1);
	return m.error;
}

START_TEST(live)
{
	struct transport *t = begin(false);
	struct transport_report report = {.busy = true};
	uint32_t left = 0, kept = 0, lost = 0;

	for (uint32_t n = 0; n < 1000; n++) {
		int error = send_one(t, n);
		must(error == 0 || error == EINPROGRESS || error == ENOBUFS);
		left += error == 0;
		kept += error == EINPROGRESS;
		lost += error == ENOBUFS;
	}
	must(left >= BURST && kept > 200 && lost > 100 && inner.sent == left);
	while (report.busy)
		t->ops->work(t, &report);
	must(report.delivered.messages == kept && report.lost.messages == 0);
	must(inner.sent == left + kept);
	t->ops->close(t);
	must(inner.closed == 1);
}
END_TEST

START_TEST(patient)
{
	struct transport *t = begin(true);

	for (uint32_t n = 0; n < 1000; n++)
		must(send_one(t, n) == 0);
	must(inner.sent == 1000);
	must(clock_steady() - inner.began >= (1000 - BURST - 1) * CLOCK_SECOND / RATE);
	t->ops->close(t);
}
END_TEST

static void send_all(struct transport *t, uint32_t count)
{
	for (uint32_t n = 0; n < count; n++)
		must(send_one(t, n) == 0);
	must(inner.sent == count);
}

/* At the rate these would take 10 seconds. */
START_TEST(in_sight)
{
	static const struct receiver_room buffers[] = {{.whole = 212992}, {.whole = 4 << 20}};
	struct receiver_room room = buffers[_i];
	struct transport *t = begin_watching(room.whole, room.whole / 4);

	send_all(t, 20000);
	must(clock_steady() - inner.began < 5 * CLOCK_SECOND);
	must(far.fullest <= room.whole / 2 && far.fullest > room.whole / 4);
	/* at most two for each burst, not one for each message */
	must(far.looks < 2 * 20000 / (room.whole / 4 / receiver_cost(MESSAGE)));
	t->ops->close(t);
}
END_TEST

/* A buffer for not even one message takes one at a time. */
START_TEST(smallest)
{
	struct transport *t = begin_watching(1024, receiver_cost(MESSAGE));

	send_all(t, 100);
	must(far.fullest == receiver_cost(MESSAGE));
	t->ops->close(t);
}
END_TEST

/* Whoever has bound the port may not be the one who gets the messages; or nobody has. */
START_TEST(never_filled)
{
	struct transport *t = begin_watching(212992, 0);

	inner.watched = false; /* the rate holds */
	far.absent = _i;
	far.elsewhere = !_i;
	for (uint32_t n = 0; n < 300; n++) {
		must(send_one(t, n) == 0);
		must(far.looks == n + 2); /* one at the start */
	}
	t->ops->close(t);
}
END_TEST

/* The far buffer stays full: some patience, then the rate, and room again when somebody reads. */
START_TEST(stands_still)
{
	struct transport *t = begin_watching(212992, 0);
	uint32_t n = 0;

	while (far.room.taken + receiver_cost(MESSAGE) <= far.room.whole / 2)
		must(send_one(t, n++) == 0);
	int64_t then = clock_steady();
	must(send_one(t, n++) == 0);
	must(clock_steady() - then >= CLOCK_SECOND / 20);
	then = clock_steady();
	for (int i = 0; i < 1000; i++)
		must(send_one(t, n++) == 0);
	must(clock_steady() - then >= (1000 - BURST - 1) * CLOCK_SECOND / RATE);
	must(clock_steady() - then < 10 * CLOCK_SECOND);
	far.room.taken = 0;
	far.reads = UINT32_MAX;
	then = clock_steady();
	for (int i = 0; i < 10000; i++)
		must(send_one(t, n++) == 0);
	must(clock_steady() - then < 3 * CLOCK_SECOND);
	t->ops->close(t);
}
END_TEST

/* It goes away and comes back: the rate meanwhile. */
START_TEST(goes_away)
{
	struct transport *t = begin_watching(212992, 100000);
	uint32_t n = 0;

	while (n < 5000)
		must(send_one(t, n++) == 0);
	far.absent = true;
	int64_t then = clock_steady();
	while (n < 6000)
		must(send_one(t, n++) == 0);
	must(clock_steady() - then >= (1000 - BURST - 100) * CLOCK_SECOND / RATE);
	far.absent = false;
	far.room.taken = 0;
	then = clock_steady();
	while (n < 16000)
		must(send_one(t, n++) == 0);
	must(clock_steady() - then < 3 * CLOCK_SECOND);
	t->ops->close(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("paced");
	TCase *tcase = tcase_create("paced");

	tcase_add_test(tcase, live);
	tcase_add_test(tcase, patient);
	tcase_add_loop_test(tcase, in_sight, 0, 2);
	tcase_add_test(tcase, smallest);
	tcase_add_loop_test(tcase, never_filled, 0, 2);
	tcase_add_test(tcase, stands_still);
	tcase_add_test(tcase, goes_away);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
