#include "export/refresh.h"

#include "base/clock.h"

enum { BURST = 3 }; /* times at the start */

#define SPREAD (2 * CLOCK_SECOND)

bool refresh_is_due(const struct refresh *r, int64_t now)
{
	const struct refresh_plan *plan = &r->plan;

	if (!r->done || now < r->time)
		return true;

	int64_t since = now - r->time;
	if (since >= plan->every || (r->burst < BURST && since >= SPREAD))
		return true;
	return plan->datagrams && r->datagrams >= plan->datagrams && since >= plan->apart;
}

void refresh_done(struct refresh *r, int64_t now)
{
	if (r->done && now < r->time)
		r->burst = 0;
	r->done = true;
	r->burst++;
	r->time = now;
	r->datagrams = 0;
}
