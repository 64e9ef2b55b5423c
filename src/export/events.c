#include "export/events.h"

#include <assert.h>
#include <stddef.h>

enum { FIELDS = 11 };

#define PLACE(element, member)                                    \
	{                                                         \
		IE_##element, offsetof(struct flow_event, member) \
	}
#define OWN(element)            \
	{                       \
		IE_##element, 0 \
	}

/* By family; `offset`: where the value lies when that is not the element's own place. */
static const struct {
	uint16_t element;
	uint16_t offset;
} fields[EVENT_TEMPLATES][FIELDS] = {
	{PLACE(observationTimeMilliseconds, record.first), PLACE(natEvent, nat_session),
		OWN(protocolIdentifier), OWN(sourceIPv4Address), OWN(postNATSourceIPv4Address),
		OWN(sourceTransportPort), OWN(postNAPTSourceTransportPort),
		OWN(destinationIPv4Address), OWN(postNATDestinationIPv4Address),
		OWN(destinationTransportPort), OWN(postNAPTDestinationTransportPort)},
	{PLACE(observationTimeMilliseconds, record.first), PLACE(natEvent, nat_session),
		OWN(protocolIdentifier), OWN(sourceIPv6Address), OWN(postNATSourceIPv6Address),
		OWN(sourceTransportPort), OWN(postNAPTSourceTransportPort),
		OWN(destinationIPv6Address), OWN(postNATDestinationIPv6Address),
		OWN(destinationTransportPort), OWN(postNAPTDestinationTransportPort)},
};

_Static_assert(offsetof(struct flow_event, record) == 0, "encoded as a record is");

static void fill(struct template *t, unsigned first_id, unsigned family, uint16_t version)
{
	t->id = (uint16_t)(first_id + family);
	for (unsigned i = 0; i < FIELDS; i++) {
		const struct ie *ie = &ie_table[fields[family][i].element];
		uint16_t offset = fields[family][i].offset;
		if (ie == &ie_table[IE_natEvent] && version == 9)
			offset = offsetof(struct flow_event, nat);
		t->field[t->field_count++] = (struct template_field){.ie = ie,
			.length = ie_length(ie, version),
			.offset = offset ? offset : ie->offset};
	}
	bool legal = template_compile(t);
	assert(legal);
	(void)legal;
}

void events_init(struct events *e, const struct layout *layout, uint16_t version, bool wanted)
{
	*e = (struct events){.count = wanted && version != 5 ? EVENT_TEMPLATES : 0};
	for (unsigned i = 0; i < e->count; i++)
		fill(&e->template[i], layout -> first_id + EVENTS_IDS, i, version);
}

unsigned events_choose(const struct flow_event *event)
{
	return event->record.key.ip_version == 6;
}
