/* NAT events on the wire: octet by octet, each once and in order beside flow records, whatever size
 * datagrams may have, and counted apart from flows. What comes is read by the numbers of IANA's
 * registry alone. */
#include "export/session.h"
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define START  (INT64_C(1700000000) * SECOND + 123 * (SECOND / 1000))

enum { MOST = 20000, SMALLEST = 484, USUAL = 1400, FIRST = 256 + 96 };

static const uint16_t wanted[2][11] = {{323, 230, 4, 8, 225, 7, 227, 12, 226, 11, 228},
	{323, 230, 4, 27, 281, 7, 227, 28, 282, 11, 228}};

static struct {
	struct transport transport;
	struct session *session;
	uint16_t version;
	uint32_t most; /* octets that the path takes */
	bool refuses;
	uint64_t random;
	bool known[2];
	unsigned count[2];
	uint8_t record[2][MOST][96];
	uint32_t next; /* sequence */
} far;

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint64_t get64(const uint8_t *p)
{
	return (uint64_t)get32(p) << 32 | get32(p + 4);
}

static void read_templates(const uint8_t *at, const uint8_t *end)
{
	while (end - at >= 8) {
		unsigned id = get16(at), fields = get16(at + 2), i = 0;
		at += 4;
		for (; i < fields; i++, at += 4)
			if (id == FIRST || id == FIRST + 1)
				ck_assert_uint_eq(get16(at), wanted[id - FIRST][i]);
		if (id == FIRST || id == FIRST + 1) {
			ck_assert_uint_eq(i, 11);
			far.known[id - FIRST] = true;
		}
	}
}

/* How many records of events there are in the set. */
static unsigned read_events(unsigned family, const uint8_t *at, const uint8_t *end)
{
	size_t octets = family ? 82 : 34;
	unsigned n = 0;

	ck_assert_msg(far.known[family], "before its template");
	for (; (size_t)(end - at) >= octets; at += octets, n++) {
		ck_assert_uint_lt(far.count[family], MOST);
		memcpy(far.record[family][far.count[family]++], at, octets);
	}
	return n;
}

static void read_message(const uint8_t *m, uint32_t length)
{
	uint32_t header = far.version == 10 ? 16 : far.version == 9 ? 20 : 24;
	unsigned templates = far.version == 10 ? 2 : 0;

	if (far.version == 5)
		return;
	for (uint32_t at = header; at < length; at += get16(m + at + 2)) {
		unsigned id = get16(m + at);
		const uint8_t *set = m + at + 4, *end = m + at + get16(m + at + 2);
		if (id == templates)
			read_templates(set, end);
		else if (id == FIRST || id == FIRST + 1)
			(void)read_events(id - FIRST, set, end);
	}
}

static uint32_t dice(uint32_t n)
{
	far.random = far.random * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((far.random >> 33) % n);
}

static uint32_t path_most(struct transport *t)
{
	(void)t;
	return far.most;
}

static unsigned far_send(struct transport *t, struct transport_message *m, unsigned count)
{
	unsigned fit = 0;

	(void)t;
	if (dice(3) == 0)
		far.most = SMALLEST + dice(1200);
	for (; fit < count && m[fit].length <= far.most; fit++) {
		m[fit].error = far.refuses ? ENOBUFS : 0;
		if (far.version == 10 && !far.refuses) {
			ck_assert_uint_eq(get32(m[fit].octets + 8), far.next);
			far.next += m[fit].step;
		}
		if (!far.refuses)
			read_message(m[fit].octets, m[fit].length);
	}
	for (unsigned i = fit; i < count; i++)
		m[i].error = EMSGSIZE;
	return 0;
}

static void far_close(struct transport *t)
{
	(void)t;
}

static const struct transport_ops far_ops = {
	.send = far_send, .most = path_most, .close = far_close};

static void begin(uint16_t version, uint32_t datagram, bool wants)
{
	memset(&far, 0, sizeof far);
	far.transport.ops = &far_ops;
	far.version = version;
	far.most = USUAL;
	far.session = session_new(
		&(struct session_options){
			.layout = {.version = version, .definition = definition_ready("default")},
			.max_datagram = datagram,
			.template_refresh = 60 * SECOND,
			.nat_events = wants,
			.boot = START - 3600 * SECOND,
		},
		&far.transport);
	ck_assert_ptr_nonnull(far.session);
}

/* Number `n`, which is both source ports, of a connection that begins where n is even. */
static struct flow_event event(uint32_t n, uint8_t ip_version)
{
	bool ends = n % 2;
	struct flow_event e = {
		.record = {.key = {.source_address = {10, 1, 2, 3},
				   .destination_address = {198, 51, 100, 9},
				   .source_port = (uint16_t)n,
				   .destination_port = 443,
				   .ip_version = ip_version,
				   .protocol = 17},
			.first = START + n * (SECOND / 1000),
			.last = START + n * (SECOND / 1000)},
		.path = {.post_source = {192, 0, 2, 1},
			.post_destination = {203, 0, 113, 7},
			.post_source_port = (uint16_t)(n + 1),
			.post_destination_port = 8443},
		.nat = ends ? 2 : 1,
		.nat_session = ip_version == 6 ? (ends ? 2 : 1) : (ends ? 5 : 4),
	};

	return e;
}

static const struct {
	uint16_t version;
	uint8_t ends; /* natEvent of an event of IPv4 that ends */
} protocols[] = {{9, 2}, {10, 5}};

START_TEST(octets)
{
	struct flow_event e = event(1, 4);
	const uint8_t *r = far.record[0][0];

	begin(protocols[_i].version, USUAL, true);
	session_event(far.session, &e, START);
	session_flush(far.session, START);
	ck_assert_uint_eq(far.count[0], 1);
	ck_assert_uint_eq(get64(r), (uint64_t)START / 1000000 + 1);
	ck_assert_uint_eq(r[8], protocols[_i].ends);
	ck_assert_uint_eq(r[9], 17);
	ck_assert_mem_eq(r + 10, ((uint8_t[]){10, 1, 2, 3, 192, 0, 2, 1}), 8);
	ck_assert_uint_eq(get16(r + 18), 1);
	ck_assert_uint_eq(get16(r + 20), 2);
	ck_assert_mem_eq(r + 22, ((uint8_t[]){198, 51, 100, 9, 203, 0, 113, 7}), 8);
	ck_assert_uint_eq(get16(r + 30), 443);
	ck_assert_uint_eq(get16(r + 32), 8443);
	session_free(far.session);
}
END_TEST

/* Beside flow records, on a path that changes: all come, in order, and the sums are right at
 * each step. */
START_TEST(each_once)
{
	static const uint32_t sizes[] = {SMALLEST, USUAL, 65507};
	uint32_t given[2] = {0};
	uint64_t flows = 0;
	int64_t now = START;

	begin(protocols[_i % 2].version, sizes[_i / 2], true);
	for (uint32_t n = 0; n < 6000; n++) {
		unsigned six = dice(3) == 0;
		struct flow_event e = event(given[six]++, six ? 6 : 4);
		struct flow_record r = {.key = {.ip_version = six ? 4 : 6, .protocol = 6},
			.first = now,
			.last = now,
			.packets = 3,
			.octets = 300};
		session_event(far.session, &e, now);
		if (dice(2)) {
			session_record(far.session, &r, NULL, now);
			flows++;
		}
		if (dice(20) == 0)
			session_tick(far.session, now);
		now += dice(20) * (SECOND / 1000);
		struct session_statistics s = session_statistics(far.session);
		ck_assert_uint_eq(s.events.taken, n + 1);
		ck_assert_uint_eq(s.events.sent + s.events.pending, n + 1);
		ck_assert_uint_eq(s.sent.flows + s.pending.flows, flows);
	}
	session_flush(far.session, now);
	struct session_statistics s = session_statistics(far.session);
	ck_assert_uint_eq(s.events.sent, 6000);
	ck_assert_uint_eq(s.sent.flows, flows);
	ck_assert_uint_eq(s.sent.packets, 3 * flows);
	ck_assert_uint_eq(s.records, flows);
	for (unsigned six = 0; six < 2; six++) {
		ck_assert_uint_eq(far.count[six], given[six]);
		for (unsigned i = 0; i < given[six]; i++)
			ck_assert_uint_eq(get16(far.record[six][i] + (six ? 42 : 18)), i);
	}
	session_free(far.session);
}
END_TEST

START_TEST(lost_and_not_told)
{
	struct flow_event e = event(0, 4);
	struct session_statistics s;

	begin(10, USUAL, true);
	far.refuses = true;
	for (int i = 0; i < 100; i++)
		session_event(far.session, &e, START);
	session_flush(far.session, START);
	s = session_statistics(far.session);
	ck_assert_uint_eq(s.events.lost, 100);
	ck_assert_uint_eq(s.events.sent + s.events.pending + s.lost.flows, 0);
	session_free(far.session);
	begin(5, USUAL, true);
	session_event(far.session, &e, START);
	session_flush(far.session, START);
	ck_assert_uint_eq(session_statistics(far.session).events.untold, 1);
	session_free(far.session);
	begin(10, USUAL, false);
	session_tick(far.session, START);
	ck_assert(!far.known[0] && !far.known[1]);
	session_free(far.session);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("events");
	TCase *tc = tcase_create("events");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, octets, 0, 2);
	tcase_add_loop_test(tc, each_once, 0, 6);
	tcase_add_test(tc, lost_and_not_told);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
