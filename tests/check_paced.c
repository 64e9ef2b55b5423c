/* The pace over UDP: never more than the rate allows, in order, and what has no room is said to be
 * lost. */
#include "base/clock.h"
#include "export/transport.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#define must(condition)                                                    \
	do {                                                               \
		if (!(condition))                                          \
			ck_abort_msg("line %d: %s", __LINE__, #condition); \
	} while (0)

enum { RATE = 2000, BURST = 64, MESSAGE = 1000, BUFFER = 256 << 10 };

static struct {
	struct transport transport;
	uint32_t sent, closed;
	int64_t began; /* steady clock, of the first message */
} inner;

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
	int64_t time = clock_steady() - inner.began;
	must(inner.sent <= BURST + 1 + time * RATE / CLOCK_SECOND);
	return 0;
}

static void inner_close(struct transport *t)
{
	(void)t;
	inner.closed++;
}

static const struct transport_ops inner_ops = {.send = inner_send, .close = inner_close};

static struct transport *begin(bool patient)
{
	memset(&inner, 0, sizeof inner);
	inner.transport.ops = &inner_ops;
	struct transport *t = transport_paced_new(&inner.transport, RATE, BUFFER, patient);
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

int main(void)
{
	Suite *suite = suite_create("paced");
	TCase *tcase = tcase_create("paced");

	tcase_add_test(tcase, live);
	tcase_add_test(tcase, patient);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
