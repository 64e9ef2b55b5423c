/* printout: the records on standard output, for whoever reads it.
 *
 * Reading a file, whoever prints waits for the reader. Live nobody waits: what is printed
 * goes to a buffer, and from there as far as it is taken. While that has no room the exporter
 * takes no records, which so wait in rings and caches; a reader who has taken nothing for
 * TRANSPORT_PATIENCE has gone for good until he reads again, and what is printed meanwhile is
 * lost and counted. One thread's, the exporter's. NULL stands for no printout at all. */
#ifndef DAEMON_PRINTOUT_H
#define DAEMON_PRINTOUT_H

#include "config/config.h"
#include "flow/record.h"

#include <stdbool.h>
#include <stdint.h>

struct printout;

/* As the configuration wants it. NULL: memory is short. */
struct printout *printout_new(const struct config *config);
/* What has not been taken is lost without a word. */
void printout_free(struct printout *printout);

/* False: it has no room for another record, and there may be some soon. */
bool printout_has_room(const struct printout *printout);
/* Lent for the call; `path`: beside it, or NULL. */
void printout_record(
	struct printout *printout, const struct flow_record *record, const struct flow_path *path);

/* Hands on what it has; live as much as is taken, where nothing is within so many
 * milliseconds. True: some was. */
bool printout_work(struct printout *printout, int milliseconds);
/* Octets for which it is worth waiting. */
uint64_t printout_pending(const struct printout *printout);
/* No more comes: what has not been taken is lost. Says so, if there was any. */
void printout_end(struct printout *printout);

/* 0, or the errno with which it could not be written, after which nothing is printed. */
int printout_error(const struct printout *printout);
/* Records that nobody took. */
uint64_t printout_lost(const struct printout *printout);

#endif
