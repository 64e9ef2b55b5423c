#include "flow/sampler.h"

#include <string.h>

struct sampler sampler_of(enum sampler_algorithm algorithm, uint32_t interval, uint64_t seed)
{
	struct sampler s = {
		.algorithm = algorithm,
		.interval = interval,
		/* Not the flow table's, or flows of one sample would crowd a part of it. */
		.random = hash_octets(&seed, sizeof seed, interval),
	};

	s.secret = hash_secret_of(s.random);
	sampler_choose(&s);
	return s;
}

/* SplitMix64: good enough for choosing, and a few instructions for each row. */
static uint64_t next_random(struct sampler *s)
{
	uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void sampler_choose(struct sampler *s)
{
	s->position = 0;
	s->chosen = s->algorithm == SAMPLER_RANDOM
			    ? hash_range((uint32_t)(next_random(s) >> 32), s->interval)
			    : s->interval - 1;
}

/* The lower end first, so that both directions have one hash. */
bool sampler_takes_flow(const struct sampler *s, const struct packet *p)
{
	struct flow_key key;

	memcpy(&key, flow_key_of(p), sizeof key);
	int order = memcmp(key.source_address, key.destination_address, 16);
	if (order > 0 || (order == 0 && key.source_port > key.destination_port)) {
		memcpy(key.source_address, p->destination_address, 16);
		memcpy(key.destination_address, p->source_address, 16);
		key.source_port = p->destination_port;
		key.destination_port = p->source_port;
	}
	key.tos = 0; /* may differ by direction, as these may */
	key.direction = 0;
	key.interface = 0;
	if (p->facts & PACKET_ICMP) /* an answer has another type */
		key.source_port = key.destination_port = 0;
	return hash_range((uint32_t)(hash_48(&key, &s->secret) >> 32), s->interval) == 0;
}
