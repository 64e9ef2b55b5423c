/* What leaves a session when: each datagram is read back by the independent reader and written
 * down as the templates (T), options records (O) and flow records (D) in it, one word each. */
#include "base/bytes.h"
#include "export/session.h"
#include "reader.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define SECOND (INT64_C(1000000000))
#define START  (INT64_C(1700000000) * SECOND)

enum { OCTETS = 1400, TEXT = 4096, NARROW = 484, EXPORTER_IPV4 = 130, EXPORTER_IPV6 = 131 };

static const uint16_t versions[] = {9, 10};

static struct {
	struct transport transport;
	struct transport_ops ops;
	struct session_options options;
	struct session *session;
	struct reader *reader;
	char text[TEXT]; /* since far_told() looked last */
	unsigned records, option_records;
	uint16_t template_id; /* of the last flow record */
	uint32_t seconds;     /* of the last header */
	uint32_t uptime;      /* v9's */
	uint64_t reliability; /* flows not sent, as told last */
	unsigned interfaces;  /* told of */
	uint16_t address;     /* element of the exporter's address, 0: there is none */
	uint8_t octets[16];   /* that address */
	unsigned forgotten, redirected, closed, ended;
	bool away, stays;
} far;

static void read_record(void *context, const struct reader_record *r)
{
	(void)context;
	if (!r->options) {
		far.records++;
		far.template_id = r->template_id;
		return;
	}
	far.option_records++;
	if (reader_value(r, 0, 166))
		far.reliability = reader_uint(r, 0, 166);
	far.interfaces += reader_value(r, 0, 82) != NULL;
	for (uint16_t id = EXPORTER_IPV4; id <= EXPORTER_IPV6; id++) {
		const struct reader_value *v = reader_value(r, 0, id);
		if (!v)
			continue;
		ck_assert_uint_eq(v->octets, id == EXPORTER_IPV4 ? 4 : 16);
		ck_assert_uint_eq(far.address, 0);
		far.address = id;
		memcpy(far.octets, v->bytes, v->octets);
	}
}

static void add_word(char letter, size_t n)
{
	size_t at = strlen(far.text);

	if (n)
		snprintf(far.text + at, sizeof far.text - at, "%c%zu", letter, n);
}

static unsigned far_send(struct transport *t, struct transport_message *m, unsigned count)
{
	(void)t;
	for (unsigned i = 0; i < count; i++) {
		size_t templates = reader_templates(far.reader);
		const uint8_t *time = m[i].octets + (far.options.layout.version == 10 ? 4 : 8);
		far.records = far.option_records = 0;
		reader_feed(far.reader, m[i].octets, m[i].length);
		far.seconds = be32(time);
		far.uptime = be32(m[i].octets + 4);
		add_word('T', reader_templates(far.reader) - templates);
		add_word('O', far.option_records);
		add_word('D', far.records);
		strcat(far.text, " ");
		m[i].error = 0;
	}
	return 0;
}

static void far_close(struct transport *t)
{
	(void)t;
	far.closed++;
}

static void far_end(struct transport *t)
{
	(void)t;
	far.ended++;
}

static void far_work(struct transport *t, struct transport_report *report)
{
	(void)t;
	report->away = far.away;
}

static void far_forget(struct transport *t)
{
	(void)t;
	far.forgotten++;
}

static bool far_redirect(struct transport *t, const struct socket_addresses *addresses)
{
	(void)t;
	(void)addresses;
	far.redirected++;
	return !far.stays;
}

static void begin(uint16_t version, bool options)
{
	memset(&far, 0, sizeof far);
	far.ops = (struct transport_ops){.send = far_send, .close = far_close};
	far.transport.ops = &far.ops;
	far.reader = reader_new(read_record, NULL);
	far.options = (struct session_options){
		.layout = {.version = version, .definition = definition_ready("minimal")},
		.domain = 7,
		.max_datagram = OCTETS,
		.template_refresh = 600 * SECOND,
		.options = {.enabled = options, .refresh = 600 * SECOND},
		.boot = START - 1000 * SECOND,
	};
	far.session = session_new(&far.options, &far.transport);
	ck_assert_ptr_nonnull(far.session);
}

static void end(void)
{
	session_free(far.session);
	ck_assert_uint_eq(far.closed, 1);
	ck_assert_msg(reader_faults(far.reader) == 0, "%s", reader_fault(far.reader, 0));
	reader_free(far.reader);
}

/* What left since the last time, and forgets it. */
static void told(int line, const char *wanted)
{
	ck_assert_msg(
		strcmp(far.text, wanted) == 0, "line %d: '%s' for '%s'", line, far.text, wanted);
	far.text[0] = '\0';
}

/* "minimal" and "default" have four templates, and six kinds of options are told of any v9
 * session, seven of an IPFIX one; of the kinds three count, one tells of the exporter, one of each
 * template, one of each interface. */
#define TOLD(wanted) told(__LINE__, wanted)

static void give_any(uint8_t ip_version, int64_t first, int64_t last, int64_t now)
{
	const struct flow_record r = {.key.ip_version = ip_version,
		.key.protocol = 17,
		.packets = 1,
		.octets = 100,
		.first = first,
		.last = last};

	session_record(far.session, &r, NULL, now);
}

static void give(int64_t now)
{
	give_any(4, START, START, now);
}

/* Past the start, when templates and options come three times. */
static void settle(void)
{
	for (int i = 0; i < 3; i++)
		session_tick(far.session, START + 2 * i * SECOND);
	far.text[0] = '\0';
}

/* A record waits a second for company; not when the clock says that it is from later. */
START_TEST(a_message_waits_a_second)
{
	const int64_t then = START + 10 * SECOND;

	begin(versions[_i], false);
	settle();
	give(then);
	give(then + SECOND / 2);
	session_tick(far.session, then + SECOND - 1);
	TOLD("");
	give_any(6, START, START, then);
	session_tick(far.session, then + SECOND);
	TOLD("D1 D2 ");
	ck_assert_int_eq(far.seconds, (then + SECOND) / SECOND);
	give(then);
	session_tick(far.session, then);
	TOLD("");
	session_tick(far.session, then - 1);
	TOLD("D1 ");
	ck_assert_int_eq(far.seconds, then / SECOND); /* not before it was begun */
	give(then);
	give(then - SECOND);
	give(then - SECOND);
	session_flush(far.session, then);
	TOLD("D1 D2 ");
	end();
}
END_TEST

/* A flow may end after the moment of its message, by another clock: v9, whose times count from the
 * header's, says the later one; IPFIX says when it is sent. */
START_TEST(what_a_header_says)
{
	begin(versions[_i], false);
	settle();
	give_any(4, START, START + 100 * SECOND, START + 10 * SECOND);
	session_flush(far.session, START + 10 * SECOND);
	TOLD("D1 ");
	ck_assert_int_eq(far.seconds, START / SECOND + (_i ? 10 : 100));
	give_any(4, START, START + 5 * SECOND, START + 20 * SECOND);
	session_flush(far.session, START + 20 * SECOND + (_i ? SECOND - 1 : 0));
	ck_assert_int_eq(far.seconds, START / SECOND + 20);
	end();
}
END_TEST

/* What is older than any uptime can tell moves the boot, which ends messages and is told anew;
 * where times do not count from it, it changes nothing. */
START_TEST(what_is_very_old)
{
	const int64_t later = START + 60 * 86400 * SECOND;

	begin(versions[_i], true);
	settle();
	give(START + 10 * SECOND);
	give_any(4, START - 3600 * SECOND, START, START + 10 * SECOND);
	session_flush(far.session, START + 10 * SECOND);
	TOLD(_i ? "D2 O3 " : "D1 O8 D1 O3 ");
	session_flush(far.session, later); /* and now for longer than an uptime can tell */
	TOLD("O3 ");
	ck_assert_int_eq(far.seconds, later / SECOND);
	end();
}
END_TEST

/* The clock is set back: what was begun leaves before the templates that come again, whichever
 * template it is of. */
START_TEST(what_was_begun_before)
{
	begin(versions[_i], false);
	settle();
	give(START + 10 * SECOND);
	give_any(6, START, START, START - 100 * SECOND);
	TOLD("D1 ");
	session_tick(far.session, START - 100 * SECOND);
	TOLD("T4 ");
	session_flush(far.session, START - 100 * SECOND);
	TOLD("D1 ");
	end();
}
END_TEST

/* At the end the counts are told once more, if options data are told, to who knows templates. */
START_TEST(what_a_flush_tells)
{
	bool options = _i / 2;

	begin(versions[_i % 2], options);
	far.ops.end = far_end;
	session_flush(far.session, START);
	TOLD("");
	settle();
	give(START + 5 * SECOND);
	give(START + 5 * SECOND);
	session_flush(far.session, START + 5 * SECOND);
	TOLD(options ? "D2 O3 " : "D2 ");
	session_flush(far.session, START + 6 * SECOND);
	TOLD(options ? "O3 " : "");
	session_losses(far.session, &(struct loss){0}, &(struct loss){.flows = 5});
	must(far.ended == 0);
	session_end(far.session, START + 7 * SECOND);
	TOLD(options ? "O3 " : "");
	must(far.ended == 1);
	ck_assert_uint_eq(far.reliability, options ? 5 : 0);
	ck_assert(!session_ending(far.session, START + 7 * SECOND));
	end();
}
END_TEST

/* Templates and options before the first record, each in messages of their own. */
START_TEST(what_comes_first)
{
	static const char *const first[2][2] = {{"T4 ", "T4 "}, {"T10 O8 ", "T11 O8 "}};
	bool options = _i / 2;

	begin(versions[_i % 2], options);
	give(START);
	session_tick(far.session, START);
	TOLD(first[options][_i % 2]);
	session_tick(far.session, START);
	TOLD("");
	session_tick(far.session, START + 2 * SECOND);
	session_tick(far.session, START + 599 * SECOND);
	far.text[0] = '\0';
	session_tick(far.session, START + 1198 * SECOND);
	TOLD("");
	session_tick(far.session, START + 1199 * SECOND);
	TOLD(first[options][_i % 2]);
	end();
}
END_TEST

/* The address that messages are sent from, where that is known. */
START_TEST(whose_address)
{
	static const uint8_t local[16] = {
		0x20, 0x01, 0x0d, 0xb8, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	static const uint8_t families[] = {0, 4, 6};
	uint8_t family = families[_i / 2];

	begin(versions[_i % 2], true);
	session_free(far.session);
	far.closed = 0;
	far.transport.local.version = family;
	memcpy(far.transport.local.octets, local, sizeof local);
	far.session = session_new(&far.options, &far.transport);
	session_tick(far.session, START);
	ck_assert_uint_eq(far.address, family == 0   ? 0
				       : family == 4 ? EXPORTER_IPV4
						     : EXPORTER_IPV6);
	ck_assert_mem_eq(far.octets, local, family == 6 ? 16 : family);
	end();
}
END_TEST

START_TEST(what_is_asked_for)
{
	const struct option_interface two[2] = {{.index = 1}, {.index = 2}};

	begin(versions[_i], true);
	settle();
	session_tick(far.session, START + 5 * SECOND);
	TOLD("");
	session_ask(far.session);
	session_tick(far.session, START + 5 * SECOND);
	TOLD(_i ? "T11 " : "T10 ");
	session_interfaces(far.session, two, 2);
	far.interfaces = 0;
	session_tick(far.session, START + 5 * SECOND);
	TOLD("O10 ");
	ck_assert_uint_eq(far.interfaces, 2);
	end();
}
END_TEST

/* Who is somewhere else knows neither; a transport that keeps templates gives them itself. */
START_TEST(another_address)
{
	begin(versions[_i % 2], true);
	ck_assert(!session_redirect(far.session, NULL));
	far.ops.redirect = far_redirect;
	far.ops.keeps_templates = _i / 2;
	settle();
	far.stays = true;
	ck_assert(!session_redirect(far.session, NULL));
	session_tick(far.session, START + 5 * SECOND);
	TOLD("");
	far.stays = false;
	ck_assert(session_redirect(far.session, NULL));
	ck_assert_uint_eq(far.redirected, 2);
	session_tick(far.session, START + 5 * SECOND);
	TOLD(_i / 2 ? "O8 " : _i ? "T11 O8 " : "T10 O8 ");
	end();
}
END_TEST

START_TEST(templates_that_are_kept)
{
	begin(versions[_i], false);
	far.ops.keeps_templates = true;
	session_tick(far.session, START);
	TOLD("T4 ");
	session_tick(far.session, START + 2000 * SECOND);
	session_tick(far.session, START - 2000 * SECOND);
	TOLD("");
	end();
}
END_TEST

/* Who was away is told again, once. */
START_TEST(who_comes_back)
{
	begin(versions[_i], true);
	far.ops.work = far_work;
	settle();
	far.away = true;
	session_tick(far.session, START + 5 * SECOND);
	session_tick(far.session, START + 6 * SECOND);
	TOLD("");
	far.away = false;
	session_tick(far.session, START + 7 * SECOND);
	session_tick(far.session, START + 8 * SECOND);
	TOLD("O8 ");
	session_tick(far.session, START + 9 * SECOND);
	TOLD("");
	end();
}
END_TEST

/* Another session in this one's place: what was begun leaves first, by the old templates; then
 * come others, by other numbers, to be told of the same interfaces and losses. */
START_TEST(a_successor)
{
	const struct option_interface two[2] = {{.index = 1}, {.index = 2}};
	uint16_t id;

	begin(versions[_i], true);
	far.ops.forget = far_forget;
	session_interfaces(far.session, two, 2);
	session_losses(far.session, &(struct loss){0}, &(struct loss){.flows = 5});
	settle();
	give(START + 5 * SECOND);
	far.options.layout.definition = definition_ready("default");
	far.options.boot = INT64_MIN; /* the old one's goes on */
	struct session *next = session_prepare(far.session, &far.options);
	ck_assert_ptr_nonnull(next);
	session_discard(next);
	session_discard(NULL);
	next = session_prepare(far.session, &far.options);
	TOLD("");
	session_succeed(next, far.session, START + 5 * SECOND);
	far.session = next;
	TOLD("D1 ");
	id = far.template_id;
	ck_assert_uint_eq(far.forgotten, 1);
	ck_assert_uint_eq(far.closed, 0);
	ck_assert_uint_eq(session_statistics(next).sent.flows, 1);
	give(START + 5 * SECOND);
	TOLD(_i ? "T11 O10 " : "T10 O10 ");
	session_flush(far.session, START + 6 * SECOND);
	TOLD("D1 O3 ");
	ck_assert(_i || far.uptime == 1006000);
	ck_assert_uint_eq(far.template_id, id + LAYOUT_IDS);
	ck_assert_uint_eq(far.reliability, 5);
	ck_assert_uint_eq(session_statistics(next).sent.flows, 2);
	end();
}
END_TEST

static uint32_t narrow(struct transport *t)
{
	(void)t;
	return NARROW;
}

/* Templates that do not fit one message, or that the path takes, come in several, none of them
 * twice. */
START_TEST(templates_in_several_messages)
{
	struct session_templates all;
	uint16_t version = versions[_i % 2];

	begin(version, true);
	session_free(far.session);
	far.closed = 0;
	if (_i / 2)
		far.ops.most = narrow;
	else
		far.options.max_datagram = NARROW;
	far.options.layout.definition = definition_ready("default");
	far.session = session_new(&far.options, &far.transport);
	session_templates(far.session, &all);
	ck_assert(!all.done);
	session_tick(far.session, START);
	ck_assert_uint_eq(reader_templates(far.reader), all.count);
	ck_assert_uint_eq(session_statistics(far.session).templates, all.count);
	ck_assert_ptr_nonnull(strstr(far.text, " T")); /* a second one */
	session_templates(far.session, &all);
	ck_assert(all.done && all.sent == START && all.version == version);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session_change");
	TCase *cases = tcase_create("session_change");

	tcase_add_loop_test(cases, a_message_waits_a_second, 0, 2);
	tcase_add_loop_test(cases, what_a_header_says, 0, 2);
	tcase_add_loop_test(cases, what_is_very_old, 0, 2);
	tcase_add_loop_test(cases, what_was_begun_before, 0, 2);
	tcase_add_loop_test(cases, what_a_flush_tells, 0, 4);
	tcase_add_loop_test(cases, what_comes_first, 0, 4);
	tcase_add_loop_test(cases, whose_address, 0, 6);
	tcase_add_loop_test(cases, what_is_asked_for, 0, 2);
	tcase_add_loop_test(cases, another_address, 0, 4);
	tcase_add_loop_test(cases, templates_that_are_kept, 0, 2);
	tcase_add_loop_test(cases, who_comes_back, 0, 2);
	tcase_add_loop_test(cases, a_successor, 0, 2);
	tcase_add_loop_test(cases, templates_in_several_messages, 0, 4);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
