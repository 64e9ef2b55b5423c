/* guide: what the host knows of a flow beyond its packets, asked when the flow is exported.
 *
 * The exporter's thread asks, so packets never wait for an answer. */
#ifndef DAEMON_GUIDE_H
#define DAEMON_GUIDE_H

#include "config/config.h"
#include "daemon/dedup.h"
#include "daemon/nat.h"
#include "flow/record.h"
#include "route/router.h"

#include <stdint.h>

struct guide;

/* Asks what the configuration wants; `dedup`, lent, or NULL, is told of the links. A kernel that
 * does not answer is said on the log. NULL: *error says which file is not to be read, or why
 * translations are not to be heard of. */
struct guide *guide_new(
	const struct config *config, struct dedup *dedup, struct config_error *error);
void guide_free(struct guide *guide);

/* Any one thread: reads AS numbers from this file from now on, "": from none, once the exporter's
 * thread has heard of it; then the old ones are freed. False: it is not to be read, *error says
 * why, and all stays as it was. */
bool guide_reload_asn(struct guide *guide, const char *file, struct config_error *error);

/* The exporter's thread, often: takes in what has changed. True: links have. */
bool guide_hear(struct guide *guide);

/* The exporter's thread, often, before it tells of flows: what has happened to translations.
 * False: nothing. */
bool guide_hear_nat(struct guide *guide, nat_take *take, void *context);

/* The exporter's thread, or whoever keeps it out: flows have other time-outs. */
void guide_retime(struct guide *guide, const struct flow_timeouts *timeouts);

/* The exporter's thread: fills in the interface that no packet could tell, and all of *path. */
void guide_tell(struct guide *guide, struct flow_record *record, struct flow_path *path);

/* The same without the kernel, of a capture file's records. False: nothing is known, and *path is
 * as it was. */
bool guide_knows(
	const struct guide *guide, const struct flow_record *record, struct flow_path *path);

/* Lent until the next guide_hear(); NULL: not known. */
const struct links *guide_links(const struct guide *guide);
struct router_statistics guide_statistics(const struct guide *guide);
struct nat_statistics guide_nat_statistics(const struct guide *guide);

#endif
