#include "daemon/announce.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/pattern.h"
#include "export/connection.h"
#include "export/protocol.h"

#include <stdio.h>
#include <string.h>

enum { KILO = 10, MEGA = 20 };

/* "0,2", or "any". */
static void show_cpus(const struct config_cpus *cpus, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "any");
	for (unsigned k = 0; k < cpus->count && used < size; k++)
		used += (size_t)snprintf(
			text + used, size - used, "%s%u", k ? "," : "", cpus->number[k]);
}

static void announce_input(const struct config_input *in)
{
	char cpus[8 * CONFIG_WORKERS];

	show_cpus(&in->cpu, cpus, sizeof cpus);
	log_info("capture",
		"event=input interface=\"%s\" workers=%u cpu=%s buffer=%lluM snaplen=%u "
		"promiscuous=%s filter=\"%s\"",
		in->interface, in->workers, cpus, (unsigned long long)(in->buffer >> MEGA),
		in->snaplen, in->promiscuous ? "yes" : "no", in->filter);
}

static void announce_cache(const struct assembly *a)
{
	const struct config *c = a->config;
	struct flow_timeouts t = assembly_timeouts(c);
	double second = (double)CLOCK_SECOND;

	log_info("cache",
		"event=cache workers=%u entries=%u record=%s biflow=%s decapsulate=%s active=%gs "
		"idle=%gs sampling=%u",
		a->crew->count, c->cache.entries, c->cache.definition.name,
		c->cache.biflow ? "yes" : "no", c->cache.decapsulate_inner ? "inner" : "none",
		(double)t.active / second, (double)t.idle / second, c->sampling.interval);
}

/* The most that will be taken, whatever the traffic is: caches, rings and fragments of all
 * workers, the kernel's rings, and what waits for collectors. The program and its libraries come
 * to it. */
static void announce_memory(const struct assembly *a)
{
	const struct config *c = a->config;
	unsigned long long workers = 0, kernel = 0, kept = 0;

	for (unsigned i = 0; i < a->crew->count; i++)
		workers += worker_memory(a->crew->member[i].worker);
	for (unsigned i = 0; i < c->input_count; i++)
		kernel += c->inputs[i].workers * c->inputs[i].buffer;
	for (unsigned i = 0; i < c->exporter_count; i++)
		if (c->exporters[i].transport == CONFIG_TCP ||
			c->exporters[i].transport == CONFIG_TLS)
			kept += c->exporters[i].buffer + CONNECTION_OUT;
	log_info("cache", "event=memory most=%lluK workers=%lluK kernel=%lluK collectors=%lluK",
		(workers + kernel + kept) >> KILO, workers >> KILO, kernel >> KILO, kept >> KILO);
}

static void announce_exporter(const struct config_exporter *x)
{
	bool file = x->transport == CONFIG_FILE;

	log_info("exporter",
		"event=collector collector=\"%s\" port=%s transport=%s protocol=%s domain=%u",
		file ? x->file_path : x->host, file ? "-" : x->service,
		config_transport_name(x->transport), protocol_find(x->protocol)->name,
		x->observation_domain);
}

static bool tells_no_ipv6(const struct config *c)
{
	for (unsigned i = 0; i < c->exporter_count; i++)
		if (c->exporters[i].protocol == CONFIG_NETFLOW5)
			return true;
	return false;
}

/* What is not had, and what would bring it. Each text ends with a comma and a space. */
static void announce_rest(const struct assembly *a)
{
	const struct config *c = a->config;
	struct {
		bool missing;
		const char *what;
	} rest[] = {
		{!dedup_table(a->dedup) && dedup_only_incoming(a->dedup),
			"packets that this host sends (CAP_BPF), "},
		{!guide_links(a->guide), "routes and egress interfaces (netlink), "},
		{guide_links(a->guide) && !c->routes.lookup, "next hops (routes.lookup), "},
		{!*c->routes.asn_database, "AS numbers (routes.asn_database), "},
		{tells_no_ipv6(c), "IPv6 to collectors of NetFlow v5, "},
		{c->sampling.interval > 1, "packets or flows not sampled (sampling.interval), "},
		{!a->opener, "interfaces that come back (privileges.capture), "},
		{!*c->control.socket, "weirctl (control.socket), "},
		{!*c->metrics.listen, "metrics (metrics.listen), "},
	};
	char text[640] = "";

	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		if (rest[i].missing)
			strcat(text, rest[i].what);
	_Static_assert(sizeof text > 9 * 64, "room for all of them");
	size_t length = strlen(text);
	if (length > 0)
		log_info("main", "event=without what=\"%.*s\"", (int)length - 2, text);
}

/* Of those that the configuration has, which may be for none now. */
static void announce_patterns(const struct assembly *a)
{
	for (unsigned i = 0; a->given && i < a->given->input_count; i++)
		if (config_is_pattern(a->given->inputs[i].interface))
			log_info("capture",
				"event=pattern interface=\"%s\" note=\"metered as they come\"",
				a->given->inputs[i].interface);
	if (a->config->patterns && a->config->input_count == 0)
		log_warning("capture",
			"event=no-match note=\"no interface matches now: there is nothing to "
			"meter until one comes\"");
}

void announce(const struct assembly *a)
{
	announce_patterns(a);
	for (unsigned i = 0; i < a->config->input_count; i++)
		announce_input(&a->config->inputs[i]);
	announce_cache(a);
	announce_memory(a);
	for (unsigned i = 0; i < a->config->exporter_count; i++)
		announce_exporter(&a->config->exporters[i]);
	if (a->config->output != CONFIG_OUTPUT_NONE)
		log_info("exporter", "event=output to=\"standard output\"");
	announce_rest(a);
}
