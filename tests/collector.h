/*
 * collector: the far side of a session under test. Its transport can refuse chosen messages; what
 * arrives is read back by the independent reader of reader.h and kept beside what was given. After
 * each call the session's statistics are held against both.
 */
#ifndef TESTS_COLLECTOR_H
#define TESTS_COLLECTOR_H

#include "export/session.h"
#include "reader.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MS      INT64_C(1000000)
#define SECOND  (1000 * MS)
#define DAY     (86400 * SECOND)
#define START   (INT64_C(1700000000) * SECOND + 123456789)
#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))
enum { MOST = 20000, DATAGRAMS = 4096, SMALLEST = 484, USUAL = 1400, LARGEST = 65507 };

struct datagram {
	uint8_t head[24];
	uint32_t length;
	bool templates;
};

/* What the collector got, as read, and what it must have got. */
static struct {
	struct transport transport;
	struct session *session;
	struct session_options options;
	struct reader *reader;
	bool (*refuses)(unsigned message); /* number of the message, from 0 */
	unsigned messages, refused, closed;
	struct datagram datagram[DATAGRAMS]; /* those that arrived */
	unsigned arrived;
	struct reader_record got[MOST];
	unsigned got_count;
	struct flow_record given[MOST];
	unsigned given_count;
	struct session_tally taken;
	uint64_t octets;
} far;

static inline void read_record(void *context, const struct reader_record *r)
{
	(void)context;
	must(far.got_count < MOST && !r->options);
	far.got[far.got_count++] = *r;
}

static inline unsigned far_send(struct transport *t, struct transport_message *m, unsigned count)
{
	must(t == &far.transport && count > 0);
	for (unsigned i = 0; i < count; i++) {
		must(m[i].length <= far.options.max_datagram);
		if (far.refuses && far.refuses(far.messages++)) {
			m[i].error = ENOBUFS;
			far.refused++;
			continue;
		}
		must(far.arrived < DATAGRAMS);
		struct datagram *d = &far.datagram[far.arrived++];
		size_t before = reader_templates(far.reader);
		memcpy(d->head, m[i].octets, sizeof d->head);
		d->length = m[i].length;
		m[i].error = 0;
		far.octets += m[i].length;
		reader_feed(far.reader, m[i].octets, m[i].length);
		d->templates = reader_templates(far.reader) > before;
	}
	return far.refused ? 1 : 0;
}

static inline void far_close(struct transport *t)
{
	must(t == &far.transport);
	far.closed++;
}

static const struct transport_ops far_ops = {.send = far_send, .close = far_close};

static inline void begin(uint16_t version, uint32_t max_datagram, int64_t boot)
{
	memset(&far, 0, sizeof far);
	far.transport.ops = &far_ops;
	far.reader = reader_new(read_record, NULL);
	far.options = (struct session_options){
		.layout = {.version = version, .definition = definition_ready("default")},
		.domain = 7,
		.max_datagram = max_datagram,
		.template_refresh = 60 * SECOND,
		.template_datagrams = 20,
		.boot = boot,
	};
	far.session = session_new(&far.options, &far.transport);
	must(far.session);
}

static inline void sound(void)
{
	if (reader_faults(far.reader))
		ck_abort_msg(
			"%zu faults: %s", reader_faults(far.reader), reader_fault(far.reader, 0));
}

static inline void end(void)
{
	session_free(far.session);
	must(far.closed == 1);
	reader_free(far.reader);
}

/* Nothing is lost or doubled between the tallies, after whichever call. */
static inline void adds_up(void)
{
	struct session_statistics s = session_statistics(far.session);

	must(s.sent.flows + s.lost.flows + s.untold.flows + s.pending.flows == far.taken.flows);
	must(s.sent.packets + s.lost.packets + s.untold.packets + s.pending.packets ==
		far.taken.packets);
	must(s.sent.octets + s.lost.octets + s.untold.octets + s.pending.octets ==
		far.taken.octets);
	must(s.messages == far.arrived && s.lost_messages == far.refused);
	must(s.octets == far.octets && s.records == far.got_count);
}

static inline void give(const struct flow_record *r, int64_t now)
{
	session_record(far.session, r, NULL, now);
	far.taken.flows++;
	far.taken.packets += r->packets;
	far.taken.octets += r->octets;
	if (far.options.layout.version != 5 || r->key.ip_version == 4)
		far.given[far.given_count++] = *r;
	adds_up();
}

static inline void tick(int64_t now)
{
	session_tick(far.session, now);
	adds_up();
}

static inline void flush(int64_t now)
{
	session_flush(far.session, now);
	adds_up();
	must(session_statistics(far.session).pending.flows == 0);
	must(session_statistics(far.session).pending.octets == 0);
}

static inline struct flow_record record(
	uint32_t n, uint8_t ip_version, uint8_t protocol, int64_t last)
{
	struct flow_record r = {
		.key.ip_version = ip_version,
		.key.protocol = protocol,
		.key.tos = (uint8_t)n,
		.key.source_port = protocol == 1 || protocol == 58 ? 0 : (uint16_t)(n + 1000),
		.key.destination_port = (uint16_t)(n * 5),
		.packets = n + 1,
		.octets = 40 * (n + 1),
		.first = last - n % 50 * SECOND / 7,
		.last = last,
		.end_reason = (uint8_t)(1 + n % 5),
		.tcp_control_bits = protocol == 6 ? (uint16_t)(n & 0xff) : 0,
		.ingress_interface = n,
	};
	size_t octets = ip_version == 6 ? 16 : 4;

	memset(r.key.source_address, 0x20, octets);
	memset(r.key.destination_address, 0x30, octets);
	memcpy(r.key.source_address, &n, sizeof n);
	return r;
}

static inline int64_t floor_ms(int64_t time)
{
	return (time - (time % MS + MS) % MS) / MS;
}

static inline void same_record(const struct reader_record *got, const struct flow_record *r)
{
	must(got->family == r->key.ip_version && got->proto == r->key.protocol);
	must(memcmp(got->src, r->key.source_address, 16) == 0);
	must(memcmp(got->dst, r->key.destination_address, 16) == 0);
	must(got->sport == r->key.source_port && got->dport == r->key.destination_port);
	must(got->tos == r->key.tos && got->flags == (uint8_t)r->tcp_control_bits);
	must(got->packets == r->packets && got->octets == r->octets);
	must(got->first_ms == floor_ms(r->first) && got->last_ms == floor_ms(r->last));
	must(got->protocol == 5 || got->reason == r->end_reason);
}

/* Records of one template keep their order; those of different ones need not. */
static inline unsigned kind_of(unsigned family, unsigned protocol)
{
	return (family == 6) + 2u * (protocol == (family == 6 ? 58 : 1));
}

/* All that was given arrived, in order and unchanged. */
static inline void all_arrived(void)
{
	sound();
	ck_assert_uint_eq(far.got_count, far.given_count);
	for (unsigned kind = 0; kind < 4; kind++) {
		unsigned next = 0;
		for (unsigned i = 0; i < far.given_count; i++) {
			const struct flow_record *r = &far.given[i];
			if (kind_of(r->key.ip_version, r->key.protocol) != kind)
				continue;
			while (next < far.got_count &&
				kind_of(far.got[next].family, far.got[next].proto) != kind)
				next++;
			must(next < far.got_count);
			same_record(&far.got[next++], r);
		}
	}
}

static inline uint32_t head(const struct datagram *d, size_t at, size_t octets)
{
	uint32_t v = 0;

	for (size_t i = 0; i < octets; i++)
		v = v << 8 | d->head[at + i];
	return v;
}

#endif
