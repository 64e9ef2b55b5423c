/*
 * flow_stream: packets of numbered flows whose times do everything that times do: they advance,
 * tie, go back a little, are set back, leap by hours and by a month. One seed, one stream.
 */
#ifndef TESTS_FLOW_STREAM_H
#define TESTS_FLOW_STREAM_H

#include "flow/record.h"
#include "flow_model.h"

#include <string.h>

#define STREAM_SECOND INT64_C(1000000000)
#define STREAM_START  (INT64_C(1700000000) * STREAM_SECOND)

struct stream {
	uint64_t random;
	uint32_t flows;
	int64_t pace; /* nanoseconds between packets, about */
	int64_t now;
	bool steady; /* no leaps and nothing set back */
};

static inline struct stream stream_of(uint64_t seed, uint32_t flows, int64_t pace)
{
	return (struct stream){(seed + 1) * 0x9e3779b97f4a7c15, flows, pace, STREAM_START, false};
}

/* Below n. */
static inline uint64_t stream_random(struct stream *s, uint64_t n)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (s->random >> 11) % n;
}

static inline int64_t stream_time(struct stream *s)
{
	uint64_t dice = stream_random(s, 10000);
	int64_t back = (int64_t)stream_random(s, 10 * STREAM_SECOND + 1);

	if (dice < 500)
		return s->now - (dice < 10 ? 10 * STREAM_SECOND : back); /* disorder, still */
	if (dice < 1000)
		return s->now;
	if (s->steady || dice >= 1040)
		s->now += (int64_t)stream_random(s, 2 * (uint64_t)s->pace);
	else if (dice < 1010)
		s->now -= 10 * STREAM_SECOND + 1 + (dice & 1 ? 360 * back : 0);
	else if (dice < 1020)
		s->now += 30 * 86400 * STREAM_SECOND;
	else
		s->now += 1000 * back;
	return s->now;
}

static inline uint32_t stream_flags(struct stream *s)
{
	static const uint8_t kinds[] = {0x10, 0x10, 0x10, 0x18, 0x10, 0x10, 0x18, 0x10, 0x10, 0x18,
		0x02, 0x02, 0x12, 0x11, 0x01, 0x04, 0x14, 0x03, 0x00, 0x29};

	return kinds[stream_random(s, sizeof kinds)];
}

static inline struct model_packet stream_next(struct stream *s)
{
	static const uint8_t protocols[] = {6, 17, 6, 1, 58, 47, 6};
	uint32_t flow = (uint32_t)stream_random(s, s->flows);

	if (stream_random(s, 4)) /* some flows have most of the packets */
		flow %= s->flows / 8 + 1;
	struct model_packet p = {
		.flow = flow,
		.protocol = protocols[flow % sizeof protocols],
		.time = stream_time(s),
		.octets = 20 + stream_random(s, 1481),
	};
	p.flags = p.protocol == 6 ? stream_flags(s) : 0;
	return p;
}

static inline struct packet stream_packet(const struct model_packet *p)
{
	struct packet packet;

	memset(&packet, 0, sizeof packet);
	memcpy(packet.source_address, &p->flow, sizeof p->flow);
	packet.destination_address[15] = (uint8_t)(p->flow * 7);
	packet.source_port = (uint16_t)(p->flow * 3);
	packet.destination_port = 80;
	packet.ip_version = p->flow & 1 ? 6 : 4;
	packet.interface = 2;
	packet.protocol = (uint8_t)p->protocol;
	packet.time = p->time;
	packet.octets = p->octets;
	packet.tcp_control_bits = (uint16_t)p->flags;
	return packet;
}

static inline struct model_record stream_record(const struct flow_record *r)
{
	struct model_record m = {0, r->key.protocol, r->tcp_control_bits, r->end_reason, r->first,
		r->last, r->packets, r->octets};

	memcpy(&m.flow, r->key.source_address, sizeof m.flow);
	return m;
}

#endif
