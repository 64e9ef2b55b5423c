/* The table of elements against an excerpt of IANA's registry that is written
 * here once more, and against what its own types allow. */
#include "export/ie.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* As the registry lists them: number, name, abstract data type. */
static const struct {
	uint16_t id;
	const char *name;
	const char *type;
} registry[] = {
	{1, "octetDeltaCount", "unsigned64"},
	{2, "packetDeltaCount", "unsigned64"},
	{3, "deltaFlowCount", "unsigned64"},
	{4, "protocolIdentifier", "unsigned8"},
	{5, "ipClassOfService", "unsigned8"},
	{6, "tcpControlBits", "unsigned16"},
	{7, "sourceTransportPort", "unsigned16"},
	{8, "sourceIPv4Address", "ipv4Address"},
	{9, "sourceIPv4PrefixLength", "unsigned8"},
	{10, "ingressInterface", "unsigned32"},
	{11, "destinationTransportPort", "unsigned16"},
	{12, "destinationIPv4Address", "ipv4Address"},
	{13, "destinationIPv4PrefixLength", "unsigned8"},
	{14, "egressInterface", "unsigned32"},
	{15, "ipNextHopIPv4Address", "ipv4Address"},
	{16, "bgpSourceAsNumber", "unsigned32"},
	{17, "bgpDestinationAsNumber", "unsigned32"},
	{21, "flowEndSysUpTime", "unsigned32"},
	{22, "flowStartSysUpTime", "unsigned32"},
	{25, "minimumIpTotalLength", "unsigned64"},
	{26, "maximumIpTotalLength", "unsigned64"},
	{27, "sourceIPv6Address", "ipv6Address"},
	{28, "destinationIPv6Address", "ipv6Address"},
	{31, "flowLabelIPv6", "unsigned32"},
	{32, "icmpTypeCodeIPv4", "unsigned16"},
	{34, "samplingInterval", "unsigned32"},
	{35, "samplingAlgorithm", "unsigned8"},
	{36, "flowActiveTimeout", "unsigned16"},
	{37, "flowIdleTimeout", "unsigned16"},
	{40, "exportedOctetTotalCount", "unsigned64"},
	{41, "exportedMessageTotalCount", "unsigned64"},
	{42, "exportedFlowRecordTotalCount", "unsigned64"},
	{50, "samplerRandomInterval", "unsigned32"},
	{52, "minimumTTL", "unsigned8"},
	{53, "maximumTTL", "unsigned8"},
	{54, "fragmentIdentification", "unsigned32"},
	{56, "sourceMacAddress", "macAddress"},
	{58, "vlanId", "unsigned16"},
	{60, "ipVersion", "unsigned8"},
	{61, "flowDirection", "unsigned8"},
	{64, "ipv6ExtensionHeaders", "unsigned32"},
	{70, "mplsTopLabelStackSection", "octetArray"},
	{72, "mplsLabelStackSection3", "octetArray"},
	{80, "destinationMacAddress", "macAddress"},
	{82, "interfaceName", "string"},
	{83, "interfaceDescription", "string"},
	{85, "octetTotalCount", "unsigned64"},
	{86, "packetTotalCount", "unsigned64"},
	{88, "fragmentOffset", "unsigned16"},
	{89, "forwardingStatus", "unsigned8"},
	{130, "exporterIPv4Address", "ipv4Address"},
	{131, "exporterIPv6Address", "ipv6Address"},
	{136, "flowEndReason", "unsigned8"},
	{138, "observationPointId", "unsigned64"},
	{139, "icmpTypeCodeIPv6", "unsigned16"},
	{143, "meteringProcessId", "unsigned32"},
	{144, "exportingProcessId", "unsigned32"},
	{145, "templateId", "unsigned16"},
	{148, "flowId", "unsigned64"},
	{149, "observationDomainId", "unsigned32"},
	{150, "flowStartSeconds", "dateTimeSeconds"},
	{151, "flowEndSeconds", "dateTimeSeconds"},
	{152, "flowStartMilliseconds", "dateTimeMilliseconds"},
	{153, "flowEndMilliseconds", "dateTimeMilliseconds"},
	{154, "flowStartMicroseconds", "dateTimeMicroseconds"},
	{155, "flowEndMicroseconds", "dateTimeMicroseconds"},
	{156, "flowStartNanoseconds", "dateTimeNanoseconds"},
	{157, "flowEndNanoseconds", "dateTimeNanoseconds"},
	{158, "flowStartDeltaMicroseconds", "unsigned32"},
	{160, "systemInitTimeMilliseconds", "dateTimeMilliseconds"},
	{161, "flowDurationMilliseconds", "unsigned32"},
	{163, "observedFlowTotalCount", "unsigned64"},
	{164, "ignoredPacketTotalCount", "unsigned64"},
	{165, "ignoredOctetTotalCount", "unsigned64"},
	{166, "notSentFlowTotalCount", "unsigned64"},
	{167, "notSentPacketTotalCount", "unsigned64"},
	{168, "notSentOctetTotalCount", "unsigned64"},
	{173, "flowKeyIndicator", "unsigned64"},
	{176, "icmpTypeIPv4", "unsigned8"},
	{177, "icmpCodeIPv4", "unsigned8"},
	{178, "icmpTypeIPv6", "unsigned8"},
	{179, "icmpCodeIPv6", "unsigned8"},
	{184, "tcpSequenceNumber", "unsigned32"},
	{186, "tcpWindowSize", "unsigned16"},
	{192, "ipTTL", "unsigned8"},
	{195, "ipDiffServCodePoint", "unsigned8"},
	{197, "fragmentFlags", "unsigned8"},
	{200, "mplsTopLabelTTL", "unsigned8"},
	{201, "mplsLabelStackLength", "unsigned32"},
	{202, "mplsLabelStackDepth", "unsigned32"},
	{206, "isMulticast", "unsigned8"},
	{209, "tcpOptions", "unsigned64"},
	{210, "paddingOctets", "octetArray"},
	{214, "exportProtocolVersion", "unsigned8"},
	{217, "exporterTransportPort", "unsigned16"},
	{218, "tcpSynTotalCount", "unsigned64"},
	{225, "postNATSourceIPv4Address", "ipv4Address"},
	{227, "postNAPTSourceTransportPort", "unsigned16"},
	{230, "natEvent", "unsigned8"},
	{231, "initiatorOctets", "unsigned64"},
	{234, "ingressVRFID", "unsigned32"},
	{239, "biflowDirection", "unsigned8"},
	{243, "dot1qVlanId", "unsigned16"},
	{244, "dot1qPriority", "unsigned8"},
	{245, "dot1qCustomerVlanId", "unsigned16"},
	{256, "ethernetType", "unsigned16"},
	{276, "dataRecordsReliability", "boolean"},
	{281, "postNATSourceIPv6Address", "ipv6Address"},
	{291, "basicList", "basicList"},
	{292, "subTemplateList", "subTemplateList"},
	{293, "subTemplateMultiList", "subTemplateMultiList"},
	{298, "initiatorPackets", "unsigned64"},
	{302, "selectorId", "unsigned64"},
	{303, "informationElementId", "unsigned16"},
	{304, "selectorAlgorithm", "unsigned16"},
	{305, "samplingPacketInterval", "unsigned32"},
	{306, "samplingPacketSpace", "unsigned32"},
	{309, "samplingSize", "unsigned32"},
	{310, "samplingPopulation", "unsigned32"},
	{311, "samplingProbability", "float64"},
	{312, "dataLinkFrameSize", "unsigned16"},
	{323, "observationTimeMilliseconds", "dateTimeMilliseconds"},
	{339, "informationElementDataType", "unsigned8"},
	{341, "informationElementName", "string"},
	{344, "informationElementSemantics", "unsigned8"},
	{345, "informationElementUnits", "unsigned16"},
	{346, "privateEnterpriseNumber", "unsigned32"},
	{351, "layer2SegmentId", "unsigned64"},
	{352, "layer2OctetDeltaCount", "unsigned64"},
	{388, "dot1qDEI", "boolean"},
	{390, "flowSelectorAlgorithm", "unsigned16"},
	{515, "ipv6ExtensionHeadersFull", "unsigned256"},
	{517, "ipv6ExtensionHeadersLimit", "boolean"},
	{520, "tcpOptionsFull", "unsigned256"},
};

START_TEST(as_registered)
{
	const struct ie *ie = ie_find(0, registry[_i].id);

	ck_assert_msg(ie != NULL, "%u is missing", registry[_i].id);
	ck_assert_uint_eq(ie->id, registry[_i].id);
	ck_assert_uint_eq(ie->pen, 0);
	ck_assert_str_eq(ie->name, registry[_i].name);
	ck_assert_str_eq(ie_type_name((enum ie_type)ie->type), registry[_i].type);
	ck_assert_ptr_eq(ie_named(registry[_i].name), ie);
}
END_TEST

/* IANA's registry of data types (RFC 5610 section 3.1). */
static const struct {
	const char *name;
	uint8_t number;
} types[] = {
	{"octetArray", 0},
	{"unsigned8", 1},
	{"unsigned16", 2},
	{"unsigned32", 3},
	{"unsigned64", 4},
	{"float64", 10},
	{"boolean", 11},
	{"macAddress", 12},
	{"string", 13},
	{"dateTimeSeconds", 14},
	{"dateTimeMilliseconds", 15},
	{"dateTimeMicroseconds", 16},
	{"dateTimeNanoseconds", 17},
	{"ipv4Address", 18},
	{"ipv6Address", 19},
	{"basicList", 20},
	{"subTemplateList", 21},
	{"subTemplateMultiList", 22},
	{"unsigned256", 23},
};

START_TEST(numbers_of_types)
{
	ck_assert_uint_eq(sizeof types / sizeof types[0], IE_TYPES);
	for (size_t i = 0; i < IE_TYPES; i++)
		for (size_t k = 0; k < IE_TYPES; k++)
			if (strcmp(types[i].name, ie_type_name((enum ie_type)k)) == 0)
				ck_assert_uint_eq(ie_type_number((enum ie_type)k), types[i].number);
}
END_TEST

/* RFC 7011 section 6.2: integers may be shorter; RFC 7011 section 6.1: the rest as it is. */
static bool is_legal(enum ie_type type, unsigned length)
{
	switch (type) {
	case IE_UNSIGNED8:
	case IE_BOOLEAN: return length == 1;
	case IE_UNSIGNED16: return length >= 1 && length <= 2;
	case IE_UNSIGNED32: return length >= 1 && length <= 4;
	case IE_UNSIGNED64: return length >= 1 && length <= 8;
	case IE_FLOAT64: return length == 4 || length == 8;
	case IE_MAC_ADDRESS: return length == 6;
	case IE_SECONDS:
	case IE_IPV4_ADDRESS: return length == 4;
	case IE_MILLISECONDS:
	case IE_MICROSECONDS:
	case IE_NANOSECONDS: return length == 8;
	case IE_IPV6_ADDRESS: return length == 16;
	default: return length > 0;
	}
}

START_TEST(lengths_suit_their_types)
{
	for (size_t i = 0; i < IE_COUNT; i++) {
		const struct ie *ie = &ie_table[i];
		bool lists = ie->type == IE_BASIC_LIST || ie->type == IE_SUB_TEMPLATE_LIST ||
			     ie->type == IE_SUB_TEMPLATE_MULTI_LIST;

		ck_assert_msg(is_legal((enum ie_type)ie->type, ie->ipfix_length), "%s", ie->name);
		if (ie->ipfix_length == IE_VARIABLE || ie->pen)
			ck_assert_msg(ie->v9_length == 0,
				"%s: v9 has no variable length and no enterprises", ie->name);
		else
			ck_assert_msg(
				is_legal((enum ie_type)ie->type, ie->v9_length), "%s", ie->name);
		ck_assert_msg((lists || ie->pen) == !ie->v9_name, "%s", ie->name);
		ck_assert_msg(ie->id > 0 && ie->id < 0x8000, "%s", ie->name);
	}
}
END_TEST

START_TEST(each_is_found)
{
	for (size_t i = 0; i < IE_COUNT; i++) {
		const struct ie *ie = &ie_table[i];

		ck_assert_ptr_eq(ie_find(ie->pen, ie->id), ie);
		if (!ie->pen)
			ck_assert_ptr_eq(ie_find(IE_REVERSE_PEN, ie->id), ie);
		ck_assert_ptr_null(ie_find(6871, ie->id));
		ck_assert_ptr_eq(ie_named(ie->name), ie);
		if (ie->v9_name)
			ck_assert_msg(ie_named(ie->v9_name) == ie, "%s", ie->v9_name);
	}
	ck_assert_ptr_null(ie_find(0, 0));
	ck_assert_ptr_null(ie_find(0, 65535));
	ck_assert_ptr_null(ie_named("noSuchElement"));
	ck_assert_ptr_null(ie_named(""));
	ck_assert_ptr_eq(ie_named("OCTETdeltacount"), ie_find(0, 1));
	ck_assert_ptr_eq(ie_named("in_bytes"), ie_find(0, 1));
	ck_assert_ptr_eq(ie_named("FIRST_SWITCHED"), ie_find(0, 22));
}
END_TEST

/* In the order of their numbers, each once; enterprises' at the end. */
START_TEST(list)
{
	char *text = NULL, name[64];
	size_t size, lines = 0;
	unsigned id, last = 0;
	FILE *out = open_memstream(&text, &size);

	ie_list(out);
	fclose(out);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		unsigned of = 0, number;
		ck_assert_int_ge(sscanf(line, "%63s %u/%u", name, &id, &of), 2);
		number = of ? (id << 16) + of : id;
		ck_assert_uint_gt(number, last);
		last = number;
	}
	ck_assert_uint_eq(lines, IE_COUNT);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ie");
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, as_registered, 0, sizeof registry / sizeof registry[0]);
	tcase_add_test(table, lengths_suit_their_types);
	tcase_add_test(table, numbers_of_types);
	tcase_add_test(table, each_is_found);
	tcase_add_test(table, list);
	suite_add_tcase(suite, table);
	return suite_run(suite);
}
