/* options_data: what an exporter tells of itself, RFC 7011 section 4.
 *
 * Options templates and their records, of a session: how packets were sampled, which
 * interfaces there are, what was sent and lost, which fields are flow keys, since when
 * the exporter runs, and what enterprises' elements are (RFC 5610). Each kind is a row of
 * elements with one template; its records are encoded as a flow's. NetFlow v5 has none.
 * No clock and no I/O: when they are sent is the session's. One thread's. */
#ifndef EXPORT_OPTIONS_DATA_H
#define EXPORT_OPTIONS_DATA_H

#include "export/layout.h"
#include "export/option_values.h"
#include "export/template.h"
#include "export/transport.h"
#include "flow/sampler.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order in which they are sent. */
enum option_kind {
	OPTION_SAMPLING, /* samplingInterval and samplingAlgorithm, for older collectors */
	OPTION_SELECTOR_COUNT,
	OPTION_SELECTOR_RANDOM,
	OPTION_SELECTOR_FLOW,
	OPTION_METERING_STATISTICS,
	OPTION_METERING_RELIABILITY,
	OPTION_EXPORTING_RELIABILITY,
	OPTION_EXPORTER,
	OPTION_INTERFACES,
	OPTION_FLOW_KEYS,
	OPTION_ELEMENT_TYPES,
	OPTION_KINDS
};

/* Template ids of options, one for each kind, so far behind a layout's first. */
enum { OPTIONS_IDS = 64 };
_Static_assert((int)LAYOUT_TEMPLATES <= (int)OPTIONS_IDS, "apart");
_Static_assert((int)OPTIONS_IDS + OPTION_KINDS <= (int)LAYOUT_IDS, "apart");
_Static_assert(TEMPLATE_FIRST_ID + LAYOUT_IDS * LAYOUT_GENERATIONS < 65536, "are ids");

/* Which elements tell of sampling. */
enum option_sampling_elements {
	OPTION_SAMPLING_NONE = 0,
	OPTION_SAMPLING_LEGACY = 1, /* of RFC 3954, and deprecated; what collectors read */
	OPTION_SAMPLING_PSAMP = 2,  /* of RFC 5477 */
	OPTION_SAMPLING_BOTH = 3,
};

struct options_data_options {
	bool enabled; /* else there are none of any kind */
	enum option_sampling_elements sampling_elements;
	enum sampler_algorithm algorithm;
	uint32_t interval;                /* one in so many is metered; 0 or 1: every packet */
	uint32_t process;                 /* exportingProcessId */
	struct transport_address address; /* of the exporter */
	bool has_boot;                    /* the session knows since when the exporter runs */
};

struct options_data {
	struct options_data_options options;
	const struct layout *layout;
	const struct option_interface *interfaces; /* lent */
	unsigned interface_count;
	struct template template[OPTION_KINDS]; /* field_count 0: this kind is not told */
};

/* `layout`: of the session, whose templates' keys and elements are told; lent as long as
 * the options are used. */
void options_data_init(struct options_data *data, const struct options_data_options *options,
	const struct layout *layout, uint16_t version);

/* Fills what the n-th record of a kind, from 0, has of its own; the counts are the
 * caller's. False: there are no more. */
bool options_data_record(const struct options_data *data, enum option_kind kind, unsigned n,
	struct option_values *values);

#endif
