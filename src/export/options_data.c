#include "export/options_data.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ITEMS = 8 };

/* An element of a kind; `offset`: where its value lies when that is not its own place. */
struct item {
	uint16_t element;
	uint16_t offset;
};

struct kind {
	unsigned scopes; /* IPFIX: so many first items */
	bool fixed;      /* texts have one length in IPFIX, too */
	unsigned count;
	struct item item[MOST_ITEMS];
};

#define OWN(element)            \
	{                       \
		IE_##element, 0 \
	}
#define AT(element, member)                                          \
	{                                                            \
		IE_##element, offsetof(struct option_values, member) \
	}
#define KIND(scopes, ...)       KIND_OF(scopes, false, __VA_ARGS__)
#define FIXED_KIND(scopes, ...) KIND_OF(scopes, true, __VA_ARGS__)
#define KIND_OF(scopes, fixed, ...)                                                        \
	{                                                                                  \
		scopes, fixed, sizeof((struct item[]){__VA_ARGS__}) / sizeof(struct item), \
		{                                                                          \
			__VA_ARGS__                                                        \
		}                                                                          \
	}

/* clang-format off */
static const struct kind kinds[OPTION_KINDS] = {
	/* The interval once more as a sampler's: some collectors read it only there. */
	[OPTION_SAMPLING] = KIND(1,
		OWN(observationDomainId), OWN(samplingInterval), OWN(samplingAlgorithm),
		OWN(samplerRandomInterval)),
	/* RFC 5477 section 8.2, and RFC 7014 for flows. */
	[OPTION_SELECTOR_COUNT] = KIND(1,
		OWN(selectorId), OWN(selectorAlgorithm), OWN(samplingPacketInterval),
		OWN(samplingPacketSpace)),
	[OPTION_SELECTOR_RANDOM] = KIND(1,
		OWN(selectorId), OWN(selectorAlgorithm), OWN(samplingSize),
		OWN(samplingPopulation)),
	[OPTION_SELECTOR_FLOW] = KIND(1,
		OWN(selectorId), OWN(flowSelectorAlgorithm), OWN(samplingProbability)),
	/* RFC 7011 sections 4.1 to 4.4. */
	[OPTION_METERING_STATISTICS] = KIND(1,
		OWN(observationDomainId), OWN(exportedMessageTotalCount),
		OWN(exportedFlowRecordTotalCount), OWN(exportedOctetTotalCount)),
	[OPTION_METERING_RELIABILITY] = KIND(1,
		OWN(observationDomainId), OWN(ignoredPacketTotalCount),
		OWN(ignoredOctetTotalCount), AT(observationTimeMilliseconds, ignored.first),
		AT(observationTimeMilliseconds, ignored.last)),
	[OPTION_EXPORTING_RELIABILITY] = KIND(1,
		OWN(exportingProcessId), OWN(notSentFlowTotalCount),
		OWN(notSentPacketTotalCount), OWN(notSentOctetTotalCount),
		AT(observationTimeMilliseconds, not_sent.first),
		AT(observationTimeMilliseconds, not_sent.last)),
	[OPTION_EXPORTER] = KIND(1,
		OWN(exportingProcessId), OWN(systemInitTimeMilliseconds), OWN(flowActiveTimeout),
		OWN(flowIdleTimeout), OWN(exporterIPv4Address), OWN(exporterIPv6Address)),
	/* Some collectors of IPFIX cannot read names of variable length. */
	[OPTION_INTERFACES] = FIXED_KIND(1,
		AT(ingressInterface, interface.index), OWN(interfaceName),
		OWN(interfaceDescription)),
	[OPTION_FLOW_KEYS] = KIND(1,
		OWN(templateId), OWN(flowKeyIndicator)),
	/* RFC 5610 section 3.9. */
	[OPTION_ELEMENT_TYPES] = KIND(2,
		OWN(privateEnterpriseNumber), OWN(informationElementId),
		OWN(informationElementDataType), OWN(informationElementSemantics),
		OWN(informationElementUnits), OWN(informationElementName)),
};
/* clang-format on */

/* Selection algorithms by IANA's numbers: of selectorAlgorithm (RFC 5477), and of
 * flowSelectorAlgorithm (RFC 7014), where it is uniform and probabilistic. */
static const struct {
	enum option_kind kind;
	uint16_t algorithm;
	uint8_t legacy; /* samplingAlgorithm: 1 deterministic, 2 random */
} selectors[] = {
	[SAMPLER_COUNT] = {OPTION_SELECTOR_COUNT, 1, 1},
	[SAMPLER_RANDOM] = {OPTION_SELECTOR_RANDOM, 3, 2},
	[SAMPLER_FLOW] = {OPTION_SELECTOR_FLOW, 4, 2},
};

static bool is_told(const struct options_data_options *o, enum option_kind kind, uint16_t version)
{
	if (!o->enabled || version == 5)
		return false;
	switch (kind) {
	case OPTION_SAMPLING: return o->sampling_elements & OPTION_SAMPLING_LEGACY;
	case OPTION_SELECTOR_COUNT:
	case OPTION_SELECTOR_RANDOM:
	case OPTION_SELECTOR_FLOW:
		return o->sampling_elements & OPTION_SAMPLING_PSAMP &&
		       kind == selectors[o->algorithm].kind;
	case OPTION_ELEMENT_TYPES: return version == 10; /* v9 has no enterprises */
	default: return true;
	}
}

/* What is not known is left out. */
static bool is_known(const struct options_data_options *o, uint16_t element)
{
	switch (element) {
	case IE_systemInitTimeMilliseconds: return o->has_boot;
	case IE_exporterIPv4Address: return o->address.version == 4;
	case IE_exporterIPv6Address: return o->address.version == 6;
	default: return true;
	}
}

static void add_field(struct template *t, const struct item *item, uint16_t version, bool fixed)
{
	const struct ie *ie = &ie_table[item->element];
	bool fixed_text = (fixed || version == 9) && ie->encoding == IE_TEXT;

	t->field[t->field_count++] = (struct template_field){.ie = ie,
		.length = fixed_text ? ie->size : ie_length(ie, version),
		.offset = item->offset ? item->offset : ie->offset};
}

/* RFC 3954's scopes are types, not elements: what has none of its own is told of the
 * system, whose number is the source id. The element stands behind its scope once more,
 * for collectors look for it there. */
static void add_scope(struct template *t, const struct item *item)
{
	static const struct item system = OWN(observationDomainId);
	bool own = item->element == IE_ingressInterface || item->element == IE_templateId;

	add_field(t, own ? item : &system, 9, true);
	t->scope_count++;
	if (item->element != IE_observationDomainId)
		add_field(t, item, 9, true);
}

static void init_template(struct template *t, const struct options_data_options *o,
	unsigned first_id, enum option_kind kind, uint16_t version)
{
	const struct kind *k = &kinds[kind];

	t->id = (uint16_t)(first_id + kind);
	for (unsigned i = 0; i < k->count; i++) {
		if (!is_known(o, k->item[i].element))
			continue;
		if (i < k->scopes && version == 9) {
			add_scope(t, &k->item[i]);
			continue;
		}
		add_field(t, &k->item[i], version, k->fixed);
		t->scope_count = (uint16_t)(t->scope_count + (i < k->scopes));
	}
	bool legal = template_compile(t);
	assert(legal);
	(void)legal;
}

void options_data_init(struct options_data *d, const struct options_data_options *o,
	const struct layout *layout, uint16_t version)
{
	*d = (struct options_data){.options = *o, .layout = layout};
	if (d->options.interval == 0)
		d->options.interval = 1;
	for (enum option_kind kind = 0; kind < OPTION_KINDS; kind++)
		if (is_told(o, kind, version))
			init_template(&d->template[kind], o, layout -> first_id + OPTIONS_IDS, kind,
				version);
}

static struct option_sampling sampling_of(const struct options_data_options *o)
{
	return (struct option_sampling){
		.selector = 1,
		.interval = o->interval,
		.taken = 1,
		.left = o->interval - 1,
		.algorithm = selectors[o->algorithm].algorithm,
		.legacy_algorithm = selectors[o->algorithm].legacy,
		.probability = 1.0 / o->interval,
	};
}

static bool interface_record(
	const struct options_data *d, unsigned n, struct option_interface *interface)
{
	if (n >= d->interface_count)
		return false;
	*interface = d->interfaces[n];
	return true;
}

/* RFC 7011 section 4.4: a bit for each of the first 64 fields. */
static bool keys_record(const struct layout *layout, unsigned n, struct option_keys *keys)
{
	_Static_assert(TEMPLATE_FIELDS <= 64, "flowKeyIndicator has a bit for each");
	if (n >= layout->count)
		return false;
	*keys = (struct option_keys){.template_id = layout->template[n].id};
	for (unsigned i = 0; i < layout->template[n].field_count; i++)
		if (layout->template[n].field[i].key)
			keys->indicator |= UINT64_C(1) << i;
	return true;
}

static bool has_element(const struct layout *layout, const struct ie *ie)
{
	for (unsigned i = 0; i < layout->count; i++)
		for (unsigned k = 0; k < layout->template[i].field_count; k++)
			if (layout->template[i].field[k].ie == ie)
				return true;
	return false;
}

/* The n-th of the enterprises' elements that some template has, in the table's order.
 * A reverse element is its forward one's business (RFC 5103). */
static bool element_record(const struct layout *layout, unsigned n, struct option_element *e)
{
	for (unsigned i = 0; i < IE_COUNT; i++) {
		const struct ie *ie = &ie_table[i];
		if (!ie->pen || !has_element(layout, ie) || n--)
			continue;
		*e = (struct option_element){.pen = ie->pen,
			.id = ie->id,
			.units = ie->units,
			.type = ie_type_number((enum ie_type)ie->type),
			.semantics = ie->semantics};
		snprintf(e->name, sizeof e->name, "%s", ie->name);
		return true;
	}
	return false;
}

bool options_data_record(const struct options_data *d, enum option_kind kind, unsigned n,
	struct option_values *values)
{
	if (!d->template[kind].field_count)
		return false;
	switch (kind) {
	case OPTION_INTERFACES: return interface_record(d, n, &values->interface);
	case OPTION_FLOW_KEYS: return keys_record(d->layout, n, &values->keys);
	case OPTION_ELEMENT_TYPES: return element_record(d->layout, n, &values->element);
	default: break;
	}
	values->process = d->options.process;
	memcpy(values->address, d->options.address.octets, sizeof values->address);
	values->sampling = sampling_of(&d->options);
	return n == 0;
}
