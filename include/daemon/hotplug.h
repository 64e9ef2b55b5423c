/* hotplug: inputs that are named by patterns follow the interfaces that there are. */
#ifndef DAEMON_HOTPLUG_H
#define DAEMON_HOTPLUG_H

#include "daemon/assembly.h"
#include "daemon/reload.h"

#include <stdbool.h>

/* Main thread, when there is news of interfaces: lets go of inputs that have gone or have another
 * name, whose flows are exported, then takes up those that have come. What cannot be captured
 * is said on the log and left out. */
void hotplug_follow(struct assembly *assembly);

/* As reload(), of a configuration that may have patterns. */
bool hotplug_reload(struct assembly *assembly, struct config *to, struct reload_report *report,
	struct config_error *error);

#endif
