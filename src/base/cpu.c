#include "base/cpu.h"

#include <stdio.h>

/* None where there are more processors than the set has room for. */
static cpu_set_t allowed_set(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	(void)sched_getaffinity(0, sizeof set, &set);
	return set;
}

bool cpu_allowed(unsigned cpu)
{
	cpu_set_t set = allowed_set();

	return cpu < CPU_SETSIZE && CPU_ISSET(cpu, &set);
}

void cpu_list_allowed(char *text, size_t size)
{
	cpu_set_t set = allowed_set();
	size_t used = 0;

	*text = '\0';
	for (unsigned first = 0, last; first < CPU_SETSIZE && used < size; first = last + 1) {
		last = first;
		if (!CPU_ISSET(first, &set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
			last++;
		used += (size_t)snprintf(text + used, size - used, "%s%u", used ? ", " : "", first);
		if (last > first && used < size)
			used += (size_t)snprintf(text + used, size - used, "-%u", last);
	}
}

bool cpu_move_to(unsigned cpu, cpu_set_t *before)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	*before = allowed_set();
	return sched_setaffinity(0, sizeof set, &set) == 0;
}

void cpu_move_back(const cpu_set_t *before)
{
	(void)sched_setaffinity(0, sizeof *before, before);
}
