/* cpu: which processors a thread may run on.
 *
 * Numbers as the kernel's, below CPU_SETSIZE (1024). Any thread, about itself. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

/* The processor is there and the calling thread may run on it. */
bool cpu_allowed(unsigned cpu);

/* All of those, "0-3, 8"; cut where there is no room. */
void cpu_list_allowed(char *text, size_t size);

/* Moves the calling thread to one processor until cpu_move_back(). False: it stays
 * where it is. */
bool cpu_move_to(unsigned cpu, cpu_set_t *before);
void cpu_move_back(const cpu_set_t *before);

#endif
