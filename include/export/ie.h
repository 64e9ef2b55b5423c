/* ie: the table of information elements.
 *
 * include/export/ie.def has one row per element; it is expanded here to
 * enum ie_index and in ie.c to ie_table[]. Templates, the encoder, weirdump's
 * decoder, the names in text, JSON and CSV output, --list-elements and the
 * tables of the manuals all read this one table. Constant data, any thread. */
#ifndef EXPORT_IE_H
#define EXPORT_IE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The enterprise number under which an element's id means its reverse, RFC 5103 */
#define IE_REVERSE_PEN 29305

/* The length that stands for "variable" in a template, RFC 7011 section 7 */
#define IE_VARIABLE 65535

/* Abstract data types, RFC 7012 section 3.1, RFC 6313, RFC 9740 */
enum ie_type {
	IE_OCTET_ARRAY,
	IE_UNSIGNED8,
	IE_UNSIGNED16,
	IE_UNSIGNED32,
	IE_UNSIGNED64,
	IE_FLOAT64,
	IE_BOOLEAN,
	IE_MAC_ADDRESS,
	IE_STRING,
	IE_SECONDS,
	IE_MILLISECONDS,
	IE_MICROSECONDS,
	IE_NANOSECONDS,
	IE_IPV4_ADDRESS,
	IE_IPV6_ADDRESS,
	IE_UNSIGNED256,
	IE_BASIC_LIST,
	IE_SUB_TEMPLATE_LIST,
	IE_SUB_TEMPLATE_MULTI_LIST,
	IE_TYPES
};

/* How a value gets from the record to the wire. */
enum ie_encoding {
	IE_NONE,   /* weir does not send it: known so that weirdump can name it */
	IE_ZERO,   /* octets of zero */
	IE_BYTES,  /* as they stand: addresses */
	IE_TEXT,   /* up to a NUL: of a variable length, or filled with zeros */
	IE_UINT,   /* host integer, big-endian, narrower where the template says so */
	IE_BITS,   /* the same for flags: the low bits where it does not fit, RFC 9565 */
	IE_INDEX,  /* the same for an interface: 0, not known, where it does not fit */
	IE_MSEC,   /* nanoseconds to milliseconds since 1970 */
	IE_SEC,    /* nanoseconds to seconds since 1970 */
	IE_NTP,    /* nanoseconds to the NTP timestamp format, RFC 7011 section 6.1.9 */
	IE_UPTIME, /* nanoseconds to milliseconds since the exporter's boot */
	IE_BOOL,   /* 1 true, 2 false, RFC 7011 section 6.1.5 */
	IE_AS,     /* an AS number: 23456 where it does not fit, RFC 6793 */
	/* A part of an integer: */
	IE_HIGH, /* the upper octet of two */
	IE_LOW,
	IE_OFFSET,     /* the fragment offset of IPv4's flags and offset */
	IE_FLAGS,      /* the flags of it, in the upper three bits */
	IE_DSCP,       /* the upper six bits of a ToS */
	IE_PRECEDENCE, /* the upper three */
	/* Worked out from a member and what lies around it: */
	IE_DURATION, /* milliseconds from `first` to `last`, which stands behind it */
	IE_DURATION_MICRO,
	IE_HALF_MSEC, /* half of a time in microseconds, in milliseconds */
	IE_MULTICAST, /* isMulticast of a destination address */
	/* The exporter's, the same in each record: */
	IE_DOMAIN,
	IE_START,  /* when it was started */
	IE_ACTIVE, /* time-outs, in seconds */
	IE_IDLE,
};

/* Where a value comes from, for people. */
enum ie_source {
	IE_FROM_NOTHING, /* weir does not send it */
	IE_FROM_KEY,     /* flow keys, alike in all packets of the default record's flows */
	IE_FROM_PACKETS, /* added up over all packets */
	IE_FROM_FIRST,   /* of the first packet */
	IE_FROM_HOST,    /* what the host that forwards the flow knows of it */
	IE_FROM_EXPORTER,
	IE_FROM_OPTIONS, /* told in options data records, which are of no flow */
};

/* What a number means and counts, in the numbers of RFC 5610 sections 3.6 and 3.7;
 * needed of enterprises' elements only. */
enum ie_semantics {
	IE_DEFAULT,
	IE_QUANTITY,
	IE_TOTAL_COUNTER,
	IE_DELTA_COUNTER,
};

enum ie_units {
	IE_NO_UNITS,
	IE_OCTETS = 2,
	IE_PACKETS = 3,
	IE_MILLISECONDS_OF_TIME = 6,
};

struct ie {
	const char *name;    /* IANA's */
	const char *v9_name; /* NetFlow v9's, NULL: v9 cannot carry it */
	uint32_t pen;        /* private enterprise number, 0: IANA */
	uint16_t id;
	uint8_t type;     /* enum ie_type */
	uint8_t encoding; /* enum ie_encoding */
	uint16_t ipfix_length;
	uint16_t v9_length;
	uint16_t offset;   /* of the value in struct flow_told, or option_values */
	uint16_t size;     /* of the value there */
	bool is_option;    /* the value lies in struct option_values */
	uint8_t semantics; /* enum ie_semantics */
	uint8_t units;     /* enum ie_units */
};

/* Rows of IANA's elements, those of options data, and an enterprise's. */
enum ie_index {
#define IE(symbol, ...)         IE_##symbol,
#define IE_OPTION(symbol, ...)  IE_##symbol,
#define IE_OF(pen, symbol, ...) IE_##symbol,
#include "export/ie.def"
#undef IE
#undef IE_OPTION
#undef IE_OF
	IE_COUNT
};

extern const struct ie ie_table[IE_COUNT];

/* The row of an element by number, or by IANA's or v9's name (case-insensitive);
 * NULL: not in the table. Of a reverse element it is the forward element's row:
 * both have one type, and "reverse" before the name is the only difference. */
const struct ie *ie_find(uint32_t pen, uint16_t id);
const struct ie *ie_named(const char *name);

/* The type's name in IANA's registry of data types, and its number there (RFC 5610
 * section 3.1). */
const char *ie_type_name(enum ie_type type);
uint8_t ie_type_number(enum ie_type type);

enum ie_source ie_source(const struct ie *ie);

/* Whether the value lies in what only a cache with details keeps. */
bool ie_needs_details(const struct ie *ie);

/* Whether the value lies in a struct flow_path. */
bool ie_needs_path(const struct ie *ie);

/* Octets that weir sends it in where nothing else is asked for. */
uint16_t ie_length(const struct ie *ie, uint16_t version);

/* One line per element: name, id, v9 name, type, length, where the value comes from. */
void ie_list(FILE *out);

#endif
