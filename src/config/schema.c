#include "config/schema.h"

#include "base/clock.h"
#include "config/nearest.h"

#include <stdio.h>
#include <string.h>

#define DAYS                (86400 * CLOCK_SECOND)
#define HOLDS(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)
#define GLOBAL(member)      HOLDS(struct config, member)
#define INPUT(member)       HOLDS(struct config_input, member)
#define RECORD(member)      HOLDS(struct config_record, member)
#define GROUP(member)       HOLDS(struct config_group, member)
#define EXPORTER(member)    HOLDS(struct config_exporter, member)
#define TIME(from, to)      .type = SCHEMA_TIME, .minimum = (from), .maximum = (to)
#define NUMBER(from, to)    .type = SCHEMA_NUMBER, .minimum = (from), .maximum = (to)
#define PORTS(kind) \
	.type = SCHEMA_PORTS, .minimum = 1, .maximum = 65535, GLOBAL(cache.tunnel_ports[kind])

/* Rows of config_cache.tunnel_ports */
enum { VXLAN, VXLAN_GPE, GENEVE, GTPU, L2TP, TEREDO, MPLS, LISP };

static const struct schema_word outputs[] = {
	{"none", CONFIG_OUTPUT_NONE},
	{"text", CONFIG_OUTPUT_TEXT},
	{"json", CONFIG_OUTPUT_JSON},
	{"csv", CONFIG_OUTPUT_CSV},
	{NULL, 0},
};

static const struct schema_word protocols[] = {
	{"netflow5", CONFIG_NETFLOW5},
	{"netflow9", CONFIG_NETFLOW9},
	{"ipfix", CONFIG_IPFIX},
	{"5", CONFIG_NETFLOW5},
	{"9", CONFIG_NETFLOW9},
	{"10", CONFIG_IPFIX},
	{NULL, 0},
};

static const struct schema_word resolves[] = {
	{"start", false},
	{"retry", true},
	{NULL, 0},
};
static const struct schema_word transports[] = {
	{"udp", CONFIG_UDP},
	{"tcp", CONFIG_TCP},
	{"tls", CONFIG_TLS},
	{"file", CONFIG_FILE},
	{NULL, 0},
};

static const struct schema_word modes[] = {
	{"replicate", CONFIG_REPLICATE},
	{"hash", CONFIG_HASH},
	{"round_robin", CONFIG_ROUND_ROBIN},
	{"failover", CONFIG_FAILOVER},
	{NULL, 0},
};

static const struct schema_word times[] = {
	{"auto", LAYOUT_TIMES_AUTO},
	{"milliseconds", LAYOUT_TIMES_MILLISECONDS},
	{"seconds", LAYOUT_TIMES_SECONDS},
	{"microseconds", LAYOUT_TIMES_MICROSECONDS},
	{"nanoseconds", LAYOUT_TIMES_NANOSECONDS},
	{"relative", LAYOUT_TIMES_RELATIVE},
	{NULL, 0},
};

static const struct schema_word profiles[] = {
	{"none", CONFIG_PROFILE_NONE},
	{"nfdump", CONFIG_PROFILE_NFDUMP},
	{"pmacct", CONFIG_PROFILE_PMACCT},
	{"goflow2", CONFIG_PROFILE_GOFLOW2},
	{"akvorado", CONFIG_PROFILE_AKVORADO},
	{"elastiflow", CONFIG_PROFILE_ELASTIFLOW},
	{"logstash", CONFIG_PROFILE_LOGSTASH},
	{"silk", CONFIG_PROFILE_SILK},
	{NULL, 0},
};

static const struct schema_word sampling_options[] = {
	{"none", OPTION_SAMPLING_NONE},
	{"legacy", OPTION_SAMPLING_LEGACY},
	{"psamp", OPTION_SAMPLING_PSAMP},
	{"both", OPTION_SAMPLING_BOTH},
	{NULL, 0},
};

static const struct schema_word algorithms[] = {
	{"count", SAMPLER_COUNT},
	{"random", SAMPLER_RANDOM},
	{"flow", SAMPLER_FLOW},
	{NULL, 0},
};

static const struct schema_word sights[] = {{"ingress", true}, {"none", false}, {NULL, 0}};
static const struct schema_word depths[] = {{"none", false}, {"inner", true}, {NULL, 0}};
static const struct schema_word rates[] = {{"auto", CONFIG_RATE_AUTO}, {NULL, 0}};
static const struct schema_word as_idle[] = {{"idle", -1}, {NULL, 0}};

/* clang-format off */
const struct schema_key schema_keys[] = {
{"output", "none", NULL, "print records on standard output; text where there is no exporter",
	outputs, .type = SCHEMA_WORD, GLOBAL(output)},

{"inputs[]", NULL, NULL, "interfaces, or one capture file",
	.type = SCHEMA_LIST, .maximum = CONFIG_INPUTS, .offset = offsetof(struct config, inputs),
	.size = sizeof(struct config_input), .count = offsetof(struct config, input_count)},
{"inputs[].interface", NULL, NULL, "network interface, or pattern like eth*; this or file",
	.type = SCHEMA_STRING, INPUT(interface)},
{"inputs[].file", NULL, NULL, "pcap or pcapng file to read, \"-\" is standard input",
	.type = SCHEMA_STRING, INPUT(file)},
{"inputs[].filter", "", NULL, "only packets that match this pcap-filter(7) expression",
	.type = SCHEMA_STRING, INPUT(filter)},
{"inputs[].snaplen", "2048", "octets", "captured of each packet at most",
	NUMBER(64, 262144), INPUT(snaplen)},
{"inputs[].buffer", "64M", "octets", "the kernel's ring, for each worker",
	.type = SCHEMA_SIZE, .minimum = 64 << 10, .maximum = INT64_C(2047) << 20, INPUT(buffer)},
{"inputs[].workers", "1", NULL, "capture threads that share the interface",
	NUMBER(1, CONFIG_WORKERS), INPUT(workers)},
{"inputs[].cpu", "", NULL, "the processor of each of these threads; []: any",
	.type = SCHEMA_CPUS, .minimum = 0, .maximum = 1023, INPUT(cpu)},
{"inputs[].promiscuous", "true", NULL, "take packets for other stations too, as a span port needs",
	.type = SCHEMA_BOOLEAN, INPUT(promiscuous)},

{"dedup", "ingress", NULL, "a packet that passes several inputs is metered where it comes in",
	sights, .type = SCHEMA_WORD, GLOBAL(dedup)},

{"nat", "false", NULL, "tell what this host's NAT makes of addresses and ports, and its events",
	.type = SCHEMA_BOOLEAN, GLOBAL(nat)},
{"nat_entries", "65536", "connections", "translated ones known at one time",
	NUMBER(16, 16777216), GLOBAL(nat_entries)},

{"meter_own", "false", NULL, "meter the messages that weir sends to its collectors, too",
	.type = SCHEMA_BOOLEAN, GLOBAL(meter_own)},

{"records[]", NULL, NULL, "flow records of your own",
	.type = SCHEMA_LIST, .maximum = CONFIG_RECORDS, .offset = offsetof(struct config, records),
	.size = sizeof(struct config_record), .count = offsetof(struct config, record_count)},
{"records[].name", NULL, NULL, "by which cache.record chooses it",
	.type = SCHEMA_STRING, RECORD(name)},
{"records[].match", NULL, NULL, "the key: packets alike in these elements are one flow",
	.type = SCHEMA_ELEMENTS, RECORD(match)},
{"records[].collect", "", NULL, "what else the record tells of the flow",
	.type = SCHEMA_ELEMENTS, RECORD(collect)},

{"cache", NULL, NULL, "the flow cache, and what makes a flow", .type = SCHEMA_GROUP},
{"cache.entries", "65536", "flows", "size of the cache; all its memory is taken at start",
	NUMBER(16, 268435456), GLOBAL(cache.entries)},
{"cache.pressure", "80", "percent", "full, from where on idle flows leave sooner; 100: never",
	NUMBER(10, 100), GLOBAL(cache.pressure)},
{"cache.record", "default", NULL,
	"default, router, nat, minimal, layer2, tunnel, tcp, security, or your own",
	.type = SCHEMA_STRING, GLOBAL(cache.record)},
{"cache.biflow", "false", NULL, "one record for both directions of a connection",
	.type = SCHEMA_BOOLEAN, GLOBAL(cache.biflow)},
{"cache.decapsulate", "none", NULL, "the flow is the outermost IP packet, or the innermost one",
	depths, .type = SCHEMA_WORD, GLOBAL(cache.decapsulate_inner)},
{"cache.tunnel_depth", "16", "tunnels", "entered at most, where decapsulate is inner",
	NUMBER(1, 16), GLOBAL(cache.tunnel_depth)},
{"cache.fragments", "4096", "datagrams", "whose fragments are followed at one time",
	NUMBER(16, 16777216), GLOBAL(cache.fragments)},

{"cache.timeouts", NULL, NULL, "when a flow record is over", .type = SCHEMA_GROUP},
{"cache.timeouts.active", "60s", NULL, "so long after its first packet",
	TIME(CLOCK_MILLISECOND, 36500 * DAYS), GLOBAL(cache.timeouts.active)},
{"cache.timeouts.idle", "15s", NULL, "so long after its last packet",
	TIME(CLOCK_MILLISECOND, 36500 * DAYS), GLOBAL(cache.timeouts.idle)},
{"cache.timeouts.udp", "idle", NULL, "the idle time of UDP",
	as_idle, TIME(CLOCK_MILLISECOND, 36500 * DAYS), GLOBAL(cache.timeouts.udp)},
{"cache.timeouts.icmp", "idle", NULL, "the idle time of ICMP and ICMPv6",
	as_idle, TIME(CLOCK_MILLISECOND, 36500 * DAYS), GLOBAL(cache.timeouts.icmp)},
{"cache.timeouts.tcp", NULL, NULL, "when a TCP connection that was closed is over",
	.type = SCHEMA_GROUP},
{"cache.timeouts.tcp.fin", "5s", NULL, "the idle time of TCP after a FIN",
	TIME(0, 36500 * DAYS), GLOBAL(cache.timeouts.tcp_fin)},
{"cache.timeouts.tcp.rst", "5s", NULL, "the idle time of TCP after a RST",
	TIME(0, 36500 * DAYS), GLOBAL(cache.timeouts.tcp_rst)},

{"cache.tunnel_ports", NULL, NULL, "UDP ports on which tunnels are looked for",
	.type = SCHEMA_GROUP},
{"cache.tunnel_ports.vxlan", "4789, 8472", NULL, "VXLAN", PORTS(VXLAN)},
{"cache.tunnel_ports.vxlan_gpe", "4790", NULL, "VXLAN with a next protocol", PORTS(VXLAN_GPE)},
{"cache.tunnel_ports.geneve", "6081", NULL, "GENEVE", PORTS(GENEVE)},
{"cache.tunnel_ports.gtpu", "2152", NULL, "GTP-U, the user plane of mobile networks", PORTS(GTPU)},
{"cache.tunnel_ports.l2tp", "1701", NULL, "L2TP version 2", PORTS(L2TP)},
{"cache.tunnel_ports.teredo", "3544", NULL, "Teredo, as source or as destination", PORTS(TEREDO)},
{"cache.tunnel_ports.mpls", "6635", NULL, "MPLS in UDP", PORTS(MPLS)},
{"cache.tunnel_ports.lisp", "4341", NULL, "LISP data", PORTS(LISP)},

{"sampling", NULL, NULL, "metering some packets of many", .type = SCHEMA_GROUP},
{"sampling.interval", "1", "packets", "one in so many is metered, 1 is every one",
	NUMBER(1, UINT32_MAX), GLOBAL(sampling.interval)},
{"sampling.algorithm", "count", NULL, "every N-th packet, one at random of N, or one flow in N",
	algorithms, .type = SCHEMA_WORD, GLOBAL(sampling.algorithm)},
{"sampling.scale_output", "false", NULL, "multiply printed packets and octets by the interval",
	.type = SCHEMA_BOOLEAN, GLOBAL(sampling.scale_output)},

{"routes", NULL, NULL, "what the host's own routes say of flows", .type = SCHEMA_GROUP},
{"routes.lookup", "true", NULL, "ask the kernel for the other interface, next hop and prefixes",
	.type = SCHEMA_BOOLEAN, GLOBAL(routes.lookup)},
{"routes.local_interface", "0", NULL, "interface number of the host itself, source or destination",
	NUMBER(0, UINT32_MAX), GLOBAL(routes.local_interface)},
{"routes.asn_database", "", NULL, "file of AS numbers, MaxMind's format or a text; \"\": none",
	.type = SCHEMA_STRING, GLOBAL(routes.asn_database)},

{"groups[]", NULL, NULL, "collectors that share the records",
	.type = SCHEMA_LIST, .maximum = CONFIG_GROUPS, .offset = offsetof(struct config, groups),
	.size = sizeof(struct config_group), .count = offsetof(struct config, group_count)},
{"groups[].name", NULL, NULL, "by which exporters[].group chooses it",
	.type = SCHEMA_STRING, GROUP(name)},
{"groups[].mode", "replicate", NULL, "all to each, a flow's to one, in turn, or to the first that is well",
	modes, .type = SCHEMA_WORD, GROUP(mode)},

{"exporters[]", NULL, NULL, "collectors that records are sent to",
	.type = SCHEMA_LIST, .maximum = CONFIG_EXPORTERS,
	.offset = offsetof(struct config, exporters), .size = sizeof(struct config_exporter),
	.count = offsetof(struct config, exporter_count)},
{"exporters[].collector", NULL, NULL, "where to; without a port 4739 for ipfix, 4740 with tls, else 2055",
	.type = SCHEMA_COLLECTOR, .size = sizeof(struct config_exporter)},
{"exporters[].protocol", "ipfix", NULL, "what is sent",
	protocols, .type = SCHEMA_WORD, EXPORTER(protocol)},
{"exporters[].transport", "udp", NULL, "how; all but udp is for ipfix alone",
	transports, .type = SCHEMA_WORD, EXPORTER(transport)},
{"exporters[].profile", "none", NULL, "a collector whose needs the other keys follow",
	profiles, .type = SCHEMA_WORD, EXPORTER(profile)},
{"exporters[].group", "", NULL, "of groups, that it shares the records with; \"\": it gets all",
	.type = SCHEMA_STRING, EXPORTER(group)},
{"exporters[].filter", "", NULL, "only flows that match, as host 192.0.2.1 and tcp",
	.type = SCHEMA_STRING, EXPORTER(filter)},
{"exporters[].source", "", NULL, "local address to send from, \"\" leaves it to the kernel",
	.type = SCHEMA_ADDRESS, EXPORTER(source)},
{"exporters[].interface", "", NULL, "send through it alone, \"\" leaves it to the routes",
	.type = SCHEMA_STRING, EXPORTER(interface)},
{"exporters[].dscp", "0", NULL, "differentiated services codepoint",
	NUMBER(0, 63), EXPORTER(dscp)},
{"exporters[].hops", "0", NULL, "TTL or hop limit, 0 leaves it to the kernel",
	NUMBER(0, 255), EXPORTER(hops)},
{"exporters[].observation_domain", "0", NULL, "observation domain, source id or engine",
	NUMBER(0, UINT32_MAX), EXPORTER(observation_domain)},
{"exporters[].max_datagram", "1400", "octets", "of a message at most: of UDP payload",
	NUMBER(484, 65507), EXPORTER(max_datagram)},
{"exporters[].template_refresh", "60s", NULL, "templates are sent again after so long",
	TIME(CLOCK_SECOND, 7 * DAYS), EXPORTER(template_refresh)},
{"exporters[].template_datagrams", "20", "datagrams", "and after so many, 0: by time only",
	NUMBER(0, UINT32_MAX), EXPORTER(template_datagrams)},
{"exporters[].options_data", "true", NULL, "tell of sampling, interfaces, losses, keys and elements",
	.type = SCHEMA_BOOLEAN, EXPORTER(options_data)},
{"exporters[].options_refresh", "60s", NULL, "options data are sent again after so long",
	TIME(CLOCK_SECOND, 7 * DAYS), EXPORTER(options_refresh)},
{"exporters[].options_datagrams", "0", "datagrams", "and after so many, 0: by time only",
	NUMBER(0, UINT32_MAX), EXPORTER(options_datagrams)},
{"exporters[].sampling_options", "legacy", NULL, "elements that tell how packets were sampled",
	sampling_options, .type = SCHEMA_WORD, EXPORTER(sampling_options)},
{"exporters[].times", "auto", NULL, "elements that tell the times of flows",
	times, .type = SCHEMA_WORD, EXPORTER(times)},
{"exporters[].control_bits", "2", "octets", "of tcpControlBits in ipfix",
	NUMBER(1, 2), EXPORTER(control_bits)},
{"exporters[].rate", "auto", "datagrams", "a second at most over udp, 0: any number",
	rates, NUMBER(0, 100000000), EXPORTER(rate)},
{"exporters[].buffer", "16M", "octets", "of messages kept until they are sent, or with tcp and tls acknowledged",
	.type = SCHEMA_SIZE, .minimum = 256 << 10, .maximum = INT64_C(4) << 30, EXPORTER(buffer)},
{"exporters[].reconnect", "60s", NULL, "from one attempt to reach such a collector to the next",
	TIME(100 * CLOCK_MILLISECOND, DAYS), EXPORTER(reconnect)},

{"exporters[].resolve", "start", NULL, "a name without address at the start: an error, or asked for later",
	resolves, .type = SCHEMA_WORD, EXPORTER(resolve_later)},
{"exporters[].resolve_refresh", "5m", NULL, "a collector's name is asked for again after so long",
	TIME(CLOCK_SECOND, 7 * DAYS), EXPORTER(resolve_refresh)},
{"exporters[].tls", NULL, NULL, "certificates; all three files are needed", .type = SCHEMA_GROUP},
{"exporters[].tls.ca", "", NULL, "file of the authorities that the collector's may be from",
	.type = SCHEMA_STRING, EXPORTER(tls_ca)},
{"exporters[].tls.certificate", "", NULL, "file of our own",
	.type = SCHEMA_STRING, EXPORTER(tls_certificate)},
{"exporters[].tls.key", "", NULL, "file of the key that belongs to it",
	.type = SCHEMA_STRING, EXPORTER(tls_key)},
{"exporters[].tls.name", "", NULL, "that the collector's must be of, \"\": the collector's",
	.type = SCHEMA_STRING, EXPORTER(tls_name)},
{"exporters[].spool", NULL, NULL, "on disk, for what finds no room in the buffer",
	.type = SCHEMA_GROUP},
{"exporters[].spool.directory", "", NULL, "where its files are; \"\": no spool",
	.type = SCHEMA_STRING, EXPORTER(spool_directory)},
{"exporters[].spool.limit", "1G", "octets", "of all of them",
	.type = SCHEMA_SIZE, .minimum = 2 << 20, .maximum = INT64_C(1) << 50, EXPORTER(spool_limit)},
{"exporters[].file", NULL, NULL, "IPFIX files, for transport = \"file\"", .type = SCHEMA_GROUP},
{"exporters[].file.path", "", NULL, "that their names begin with",
	.type = SCHEMA_STRING, EXPORTER(file_path)},
{"exporters[].file.size", "64M", "octets", "of a file at most",
	.type = SCHEMA_SIZE, .minimum = 256 << 10, .maximum = INT64_C(1) << 50, EXPORTER(file_size)},
{"exporters[].file.time", "5m", NULL, "that a file is of, from a multiple of it on",
	TIME(CLOCK_SECOND, 366 * DAYS), EXPORTER(file_time)},

{"control", NULL, NULL, "looking into a running weir with weirctl(8)", .type = SCHEMA_GROUP},
{"control.socket", "", NULL, "path of the UNIX socket that weirctl talks to, \"\": none",
	.type = SCHEMA_STRING, GLOBAL(control.socket)},

{"metrics", NULL, NULL, "counters for Prometheus, over HTTP", .type = SCHEMA_GROUP},
{"metrics.listen", "", NULL, "ADDRESS:PORT, as 127.0.0.1:9416; \"\": nowhere",
	.type = SCHEMA_STRING, GLOBAL(metrics.listen)},

{"privileges", NULL, NULL, "what a weir that captures gives up before the first packet",
	.type = SCHEMA_GROUP},
{"privileges.user", "weir", NULL, "to become where root starts it; \"\": stay root",
	.type = SCHEMA_STRING, GLOBAL(privileges.user)},
{"privileges.confine", "true", NULL, "only the files and system calls that it needs",
	.type = SCHEMA_BOOLEAN, GLOBAL(privileges.confine)},
{"privileges.capture", "false", NULL, "keep the capability for packet sockets",
	.type = SCHEMA_BOOLEAN, GLOBAL(privileges.capture)},
};
/* clang-format on */

const size_t schema_count = sizeof(schema_keys) / sizeof(schema_keys[0]);

static const char *name_of(const struct schema_word *words, int64_t value)
{
	for (; words->name; words++)
		if (words->value == value)
			return words->name;
	return "";
}

const char *config_transport_name(enum config_transport transport)
{
	return name_of(transports, transport);
}

const char *config_mode_name(enum config_mode mode)
{
	return name_of(modes, mode);
}

const struct schema_key *schema_find(const char *path)
{
	for (size_t i = 0; i < schema_count; i++)
		if (strcmp(schema_keys[i].path, path) == 0)
			return &schema_keys[i];
	return NULL;
}

bool schema_below(const char *path, const char *parent)
{
	size_t length = strlen(parent);

	return strncmp(path, parent, length) == 0 && path[length] == '.';
}

bool schema_within(const char *path, const char *parent)
{
	if (*parent && !schema_below(path, parent))
		return false;
	return strchr(*parent ? path + strlen(parent) + 1 : path, '.') == NULL;
}

/* Where the last name of a path begins. */
static size_t leaf_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot ? (size_t)(dot - path) + 1 : 0;
}

/* A name without the mark of a list at its end. */
static int bare_length(const char *name)
{
	size_t length = strlen(name);
	return (int)(length > 2 && name[length - 1] == ']' ? length - 2 : length);
}

static const struct schema_key *nearest(const char *path)
{
	const char *leaf = path + leaf_of(path);
	const struct schema_key *best = NULL;
	unsigned limit = nearest_limit(leaf);

	if (strlen(path) > NEAREST_MOST)
		return NULL;
	for (size_t i = 0; i < schema_count; i++) {
		const char *candidate = schema_keys[i].path;
		unsigned d = nearest_distance(path, candidate, (size_t)bare_length(candidate));
		if (d > 1 && strcmp(leaf, candidate + leaf_of(candidate)) == 0)
			d = 1; /* the right name in the wrong place */
		if (d <= limit) {
			best = &schema_keys[i];
			limit = d > 0 ? d - 1 : 0;
			if (limit == 0)
				break;
		}
	}
	return best;
}

void schema_suggest(const char *path, char *text, size_t size)
{
	const struct schema_key *key = nearest(path);
	size_t leaf = leaf_of(path), used = 0;
	char parent[NEAREST_MOST + 1];

	if (key) {
		bool here = leaf == leaf_of(key->path) && strncmp(path, key->path, leaf) == 0;
		const char *name = key->path + (here ? leaf : 0);
		snprintf(text, size, "is it \"%.*s\"?", bare_length(name), name);
		return;
	}
	snprintf(parent, sizeof(parent), "%.*s", leaf > 0 ? (int)leaf - 1 : 0, path);
	for (size_t i = 0; i < schema_count; i++) {
		const char *name = schema_keys[i].path + leaf_of(schema_keys[i].path);
		if (!schema_within(schema_keys[i].path, parent))
			continue;
		snprintf(text + used, size - used, "%s %.*s", used ? "," : "known here are",
			bare_length(name), name);
		used = strlen(text);
	}
	if (used == 0)
		snprintf(text, size, "see weir --help-config");
}
