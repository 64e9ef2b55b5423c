/* ignored: why a frame makes no flow.
 *
 * A frame that is no valid IP packet is still accounted for: each reason below
 * is a counter of the ledger. One table gives every reason its verdict, its
 * name and how its value is written; a new reason is a constant and a row. */
#ifndef PACKET_IGNORED_H
#define PACKET_IGNORED_H

#include "packet/packet.h"

#include <stddef.h>
#include <stdint.h>

enum packet_ignored {
	/* PACKET_NOT_IP: sound as far as it was read, and something else than IP */
	PACKET_IGNORED_ETHERTYPE,    /* value: EtherType */
	PACKET_IGNORED_SNAP,         /* OUI << 16 | protocol */
	PACKET_IGNORED_LLC,          /* DSAP << 8 | SSAP */
	PACKET_IGNORED_NLPID,        /* ISO/IEC TR 9577 identifier */
	PACKET_IGNORED_SLL,          /* Linux cooked protocol below 1501 */
	PACKET_IGNORED_AF,           /* address family of a BSD-like link header */
	PACKET_IGNORED_RAW,          /* version nibble of a packet without a link header */
	PACKET_IGNORED_CHDLC,        /* first octet of a Cisco HDLC header */
	PACKET_IGNORED_PPP,          /* PPP protocol */
	PACKET_IGNORED_PPPOE,        /* version, type and code */
	PACKET_IGNORED_FRAME_RELAY,  /* first octet: no two-octet address begins here */
	PACKET_IGNORED_MPLS,         /* first nibble below the label stack */
	PACKET_IGNORED_WLAN_VERSION, /* 802.11 protocol version */
	PACKET_IGNORED_WLAN_TYPE,    /* 802.11 frame type: not data */
	PACKET_IGNORED_WLAN_NULL,    /* subtype: data without data */
	PACKET_IGNORED_WLAN_PROTECTED,
	PACKET_IGNORED_WLAN_FRAGMENT, /* fragment number, above 0 */
	PACKET_IGNORED_WLAN_AMSDU,
	/* PACKET_MALFORMED */
	PACKET_IGNORED_LINK_SHORT, /* cut before layer 3 */
	PACKET_IGNORED_LAYERS,     /* more headers inside each other than the limit */
	PACKET_IGNORED_IP_EMPTY,   /* cut where layer 3 would begin */
	PACKET_IGNORED_IP_VERSION, /* version nibble against what the link layer said */
	PACKET_IGNORED_IP4_SHORT,
	PACKET_IGNORED_IP4_IHL,     /* header length, below 5 words */
	PACKET_IGNORED_IP4_OPTIONS, /* header length in words: options cut */
	PACKET_IGNORED_IP4_LENGTH,  /* total length: less than the header's */
	PACKET_IGNORED_IP6_SHORT,
	/* PACKET_UNSUPPORTED_LINK */
	PACKET_IGNORED_LINK_TYPE, /* LINKTYPE_ number */
	PACKET_IGNORED_REASONS
};

/* A static string of small letters, digits and '-'. */
const char *packet_ignored_name(enum packet_ignored reason);
enum packet_verdict packet_ignored_verdict(enum packet_ignored reason);

/* Writes "name" or "name value" ("ethertype 0x0806"), always terminated when
 * size > 0; returns the length it needs, as snprintf does. */
int packet_ignored_print(char *text, size_t size, enum packet_ignored reason, uint64_t value);

#endif
