#include "flow/pressure.h"

enum { SCALE = 1 << 16, CALM = 20 /* of the entries, one in so many */ };

#define SHORTEST INT64_C(1000000000)

void pressure_init(struct pressure *p, const struct flow_limits *configured, uint32_t entries,
	unsigned percent)
{
	uint32_t from = (uint32_t)((uint64_t)entries * percent / 100);

	*p = (struct pressure){.from = UINT32_MAX};
	for (int g = 0; g < FLOW_GRADES; g++)
		p->limits[g] = *configured;
	if (from == 0 || from >= entries)
		return;
	p->from = from;
	p->room = entries - from;
	p->until = from - (from < entries / CALM ? from : entries / CALM);
}

void pressure_change(struct pressure *p, const struct flow_limits *configured, uint32_t entries,
	unsigned percent)
{
	const struct pressure before = *p;

	pressure_init(p, configured, entries, percent);
	p->times = before.times;
	p->on = before.on && p->from != UINT32_MAX;
}

/* Of SCALE: nothing at `from`, all at the last entry. */
static int64_t strength(const struct pressure *p, uint64_t flows)
{
	return flows <= p->from ? 0 : (int64_t)((flows - p->from) * SCALE / p->room);
}

static int64_t shrunk(int64_t idle, int64_t strength)
{
	int64_t over = idle - SHORTEST;

	if (over <= 0)
		return idle;
	return idle - over / SCALE * strength - over % SCALE * strength / SCALE;
}

bool pressure_feel(struct pressure *p, const struct flow_limits *configured,
	const uint32_t graded[FLOW_GRADES])
{
	uint64_t flows =
		(uint64_t)graded[FLOW_SINGLE] + graded[FLOW_ESTABLISHED] + graded[FLOW_LASTING];

	if (!p->on && flows <= p->from)
		return false;
	p->times += !p->on;
	p->on = flows > p->until;
	for (int g = 0; g < FLOW_GRADES; g++) {
		int64_t s = strength(p, flows);
		for (int class = 0; class < FLOW_CLASSES; class ++)
			p->limits[g].idle[class] = shrunk(configured->idle[class], s);
		flows -= graded[g];
	}
	return true;
}
