/*
 * timeouts: each probe is one flow of its own, told by its source port, and stands on one rule. The
 * times are those of the defaults: active 60, idle 15, FIN and RST 5.
 */
#include "gen.h"

struct step {
	uint64_t ms; /* after the scenario's start */
	uint8_t flags;
};

static void probe(
	struct gen *g, uint64_t start, uint8_t proto, const struct step *steps, size_t count)
{
	static uint16_t port = 40000;
	struct flow flow = flow4(0x0a000001, 0x0a000002, proto, port++, 80);

	if (proto == ICMP)
		flow = flow_icmp(&flow, 8, (uint8_t)flow.sport);
	for (size_t i = 0; i < count; i++) {
		g->time = start + steps[i].ms * MILLISECOND;
		plain(g, &flow, steps[i].flags, 20);
	}
}

#define PROBE(g, start, proto, ...)                                \
	probe(g, start, proto, (const struct step[]){__VA_ARGS__}, \
		sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

static void idle_and_active(struct gen *g, uint64_t t)
{
	/* a packet just before, at, and after the idle deadline */
	PROBE(g, t, UDP, {0, 0}, {14999, 0});
	PROBE(g, t, UDP, {0, 0}, {15000, 0});
	PROBE(g, t, UDP, {0, 0}, {15001, 0}, {30000, 0}, {45001, 0});
	PROBE(g, t, ICMP, {0, 0}, {14999, 0}, {29999, 0});
	PROBE(g, t, 132, {0, 0}, {14999, 0}, {29999, 0});
	/* the same around the active deadline */
	PROBE(g, t, UDP, {0, 0}, {12000, 0}, {24000, 0}, {36000, 0}, {48000, 0}, {59999, 0});
	PROBE(g, t, UDP, {0, 0}, {12000, 0}, {24000, 0}, {36000, 0}, {48000, 0}, {60000, 0});
	PROBE(g, t, UDP, {0, 0}, {12000, 0}, {24000, 0}, {36000, 0}, {48000, 0}, {62000, 0});
	/* a tie is active, whether a packet finds it or not */
	PROBE(g, t, UDP, {0, 0}, {14000, 0}, {28000, 0}, {42000, 0}, {45000, 0}, {60000, 0});
	PROBE(g, t, UDP, {0, 0}, {14000, 0}, {28000, 0}, {42000, 0}, {45000, 0});
	PROBE(g, t, UDP, {0, 0}, {14000, 0}, {28000, 0}, {42000, 0}, {44999, 0});
	PROBE(g, t, TCP, {0, SYN}, {14000, ACK}, {28000, ACK}, {42000, ACK}, {55000, FIN | ACK});
	PROBE(g, t, TCP, {0, SYN}, {14000, ACK}, {28000, ACK}, {42000, ACK}, {54999, FIN | ACK});
	/* lifetimes one behind the other */
	for (uint64_t i = 0; i < 40; i++)
		PROBE(g, t + i * 7 * SECOND, UDP, {0, 0}, {7000, 0}, {21999, 0});
}

static void ends(struct gen *g, uint64_t t)
{
	/* FIN: the idle time is 5 s from the last packet, whichever that is */
	PROBE(g, t, TCP, {0, SYN}, {100, ACK}, {200, FIN | ACK}, {5199, ACK}, {10198, ACK});
	PROBE(g, t, TCP, {0, SYN}, {100, ACK}, {200, FIN | ACK}, {5200, ACK});
	PROBE(g, t, TCP, {0, SYN}, {100, ACK}, {200, RST}, {5199, ACK});
	PROBE(g, t, TCP, {0, SYN}, {100, ACK}, {200, RST}, {5200, ACK});
	PROBE(g, t, TCP, {0, SYN}, {100, FIN | ACK}, {200, RST}, {4000, ACK}, {9000, ACK});
	PROBE(g, t, TCP, {0, RST | ACK});
	/* a FIN holds for the record's whole life, up to the active time-out */
	PROBE(g, t, TCP, {0, FIN}, {4000, 0}, {8000, 0}, {12000, 0}, {16000, 0}, {20000, 0},
		{24000, 0}, {28000, 0}, {32000, 0}, {36000, 0}, {40000, 0}, {44000, 0}, {48000, 0},
		{52000, 0}, {56000, 0}, {60000, 0}, {64000, 0});
	/* FIN and RST bits outside TCP mean nothing: this is the protocol's own octet 13 */
	PROBE(g, t, 33, {0, FIN}, {6000, 0}, {12000, 0});
	/* a bare SYN opens a new record after FIN or RST, and only then */
	PROBE(g, t, TCP, {0, SYN}, {500, FIN | ACK}, {600, SYN}, {700, ACK}, {800, FIN | ACK});
	PROBE(g, t, TCP, {0, SYN}, {500, RST}, {600, SYN}, {700, RST}, {800, SYN});
	PROBE(g, t, TCP, {0, SYN}, {500, FIN | ACK}, {600, SYN | ACK}, {700, ACK});
	PROBE(g, t, TCP, {0, SYN}, {500, ACK}, {600, SYN}, {700, SYN | ECE | CWR});
	PROBE(g, t, TCP, {0, SYN}, {500, FIN}, {600, SYN | FIN}, {700, SYN | RST},
		{800, SYN | URG});
	PROBE(g, t, TCP, {0, SYN | FIN}, {100, SYN | FIN}, {200, SYN | FIN | ACK});
	PROBE(g, t, TCP, {0, SYN}, {500, FIN | ACK}, {5500, SYN}, {6000, SYN});
}

/* File order is the order of arrival here: packets come late, by at most ten seconds. */
static void late(struct gen *g, uint64_t t)
{
	/* within one flow: first moves back, and with it the active deadline */
	PROBE(g, t, UDP, {20000, 0}, {10000, 0}, {15000, 0}, {20000, 0}, {12000, 0});
	PROBE(g, t + 30 * SECOND, UDP, {0, 0}, {10000, 0}, {2, 0}, {20000, 0}, {10001, 0});
	/* a new flow's first packet is late: its deadlines count from its own time */
	PROBE(g, t + 60 * SECOND, UDP, {0, 0});
	PROBE(g, t + 50 * SECOND, UDP, {0, 0}, {4999, 0});
	PROBE(g, t + 66 * SECOND, UDP, {0, 0});
	PROBE(g, t + 56 * SECOND, TCP, {0, FIN}, {3000, ACK}, {4000, ACK}, {8000, ACK},
		{9500, SYN});
	/* exactly ten seconds is not yet a clock that was set back */
	PROBE(g, t + 90 * SECOND, UDP, {10000, 0}, {0, 0}, {10000, 0}, {0, 0});
	/* now moves on by another flow; a late packet of the first finds its record over */
	struct flow a = flow4(0x0a000003, 0x0a000004, UDP, 1, 2), b = flow_back(&a);
	const struct {
		uint64_t ms;
		const struct flow *flow;
	} order[] = {{120000, &a}, {128000, &b}, {134900, &b}, {134500, &a}, {142000, &b},
		{150000, &b}, {140000, &a}, {141000, &a}, {155000, &b}, {145000, &a}, {156100, &b},
		{146100, &a}};

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		g->time = t + order[i].ms * MILLISECOND;
		plain(g, order[i].flow, 0, 40);
	}
}

/* More than ten seconds back: every live record closes, now starts again. */
static void set_back(struct gen *g, uint64_t t)
{
	PROBE(g, t, UDP, {1000, 0}, {14000, 0}, {15000, 0});
	PROBE(g, t, TCP, {15000, SYN}, {15001, FIN});
	PROBE(g, t, UDP, {29000, 0}, {30000, 0}, {20000, 0}, {19999, 0}, {20500, 0}, {30000, 0});
	/* an hour back, then on as if nothing had been */
	PROBE(g, t - 3600 * SECOND, TCP, {0, SYN}, {1000, ACK}, {2000, ACK}, {3000, FIN | ACK});
	PROBE(g, t - 3600 * SECOND, UDP, {4000, 0}, {18999, 0}, {33998, 0});
	PROBE(g, t, UDP, {40000, 0}, {54999, 0});
	/* twice within one flow */
	PROBE(g, t + 100 * SECOND, UDP, {60000, 0}, {49000, 0}, {38000, 0}, {39000, 0}, {60000, 0});
}

void scenario_timeouts(struct gen *g)
{
	uint64_t start = g->time;

	g->sorted = true;
	idle_and_active(g, start);
	ends(g, start + 100 * SECOND);
	flush_waiting(g);
	g->sorted = false;
	late(g, start + 1000 * SECOND);
	set_back(g, start + 2000 * SECOND);
}
