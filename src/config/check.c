#include "config/config.h"

#include "config/pattern.h"
#include "config/profile.h"
#include "flow/filter.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* NetFlow v5's header has 14 bits for the interval, 16 for engine type and id. */
enum { NETFLOW5_INTERVAL = 16383, NETFLOW5_ENGINE = 65535 };

static bool check_inputs(const struct config *config, struct config_error *error)
{
	if (config->input_count == 0)
		return config_fail(error, "inputs: there is none, allowed: -i INTERFACE, -r FILE, "
					  "or inputs in the configuration file");
	for (unsigned i = 0; i < config->input_count; i++) {
		const struct config_input *input = &config->inputs[i];
		if (!input->interface[0] && !input->file[0])
			return config_fail(error, "inputs[%u]: needs an interface or a file", i);
		if (input->interface[0] && input->file[0])
			return config_fail(error,
				"inputs[%u]: has both interface \"%.64s\" and "
				"file \"%.64s\", allowed: one of them",
				i, input->interface, input->file);
		if (input->cpu.count && config_is_pattern(input->interface))
			return config_fail(error,
				"%sinputs[%u].cpu: interface \"%.64s\" stands for several, "
				"allowed: none, or an input with a name of its own",
				input->cpu.where, i, input->interface);
		if (input->cpu.count && input->cpu.count != input->workers)
			return config_fail(error,
				"%sinputs[%u].cpu: names %u for workers = %u, allowed: "
				"none, or one for each worker",
				input->cpu.where, i, input->cpu.count, input->workers);
		if (input->file[0] && config->input_count > 1)
			return config_fail(error,
				"inputs[%u]: file \"%.64s\" is one of %u inputs, "
				"allowed: a capture file alone",
				i, input->file, config->input_count);
	}
	return true;
}

/* What each way of sending needs, and what it has no use for. */
static bool check_transport(const struct config_exporter *x, unsigned i, struct config_error *error)
{
	bool file = x->transport == CONFIG_FILE, tls = x->transport == CONFIG_TLS;

	if (file && (x->host[0] || !x->file_path[0]))
		return config_fail(error, "exporters[%u]: %s, allowed: file.path alone", i,
			x->host[0] ? "has a collector and transport = \"file\""
				   : "has transport = \"file\" and no file.path");
	if (!file && x->file_path[0])
		return config_fail(error, "exporters[%u].file.path: needs transport = \"file\"", i);
	if (!file && !x->host[0])
		return config_fail(error,
			"exporters[%u]: needs a collector, for example collector = "
			"\"192.0.2.10:2055\"",
			i);
	if (x->transport != CONFIG_UDP && x->protocol != CONFIG_IPFIX)
		return config_fail(error,
			"exporters[%u].transport: NetFlow knows udp alone, allowed: "
			"protocol = \"ipfix\" for %s",
			i, config_transport_name(x->transport));
	if (tls && (!*x->tls_ca || !*x->tls_certificate || !*x->tls_key))
		return config_fail(error,
			"exporters[%u].tls: %s is missing, needed are ca, certificate and key", i,
			!*x->tls_ca            ? "ca"
			: !*x->tls_certificate ? "certificate"
					       : "key");
	if (*x->spool_directory && !tls && x->transport != CONFIG_TCP)
		return config_fail(error,
			"exporters[%u].spool: %s has nothing to wait for, allowed: "
			"transport = \"tcp\" or \"tls\"",
			i, config_transport_name(x->transport));
	return true;
}

static bool check_exporter(const struct config *config, unsigned i, struct config_error *error)
{
	const struct config_exporter *exporter = &config->exporters[i];
	bool source6 = strchr(exporter->source, ':') != NULL;
	bool host6 = strchr(exporter->host, ':') != NULL;
	bool host4 = exporter->host[strspn(exporter->host, "0123456789.")] == '\0';
	struct flow_filter filter;
	char why[256];

	if (!check_transport(exporter, i, error))
		return false;
	if (!flow_filter_compile(&filter, exporter->filter, NULL, why, sizeof why))
		return config_fail(
			error, "exporters[%u].filter: \"%.80s\": %s", i, exporter->filter, why);
	if (exporter->source[0] && (source6 ? host4 : host6))
		return config_fail(error,
			"exporters[%u].source: %s cannot send to %s, allowed: an "
			"address of the same family",
			i, exporter->source, exporter->host);
	if (exporter->protocol != CONFIG_NETFLOW5)
		return true;
	if (config->sampling.interval > NETFLOW5_INTERVAL)
		return config_fail(error,
			"sampling.interval: %u is too large for exporters[%u] "
			"(%s), NetFlow v5 allows: 1 to %u",
			config->sampling.interval, i, exporter->host, NETFLOW5_INTERVAL);
	if (exporter->observation_domain > NETFLOW5_ENGINE)
		return config_fail(error,
			"exporters[%u].observation_domain: %u is too large, "
			"NetFlow v5 allows: 0 to %u",
			i, exporter->observation_domain, NETFLOW5_ENGINE);
	return true;
}

static bool check_groups(const struct config *config, struct config_error *error)
{
	for (unsigned i = 0; i < config->exporter_count; i++) {
		const char *name = config->exporters[i].group;
		if (*name && config_group(config, name) < 0)
			return config_fail(error,
				"exporters[%u].group: \"%s\" is not known, allowed: the name of "
				"one of groups",
				i, name);
	}
	for (unsigned i = 0; i < config->group_count; i++) {
		const char *name = config->groups[i].name;
		if (!*name)
			return config_fail(error, "groups[%u]: needs a name", i);
		if (config_group(config, name) != (int)i)
			return config_fail(error, "groups[%u].name: \"%s\" is groups[%d]'s already",
				i, name, config_group(config, name));
	}
	return true;
}

static void add_fields(struct definition *d, const struct config_elements *elements, bool key)
{
	for (unsigned i = 0; i < elements->count && d->count < DEFINITION_FIELDS; i++) {
		d->field[d->count] = elements->field[i];
		d->field[d->count++].key = key;
	}
}

static bool check_records(const struct config *config, struct config_error *error)
{
	for (unsigned i = 0; i < config->record_count; i++) {
		const struct config_record *record = &config->records[i];
		if (!record->name[0])
			return config_fail(error, "records[%u]: needs a name", i);
		if (definition_ready(record->name))
			return config_fail(error,
				"records[%u].name: \"%s\" is a ready-made record's, allowed: "
				"any other",
				i, record->name);
		if (record->match.count + record->collect.count > DEFINITION_FIELDS)
			return config_fail(error,
				"records[%u]: has %u elements, allowed: %d at most", i,
				record->match.count + record->collect.count, DEFINITION_FIELDS);
		for (unsigned k = 0; k < i; k++)
			if (strcasecmp(config->records[k].name, record->name) == 0)
				return config_fail(error,
					"records[%u].name: \"%s\" is records[%u]'s already", i,
					record->name, k);
	}
	return true;
}

/* Takes the record that cache.record names into config->cache.definition. */
static bool choose_record(struct config *config, struct config_error *error)
{
	const char *name = config->cache.record;
	const struct definition *ready = definition_ready(name);
	struct definition *d = &config->cache.definition;
	char names[256];

	if (ready) {
		*d = *ready;
		return true;
	}
	for (unsigned i = 0; i < config->record_count; i++) {
		const struct config_record *record = &config->records[i];
		if (strcasecmp(record->name, name) != 0)
			continue;
		*d = (struct definition){.count = 0};
		snprintf(d->name, sizeof(d->name), "%s", record->name);
		add_fields(d, &record->match, true);
		add_fields(d, &record->collect, false);
		return true;
	}
	definition_names(names, sizeof(names));
	return config_fail(error,
		"cache.record: \"%s\" is not known, allowed: %s, or the name of one of records",
		name, names);
}

static bool check_definition(const struct config *config, struct config_error *error)
{
	const struct definition *d = &config->cache.definition;
	char why[256];

	if (!definition_check(d, 0, why, sizeof(why)))
		return config_fail(error, "cache.record \"%s\": %s", d->name, why);
	for (unsigned i = 0; i < config->exporter_count; i++)
		if (!definition_check(d, (uint16_t)config->exporters[i].protocol, why, sizeof(why)))
			return config_fail(
				error, "exporters[%u]: cache.record \"%s\": %s", i, d->name, why);
	for (unsigned i = 0; !config->cache.biflow && i < d->count; i++)
		if (definition_needs_biflow(d->field[i].element) && !definition_ready(d->name))
			return config_fail(error,
				"cache.record \"%s\": %s is a biflow's, it needs "
				"cache.biflow = true",
				d->name, ie_table[d->field[i].element].name);
	for (unsigned i = 0; config->cache.biflow && i <= config->exporter_count; i++)
		if (!definition_check_biflow(d,
			    i == 0 ? 0 : (uint16_t)config->exporters[i - 1].protocol, why,
			    sizeof(why)))
			return config_fail(
				error, "cache.biflow: cache.record \"%s\": %s", d->name, why);
	return true;
}

static bool is_port(const char *text)
{
	unsigned long port;

	if (strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
		return false;
	port = strtoul(text, NULL, 10);
	return port > 0 && port <= UINT16_MAX;
}

/* With its zone, if it has one: that need not be there yet. */
static bool is_ipv6(const char *text)
{
	struct in6_addr address;
	char plain[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "%");

	if (length >= sizeof plain)
		return false;
	memcpy(plain, text, length);
	plain[length] = '\0';
	return inet_pton(AF_INET6, plain, &address) == 1;
}

bool config_read_listen(const char *text, struct config_listen *listen)
{
	const char *colon = strrchr(text, ':');
	struct in_addr address;
	size_t length = colon ? (size_t)(colon - text) : 0;
	bool v6 = length > 2 && text[0] == '[' && colon[-1] == ']';

	if (!length || length >= sizeof listen->host || !is_port(colon + 1))
		return false;
	snprintf(listen->service, sizeof listen->service, "%s", colon + 1);
	length -= v6 ? 2 : 0;
	memcpy(listen->host, text + v6, length);
	listen->host[length] = '\0';
	return v6 ? is_ipv6(listen->host) : inet_pton(AF_INET, listen->host, &address) == 1;
}

static bool check_metrics(const struct config *config, struct config_error *error)
{
	const char *where = config->metrics.listen;
	struct config_listen apart;

	return !*where || config_read_listen(where, &apart) ||
	       config_fail(error,
		       "metrics.listen: \"%.64s\", allowed: ADDRESS:PORT or [IPv6]:PORT, with an "
		       "address, not a name, and a port of 1 to 65535",
		       where);
}

static bool has_patterns(const struct config *config)
{
	for (unsigned i = 0; i < config->input_count; i++)
		if (config_is_pattern(config->inputs[i].interface))
			return true;
	return false;
}

bool config_check(struct config *config, struct config_error *error)
{
	config->patterns = has_patterns(config);
	if (!check_metrics(config, error) || !check_inputs(config, error) ||
		!check_groups(config, error) || !check_records(config, error) ||
		!choose_record(config, error) || !check_definition(config, error))
		return false;
	for (unsigned i = 0; i < config->exporter_count; i++) {
		struct config_exporter *exporter = &config->exporters[i];
		profile_apply(config, exporter);
		if (!check_exporter(config, i, error))
			return false;
		if (!exporter->service[0])
			strcpy(exporter->service, exporter->transport == CONFIG_TLS    ? "4740"
						  : exporter->protocol == CONFIG_IPFIX ? "4739"
										       : "2055");
	}
	if (config->exporter_count == 0 && config->output == CONFIG_OUTPUT_NONE)
		config->output = CONFIG_OUTPUT_TEXT;
	return true;
}
