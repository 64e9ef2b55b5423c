#include "config/profile.h"

#include "config/value.h"

#include <stdlib.h>

enum { ANY = 0, V9 = CONFIG_NETFLOW9, IPFIX = CONFIG_IPFIX };

struct row {
	enum config_profile profile;
	unsigned protocol; /* that it is about, or ANY */
	bool unsampled;    /* only where every packet is metered */
	const char *key;
	const char *value;
};

/* clang-format off */
static const struct row rows[] = {
	/* nfcapd 1.7.1 takes microseconds and nanoseconds for 1970. In IPFIX it leaves options
	 * data out of the sequence and counts failures; but without, it knows no sampling. */
	{CONFIG_PROFILE_NFDUMP, V9, false, "exporters[].times", "relative"},
	{CONFIG_PROFILE_NFDUMP, IPFIX, false, "exporters[].times", "milliseconds"},
	{CONFIG_PROFILE_NFDUMP, ANY, false, "exporters[].sampling_options", "legacy"},
	{CONFIG_PROFILE_NFDUMP, IPFIX, true, "exporters[].options_data", "false"},

	/* nfacctd 1.7.7 reads the flags of IPFIX from the first octet of two, which is 0. */
	{CONFIG_PROFILE_PMACCT, V9, false, "exporters[].times", "relative"},
	{CONFIG_PROFILE_PMACCT, IPFIX, false, "exporters[].times", "milliseconds"},
	{CONFIG_PROFILE_PMACCT, ANY, false, "exporters[].sampling_options", "legacy"},
	{CONFIG_PROFILE_PMACCT, IPFIX, false, "exporters[].control_bits", "1"},

	/* goflow2 knows relative times in NetFlow v9 only and absolute ones in IPFIX only, and
	 * takes the 1 of "1 packet, then 99 left out" for the rate. */
	{CONFIG_PROFILE_GOFLOW2, V9, false, "exporters[].times", "relative"},
	{CONFIG_PROFILE_GOFLOW2, IPFIX, false, "exporters[].times", "milliseconds"},
	{CONFIG_PROFILE_GOFLOW2, ANY, false, "exporters[].sampling_options", "legacy"},

	/* akvorado decodes with goflow2, and refuses records of whose sampling rate it has
	 * not heard: so it hears of that soon when it starts after weir. */
	{CONFIG_PROFILE_AKVORADO, V9, false, "exporters[].times", "relative"},
	{CONFIG_PROFILE_AKVORADO, IPFIX, false, "exporters[].times", "milliseconds"},
	{CONFIG_PROFILE_AKVORADO, ANY, false, "exporters[].sampling_options", "legacy"},
	{CONFIG_PROFILE_AKVORADO, ANY, false, "exporters[].template_refresh", "10s"},
	{CONFIG_PROFILE_AKVORADO, ANY, false, "exporters[].options_refresh", "10s"},

	/* ElastiFlow and Logstash's codec convert 21 and 22 of v9 only, and show the elements of
	 * sampling as they come: the older ones are those that dashboards have. */
	{CONFIG_PROFILE_ELASTIFLOW, V9, false, "exporters[].times", "relative"},
	{CONFIG_PROFILE_ELASTIFLOW, IPFIX, false, "exporters[].times", "milliseconds"},
	{CONFIG_PROFILE_ELASTIFLOW, ANY, false, "exporters[].sampling_options", "legacy"},
	{CONFIG_PROFILE_LOGSTASH, V9, false, "exporters[].times", "relative"},
	{CONFIG_PROFILE_LOGSTASH, IPFIX, false, "exporters[].times", "milliseconds"},
	{CONFIG_PROFILE_LOGSTASH, ANY, false, "exporters[].sampling_options", "legacy"},

	/* SiLK stores milliseconds, and nothing of sampling. */
	{CONFIG_PROFILE_SILK, V9, false, "exporters[].times", "relative"},
	{CONFIG_PROFILE_SILK, IPFIX, false, "exporters[].times", "milliseconds"},
	{CONFIG_PROFILE_SILK, ANY, false, "exporters[].sampling_options", "none"},
};
/* clang-format on */

void profile_apply(const struct config *config, struct config_exporter *x)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		const struct schema_key *key = schema_find(r->key);
		if (r->profile != x->profile || (r->protocol && r->protocol != x->protocol) ||
			(r->unsampled && config->sampling.interval > 1) || value_is_given(key, x))
			continue;
		if (!value_preset(key, x, r->value))
			abort(); /* the table contradicts the schema */
	}
}
