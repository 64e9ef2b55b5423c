#include "config/config.h"

#include <stdarg.h>
#include <string.h>

/* NetFlow v5's header has 14 bits for the interval, 16 for engine type and id. */
enum { NETFLOW5_INTERVAL = 16383, NETFLOW5_ENGINE = 65535 };

bool config_fail(struct config_error *error, const char *format, ...)
{
	struct config_error made; /* arguments may stand in *error */
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(made.text, sizeof(made.text), format, arguments);
	va_end(arguments);
	for (char *c = made.text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	*error = made;
	return false;
}

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
		if (input->file[0] && config->input_count > 1)
			return config_fail(error,
				"inputs[%u]: file \"%.64s\" is one of %u inputs, "
				"allowed: a capture file alone",
				i, input->file, config->input_count);
	}
	return true;
}

static bool check_exporter(const struct config *config, unsigned i, struct config_error *error)
{
	const struct config_exporter *exporter = &config->exporters[i];
	bool source6 = strchr(exporter->source, ':') != NULL;
	bool host6 = strchr(exporter->host, ':') != NULL;
	bool host4 = exporter->host[strspn(exporter->host, "0123456789.")] == '\0';

	if (!exporter->host[0])
		return config_fail(error, "exporters[%u]: needs a collector", i);
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

bool config_check(struct config *config, struct config_error *error)
{
	if (!check_inputs(config, error))
		return false;
	for (unsigned i = 0; i < config->exporter_count; i++) {
		struct config_exporter *exporter = &config->exporters[i];
		if (!check_exporter(config, i, error))
			return false;
		if (!exporter->service[0])
			strcpy(exporter->service,
				exporter->protocol == CONFIG_IPFIX ? "4739" : "2055");
	}
	if (config->exporter_count == 0 && config->output == CONFIG_OUTPUT_NONE)
		config->output = CONFIG_OUTPUT_TEXT;
	return true;
}
