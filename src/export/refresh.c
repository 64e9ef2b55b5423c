#include "export/refresh.h"

#include "base/clock.h"

enum { BURST = 3 }; /* times at the start */

#define SPREAD (2 * CLOCK_SECOND)

bool refresh_is_due(const struct refresh *r, int64_t now, int64_t every, uint32_t datagrams)
{
	if (!r->done || now < r->time)
		return true;
	if (r->burst < BURST && now - r->time >= SPREAD)
		return true;
	return now - r->time >= every || (datagrams && r->datagrams >= datagrams);
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
