#include "export/uptime.h"

#include "base/clock.h"

enum { MARGIN = 2000 };

#define DAY   INT64_C(86400000)
#define RANGE ((INT64_C(1) << 32) - MARGIN)

static int64_t milliseconds(int64_t time)
{
	return clock_floor(time, CLOCK_MILLISECOND);
}

struct uptime uptime_of(int64_t boot)
{
	struct uptime u = {.known = boot != INT64_MIN};

	if (u.known)
		u.boot = milliseconds(boot);
	return u;
}

bool uptime_fits(const struct uptime *u, int64_t from, int64_t to)
{
	int64_t boot = u->boot * CLOCK_MILLISECOND;

	/* Without a sign: the range may end after the last moment that 64 bits can tell. */
	return u->known && from >= boot && to >= boot &&
	       (uint64_t)to - (uint64_t)boot < (uint64_t)RANGE * CLOCK_MILLISECOND;
}

void uptime_move(struct uptime *u, int64_t from, int64_t to)
{
	int64_t earliest = milliseconds(from), latest = milliseconds(to);

	if (!u->known || earliest < u->boot)
		u->boot = earliest - DAY;
	else if (latest - u->boot >= RANGE)
		u->boot = earliest - DAY / 4;
	u->known = true;
}

int64_t uptime_header(const struct uptime *u, int64_t now, int64_t latest, bool records)
{
	int64_t first = u->boot * CLOCK_MILLISECOND;
	int64_t last = first + RANGE * CLOCK_MILLISECOND;
	int64_t time = now > latest ? now : latest;

	if (time < first)
		time = first;
	if (time >= last)
		time = records ? latest : last;
	return time;
}
