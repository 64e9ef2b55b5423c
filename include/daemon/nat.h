/* nat: the translations of addresses and ports that this host does, as flow records and
 * events tell them.
 *
 * Heard of from the kernel's connection tracking. The exporter's thread, but for
 * nat_new(), and whoever keeps it out. */
#ifndef DAEMON_NAT_H
#define DAEMON_NAT_H

#include "config/config.h"
#include "flow/event.h"
#include "route/translations.h"

#include <stdbool.h>
#include <stdint.h>

struct nat;

struct nat_statistics {
	uint64_t events;    /* of translated connections, heard */
	uint64_t overruns;  /* how often some could not be heard, for they came too fast */
	uint64_t entries;   /* connections in the table now */
	uint64_t displaced; /* that left it for want of room */
};

/* NULL: *error says why; it takes CAP_NET_ADMIN. */
struct nat *nat_new(const struct config *config, struct config_error *error);
void nat_free(struct nat *nat);

/* Flows have other time-outs, so translations stay as long as these need them. */
void nat_retime(struct nat *nat, const struct flow_timeouts *timeouts);

typedef void nat_take(void *context, const struct flow_event *event);

/* Takes in what has happened, without waiting, and hands it on. False: nothing has. */
bool nat_hear(struct nat *nat, nat_take *take, void *context);

/* Fills in what becomes of the flow's ends, zeros in *path where they stay as they are or
 * nobody knows. True: the packets' way is that to *destination, network order. */
bool nat_tell(struct nat *nat, const struct flow_record *record, struct flow_path *path);

struct nat_statistics nat_statistics(const struct nat *nat);

#endif
