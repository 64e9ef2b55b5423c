#include "export/layout.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>

/* What a template is for. */
struct variant {
	uint8_t version; /* of the flow's IP: 4 or 6 */
	bool icmp;
	uint8_t other; /* of the IP on the tunnel's other side, 0: it is none */
	bool answered; /* a biflow with packets of both directions */
};

enum { UNANSWERED = LAYOUT_TEMPLATES / 2 }; /* variants, all others are answered biflows' */

struct item {
	enum ie_index ie;
	uint16_t length;
};

/* Cisco's fixed record of 48 octets, in its order. */
static const struct item netflow5[] = {
	{IE_sourceIPv4Address, 4},
	{IE_destinationIPv4Address, 4},
	{IE_ipNextHopIPv4Address, 4},
	{IE_ingressInterface, 2},
	{IE_egressInterface, 2},
	{IE_packetDeltaCount, 4},
	{IE_octetDeltaCount, 4},
	{IE_flowStartSysUpTime, 4},
	{IE_flowEndSysUpTime, 4},
	{IE_sourceTransportPort, 2},
	{IE_destinationTransportPort, 2},
	{IE_paddingOctets, 1},
	{IE_tcpControlBits, 1},
	{IE_protocolIdentifier, 1},
	{IE_ipClassOfService, 1},
	{IE_bgpSourceAsNumber, 2},
	{IE_bgpDestinationAsNumber, 2},
	{IE_sourceIPv4PrefixLength, 1},
	{IE_destinationIPv4PrefixLength, 1},
	{IE_paddingOctets, 2},
};

/* Elements that only some flows have a value for; `pair`: its other family's, which
 * takes its place there. */
static const struct {
	uint16_t element;
	uint8_t version; /* 0: either */
	bool icmp;       /* ICMP alone */
	uint16_t pair;
} particular[] = {
	{IE_sourceIPv4Address, 4, false, IE_sourceIPv6Address},
	{IE_sourceIPv6Address, 6, false, IE_sourceIPv4Address},
	{IE_destinationIPv4Address, 4, false, IE_destinationIPv6Address},
	{IE_destinationIPv6Address, 6, false, IE_destinationIPv4Address},
	{IE_ipNextHopIPv4Address, 4, false, IE_ipNextHopIPv6Address},
	{IE_ipNextHopIPv6Address, 6, false, IE_ipNextHopIPv4Address},
	{IE_postNATSourceIPv4Address, 4, false, IE_postNATSourceIPv6Address},
	{IE_postNATSourceIPv6Address, 6, false, IE_postNATSourceIPv4Address},
	{IE_postNATDestinationIPv4Address, 4, false, IE_postNATDestinationIPv6Address},
	{IE_postNATDestinationIPv6Address, 6, false, IE_postNATDestinationIPv4Address},
	{IE_sourceIPv4PrefixLength, 4, false, IE_sourceIPv6PrefixLength},
	{IE_sourceIPv6PrefixLength, 6, false, IE_sourceIPv4PrefixLength},
	{IE_destinationIPv4PrefixLength, 4, false, IE_destinationIPv6PrefixLength},
	{IE_destinationIPv6PrefixLength, 6, false, IE_destinationIPv4PrefixLength},
	{IE_icmpTypeCodeIPv4, 4, true, IE_COUNT},
	{IE_icmpTypeCodeIPv6, 6, true, IE_COUNT},
	{IE_icmpTypeIPv4, 4, true, IE_COUNT},
	{IE_icmpCodeIPv4, 4, true, IE_COUNT},
	{IE_icmpTypeIPv6, 6, true, IE_COUNT},
	{IE_icmpCodeIPv6, 6, true, IE_COUNT},
	{IE_ipv4Options, 4, false, IE_COUNT},
	{IE_flowLabelIPv6, 6, false, IE_COUNT},
	{IE_ipv6ExtensionHeadersFull, 6, false, IE_COUNT},
	{IE_ipv6ExtensionHeadersLimit, 6, false, IE_COUNT},
};

enum { PARTICULARS = sizeof particular / sizeof particular[0] };

static const struct {
	uint16_t first, last;
} times[] = {
	[LAYOUT_TIMES_SECONDS] = {IE_flowStartSeconds, IE_flowEndSeconds},
	[LAYOUT_TIMES_MILLISECONDS] = {IE_flowStartMilliseconds, IE_flowEndMilliseconds},
	[LAYOUT_TIMES_MICROSECONDS] = {IE_flowStartMicroseconds, IE_flowEndMicroseconds},
	[LAYOUT_TIMES_NANOSECONDS] = {IE_flowStartNanoseconds, IE_flowEndNanoseconds},
	[LAYOUT_TIMES_RELATIVE] = {IE_flowStartSysUpTime, IE_flowEndSysUpTime},
};

static enum layout_times times_of(const struct layout_options *o)
{
	if (o->times == LAYOUT_TIMES_AUTO && o->version == 9 &&
		definition_ready(o->definition->name))
		return LAYOUT_TIMES_RELATIVE;
	return o->times;
}

static uint16_t in_times(uint16_t element, enum layout_times wanted)
{
	if (wanted == LAYOUT_TIMES_AUTO)
		return element;
	for (int i = LAYOUT_TIMES_SECONDS; i <= LAYOUT_TIMES_RELATIVE; i++) {
		if (element == times[i].first)
			return times[wanted].first;
		if (element == times[i].last)
			return times[wanted].last;
	}
	return element;
}

static bool is_port(uint16_t element)
{
	return element == IE_sourceTransportPort || element == IE_destinationTransportPort;
}

static bool has_icmp(const struct definition *d)
{
	for (unsigned i = 0; i < d->count; i++)
		for (unsigned k = 0; k < PARTICULARS; k++)
			if (d->field[i].element == particular[k].element && particular[k].icmp)
				return true;
	return false;
}

static bool has_other(const struct definition *d, bool inner)
{
	for (unsigned i = 0; i < d->count; i++)
		if (definition_other(&d->field[i], inner))
			return true;
	return false;
}

/* The element that tells this of such a flow; IE_COUNT: there is none. Collectors of
 * v9 look for ICMP's type and code of either version in ICMP_TYPE and ports. */
static uint16_t element_for(
	uint16_t element, const struct variant *v, uint8_t version, uint16_t protocol)
{
	if (protocol == 9 && v->icmp && version == 6 && element == IE_icmpTypeCodeIPv4)
		return element;
	if (protocol == 9 && element == IE_icmpTypeCodeIPv6)
		return IE_COUNT;
	for (unsigned k = 0; k < PARTICULARS; k++) {
		if (particular[k].element != element)
			continue;
		if (particular[k].icmp && !v->icmp)
			return IE_COUNT;
		return particular[k].version == version ? element : particular[k].pair;
	}
	return element;
}

/* Whether records have a value for it, and this protocol a way to tell: a ready-made
 * definition may have more than that, and loses it. */
static bool is_told(uint16_t element, const struct layout_options *o, const struct variant *v)
{
	const struct ie *ie = &ie_table[element];

	if (o->version == 9 && (!ie->v9_name || ie->pen))
		return false;
	if (definition_needs_answer(element) && !v->answered)
		return false;
	return o->biflow || !definition_needs_biflow(element);
}

static bool has_field(const struct template *t, const struct ie *ie, uint16_t offset)
{
	for (unsigned i = 0; i < t->field_count; i++)
		if (t->field[i].ie == ie && t->field[i].offset == offset)
			return true;
	return false;
}

static void add_field(
	struct template *t, uint16_t element, uint16_t offset, uint16_t version, bool key)
{
	const struct ie *ie = &ie_table[element];

	if (!has_field(t, ie, offset))
		t->field[t->field_count++] = (struct template_field){
			.ie = ie, .length = ie_length(ie, version), .offset = offset, .key = key};
}

static bool keys_on_ports(const struct definition *d)
{
	for (unsigned i = 0; i < d->count; i++)
		if (d->field[i].element == IE_destinationTransportPort && d->field[i].key)
			return true;
	return false;
}

/* Whether flows differ by the field: what is matched, ICMP's type and code, which are
 * matched where ports are; of biflows not the ready-made definitions' type of service
 * (definition_select). */
static bool is_key(const struct definition_field *f, const struct layout_options *o)
{
	if (ie_table[f->element].offset == ie_table[IE_destinationTransportPort].offset)
		return f->key || keys_on_ports(o->definition);
	if (o->biflow && f->element == IE_ipClassOfService && definition_ready(o->definition->name))
		return false;
	return f->key;
}

static uint16_t forward_offset(uint16_t element, const struct layout_options *o)
{
	uint16_t forward, reverse;

	if (o->biflow && definition_biflow(element, &forward, &reverse))
		return forward;
	return ie_table[element].offset;
}

/* What a biflow has of the other direction: reverse elements, for which v9 has no
 * enterprise, only IANA's counts of the responder. */
static void add_reverse(struct template *t, const struct layout_options *o)
{
	uint16_t forward, reverse;
	unsigned own = t->field_count;

	if (o->version == 9) {
		add_field(t, IE_responderOctets, ie_table[IE_responderOctets].offset, 9, false);
		add_field(t, IE_responderPackets, ie_table[IE_responderPackets].offset, 9, false);
		return;
	}
	for (unsigned i = 0; i < own && t->field_count < TEMPLATE_FIELDS; i++) {
		const struct template_field *f = &t->field[i];
		uint16_t element = (uint16_t)(f->ie - ie_table);
		if (definition_biflow(element, &forward, &reverse) && f->offset == forward)
			t->field[t->field_count++] = (struct template_field){.ie = f->ie,
				.length = f->length,
				.offset = reverse,
				.reverse = true};
	}
}

static void fill(struct template *t, const struct layout_options *o, const struct variant *v)
{
	for (unsigned i = 0; i < o->definition->count; i++) {
		const struct definition_field *f = &o->definition->field[i];
		uint16_t other = definition_other(f, o->inner);
		if (other && !v->other)
			continue;
		uint16_t element =
			element_for(f->element, v, other ? v->other : v->version, o->version);
		if (element == IE_COUNT || !is_told(element, o, v))
			continue;
		if (!other && v->icmp && is_port(element) && o->version == 10)
			continue;
		element = in_times(element, times_of(o));
		add_field(t, element, other ? other : forward_offset(element, o), o->version,
			is_key(f, o));
	}
}

static void fill_biflow(struct template *t, const struct layout_options *o, const struct variant *v)
{
	if (!o->biflow)
		return;
	add_field(t, IE_biflowDirection, ie_table[IE_biflowDirection].offset, o->version, false);
	if (v->answered)
		add_reverse(t, o);
}

/* A set is padded to four octets: a shorter record would be seen in its padding (RFC 7011
 * section 3.3.1), and a template without fields withdraws it (section 8.1). */
static void lengthen(struct template *t)
{
	enum { SHORTEST = 4 };
	unsigned octets = 0;

	for (unsigned i = 0; i < t->field_count; i++)
		octets += t->field[i].length;
	if (octets < SHORTEST)
		t->field[t->field_count++] = (struct template_field){
			.ie = &ie_table[IE_paddingOctets], .length = (uint16_t)(SHORTEST - octets)};
}

static bool is_relative(const struct template *t)
{
	for (unsigned i = 0; i < t->field_count; i++)
		if (t->field[i].ie->encoding == IE_UPTIME)
			return true;
	return false;
}

/* RFC 7011 section 6.2; the last four of the twelve bits are those of the second octet. */
static void shorten_control_bits(struct template *t, const struct layout_options *o)
{
	for (unsigned i = 0; i < t->field_count && o->version == 10 && o->control_bits; i++)
		if (t->field[i].ie == &ie_table[IE_tcpControlBits])
			t->field[i].length = o->control_bits;
}

static struct variant variant_of(unsigned index)
{
	static const uint8_t others[] = {0, 4, 6};

	return (struct variant){
		.version = index % 2 ? 6 : 4,
		.icmp = index / 2 % 2,
		.other = others[index / 4 % 3],
		.answered = index >= UNANSWERED,
	};
}

static void add_template(struct layout *l, unsigned variant, const struct layout_options *o)
{
	struct template *t = &l->template[l->count++];

	t->id = (uint16_t)(l->first_id + l->count - 1);
	l->by_variant[variant] = (uint8_t)l->count;
	l->has_icmp |= variant_of(variant).icmp;
	l->has_other |= variant_of(variant).other > 0;
	l->relative |= is_relative(t);
	if (o->version == 10 && is_relative(t))
		add_field(t, IE_systemInitTimeMilliseconds,
			ie_table[IE_systemInitTimeMilliseconds].offset, 10, false);
	shorten_control_bits(t, o);
	lengthen(t);
	bool legal = template_compile(t);
	assert(legal);
	(void)legal;
}

/* Its fixed record takes no definition. */
static void init_netflow5(struct layout *l, const struct layout_options *o)
{
	struct template *t = &l->template[0];

	for (size_t i = 0; i < sizeof netflow5 / sizeof netflow5[0]; i++) {
		const struct ie *ie = &ie_table[netflow5[i].ie];
		t->field[t->field_count++] = (struct template_field){
			.ie = ie, .length = netflow5[i].length, .offset = ie->offset};
	}
	add_template(l, 0, o);
}

static unsigned variant_index(const struct variant *v)
{
	unsigned other = v->other == 0 ? 0 : v->other == 4 ? 1 : 2;

	return (v->answered ? UNANSWERED : 0) + other * 4 + (v->icmp ? 2 : 0) + (v->version == 6);
}

void layout_init(struct layout *l, const struct layout_options *o)
{
	*l = (struct layout){
		.first_id = (uint16_t)(TEMPLATE_FIRST_ID + o->generation * LAYOUT_IDS),
		.inner = o->inner,
		.biflow = o->biflow,
	};
	snprintf(l->name, sizeof l->name, "%s", o->version == 5 ? "netflow5" : o->definition->name);
	if (o->version == 5) {
		init_netflow5(l, o);
		return;
	}
	bool icmp = has_icmp(o->definition), other = has_other(o->definition, o->inner);
	for (unsigned i = 0; i < LAYOUT_TEMPLATES; i++) {
		struct variant v = variant_of(i);
		if ((v.icmp && !icmp) || (v.other && !other) || (v.answered && !o->biflow))
			continue;
		fill(&l->template[l->count], o, &v);
		fill_biflow(&l->template[l->count], o, &v);
		add_template(l, i, o);
	}
}

void layout_name(const struct layout *l, unsigned index, char *text, size_t size)
{
	unsigned i = 0;

	while (i < LAYOUT_TEMPLATES - 1 && l->by_variant[i] != index + 1)
		i++;
	struct variant v = variant_of(i);
	snprintf(text, size, "%s: IPv%d%s%s%s%s", l->name, v.version, v.icmp ? ", ICMP" : "",
		v.other == 0   ? ""
		: v.other == 4 ? ", IPv4 "
			       : ", IPv6 ",
		v.other == 0 ? ""
		: l->inner   ? "outside"
			     : "inside",
		v.answered ? ", answered" : "");
}

static bool is_icmp(const struct flow_record *r)
{
	return r->key.protocol == (r->key.ip_version == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static const struct flow_details *details_of(const struct flow_record *r)
{
	return &((const struct flow_full_record *)(const void *)r)->details;
}

/* What stands on the tunnel's other side; a layout without templates for that does not
 * look, for the record may have no details. */
static uint8_t other_of(const struct layout *l, const struct flow_record *r)
{
	if (!l->has_other)
		return 0;
	const struct packet_details *first = &details_of(r)->first;
	return l->inner ? first->outer_ip_version : first->inner_ip_version;
}

const struct template *layout_choose(const struct layout *l, const struct flow_record *r)
{
	struct variant v = {.version = r->key.ip_version, .icmp = l->has_icmp && is_icmp(r)};

	/* Most layouts have neither, and their records are told apart in a few instructions. */
	if (__builtin_expect(l->has_other || l->biflow, 0)) {
		v.other = other_of(l, r);
		v.answered = l->biflow && details_of(r)->reverse.packets > 0;
	}
	uint8_t index = l->by_variant[variant_index(&v)];

	return index ? &l->template[index - 1] : NULL;
}
