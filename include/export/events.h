/* events: the templates by which NAT events are told, RFC 8158.
 *
 * One for each address family. What a connection's ends are before and after the
 * translation, what happened to it and when: what NetFlow v9 collectors know as NAT Event
 * Logging. Constant after events_init(), then any thread. */
#ifndef EXPORT_EVENTS_H
#define EXPORT_EVENTS_H

#include "export/options_data.h"
#include "export/template.h"
#include "flow/event.h"

/* Behind those of a layout and of options. */
enum { EVENT_TEMPLATES = 2, EVENTS_FIRST_ID = 336 };
_Static_assert((int)OPTIONS_FIRST_ID + OPTION_KINDS <= (int)EVENTS_FIRST_ID, "apart");

struct events {
	unsigned count; /* 0: none is told */
	struct template template[EVENT_TEMPLATES];
};

/* `wanted` or none; NetFlow v5 cannot tell them. */
void events_init(struct events *events, uint16_t version, bool wanted);

/* Which of them tells it; there must be some. */
unsigned events_choose(const struct flow_event *event);

#endif
