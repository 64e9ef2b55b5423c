/* The ready-made definitions. */
#include "export/definition.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KEY(element)                                \
	{                                           \
		IE_##element, DEFINITION_FLOW, true \
	}
#define COLLECT(element)                             \
	{                                            \
		IE_##element, DEFINITION_FLOW, false \
	}
#define SIDE(side, element)                           \
	{                                             \
		IE_##element, DEFINITION_##side, true \
	}
#define DEFINITION(text, ...)                                               \
	{                                                                   \
		.name = text,                                               \
		.count = sizeof((struct definition_field[]){__VA_ARGS__}) / \
			 sizeof(struct definition_field),                   \
		.field = {                                                  \
			__VA_ARGS__                                         \
		}                                                           \
	}

/* The classic seven, ICMP's type and code in the place of ports. */
#define FIVE_TUPLE                                                                     \
	KEY(sourceIPv4Address), KEY(destinationIPv4Address), KEY(sourceTransportPort), \
		KEY(destinationTransportPort), COLLECT(icmpTypeCodeIPv4),              \
		COLLECT(icmpTypeCodeIPv6), KEY(protocolIdentifier)
#define CLASSIC FIVE_TUPLE, KEY(ipClassOfService)
#define COUNTS  COLLECT(packetDeltaCount), COLLECT(octetDeltaCount)
#define TIMES   COLLECT(flowStartMilliseconds), COLLECT(flowEndMilliseconds)
#define COMMON                                                                        \
	CLASSIC, COLLECT(tcpControlBits), COLLECT(ipVersion), COLLECT(flowEndReason), \
		COLLECT(flowDirection), KEY(ingressInterface), COLLECT(egressInterface)

/* The first is the default. */
/* clang-format off */
static const struct definition ready[] = {
	DEFINITION("default", COMMON, COLLECT(vlanId), COUNTS, TIMES),
	DEFINITION("router",
		COMMON, COLLECT(vlanId), COLLECT(ipNextHopIPv4Address),
		COLLECT(sourceIPv4PrefixLength), COLLECT(destinationIPv4PrefixLength),
		COLLECT(bgpSourceAsNumber), COLLECT(bgpDestinationAsNumber), COUNTS, TIMES),
	DEFINITION("nat",
		COMMON, COLLECT(vlanId), COLLECT(ipNextHopIPv4Address),
		COLLECT(sourceIPv4PrefixLength), COLLECT(destinationIPv4PrefixLength),
		COLLECT(bgpSourceAsNumber), COLLECT(bgpDestinationAsNumber),
		COLLECT(postNATSourceIPv4Address), COLLECT(postNATDestinationIPv4Address),
		COLLECT(postNAPTSourceTransportPort), COLLECT(postNAPTDestinationTransportPort),
		COUNTS, TIMES),
	DEFINITION("minimal", FIVE_TUPLE, COUNTS, TIMES),
	DEFINITION("layer2",
		KEY(sourceMacAddress), KEY(destinationMacAddress), KEY(dot1qVlanId),
		KEY(dot1qCustomerVlanId), KEY(ethernetType), COMMON, COLLECT(dot1qPriority),
		COLLECT(dot1qCustomerPriority), COLLECT(layer2OctetDeltaCount),
		COLLECT(mplsTopLabelStackSection), COUNTS, TIMES),
	DEFINITION("tunnel",
		SIDE(OUTER, sourceIPv4Address), SIDE(OUTER, destinationIPv4Address),
		SIDE(INNER, sourceIPv4Address), SIDE(INNER, destinationIPv4Address),
		KEY(sourceTransportPort), KEY(destinationTransportPort), COLLECT(icmpTypeCodeIPv4),
		COLLECT(icmpTypeCodeIPv6), KEY(protocolIdentifier), KEY(ipClassOfService),
		KEY(layer2SegmentId), KEY(greKey), KEY(ingressInterface),
		COLLECT(ipVersion), COLLECT(tcpControlBits), COLLECT(flowEndReason), COUNTS, TIMES),
	DEFINITION("tcp",
		COMMON, COUNTS, TIMES, COLLECT(tcpSynTotalCount), COLLECT(tcpFinTotalCount),
		COLLECT(tcpRstTotalCount), COLLECT(tcpPshTotalCount), COLLECT(tcpAckTotalCount),
		COLLECT(tcpUrgTotalCount), COLLECT(tcpSequenceNumber),
		COLLECT(tcpAcknowledgementNumber), COLLECT(tcpWindowSize),
		COLLECT(tcpHeaderLength), COLLECT(tcpOptionsFull),
		COLLECT(RETRANSMITTED_IN_PKTS), COLLECT(RETRANSMITTED_OUT_PKTS),
		COLLECT(OOORDER_IN_PKTS), COLLECT(OOORDER_OUT_PKTS),
		COLLECT(TCP_WIN_MIN_IN), COLLECT(TCP_WIN_MAX_IN),
		COLLECT(TCP_WIN_MIN_OUT), COLLECT(TCP_WIN_MAX_OUT),
		COLLECT(CLIENT_NW_LATENCY_MS), COLLECT(SERVER_NW_LATENCY_MS)),
	DEFINITION("security",
		COMMON, COLLECT(vlanId), COLLECT(sourceMacAddress), COLLECT(destinationMacAddress),
		COUNTS, TIMES, COLLECT(minimumTTL), COLLECT(maximumTTL),
		COLLECT(minimumIpTotalLength), COLLECT(maximumIpTotalLength),
		COLLECT(tcpSynTotalCount), COLLECT(tcpFinTotalCount), COLLECT(tcpRstTotalCount),
		COLLECT(tcpAckTotalCount), COLLECT(tcpOptionsFull), COLLECT(ipv4Options),
		COLLECT(ipv6ExtensionHeadersFull), COLLECT(ipv6ExtensionHeadersLimit),
		COLLECT(fragmentIdentification), COLLECT(fragmentFlags), COLLECT(flowLabelIPv6)),
};
/* clang-format on */

bool definition_is_default(const struct definition *definition)
{
	return strcasecmp(definition->name, ready[0].name) == 0;
}

const struct definition *definition_ready(const char *name)
{
	for (size_t i = 0; i < sizeof ready / sizeof ready[0]; i++)
		if (strcasecmp(ready[i].name, name) == 0)
			return &ready[i];
	return NULL;
}

void definition_names(char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < sizeof ready / sizeof ready[0] && used < size; i++)
		used += (size_t)snprintf(
			text + used, size - used, "%s%s", i ? ", " : "", ready[i].name);
}
