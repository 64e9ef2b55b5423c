#include "daemon/group.h"

#include "base/hash.h"
#include "base/log.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* The same from run to run: a flow's collector is the same after a restart. */
#define SEED UINT64_C(0x67726f7570)

void group_init(struct group *g, const struct config_group *config)
{
	*g = (struct group){.mode = config->mode};
	snprintf(g->name, sizeof g->name, "%s", config->name);
}

unsigned group_join(struct group *g, const char *name, bool well)
{
	g->member[g->members] = (struct group_member){.name = name, .well = well};
	return g->members++;
}

static unsigned first_well(const struct group *g)
{
	for (unsigned i = 0; i < g->members; i++)
		if (g->member[i].well)
			return i;
	return 0;
}

static void fail_over(struct group *g)
{
	unsigned first = first_well(g);

	if (first == g->chosen)
		return;
	log_warning("exporter", "group %s: records go to %s now, not to %s", g->name,
		g->member[first].name, g->member[g->chosen].name);
	g->chosen = first;
	g->switches++;
}

void group_begin(struct group *g, const struct group *before)
{
	if (before)
		g->switches = before->switches;
	if (g->mode == CONFIG_FAILOVER)
		g->chosen = first_well(g);
}

void group_health(struct group *g, unsigned member, bool well)
{
	g->member[member].well = well;
	if (g->mode == CONFIG_FAILOVER)
		fail_over(g);
}

/* What both directions of a conversation have in common. ICMP's type and code, which
 * stand in the place of ports, are not: an echo and its reply differ in them. */
struct conversation {
	uint8_t lower[16];
	uint8_t higher[16];
	uint16_t lower_port;
	uint16_t higher_port;
	uint8_t protocol;
	uint8_t ip_version;
	uint8_t zero[10];
};

_Static_assert(sizeof(struct conversation) == 48, "hashed as octets: no padding");

static uint64_t hash_conversation(const struct flow_key *k)
{
	bool has_ports = k->protocol != IPPROTO_ICMP && k->protocol != IPPROTO_ICMPV6;
	uint16_t source = has_ports ? k->source_port : 0;
	uint16_t destination = has_ports ? k->destination_port : 0;
	int order = memcmp(k->source_address, k->destination_address, sizeof k->source_address);
	bool swap = order > 0 || (order == 0 && source > destination);
	struct conversation c = {.lower_port = swap ? destination : source,
		.higher_port = swap ? source : destination,
		.protocol = k->protocol,
		.ip_version = k->ip_version};

	memcpy(c.lower, swap ? k->destination_address : k->source_address, sizeof c.lower);
	memcpy(c.higher, swap ? k->source_address : k->destination_address, sizeof c.higher);
	return hash_octets(&c, sizeof c, SEED);
}

/* Where none is well, the next has its turn. */
static unsigned next_in_turn(const struct group *g)
{
	for (unsigned i = 1; i <= g->members; i++) {
		unsigned next = (g->chosen + i) % g->members;
		if (g->member[next].well)
			return next;
	}
	return g->members ? (g->chosen + 1) % g->members : 0;
}

void group_choose(struct group *g, const struct flow_record *r)
{
	session_tally_add(&g->taken, 1, r->packets, r->octets);
	switch (g->mode) {
	case CONFIG_HASH:
		g->chosen = hash_range((uint32_t)(hash_conversation(&r->key) >> 32), g->members);
		break;
	case CONFIG_ROUND_ROBIN: g->chosen = next_in_turn(g); break;
	case CONFIG_REPLICATE:
	case CONFIG_FAILOVER: break;
	}
}

struct exporter_group group_statistics(const struct group *g)
{
	struct exporter_group s = {
		.mode = g->mode, .members = g->members, .taken = g->taken, .switches = g->switches};

	memcpy(s.name, g->name, sizeof s.name);
	for (unsigned i = 0; i < g->members; i++)
		s.well += g->member[i].well;
	return s;
}
