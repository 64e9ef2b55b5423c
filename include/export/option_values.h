/* option_values: what options data records tell (RFC 7011 section 4, RFC 5610).
 *
 * One struct has the values of all kinds of them, of which a record is encoded as a
 * flow's is from its record: the rows IE_OPTION of ie.def say where an element has its
 * value. Plain data; times are nanoseconds since 1970, integers the host's. */
#ifndef EXPORT_OPTION_VALUES_H
#define EXPORT_OPTION_VALUES_H

#include "export/loss.h"

#include <stdint.h>

/* Octets, final NUL included. */
enum { OPTION_INTERFACE_NAME = 16, OPTION_DESCRIPTION = 64, OPTION_ELEMENT_NAME = 48 };

/* A network interface by its ifIndex; texts are UTF-8 and end in NUL. */
struct option_interface {
	uint32_t index;
	char name[OPTION_INTERFACE_NAME];
	char description[OPTION_DESCRIPTION]; /* "": there is none */
};

/* How what is metered was chosen: `taken` of each `interval` in a row. */
struct option_sampling {
	uint64_t selector;
	uint32_t interval;
	uint32_t taken;
	uint32_t left; /* of them out */
	uint16_t algorithm;
	uint8_t legacy_algorithm; /* samplingAlgorithm: 1 deterministic, 2 random */
	double probability;
};

/* What went to this collector before the record's message. */
struct option_exported {
	uint64_t messages;
	uint64_t records;
	uint64_t octets;
};

/* Which fields of a template are flow keys: bit n for field n, from 0. */
struct option_keys {
	uint64_t indicator;
	uint16_t template_id;
};

/* What an enterprise's element is, in the numbers of RFC 5610 section 3. */
struct option_element {
	uint32_t pen;
	uint16_t id;
	uint16_t units;
	uint8_t type;
	uint8_t semantics;
	char name[OPTION_ELEMENT_NAME];
};

/* `nat_event` is told in records of events (export/events.h), which have it elsewhere. */
struct option_values {
	uint32_t process; /* the Exporting Process */
	uint8_t address[16];
	struct option_sampling sampling;
	struct option_interface interface;
	struct option_exported exported;
	struct loss ignored;  /* by the Metering Process */
	struct loss not_sent; /* by the Exporting Process */
	struct option_keys keys;
	struct option_element element;
	uint8_t nat_event;
};

#endif
