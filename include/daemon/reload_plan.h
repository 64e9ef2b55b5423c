/* reload_plan: what is to change from one configuration to the next. */
#ifndef DAEMON_RELOAD_PLAN_H
#define DAEMON_RELOAD_PLAN_H

#include "config/config.h"

#include <stdbool.h>

enum { RELOAD_NOTES = 48, RELOAD_NOTE = 160 };

/* "cache.timeouts.idle", "exporters: 192.0.2.1:2055 added": the first so many. */
struct reload_notes {
	char text[RELOAD_NOTES][RELOAD_NOTE];
	unsigned count;
};

struct reload_report {
	struct reload_notes changed;
	struct reload_notes restart; /* differs, and waits for a restart */
};

enum { RELOAD_NONE = -1 };

struct reload_plan {
	const struct config *from;
	struct config *to;
	bool times;                  /* when flows are over */
	bool metering;               /* what workers make of frames, and what records tell */
	bool exporters;              /* which there are */
	bool own;                    /* what is not metered for being weir's own */
	bool has_added;              /* inputs */
	int old[CONFIG_INPUTS];      /* number of the input in `from`, or RELOAD_NONE */
	bool filter[CONFIG_INPUTS];  /* of an input that stays is another */
	bool removed[CONFIG_INPUTS]; /* by number in `from` */
};

/* Compares; what cannot be changed is set in `to` as `from` has it, and noted. False: *error
 * says what `to` has that a running weir cannot be given. `opener`: there is one; `dedup`:
 * packets are told apart by a program in the kernel. */
bool reload_plan_make(struct reload_plan *plan, const struct config *from, struct config *to,
	bool opener, bool dedup, struct reload_report *report, struct config_error *error);

#endif
