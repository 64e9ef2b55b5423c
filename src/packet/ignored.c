/* The reasons' table. */
#include "packet/ignored.h"

#include <inttypes.h>
#include <stdio.h>

enum { NO_VALUE = -1, DECIMAL = 0 }; /* digits: else that many hexadecimal ones */

struct reason {
	const char *name;
	uint8_t verdict; /* enum packet_verdict */
	int8_t digits;
};

/* clang-format off */
static const struct reason reasons[PACKET_IGNORED_REASONS] = {
	[PACKET_IGNORED_ETHERTYPE]      = {"ethertype", PACKET_NOT_IP, 4},
	[PACKET_IGNORED_SNAP]           = {"snap", PACKET_NOT_IP, 10},
	[PACKET_IGNORED_LLC]            = {"llc", PACKET_NOT_IP, 4},
	[PACKET_IGNORED_NLPID]          = {"nlpid", PACKET_NOT_IP, 2},
	[PACKET_IGNORED_SLL]            = {"sll", PACKET_NOT_IP, 4},
	[PACKET_IGNORED_AF]             = {"address-family", PACKET_NOT_IP, DECIMAL},
	[PACKET_IGNORED_RAW]            = {"raw-nibble", PACKET_NOT_IP, 1},
	[PACKET_IGNORED_CHDLC]          = {"cisco-hdlc", PACKET_NOT_IP, 2},
	[PACKET_IGNORED_PPP]            = {"ppp", PACKET_NOT_IP, 4},
	[PACKET_IGNORED_PPPOE]          = {"pppoe", PACKET_NOT_IP, 4},
	[PACKET_IGNORED_FRAME_RELAY]    = {"frame-relay-address", PACKET_NOT_IP, 2},
	[PACKET_IGNORED_MPLS]           = {"mpls-payload", PACKET_NOT_IP, 1},
	[PACKET_IGNORED_WLAN_VERSION]   = {"wlan-version", PACKET_NOT_IP, DECIMAL},
	[PACKET_IGNORED_WLAN_TYPE]      = {"wlan-type", PACKET_NOT_IP, DECIMAL},
	[PACKET_IGNORED_WLAN_NULL]      = {"wlan-null", PACKET_NOT_IP, NO_VALUE},
	[PACKET_IGNORED_WLAN_PROTECTED] = {"wlan-protected", PACKET_NOT_IP, NO_VALUE},
	[PACKET_IGNORED_WLAN_FRAGMENT]  = {"wlan-fragment", PACKET_NOT_IP, NO_VALUE},
	[PACKET_IGNORED_WLAN_AMSDU]     = {"wlan-amsdu", PACKET_NOT_IP, NO_VALUE},
	[PACKET_IGNORED_LINK_SHORT]     = {"link-short", PACKET_MALFORMED, NO_VALUE},
	[PACKET_IGNORED_LAYERS]         = {"layer-limit", PACKET_MALFORMED, NO_VALUE},
	[PACKET_IGNORED_IP_EMPTY]       = {"ip-empty", PACKET_MALFORMED, NO_VALUE},
	[PACKET_IGNORED_IP_VERSION]     = {"ip-version", PACKET_MALFORMED, DECIMAL},
	[PACKET_IGNORED_IP4_SHORT]      = {"ip4-short", PACKET_MALFORMED, NO_VALUE},
	[PACKET_IGNORED_IP4_IHL]        = {"ip4-ihl", PACKET_MALFORMED, DECIMAL},
	[PACKET_IGNORED_IP4_OPTIONS]    = {"ip4-options-cut", PACKET_MALFORMED, NO_VALUE},
	[PACKET_IGNORED_IP4_LENGTH]     = {"ip4-total-length", PACKET_MALFORMED, NO_VALUE},
	[PACKET_IGNORED_IP6_SHORT]      = {"ip6-short", PACKET_MALFORMED, NO_VALUE},
	[PACKET_IGNORED_LINK_TYPE]      = {"link-type", PACKET_UNSUPPORTED_LINK, DECIMAL},
};
/* clang-format on */

const char *packet_ignored_name(enum packet_ignored reason)
{
	return (unsigned)reason < PACKET_IGNORED_REASONS ? reasons[reason].name : "unknown";
}

enum packet_verdict packet_ignored_verdict(enum packet_ignored reason)
{
	return reasons[reason].verdict;
}

int packet_ignored_print(char *text, size_t size, enum packet_ignored reason, uint64_t value)
{
	const char *name = packet_ignored_name(reason);
	int digits = (unsigned)reason < PACKET_IGNORED_REASONS ? reasons[reason].digits : NO_VALUE;

	if (digits == NO_VALUE)
		return snprintf(text, size, "%s", name);
	if (digits == DECIMAL)
		return snprintf(text, size, "%s %" PRIu64, name, value);
	return snprintf(text, size, "%s 0x%0*" PRIx64, name, digits, value);
}
