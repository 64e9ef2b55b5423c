#define _GNU_SOURCE
#include "base/clock.h"

#include <semaphore.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

int64_t clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_steady(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Nobody posts it. */
void clock_pause(int64_t nanoseconds)
{
	int64_t end = clock_steady() + nanoseconds;
	struct timespec until = {(time_t)(end / CLOCK_SECOND), (long)(end % CLOCK_SECOND)};
	sem_t never;

	sem_init(&never, 0, 0);
	(void)sem_clockwait(&never, CLOCK_MONOTONIC, &until);
	sem_destroy(&never);
}
