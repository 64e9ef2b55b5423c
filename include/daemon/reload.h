/* reload: another configuration takes the place of the one that holds, while weir runs.
 *
 * First all that the new one needs is made beside what is there: collectors are opened,
 * inputs, caches and filters made. If anything fails, that is taken back and nothing has
 * changed. Then the change is made, and each packet is metered once, by the old
 * configuration or by the new one:
 *
 * - A worker whose way of metering changes gets a successor, who takes over its source and
 *   begins with an empty cache. What was live is exported as it was metered, before the
 *   first record of the new kind, and sessions go on with templates of their own.
 * - The filter of an input is exchanged in the kernel; what came before is metered.
 * - An input that is configured no more is read to its end.
 * - A collector that is configured otherwise is another one: the old one is sent what
 *   it was due, and ends.
 *
 * What cannot be changed so stays as it was, and is told. Main thread. */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "config/config.h"
#include "daemon/assembly.h"
#include "daemon/reload_plan.h"

#include <stdbool.h>

/* `to`, checked, is the assembly's on success, and differs from what was given where something
 * waits for a restart. False: *error says why, and all is as it was. The capture threads
 * run. May take as long as it takes to export what is live. */
bool reload(struct assembly *assembly, struct config *to, struct reload_report *report,
	struct config_error *error);

/* The same where nothing but inputs has changed, as interfaces come and go: no file is read. */
bool reload_inputs(struct assembly *assembly, struct config *to, struct reload_report *report,
	struct config_error *error);

#endif
