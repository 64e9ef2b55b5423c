#!/bin/bash
# wide.sh: prints a configuration with a record of 40 elements of a user's own.
# matched: the default key and the link layer's; collected: of every kind that there is
match='"sourceIPv4Address", "destinationIPv4Address", "sourceTransportPort", "destinationTransportPort",
	"protocolIdentifier", "ipClassOfService", "ingressInterface", "sourceMacAddress", "destinationMacAddress",
	"dot1qVlanId", "dot1qCustomerVlanId", "ethernetType"'
collect='"packetDeltaCount", "octetDeltaCount", "flowStartMilliseconds", "flowEndMilliseconds", "flowEndReason",
	"tcpControlBits", "minimumTTL", "maximumTTL", "minimumIpTotalLength", "maximumIpTotalLength",
	"tcpSynTotalCount", "tcpFinTotalCount", "tcpRstTotalCount", "tcpPshTotalCount", "tcpAckTotalCount",
	"tcpUrgTotalCount", "tcpOptionsFull", "ipv4Options", "ipv6ExtensionHeadersFull", "fragmentIdentification",
	"fragmentFlags", "fragmentOffset", "layer2OctetDeltaCount", "mplsTopLabelStackSection", "dot1qPriority",
	"flowDurationMilliseconds", "ipTTL", "isMulticast"'
cat <<END
records = ( { name = "wide"; match = [$match]; collect = [$collect]; } );
cache = { record = "wide"; };
END
