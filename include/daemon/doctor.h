/* doctor: looks at a machine as the configuration would use it, and says what to do.
 *
 * Capabilities, memory, clock, and for each input and each collector what commonly
 * goes wrong with them. Changes nothing; sends each collector a message without
 * records, to see whether it is refused. Takes a second and a half. */
#ifndef DAEMON_DOCTOR_H
#define DAEMON_DOCTOR_H

#include "config/config.h"
#include "daemon/finding.h"

#include <stdbool.h>

/* The report, a line for each finding. True: nothing is wrong. */
bool doctor(const struct config *config, FILE *out);

/* Its parts: doctor_input.c and doctor_collector.c. */
struct doctor_traffic {
	uint64_t packets, octets, dropped;
};
/* An interface's counters; false: there is no such interface. */
bool doctor_traffic(const char *interface, struct doctor_traffic *traffic);
/* `before` was read `seconds` ago. */
void doctor_input(struct report *report, const struct config_input *input,
	const struct doctor_traffic *before, double seconds);
void doctor_collector(struct report *report, const struct config_exporter *exporter);

/* A number out of a file of /proc or /sys; -1: there is none. */
long long doctor_number(const char *path);

#endif
