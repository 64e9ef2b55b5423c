/* group: for which of several collectors a record is.
 *
 * Members have numbers from 0, in the order of the configuration. All of them see every
 * record; the group says whose it is. Its members keep their own sessions, so that each
 * collector sees a whole sequence, of the records that it was given. The exporter's thread. */
#ifndef DAEMON_GROUP_H
#define DAEMON_GROUP_H

#include "config/config.h"
#include "export/statistics.h"
#include "flow/record.h"

#include <stdbool.h>
#include <stdint.h>

struct group_member {
	const char *name; /* lent */
	bool well;        /* records that are sent there arrive, as far as can be known */
};

struct group {
	char name[CONFIG_GROUP_NAME];
	enum config_mode mode;
	unsigned members;
	unsigned chosen; /* whose the record is, unless the mode is replicate */
	uint64_t switches;
	struct session_tally taken; /* records, since it is as it is */
	struct group_member member[CONFIG_EXPORTERS];
};

/* A group as the ledger shows it. */
struct exporter_group {
	char name[CONFIG_GROUP_NAME];
	enum config_mode mode;
	unsigned members;
	unsigned well;
	struct session_tally taken; /* records, since it is as it is */
	uint64_t switches;          /* from one collector to another, for its health */
};

void group_init(struct group *group, const struct config_group *config);

/* Takes a collector in; its number. */
unsigned group_join(struct group *group, const char *name, bool well);
/* When all are in: a group of this name that was there before, NULL: none, whose count of
 * switches goes on; and the first choice. */
void group_begin(struct group *group, const struct group *before);

/* A member's health, as it is now. Failover goes on with the first that is well, and with
 * the very first where none is. */
void group_health(struct group *group, unsigned member, bool well);

/* Chooses for the next record, once for each. By hash: by addresses, ports and protocol, so
 * that both directions of a conversation come to one collector, well or not. In turn: the
 * next that is well. */
void group_choose(struct group *group, const struct flow_record *record);

/* Whether the record that was chosen for is this member's. */
static inline bool group_chose(const struct group *group, unsigned member)
{
	return group->mode == CONFIG_REPLICATE || group->chosen == member;
}

struct exporter_group group_statistics(const struct group *group);

#endif
