#include "export/definition.h"

#include "flow/biflow.h"
#include "flow/record.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FULL(member)  offsetof(struct flow_full_record, member)
#define FIRST(member) FULL(details.first.member)

/* What is known of a tunnel's other packet, and where. */
static const struct {
	uint16_t element;
	uint8_t side; /* enum definition_side */
	uint16_t offset;
} others[] = {
	{IE_sourceIPv4Address, DEFINITION_OUTER, FIRST(outer_source_address)},
	{IE_sourceIPv6Address, DEFINITION_OUTER, FIRST(outer_source_address)},
	{IE_destinationIPv4Address, DEFINITION_OUTER, FIRST(outer_destination_address)},
	{IE_destinationIPv6Address, DEFINITION_OUTER, FIRST(outer_destination_address)},
	{IE_ipVersion, DEFINITION_OUTER, FIRST(outer_ip_version)},
	{IE_sourceIPv4Address, DEFINITION_INNER, FIRST(inner_source_address)},
	{IE_sourceIPv6Address, DEFINITION_INNER, FIRST(inner_source_address)},
	{IE_destinationIPv4Address, DEFINITION_INNER, FIRST(inner_destination_address)},
	{IE_destinationIPv6Address, DEFINITION_INNER, FIRST(inner_destination_address)},
	{IE_ipVersion, DEFINITION_INNER, FIRST(inner_ip_version)},
	{IE_sourceTransportPort, DEFINITION_INNER, FIRST(inner_source_port)},
	{IE_destinationTransportPort, DEFINITION_INNER, FIRST(inner_destination_port)},
	{IE_protocolIdentifier, DEFINITION_INNER, FIRST(inner_protocol)},
};

/* Elements whose value is made from what the key has elsewhere: an interface is told as
 * the ingress or the egress one by the packet's direction. */
static const struct {
	uint16_t element;
	uint16_t offset;
	uint16_t size;
} keyed_elsewhere[] = {
	{IE_ingressInterface, FULL(record.key.interface), sizeof(uint32_t)},
	{IE_ingressInterface, FULL(record.key.direction), sizeof(uint8_t)},
	{IE_egressInterface, FULL(record.key.interface), sizeof(uint32_t)},
	{IE_egressInterface, FULL(record.key.direction), sizeof(uint8_t)},
	{IE_vlanId, FIRST(vlan.id), sizeof(uint16_t)},
	{IE_dot1qVlanId, FIRST(vlan.id), sizeof(uint16_t)},
};

/* What a biflow counts of each direction. */
#define DIRECTION(element, member)                                                       \
	{                                                                                \
		IE_##element, FULL(details.forward.member), FULL(details.reverse.member) \
	}
static const struct {
	uint16_t element;
	uint16_t forward, reverse;
} directions[] = {
	DIRECTION(octetDeltaCount, octets),
	DIRECTION(packetDeltaCount, packets),
	DIRECTION(octetTotalCount, octets),
	DIRECTION(packetTotalCount, packets),
	DIRECTION(tcpControlBits, tcp_control_bits),
	DIRECTION(flowStartSysUpTime, first),
	DIRECTION(flowEndSysUpTime, last),
	DIRECTION(flowStartSeconds, first),
	DIRECTION(flowEndSeconds, last),
	DIRECTION(flowStartMilliseconds, first),
	DIRECTION(flowEndMilliseconds, last),
	DIRECTION(flowStartMicroseconds, first),
	DIRECTION(flowEndMicroseconds, last),
	DIRECTION(flowStartNanoseconds, first),
	DIRECTION(flowEndNanoseconds, last),
	DIRECTION(flowDurationMilliseconds, first),
	DIRECTION(flowDurationMicroseconds, first),
	DIRECTION(minimumTTL, minimum_ttl),
	DIRECTION(maximumTTL, maximum_ttl),
};

bool definition_biflow(uint16_t element, uint16_t *forward, uint16_t *reverse)
{
	for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++) {
		if (directions[i].element != element)
			continue;
		*forward = directions[i].forward;
		*reverse = directions[i].reverse;
		return true;
	}
	return false;
}

static uint16_t other_offset(uint16_t element, uint8_t side)
{
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (others[i].element == element && others[i].side == side)
			return others[i].offset;
	return 0;
}

uint16_t definition_other(const struct definition_field *field, bool inner)
{
	enum definition_side own = inner ? DEFINITION_INNER : DEFINITION_OUTER;

	if (field->side == DEFINITION_FLOW || field->side == own)
		return 0;
	return other_offset(field->element, field->side);
}

bool definition_needs_biflow(uint16_t element)
{
	uint16_t offset = ie_table[element].offset;

	return offset == FULL(details.biflow_direction) ||
	       (offset >= FULL(details.forward) && offset < sizeof(struct flow_full_record));
}

bool definition_needs_answer(uint16_t element)
{
	uint16_t offset = ie_table[element].offset;

	return offset >= FULL(details.reverse) && offset < sizeof(struct flow_full_record);
}

bool definition_field_read(const char *text, struct definition_field *field)
{
	static const char *const sides[] = {
		[DEFINITION_OUTER] = "outer.", [DEFINITION_INNER] = "inner."};

	*field = (struct definition_field){.side = DEFINITION_FLOW};
	for (uint8_t side = DEFINITION_OUTER; side <= DEFINITION_INNER; side++)
		if (strncasecmp(text, sides[side], strlen(sides[side])) == 0) {
			field->side = side;
			text += strlen(sides[side]);
			break;
		}
	const struct ie *ie = ie_named(text);
	if (!ie)
		return false;
	field->element = (uint16_t)(ie - ie_table);
	return field->side == DEFINITION_FLOW || other_offset(field->element, field->side) != 0;
}

/* The bits of a value that the element tells of. */
static uint16_t part_mask(const struct ie *ie)
{
	switch ((enum ie_encoding)ie->encoding) {
	case IE_HIGH: return 0xff00;
	case IE_LOW: return 0x00ff;
	case IE_OFFSET: return 0x1fff;
	case IE_FLAGS: return 0xe000;
	case IE_DSCP: return 0xfc;
	case IE_PRECEDENCE: return 0xe0;
	default: return 0;
	}
}

/* Sets the bits of the element in the masks; false: it cannot be a key. */
static bool select_key(
	const struct ie *ie, uint16_t offset, uint16_t size, struct flow_selection *selection)
{
	uint8_t *mask;

	if (offset + size <= sizeof selection->key)
		mask = (uint8_t *)&selection->key + offset;
	else if (offset >= FULL(details.first) && offset < FULL(details.flow_id))
		mask = (uint8_t *)&selection->details + (offset - FULL(details.first));
	else
		return false;
	uint16_t part = part_mask(ie);
	if (!part) {
		memset(mask, 0xff, size);
	} else if (size == 1) {
		*mask |= (uint8_t)part;
	} else {
		uint16_t old;
		memcpy(&old, mask, sizeof old);
		old |= part;
		memcpy(mask, &old, sizeof old);
	}
	return true;
}

/* Of a value's octets those that are told: a label stack entry without its TTL. An
 * address of either family takes all, for its elements stand for each other. */
static uint16_t told_octets(const struct ie *ie)
{
	return ie->type == IE_OCTET_ARRAY ? ie->ipfix_length : ie->size;
}

static bool select_field(
	const struct definition_field *f, bool inner, struct flow_selection *selection)
{
	const struct ie *ie = &ie_table[f->element];
	uint16_t other = definition_other(f, inner);
	bool elsewhere = false;

	if (ie->encoding == IE_NONE || ie->encoding >= IE_DURATION)
		return false;
	if (other)
		return select_key(ie, other, ie->size, selection);
	for (size_t i = 0; i < sizeof keyed_elsewhere / sizeof keyed_elsewhere[0]; i++)
		if (keyed_elsewhere[i].element == f->element) {
			(void)select_key(
				ie, keyed_elsewhere[i].offset, keyed_elsewhere[i].size, selection);
			elsewhere = true;
		}
	return elsewhere || select_key(ie, ie->offset, told_octets(ie), selection);
}

bool definition_has_tunnel(const struct definition *d, bool inner)
{
	for (unsigned i = 0; i < d->count; i++)
		if (definition_other(&d->field[i], inner) ||
			d->field[i].element == IE_layer2SegmentId ||
			d->field[i].element == IE_greKey || d->field[i].element == IE_gtpuTEid)
			return true;
	return false;
}

static void select_fields(const struct definition *d, bool inner, struct flow_selection *selection)
{
	memset(&selection->key, 0, sizeof selection->key);
	selection->key.ip_version = UINT8_MAX; /* a record has one address family */
	/* Which packets this host forwards is told by no element, but its routes are. */
	selection->key.passing = UINT32_MAX;
	for (unsigned i = 0; i < d->count; i++) {
		const struct definition_field *f = &d->field[i];
		if (f->key)
			(void)select_field(f, inner, selection);
		if (ie_needs_details(&ie_table[f->element]) || definition_other(f, inner))
			selection->keeps_details = true;
	}
	for (size_t i = 0; i < sizeof selection->details; i++)
		if (((const uint8_t *)&selection->details)[i])
			selection->keeps_details = true;
}

void definition_select(
	const struct definition *d, bool inner, bool biflow, struct flow_selection *selection)
{
	*selection = flow_selection_default();
	if (!definition_is_default(d))
		select_fields(d, inner, selection);
	if (!biflow)
		return;
	selection->biflow = true;
	selection->keeps_details = true;
	if (definition_ready(d->name))
		selection->key.tos = 0;
}

static bool check_field(
	const struct definition_field *f, uint16_t version, bool ready, char *why, size_t size)
{
	const struct ie *ie = &ie_table[f->element];
	struct flow_selection scratch = {.keeps_details = false};

	if (ie->encoding == IE_NONE) {
		snprintf(why, size,
			"%s is known but weir has no value for it, --list-elements says which have "
			"one",
			ie->name);
		return false;
	}
	if (ie->is_option) {
		snprintf(why, size,
			"%s is told in options data or of events, no flow has a value for it",
			ie->name);
		return false;
	}
	if (version == 9 && !ready && (!ie->v9_name || ie->pen)) {
		snprintf(why, size, "%s cannot be told by NetFlow v9, IPFIX can", ie->name);
		return false;
	}
	if (f->key && !select_field(f, false, &scratch)) {
		snprintf(why, size, "%s cannot be matched, only collected", ie->name);
		return false;
	}
	return true;
}

/* Addresses of either family stand for each other. */
static bool same_thing(const struct definition_field *a, const struct definition_field *b)
{
	const struct ie *ia = &ie_table[a->element], *ib = &ie_table[b->element];

	return ia == ib ||
	       (ia->encoding == IE_BYTES && ib->encoding == IE_BYTES && ia->offset == ib->offset);
}

/* RFC 7011 section 8: of the same element twice, the outer packet's comes first. The
 * flow's own is the outer or the inner one, so it stands between them. */
static bool outer_is_first(const struct definition *d, char *why, size_t size)
{
	static const uint8_t place[] = {
		[DEFINITION_OUTER] = 0, [DEFINITION_FLOW] = 1, [DEFINITION_INNER] = 2};

	for (unsigned i = 0; i < d->count; i++)
		for (unsigned k = 0; k < i; k++)
			if (same_thing(&d->field[i], &d->field[k]) &&
				place[d->field[i].side] < place[d->field[k].side]) {
				snprintf(why, size, "%s%s stands before the outer packet's",
					d->field[k].side == DEFINITION_INNER ? "inner." : "",
					ie_table[d->field[k].element].name);
				return false;
			}
	return true;
}

bool definition_check(const struct definition *d, uint16_t version, char *why, size_t size)
{
	bool key = false;

	if (version == 5 && !definition_is_default(d)) {
		snprintf(why, size, "NetFlow v5 has a record of its own, allowed: default");
		return false;
	}
	for (unsigned i = 0; i < d->count; i++) {
		const struct definition_field *f = &d->field[i];
		if (!check_field(f, version, definition_ready(d->name), why, size))
			return false;
		for (unsigned k = 0; k < i; k++)
			if (d->field[k].element == f->element && d->field[k].side == f->side) {
				snprintf(why, size, "%s stands there twice",
					ie_table[f->element].name);
				return false;
			}
		key |= f->key;
	}
	if (!key) {
		snprintf(why, size, "nothing is matched, a flow has at least one key field");
		return false;
	}
	return outer_is_first(d, why, size);
}

bool definition_check_biflow(const struct definition *d, uint16_t version, char *why, size_t size)
{
	struct flow_selection one, turned;

	if (version == 5) {
		snprintf(why, size, "NetFlow v5 has no biflows, NetFlow v9 and IPFIX have");
		return false;
	}
	definition_select(d, false, true, &one);
	turned = one;
	biflow_turn_key(&turned.key);
	biflow_turn_details(&turned.details);
	if (memcmp(&one.key, &turned.key, sizeof one.key) == 0 &&
		memcmp(&one.details, &turned.details, sizeof one.details) == 0)
		return true;
	snprintf(why, size,
		"biflows match both ends or neither: source and destination of addresses, "
		"ports and MAC addresses");
	return false;
}
