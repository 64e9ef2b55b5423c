/* A path whose MTU changes whenever it likes, also between asking for it and sending: each record
 * arrives once, in order, with a sequence that has no gap, in datagrams that the path took. */
#include "collector.h"
#include "suite.h"

static struct {
	uint32_t most; /* octets that the path takes */
	uint64_t random;
	unsigned narrowed;
} path;

static uint32_t dice(uint32_t n)
{
	path.random = path.random * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((path.random >> 33) % n);
}

static uint32_t path_most(struct transport *t)
{
	must(t == &far.transport);
	return path.most;
}

static void change_path(void)
{
	uint32_t most = SMALLEST + dice(1200);

	path.narrowed += most < path.most;
	path.most = most;
}

/* As UDP does it: the first that is too long ends it. */
static unsigned path_send(struct transport *t, struct transport_message *m, unsigned count)
{
	unsigned fit = 0;

	if (dice(3) == 0)
		change_path();
	while (fit < count && m[fit].length <= path.most)
		fit++;
	for (unsigned i = fit; i < count; i++)
		m[i].error = EMSGSIZE;
	return fit ? far_send(t, m, fit) : 0;
}

static const struct transport_ops path_ops = {
	.send = path_send, .most = path_most, .close = far_close};

START_TEST(any_path)
{
	static const uint16_t versions[] = {5, 9, 10};
	static const uint32_t sizes[] = {SMALLEST, USUAL, LARGEST};
	int64_t now = START;

	path.random = (uint64_t)_i;
	path.most = USUAL;
	path.narrowed = 0;
	begin(versions[_i % 3], sizes[_i / 3 % 3], INT64_MIN);
	far.transport.ops = &path_ops;
	for (uint32_t n = 0; n < 4000; n++) {
		struct flow_record r = record(n, n % 3 ? 4 : 6, n % 5 ? 6 : 17, now);
		give(&r, now);
		if (dice(20) == 0)
			tick(now);
		if (dice(50) == 0)
			change_path();
		now += dice(20) * MS;
	}
	flush(now);
	all_arrived();
	must(session_statistics(far.session).lost.flows == 0);
	must(path.narrowed > 50);
	end();
}
END_TEST

/* A path that takes not even one record: they are lost, with their number. */
START_TEST(no_path)
{
	begin(10, USUAL, INT64_MIN);
	far.transport.ops = &path_ops;
	path.random = 0;
	for (uint32_t n = 0; n < 100; n++) {
		struct flow_record r = record(n, 4, 6, START);
		path.most = 60;
		session_record(far.session, &r, NULL, START);
	}
	path.most = 60;
	session_flush(far.session, START);
	struct session_statistics s = session_statistics(far.session);
	must(s.lost.flows + s.sent.flows == 100 && s.lost.flows > 0);
	must(s.pending.flows == 0 && s.pending.packets == 0 && s.last_error == EMSGSIZE);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session path");
	TCase *tcase = tcase_create("path");

	tcase_add_loop_test(tcase, any_path, 0, 36);
	tcase_add_test(tcase, no_path);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
