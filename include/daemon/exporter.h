/* exporter: takes finished records and hands them to every session and printer.
 *
 * The Exporting Process of RFC 5470. Live it has a thread of its own, with an
 * event loop: it drains the workers' rings, sends what is complete, and every
 * few milliseconds what has waited. Reading a file, the same functions are called
 * in order by the one thread there is. */
#ifndef DAEMON_EXPORTER_H
#define DAEMON_EXPORTER_H

#include "config/config.h"
#include "daemon/crew.h"
#include "daemon/guide.h"
#include "daemon/roster.h"

#include <stdbool.h>
#include <stdint.h>

struct exporter;

/* Opens the collectors and the output that the configuration names. `boot`: what
 * sysUptime counts from, nanoseconds since 1970; INT64_MIN: from the records. NULL:
 * *error says which collector and why. */
struct exporter *exporter_new(
	const struct config *config, int64_t boot, struct config_error *error);
void exporter_free(struct exporter *exporter);

/* The main thread, while the exporter's runs: roster_prepare() and roster_succeed() of its
 * collectors. */
struct roster *exporter_prepare(struct exporter *exporter, const struct config *from,
	const struct config *to, bool redefine, struct config_error *error);
void exporter_succeed(struct exporter *exporter, struct roster *prepared);

/* The main thread: flows have the time-outs of this configuration. */
void exporter_retime(struct exporter *exporter, const struct config *to);

/* Any thread: copies the interfaces that collectors are told of from now on. False: memory
 * is short, and all stays as it was. */
bool exporter_interfaces(
	struct exporter *exporter, const struct option_interface *interfaces, unsigned count);
/* The thread's own, where it does not read the workers itself: what was lost before the
 * exporter, as collectors are told it. */
void exporter_losses(
	struct exporter *exporter, const struct loss *ignored, const struct loss *not_sent);

/* Whom the thread asks about each record; lent. Before it is started. */
void exporter_guide(struct exporter *exporter, struct guide *guide);

/* The main thread: what is to learn of collectors' addresses from now on, and knows what the
 * one before did; lent, or NULL. */
void exporter_own(struct exporter *exporter, struct own *own);

/* Whom it asks for collectors' names; lent. Before it is started. */
void exporter_resolver(struct exporter *exporter, struct resolver *resolver);

/* The thread's own: takes a finished record and what is known beside it, or NULL, lent for
 * the call. */
void exporter_take(struct exporter *exporter, const struct flow_record *record,
	const struct flow_path *path, int64_t now);
/* Sends all that is pending and ends the sessions. Waits as long as something moves every
 * 10 s, live for a minute at most; what a collector has not taken until then is lost. */
void exporter_end(struct exporter *exporter, int64_t now);
/* Any thread: 0, or the errno with which the output could not be written. */
int exporter_output_error(struct exporter *exporter);

/* Starts the thread, which drains the rings of the crew's workers until it is stopped;
 * the crew is lent until then. */
bool exporter_start(struct exporter *exporter, struct crew *crew);
/* Tells the thread to drain the rings to their end, to send all and to end. */
void exporter_stop(struct exporter *exporter);
/* Has it, or was it never started? To be asked, after exporter_stop(), until it is so. */
bool exporter_stopped(struct exporter *exporter);
/* Any thread: whether statistics can be had within that time, nanoseconds: not where the
 * exporter's thread is held up by a call. */
bool exporter_answers(struct exporter *exporter, int64_t time);

/* Any thread: the templates of the collector at `index`, in the order of the statistics; the
 * name is the one that these have. False: there is none of that index. */
bool exporter_templates(struct exporter *exporter, unsigned index,
	char name[EXPORTER_COLLECTOR_NAME], struct session_templates *templates);

/* Any thread. */
void exporter_statistics(struct exporter *exporter, struct exporter_statistics *statistics);

#endif
