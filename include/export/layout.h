/* layout: the templates by which one protocol tells of one definition.
 *
 * Flows differ in what is known of them, and what is unknown is left out of a record
 * instead of sent as zero: so a definition has a template for each address family, for
 * ICMP where it has elements for it, and for each kind of packet in a tunnel. Cisco's
 * NetFlow v5 has one record. Constant after layout_init(), then any thread. */
#ifndef EXPORT_LAYOUT_H
#define EXPORT_LAYOUT_H

#include "export/definition.h"
#include "export/template.h"

/* Family, ICMP or not, no, an IPv4 or an IPv6 packet on the tunnel's other side, and
 * biflows without or with an answer. */
enum { LAYOUT_TEMPLATES = 2 * 2 * 3 * 2 };

/* In which elements the times of flows are told. */
enum layout_times {
	LAYOUT_TIMES_AUTO, /* as the definition names them; ready-made ones in v9: relative */
	LAYOUT_TIMES_SECONDS,
	LAYOUT_TIMES_MILLISECONDS,
	LAYOUT_TIMES_MICROSECONDS,
	LAYOUT_TIMES_NANOSECONDS,
	LAYOUT_TIMES_RELATIVE, /* to sysUptime; IPFIX gets systemInitTimeMilliseconds too */
};

/* Template ids of one definition; another one that takes its place in a session has other
 * ids, since collectors may still have the old templates (RFC 7011 section 8). */
enum { LAYOUT_IDS = 128, LAYOUT_GENERATIONS = 500 };

struct layout_options {
	uint16_t version;                    /* 5, 9 or 10 */
	const struct definition *definition; /* lent; must have passed definition_check() */
	enum layout_times times;
	uint8_t control_bits; /* octets of tcpControlBits in IPFIX, 0: as the element has it */
	bool inner;           /* the flow is a tunnel's innermost packet */
	bool biflow;          /* records have both directions, RFC 5103 */
	unsigned generation;  /* of definitions in a session, below LAYOUT_GENERATIONS */
};

struct layout {
	char name[DEFINITION_NAME]; /* the definition's */
	unsigned count;
	uint16_t first_id;
	bool relative; /* times are relative to sysUptime */
	bool inner;
	bool biflow;
	bool has_icmp;  /* templates of their own for ICMP flows */
	bool has_other; /* and for flows with something on the tunnel's other side */
	uint8_t by_variant[LAYOUT_TEMPLATES]; /* one more than the index; 0: no template */
	struct template template[LAYOUT_TEMPLATES];
};

void layout_init(struct layout *layout, const struct layout_options *options);

/* Which records the template of this index is for: the definition, and what sets these
 * flows apart from those of its other templates: "default: IPv6, ICMP". */
void layout_name(const struct layout *layout, unsigned index, char *text, size_t size);

/* The template for a record; NULL: this version cannot tell it (IPv6 in v5). */
const struct template *layout_choose(const struct layout *layout, const struct flow_record *record);

#endif
