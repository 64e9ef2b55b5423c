/* The table of first fragments beside a list that forgets nothing: what it finds is what was learnt
 * last of that identity, nothing else is found, and a set's worth of identities, the latest ones,
 * are always there.
 *
 * The first octet of the input is the size of the table, then each four are a step: the highest bit
 * says whether a later fragment is looked for or a first one learnt, the rest of two octets which
 * one, the other two its ports. */
#include "base/bytes.h"
#include "packet/fragment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, STEP = 4, IDENTITIES = 1 << 10 };

struct first {
	uint32_t learnt; /* which step it was; 0: none */
	uint16_t ports[2];
	uint8_t protocol;
	bool icmp;
};

struct model {
	struct first first[IDENTITIES];
	uint32_t steps;
	bool displaced; /* one of them at least */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fault(const char *what)
{
	fprintf(stderr, "fragment: %s\n", what);
	abort();
}

/* 10 bits: two versions, two identifications, four protocols, so many addresses. */
static struct packet packet_of(uint32_t identity, uint8_t *protocol)
{
	struct packet p = {.ip_version = identity & 1 ? 6 : 4, .fragment = PACKET_LATER_FRAGMENT};

	p.details.identification = identity >> 1 & 1 ? 0xffffffff : 0;
	*protocol = (uint8_t)(identity >> 2 & 3);
	p.source_address[identity >> 4 & 1] = 1;
	p.destination_address[identity >> 5 & 1] = (uint8_t)(identity >> 6) + 1;
	return p;
}

static void learn(struct fragments *f, struct model *m, uint32_t identity, uint16_t ports)
{
	struct first *first = &m->first[identity];
	uint8_t protocol;
	struct packet p = packet_of(identity, &protocol);

	*first = (struct first){
		++m->steps, {ports, (uint16_t)~ports}, (uint8_t)(ports >> 1), ports & 1};
	p.source_port = first->ports[0];
	p.destination_port = first->ports[1];
	p.protocol = first->protocol;
	p.facts = first->icmp ? PACKET_ICMP : PACKET_TCP;
	m->displaced |= fragments_learn(f, &p, protocol);
}

/* How many identities were learnt after that one. */
static unsigned later(const struct model *m, const struct first *first)
{
	unsigned count = 0;

	for (unsigned i = 0; i < IDENTITIES && count < WAYS; i++)
		count += m->first[i].learnt > first->learnt;
	return count;
}

static void find(const struct fragments *f, const struct model *m, uint32_t identity)
{
	const struct first *first = &m->first[identity];
	uint8_t protocol;
	struct packet p = packet_of(identity, &protocol), before = p;

	if (!fragments_find(f, &p, protocol)) {
		if (memcmp(&p, &before, sizeof p) != 0)
			fault("one that was not found has changed");
		if (first->learnt && (!m->displaced || later(m, first) < WAYS))
			fault("one that was learnt lately, or when there was room, is not found");
		return;
	}
	before.protocol = first->protocol;
	before.source_port = first->ports[0];
	before.destination_port = first->ports[1];
	before.facts |= first->icmp ? PACKET_ICMP : 0;
	if (!first->learnt)
		fault("one that was not learnt is found");
	if (memcmp(&p, &before, sizeof p) != 0)
		fault("it is not given what was learnt last, or more than that");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model model; /* too large to be made anew for each input */
	struct bytes in = bytes_of(data, size);
	const uint8_t *choice = bytes_pull(&in, 1), *step;

	if (!choice)
		return 0;
	struct fragments *f = fragments_new(*choice, *choice);
	if (!f)
		abort();
	memset(&model, 0, sizeof model);
	while ((step = bytes_pull(&in, STEP)) != NULL) {
		uint32_t identity = be16(step) & (IDENTITIES - 1);
		if (step[0] & 0x80)
			find(f, &model, identity);
		else
			learn(f, &model, identity, be16(step + 2));
	}
	for (uint32_t i = 0; i < IDENTITIES; i++)
		if (model.first[i].learnt)
			find(f, &model, i);
	fragments_free(f);
	return 0;
}
