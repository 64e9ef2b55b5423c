/* watch: says on its own what an operator must know of a live capture.
 *
 * Looks at the ledger every few seconds and compares it with those of the last
 * minute: when more than one frame in a hundred was no valid IP packet it names
 * what they were, when the kernel dropped frames it says how many, and when a cache
 * came under pressure (flow/pressure.h) how full it is; each once a minute at most.
 * And when the ledger does not add up, once. One thread's, the
 * main thread's; no clock: the caller says what time it is. */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include "daemon/ledger.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	WATCH_SECONDS = 10, /* between two looks, as it is meant */
	WATCH_LEAST = 100,  /* so few frames make no share worth a warning */
};

/* What there is to say; "": nothing. */
struct watch_words {
	char not_ip[384];
	char dropped[256];
	char pressure[256];
};

struct watch;

/* NULL when memory is short. `now` on the steady clock, nanoseconds. */
struct watch *watch_new(int64_t now);
void watch_free(struct watch *watch);

/* Compares with the looks of the last minute. */
void watch_look(
	struct watch *watch, const struct ledger *ledger, int64_t now, struct watch_words *words);

/* Whether the ledger adds up; says so on the log the first time that it does not. */
bool watch_check(struct watch *watch, const struct ledger *ledger);

#endif
