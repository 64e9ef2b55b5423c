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

/* Template ids of events, so far behind a layout's first. */
enum { EVENT_TEMPLATES = 2, EVENTS_IDS = 96 };
_Static_assert((int)OPTIONS_IDS + OPTION_KINDS <= (int)EVENTS_IDS, "apart");
_Static_assert((int)EVENTS_IDS + EVENT_TEMPLATES <= (int)LAYOUT_IDS, "apart");

struct events {
	unsigned count; /* 0: none is told */
	struct template template[EVENT_TEMPLATES];
};

/* None unless `wanted`; NetFlow v5 cannot tell them. `layout`: of the session. */
void events_init(struct events *events, const struct layout *layout, uint16_t version, bool wanted);

/* Which of them tells it; there must be some. */
unsigned events_choose(const struct flow_event *event);

#endif
