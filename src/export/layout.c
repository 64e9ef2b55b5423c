#include "export/layout.h"

#include <assert.h>
#include <netinet/in.h>

struct item {
	enum ie_index ie;
	uint16_t length; /* 0: the protocol's own */
};

enum { LAYOUT_IPV4, LAYOUT_IPV6, LAYOUT_ICMP4, LAYOUT_ICMP6 };

#define ITEMS(...) ((const struct item[]){__VA_ARGS__, {IE_COUNT, 0}})
#define ADDRESSES(family)                          \
	{IE_source##family##Address, 0},           \
	{                                          \
		IE_destination##family##Address, 0 \
	}
#define PORTS                                  \
	{IE_sourceTransportPort, 0},           \
	{                                      \
		IE_destinationTransportPort, 0 \
	}
#define FACTS                                                                         \
	{IE_protocolIdentifier, 0}, {IE_ipClassOfService, 0}, {IE_tcpControlBits, 0}, \
		{IE_ipVersion, 0}, {IE_flowEndReason, 0}, {IE_flowDirection, 0},      \
		{IE_ingressInterface, 0}, {IE_egressInterface, 0}, {IE_vlanId, 0},    \
		{IE_packetDeltaCount, 0},                                             \
	{                                                                             \
		IE_octetDeltaCount, 0                                                 \
	}
#define UPTIMES                        \
	{IE_flowStartSysUpTime, 0},    \
	{                              \
		IE_flowEndSysUpTime, 0 \
	}
#define MILLISECONDS                      \
	{IE_flowStartMilliseconds, 0},    \
	{                                 \
		IE_flowEndMilliseconds, 0 \
	}

/* Cisco's fixed record of 48 octets, in its order. */
static const struct item *const netflow5[LAYOUT_TEMPLATES] = {
	ITEMS(ADDRESSES(IPv4), {IE_ipNextHopIPv4Address, 4}, {IE_ingressInterface, 2},
		{IE_egressInterface, 2}, {IE_packetDeltaCount, 4}, {IE_octetDeltaCount, 4}, UPTIMES,
		PORTS, {IE_paddingOctets, 1}, {IE_tcpControlBits, 1}, {IE_protocolIdentifier, 1},
		{IE_ipClassOfService, 1}, {IE_bgpSourceAsNumber, 2}, {IE_bgpDestinationAsNumber, 2},
		{IE_sourceIPv4PrefixLength, 1}, {IE_destinationIPv4PrefixLength, 1},
		{IE_paddingOctets, 2}),
};

/* ICMP's type and code travel in the destination port, as Cisco sends them, and
 * in ICMP_TYPE, which is where nfdump looks. */
static const struct item *const netflow9[LAYOUT_TEMPLATES] = {
	ITEMS(ADDRESSES(IPv4), PORTS, FACTS, UPTIMES),
	ITEMS(ADDRESSES(IPv6), PORTS, FACTS, UPTIMES),
	ITEMS(ADDRESSES(IPv4), PORTS, {IE_icmpTypeCodeIPv4, 0}, FACTS, UPTIMES),
	ITEMS(ADDRESSES(IPv6), PORTS, {IE_icmpTypeCodeIPv4, 0}, FACTS, UPTIMES),
};

static const struct item *const ipfix[LAYOUT_TEMPLATES] = {
	ITEMS(ADDRESSES(IPv4), PORTS, FACTS, MILLISECONDS),
	ITEMS(ADDRESSES(IPv6), PORTS, FACTS, MILLISECONDS),
	ITEMS(ADDRESSES(IPv4), {IE_icmpTypeCodeIPv4, 0}, FACTS, MILLISECONDS),
	ITEMS(ADDRESSES(IPv6), {IE_icmpTypeCodeIPv6, 0}, FACTS, MILLISECONDS),
};

static void fill(struct template *t, const struct item *item, uint16_t version)
{
	for (; item->ie != IE_COUNT; item++) {
		const struct ie *ie = &ie_table[item->ie];
		uint16_t own = version == 10 ? ie->ipfix_length : ie->v9_length;
		t->field[t->field_count++] =
			(struct template_field){ie, item->length ? item->length : own};
	}
}

void layout_init(struct layout *layout, uint16_t version)
{
	const struct item *const *records = version == 5   ? netflow5
					    : version == 9 ? netflow9
							   : ipfix;

	*layout = (struct layout){0};
	for (unsigned i = 0; i < LAYOUT_TEMPLATES && records[i]; i++) {
		struct template *t = &layout->template[layout->count++];
		t->id = (uint16_t)(TEMPLATE_FIRST_ID + i);
		fill(t, records[i], version);
		bool legal = template_compile(t);
		assert(legal);
		(void)legal;
	}
}

const struct template *layout_choose(const struct layout *layout, const struct flow_record *r)
{
	unsigned i = r->key.ip_version == 6 ? LAYOUT_IPV6 : LAYOUT_IPV4;

	if (layout->count > LAYOUT_ICMP4) {
		if (i == LAYOUT_IPV4 && r->key.protocol == IPPROTO_ICMP)
			i = LAYOUT_ICMP4;
		else if (i == LAYOUT_IPV6 && r->key.protocol == IPPROTO_ICMPV6)
			i = LAYOUT_ICMP6;
	}
	return i < layout->count ? &layout->template[i] : NULL;
}
