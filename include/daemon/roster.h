/* roster: the collectors that there are, those that are ending, and what those that have
 * gone had lost.
 *
 * The exporter's own, and its thread's. When the configuration changes another roster is
 * prepared beside it, which takes its place in one step: collectors that stay the same keep
 * their sessions, others end theirs, each in its own time. */
#ifndef DAEMON_ROSTER_H
#define DAEMON_ROSTER_H

#include "config/config.h"
#include "daemon/collector.h"
#include "daemon/nat.h"
#include "daemon/own.h"
#include "export/option_values.h"
#include "export/session.h"

#include <stdbool.h>
#include <stdint.h>

enum { ROSTER_MOST = 2 * CONFIG_EXPORTERS }; /* as many may be ending */

struct exporter_statistics {
	struct session_tally taken; /* records that came to the exporter */
	struct session_tally gone;  /* of these, lost by collectors that are no more */
	uint64_t unprinted;         /* records that nobody took from standard output */
	struct nat_statistics nat;
	unsigned collectors;
	struct exporter_collector collector[ROSTER_MOST];
	unsigned groups;
	struct exporter_group group[CONFIG_GROUPS];
};

struct roster;

/* Opens the collectors of a configuration; `boot` as exporter_new() has it. NULL: *error
 * says which one and why. */
struct roster *roster_new(const struct config *config, int64_t boot, struct config_error *error);
void roster_free(struct roster *roster);

/* Any thread: a roster for the configuration `to`, made out of this one, which is for
 * `from`. `redefine`: what records tell has changed, so all are to tell it from then on.
 * NULL: *error says which collector cannot be opened and why, and nothing has changed. */
struct roster *roster_prepare(const struct roster *roster, const struct config *from,
	const struct config *to, bool redefine, struct config_error *error);
/* It does not come to that. */
void roster_discard(struct roster *prepared);
/* It does: `old` is freed. */
void roster_succeed(struct roster *prepared, struct roster *old, int64_t now);

/* The same for all collectors: see collector.h and session.h. */
void roster_take(struct roster *roster, const struct flow_record *record,
	const struct flow_path *path, int64_t now);
void roster_event(struct roster *roster, const struct flow_event *event, int64_t now);
void roster_tick(struct roster *roster, int64_t now);
/* Lent until the next call. */
void roster_interfaces(
	struct roster *roster, const struct option_interface *interfaces, unsigned count);
void roster_losses(struct roster *roster, const struct loss *ignored, const struct loss *not_sent);
void roster_retime(struct roster *roster, const struct config *to);
void roster_end(struct roster *roster, int64_t now);
/* True while one of them has something to wait for; *pending: flows. */
bool roster_ending(struct roster *roster, uint64_t *pending, int64_t now);
void roster_abandon(struct roster *roster);

/* Takes the resolver's answers to those whom they are for, and to `own`, or NULL; and asks what
 * is due. */
void roster_resolve(struct roster *roster, struct resolver *resolver, struct own *own);
/* The one at `index` of the configuration; NULL: there is none. */
const struct collector *roster_collector(const struct roster *roster, unsigned index);

void roster_statistics(const struct roster *roster, struct exporter_statistics *statistics);

#endif
