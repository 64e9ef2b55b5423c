/* The configuration: values, files, --set, and the relations between keys. */
#include "config/config.h"
#include "config/schema.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND       INT64_C(1000000000)
#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static struct config *config;
static struct config_error error;

static void setup(void)
{
	config = malloc(sizeof(*config));
	config_defaults(config);
}

static void teardown(void)
{
	free(config);
}

static void expect_error(const char *part)
{
	ck_assert_msg(strstr(error.text, part) != NULL, "\"%s\" is not in: %s", part, error.text);
}

static const struct {
	const char *text;
	int64_t nanoseconds; /* -1: refused */
} times[] = {
	{"15", 15 * SECOND},
	{"0.5s", SECOND / 2},
	{"500ms", SECOND / 2},
	{"2m", 120 * SECOND},
	{"1h30m", 5400 * SECOND},
	{"1.5h", 5400 * SECOND},
	{"7d", 604800 * SECOND},
	{"36500d", SECOND * 36500 * 86400},
	{"0", 0},
	{"0.000000001", 1},
	{"0.0000000019", 1},
	{"0.123456789", 123456789},
	{"0.999999999999", 999999999},
	{"1us", 1000},
	{"3ns", 3},
	{"1d2h3m4s5ms", 93784 * SECOND + 5000000},
	{"", -1},
	{"s", -1},
	{"-5", -1},
	{"-5s", -1},
	{"+5", -1},
	{" 5", -1},
	{"5 s", -1},
	{"5s ", -1},
	{"5x", -1},
	{"5S", -1},
	{"5.", -1},
	{".5", -1},
	{"1..5", -1},
	{"1.5.5s", -1},
	{"30m1h", -1},
	{"1h1h", -1},
	{"1h30", -1},
	{"1e3", -1},
	{"0x10", -1},
	{"inf", -1},
	{"9223372036.854775807", INT64_MAX},
	{"9223372036.854775808", -1},
	{"106752d", -1},
	{"99999999999999999999999999999999999999999", -1},
};

START_TEST(reads_times)
{
	int64_t value = -1;
	bool read = config_time(times[_i].text, &value);

	ck_assert_msg(read == (times[_i].nanoseconds >= 0), "%s", times[_i].text);
	if (read)
		ck_assert_int_eq(value, times[_i].nanoseconds);
}
END_TEST

START_TEST(defaults_are_the_rooms_own)
{
	const struct flow_timeouts *t = &config->cache.timeouts, *own = &flow_timeouts_default;

	ck_assert_int_eq(t->active, own->active);
	ck_assert_int_eq(t->idle, own->idle);
	ck_assert_int_eq(t->tcp_fin, own->tcp_fin);
	ck_assert_int_eq(t->tcp_rst, own->tcp_rst);
	ck_assert_int_eq(t->udp, own->udp);
	ck_assert_int_eq(t->icmp, own->icmp);
	ck_assert_uint_eq(config->cache.entries, 65536);
	ck_assert_uint_eq(config->cache.tunnel_ports[0][1], 8472);
	ck_assert_uint_eq(config->cache.tunnel_ports[7][0], 4341);
	ck_assert_uint_eq(config->sampling.interval, 1);
	ck_assert_uint_eq(config->input_count + config->exporter_count, 0);
}
END_TEST

START_TEST(reads_a_file)
{
	static const char text[] =
		"inputs = ( { interface = \"eth0\"; filter = \"ip\"; promiscuous = false; workers "
		"= 2;\n"
		" cpu = [3, 1023]; buffer = \"32M\"; },\n"
		" { interface = \"eth1\"; snaplen = 96; buffer = 131072; cpu = 7; } );\n"
		"cache = { entries = 0x20000; decapsulate = \"inner\"; tunnel_depth = 3; fragments "
		"= 99;"
		" timeouts = { active = 1800; idle = 0.5; udp = \"2m\"; tcp = { fin = 0; }; };"
		" tunnel_ports = { vxlan = [4789, 1]; gtpu = 5; lisp = (6, 7); }; };\n"
		"sampling = { interval = 4294967295; };\n"
		"exporters = (\n"
		"  { collector = \"192.0.2.10\"; protocol = \"NetFlow9\"; max_datagram = 484; },\n"
		"  { collector = \"[2001:db8::1]:99\"; source = \"2001:db8::2\"; template_refresh "
		"= "
		"\"10m\"; template_datagrams = 0; observation_domain = 4294967295L; } );\n"
		"output = \"json\";\n";
	const struct config_exporter *e = config->exporters;
	const struct flow_timeouts *t = &config->cache.timeouts;

	ck_assert_msg(config_parse(config, text, "test", &error), "%s", error.text);
	ck_assert_msg(config_check(config, &error), "%s", error.text);
	ck_assert_uint_eq(config->input_count, 2);
	ck_assert_str_eq(config->inputs[0].interface, "eth0");
	ck_assert_str_eq(config->inputs[0].filter, "ip");
	ck_assert(!config->inputs[0].promiscuous && config->inputs[1].promiscuous);
	ck_assert_uint_eq(config->inputs[0].workers, 2);
	ck_assert_uint_eq(config->inputs[0].cpu.count, 2);
	ck_assert_uint_eq(config->inputs[0].cpu.number[0], 3);
	ck_assert_uint_eq(config->inputs[0].cpu.number[1], 1023);
	ck_assert_str_eq(config->inputs[0].cpu.where, "test:2: ");
	ck_assert_uint_eq(config->inputs[1].cpu.count, 1);
	ck_assert_uint_eq(config->inputs[1].cpu.number[0], 7);
	ck_assert_str_eq(config->inputs[1].cpu.where, "test:3: ");
	ck_assert_uint_eq(config->inputs[0].buffer, 32 << 20);
	ck_assert_uint_eq(config->inputs[1].buffer, 131072);
	ck_assert_uint_eq(config->inputs[1].snaplen, 96);
	ck_assert_uint_eq(config->cache.entries, 131072);
	ck_assert(config->cache.decapsulate_inner);
	ck_assert_uint_eq(config->cache.tunnel_depth, 3);
	ck_assert_uint_eq(config->cache.fragments, 99);
	ck_assert_int_eq(t->active, 1800 * SECOND);
	ck_assert_int_eq(t->idle, SECOND / 2);
	ck_assert_int_eq(t->udp, 120 * SECOND);
	ck_assert_int_eq(t->icmp, -1);
	ck_assert_int_eq(t->tcp_fin, 0);
	ck_assert_uint_eq(config->cache.tunnel_ports[0][1], 1);
	ck_assert_uint_eq(config->cache.tunnel_ports[3][0], 5);
	ck_assert_uint_eq(config->cache.tunnel_ports[7][1], 7);
	ck_assert_uint_eq(config->sampling.interval, UINT32_MAX);
	ck_assert_uint_eq(config->exporter_count, 2);
	ck_assert_int_eq(e[0].protocol, CONFIG_NETFLOW9);
	ck_assert_str_eq(e[0].service, "2055");
	ck_assert_uint_eq(e[0].max_datagram, 484);
	ck_assert_str_eq(e[1].host, "2001:db8::1");
	ck_assert_str_eq(e[1].service, "99");
	ck_assert_str_eq(e[1].source, "2001:db8::2");
	ck_assert_int_eq(e[1].template_refresh, 600 * SECOND);
	ck_assert_uint_eq(e[1].observation_domain, UINT32_MAX);
	ck_assert_int_eq(config->output, CONFIG_OUTPUT_JSON);
}
END_TEST

static const struct {
	const char *text;
	const char *complaint;
} bad_files[] = {
	{"cache = { entries = 7; };",
		"test:1: cache.entries: 7 is too small, allowed: 16 to 268435456 flows"},
	{"cache =\n{\n entries = 268435457; };", "test:3: cache.entries: 268435457 is too large"},
	{"\ncache = { entires = 70; };", "test:2: cache.entires: unknown key, is it \"entries\"?"},
	{"cache = { idle = 7; };", "cache.idle: unknown key, is it \"cache.timeouts.idle\"?"},
	{"input = ();", "input: unknown key, is it \"inputs\"?"},
	{"records = ( { match = [\"sourceIPv4Adress\"]; } );",
		"records[0].match: \"sourceIPv4Adress\" is not known, is it "
		"\"sourceIPv4Address\"?"},
	{"records = ( { collect = [\"octetDeltaCount\", \"inner.sourceipv4Addres\"]; } );",
		"\"inner.sourceipv4Addres\" is not known, is it \"inner.sourceIPv4Address\"?"},
	{"records = ( { collect = [\"IN_PTKS\"]; } );", "is not known, is it \"IN_PKTS\"?"},
	/* elements that no record has are not what was meant, nor those that have no sides */
	{"records = ( { collect = [\"interfaceNam\"]; } );",
		"\"interfaceNam\" is not known, allowed:"},
	{"records = ( { collect = [\"inner.octetDeltaCount\"]; } );",
		"\"inner.octetDeltaCount\" is not known, allowed: up to"},
	{"records = ( { collect = [\"zzzzzz\"]; } );", "\"zzzzzz\" is not known, allowed: up to"},
	{"zzz = 1;", "known here are output, inputs, dedup, nat, nat_entries, meter_own, records, "
		     "cache, sampling, "
		     "routes, "
		     "groups, exporters"},
	{"sampling = { zzzzzzzzz = 1; };",
		"sampling.zzzzzzzzz: unknown key, known here are interval"},
	{"cache = 7;", "cache: is the number 7, allowed: a group"},
	{"inputs = { file = \"x\"; };", "inputs: is a group, allowed: a list of groups"},
	{"inputs = ( 1 );", "inputs[0]: is the number 1, allowed: a group"},
	{"inputs = ( {}, { file = 1; } );", "inputs[1].file: is the number 1, allowed: text"},
	{"cache = { entries = \"70\"; };", "is the string \"70\", allowed: 16 to 268435456 flows, "
					   "without quotes"},
	{"cache = { entries = 70.5; };", "is the fraction 70.5"},
	{"cache = { entries = true; };", "is the boolean true"},
	{"cache = { entries = {}; };", "is a group"},
	{"cache = { entries = [1]; };", "is an array"},
	{"cache = { entries = 4294967312; };", "4294967312 is too large"},
	{"cache = { entries = -18446744073709551000; };", "a number beyond 64 bits"},
	{"inputs = ( { promiscuous = 1; } );", "is the number 1, allowed: true or false"},
	{"inputs = ( { buffer = \"64T\"; } );", "\"64T\" is not a size"},
	{"inputs = ( { buffer = \"4G\"; } );", "\"4G\" is too large, allowed: 64K to 2047M octets"},
	{"inputs = ( { buffer = \"99999999999999G\"; } );", "is too large"},
	{"inputs = ( { buffer = -1; } );", "-1 is too small"},
	{"cache = { timeouts = { idle = \"-5s\"; }; };", "\"-5s\" is not a time"},
	{"cache = { timeouts = { idle = -5; }; };", "-5 is not a time"},
	{"cache = { timeouts = { idle = 0; }; };", "0 is too short, allowed: 1ms to 36500d"},
	{"cache = { timeouts = { idle = \"36501d\"; }; };", "is too long"},
	{"cache = { timeouts = { idle = \"idle\"; }; };", "is not a time"},
	{"cache = { timeouts = { udp = \"x\"; }; };", "allowed: 1ms to 36500d, or idle"},
	{"cache = { timeouts = { idle = 1e300; }; };", "is not a time"},
	{"cache = { tunnel_ports = { lisp = []; }; };", "has no port"},
	{"cache = { tunnel_ports = { lisp = [1,2,3,4,5,6,7,8,9]; }; };", "has too many ports"},
	{"cache = { tunnel_ports = { lisp = [0]; }; };", "allowed: up to 8 ports, 1 to 65535"},
	{"cache = { tunnel_ports = { lisp = [65536]; }; };", "allowed: up to 8 ports"},
	{"cache = { tunnel_ports = { lisp = [\"1\"]; }; };", "is an array"},
	{"inputs = ( {\n cpu = [0, 1024]; } );",
		"test:2: inputs[0].cpu: \"0, 1024\" names a CPU that there is not, allowed: none, "
		"or one for each worker, 0 to 1023"},
	{"inputs = ( { cpu = [-1]; } );", "names a CPU that there is not"},
	{"inputs = ( { cpu = [\"0\"]; } );", "is an array, allowed: none, or one for each"},
	{"inputs = ( { cpu = \"0\"; } );", "is the string \"0\""},
	{"cache = { decapsulate = \"outer\"; };", "\"outer\" is not known, allowed: none, inner"},
	{"exporters = ( { protocol = \"sflow\"; } );", "allowed: netflow5, netflow9, ipfix"},
	{"exporters = ( { protocol = 7; } );", "7 is not known"},
	{"exporters = ( { collector = \"2001:db8::1\"; } );",
		"is an IPv6 address without brackets"},
	{"exporters = ( { source = \"eth0\"; } );", "allowed: an IPv4 or IPv6 address"},
	{"cache = {\n entries = ;\n};", "test:2: syntax error"},
	{"cache = {};\ncache = {};", "test:2: duplicate"},
	{"a = \"x", "test:1: the end is missing of a string"},
	{"\na = \"x\\", "test:2: the end is missing of a string"},
	{"\n/* x", "test:2: the end is missing of a comment"},
	{"@include \"/nowhere/x\"", "test:1: @include of /nowhere/x: cannot be read: No such"},
	{"@include \"/\"", "test:1: @include of /: cannot be read: Is a directory"},
	{"@include x", "test:1: @include needs a file name in quotes"},
	{"@include \"\"", "test:1: @include needs a file name in quotes"},
};

START_TEST(refuses_bad_files)
{
	struct config *before = malloc(sizeof(*before));

	config->cache.entries = 1234;
	*before = *config;
	ck_assert_msg(!config_parse(config, bad_files[_i].text, "test", &error), "%s",
		bad_files[_i].text);
	expect_error(bad_files[_i].complaint);
	ck_assert_msg(memcmp(before, config, sizeof(*before)) == 0, "not left as it was");
	free(before);
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

START_TEST(follows_includes)
{
	char folder[] = "/tmp/check_config.XXXXXX", path[64], part[64], name[160];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/main.conf", folder);
	snprintf(part, sizeof(part), "%s/part", folder);
	write_file(path, "sampling = { interval = 9; }; # @include \"none\"\n"
			 "cache = {\n  @include \"part\" # wide\n};\nbroken = 1;\n");
	write_file(part, "entries = 77;\n\nfragments = 88;\n");
	ck_assert(!config_load(config, path, &error));
	snprintf(name, sizeof(name), "%s:5: broken: unknown key", path);
	expect_error(name);
	write_file(part, "entries = 77;\n\nfragments = 8;\n");
	ck_assert(!config_load(config, path, &error));
	snprintf(name, sizeof(name), "%s:3: cache.fragments: 8 is too small", part);
	expect_error(name);
	write_file(part, "entries = 77;\n\nfragments 8;\n");
	ck_assert(!config_load(config, path, &error));
	snprintf(name, sizeof(name), "%s:3: syntax error", part);
	expect_error(name);
	write_file(part, "@include \"main.conf\"\n");
	ck_assert(!config_load(config, path, &error));
	expect_error("includes go deeper than allowed");
	write_file(path, "cache = {\n@include \"part\"\n};");
	write_file(part, "entries = 77; // no line's end");
	ck_assert_msg(config_load(config, path, &error), "%s", error.text);
	ck_assert_uint_eq(config->cache.entries, 77);
	unlink(path);
	unlink(part);
	rmdir(folder);
	ck_assert(!config_load(config, path, &error));
	expect_error("cannot be read: No such file");
}
END_TEST

/* What was wrong with a line of the file is said with it when all has been read; what the command
 * line says in its place stands nowhere. */
START_TEST(processors_know_their_line)
{
	static const char text[] = "inputs = (\n { interface = \"x\";\n cpu = [0, 1]; } );";

	ck_assert(config_parse(config, text, "test", &error));
	ck_assert(!config_check(config, &error));
	expect_error("test:3: inputs[0].cpu: names 2 for workers = 1");
	ck_assert(config_set(config, "inputs[0].cpu=1,2,3", &error));
	ck_assert(!config_check(config, &error));
	ck_assert(strncmp(error.text, "inputs[0].cpu: names 3 for", 26) == 0);
	ck_assert(config_set(config, "inputs[0].workers=3", &error));
	ck_assert_msg(config_check(config, &error), "%s", error.text);
}
END_TEST

START_TEST(file_lists_replace)
{
	ck_assert(config_add_collector(config, "a", &error));
	ck_assert(config_set(config, "cache.fragments=77", &error));
	ck_assert(config_parse(config, "exporters = ( { collector = \"b\"; } );", "t", &error));
	ck_assert_uint_eq(config->exporter_count, 1);
	ck_assert_str_eq(config->exporters[0].host, "b");
	ck_assert_uint_eq(config->cache.fragments, 77);
	ck_assert(config_parse(config, "exporters = ();", "t", &error));
	ck_assert_uint_eq(config->exporter_count, 0);
}
END_TEST

static const struct {
	const char *assignment;
	const char *complaint; /* NULL: good */
} sets[] = {
	{"cache.entries=70000", NULL},
	{"cache.decapsulate=inner", NULL},
	{"cache.timeouts.idle=5s", NULL},
	{"cache.timeouts.tcp.fin=0", NULL},
	{"cache.timeouts.udp=idle", NULL},
	{"cache.tunnel_ports.vxlan=1,2", NULL},
	{"cache.tunnel_ports.vxlan=[1, 2]", NULL},
	{"inputs[0].promiscuous=off", NULL},
	{"inputs[0].cpu=5", NULL},
	{"inputs[0].cpu=0,1, 1", NULL},
	{"inputs[0].cpu=[]", NULL},
	{"inputs[0].cpu=", NULL},
	{"inputs[0].cpu=0-3", "inputs[0].cpu: 0-3 is not a list of CPUs, allowed: none, or"},
	{"inputs[0].cpu=a", "is not a list of CPUs"},
	{"inputs[0].filter=ip[0] = 69 and port 80", NULL},
	{"exporters[0].collector=[fe80::1%eth0]:9", NULL},
	{"output=csv", NULL},
	{"", "is not KEY=VALUE"},
	{"=1", "is not KEY=VALUE"},
	{"cache.entries", "is not KEY=VALUE"},
	{"cache.entries=", "cache.entries: \"\" is not a whole number"},
	{"cache.entries=1e5", "is not a whole number"},
	{"cache.entries=70000 ", "is not a whole number"},
	{"cache.entries=99999999999999999999", "is too large"},
	{"cache.entires=5", "cache.entires: unknown key, is it \"entries\"?"},
	{"idle=5", "idle: unknown key, is it \"cache.timeouts.idle\"?"},
	{"cache=5", "cache: has keys of its own and no value"},
	{"inputs=5", "inputs: has keys of its own and no value"},
	{"inputs[0]=5", "inputs[0]: has keys of its own and no value"},
	{"inputs[1].workers=5", "inputs[1].workers: 1 is not an index, allowed: 0 to 0"},
	{"inputs[99999999999999999999].workers=5", "is not an index"},
	{"inputs[].workers=5", "is not a key"},
	{"inputs[-1].workers=5", "is not a key"},
	{"inputs[0.workers=5", "is not a key"},
	{"inputs[0].workers[0]=5", "unknown key"},
	{"cache[0].entries=5", "unknown key"},
	{"inputs[0].workers=65", "inputs[0].workers: 65 is too large, allowed: 1 to 64"},
	{"inputs[0].buffer=\033[31m", "\"?[31m\" is not a size"},
	{"exporters[0].collector=", "is not a host name"},
	{"exporters[0].collector=:1", "is not a host name"},
	{"exporters[0].collector=192.0.2.256", "is not a host name"},
	{"exporters[0].collector=h:0", "has no valid port"},
	{"exporters[0].collector=h:65536", "has no valid port"},
	{"exporters[0].collector=h:", "has no valid port"},
	{"exporters[0].collector=a b", "is not a host name"},
	{"exporters[0].collector=[h]", "is not a host name"},
	{"exporters[0].collector=[::1", "is not a collector"},
	{"exporters[0].collector=[::1]9", "has no valid port"},
	{"exporters[0].collector=::1", "without brackets"},
};

START_TEST(sets_keys)
{
	bool set = config_set(config, sets[_i].assignment, &error);

	ck_assert_msg(set == !sets[_i].complaint, "%s", sets[_i].assignment);
	if (set)
		return;
	expect_error(sets[_i].complaint);
	ck_assert_uint_eq(config->input_count + config->exporter_count, 0);
}
END_TEST

START_TEST(long_text_is_no_trouble)
{
	static char text[20000];

	memset(text, 'x', sizeof(text) - 1);
	ck_assert(!config_set(config, text, &error));
	text[10000] = '=';
	ck_assert(!config_set(config, text, &error));
	memcpy(text, "output=", 7);
	ck_assert(!config_set(config, text, &error));
	memcpy(text, "exporters[0].collector=", 23);
	ck_assert(!config_set(config, text, &error));
	memcpy(text, "inputs[0].interface=xxx", 23);
	ck_assert(!config_set(config, text, &error));
	expect_error("is too long, allowed: text of up to 255 octets");
	text[sizeof(text) - 4] = '=';
	ck_assert(!config_parse(config, text, "test", &error));
	strcpy(text + 19990, "=1;");
	memset(text, 'x', 200);
	ck_assert(!config_parse(config, text, text + 15000, &error));
}
END_TEST

START_TEST(lists_are_bounded)
{
	for (int i = 0; i < CONFIG_EXPORTERS; i++)
		ck_assert(config_add_collector(config, "h", &error));
	ck_assert(!config_add_collector(config, "h", &error));
	expect_error("there are 64 collectors already");
	ck_assert(!config_set(config, "exporters[64].collector=h", &error));
	expect_error("64 is not an index, allowed: 0 to 63");
	ck_assert_uint_eq(config->exporter_count, CONFIG_EXPORTERS);
}
END_TEST

static const struct {
	const char *set[4];
	const char *complaint; /* NULL: good */
} relations[] = {
	{{"inputs[0].file=x"}, NULL},
	{{NULL}, "inputs: there is none"},
	{{"inputs[0].workers=1"}, "inputs[0]: needs an interface or a file"},
	{{"inputs[0].file=x", "inputs[0].interface=y"}, "inputs[0]: has both"},
	{{"inputs[0].interface=y", "inputs[1].file=x"}, "inputs[1]: file \"x\" is one of 2"},
	{{"inputs[0].interface=x", "inputs[0].cpu=0"}, NULL},
	{{"inputs[0].interface=x", "inputs[0].workers=3", "inputs[0].cpu=2,1,0"}, NULL},
	{{"inputs[0].interface=x", "inputs[0].workers=3", "inputs[0].cpu=2,1", "inputs[0].cpu=[]"},
		NULL},
	{{"inputs[0].interface=x*", "inputs[0].cpu=0"},
		"inputs[0].cpu: interface \"x*\" stands for several, allowed: none, or"},
	{{"inputs[0].interface=x[0-9]", "inputs[1].interface=y", "inputs[1].cpu=0"}, NULL},
	{{"inputs[0].interface=x", "inputs[0].cpu=0,1"},
		"inputs[0].cpu: names 2 for workers = 1, allowed: none, or one for each worker"},
	{{"inputs[0].interface=x", "inputs[1].interface=x", "inputs[1].workers=2",
		 "inputs[1].cpu=0"},
		"inputs[1].cpu: names 1 for workers = 2"},
	{{"inputs[0].file=x", "exporters[0].protocol=5"}, "exporters[0]: needs a collector"},
	{{"inputs[0].file=x", "exporters[0].collector=h", "sampling.interval=16384"}, NULL},
	{{"inputs[0].file=x", "exporters[0].collector=h", "exporters[0].protocol=5",
		 "sampling.interval=16383"},
		NULL},
	{{"inputs[0].file=x", "exporters[0].collector=h", "exporters[0].protocol=5",
		 "sampling.interval=16384"},
		"sampling.interval: 16384 is too large for exporters[0]"},
	{{"inputs[0].file=x", "exporters[0].collector=h", "exporters[0].protocol=5",
		 "exporters[0].observation_domain=65535"},
		NULL},
	{{"inputs[0].file=x", "exporters[0].collector=h", "exporters[0].protocol=5",
		 "exporters[0].observation_domain=65536"},
		"allows: 0 to 65535"},
	{{"inputs[0].file=x", "exporters[0].collector=192.0.2.1", "exporters[0].source=::1"},
		"exporters[0].source: ::1 cannot send to 192.0.2.1"},
	{{"inputs[0].file=x", "exporters[0].collector=[::1]", "exporters[0].source=192.0.2.1"},
		"exporters[0].source: 192.0.2.1 cannot send to ::1"},
	{{"inputs[0].file=x", "exporters[0].collector=h", "exporters[0].source=192.0.2.1"}, NULL},
	{{"inputs[0].file=x", "exporters[0].collector=h", "exporters[0].group=pair",
		 "groups[0].name=Pair"},
		NULL},
	{{"inputs[0].file=x", "exporters[0].collector=h", "exporters[0].group=pair"},
		"exporters[0].group: \"pair\" is not known, allowed: the name of one of groups"},
	{{"inputs[0].file=x", "groups[0].mode=hash"}, "groups[0]: needs a name"},
	{{"inputs[0].file=x", "groups[0].name=a", "groups[1].name=A"},
		"groups[1].name: \"A\" is groups[0]'s already"},
};

/* What a profile makes of an exporter. */
static const struct {
	const char *profile;
	unsigned protocol;
	const char *also;
	enum layout_times times;
	enum option_sampling_elements sampling;
	unsigned control_bits;
	bool options_data;
	int seconds; /* from one time that templates and options are sent to the next */
} profiles[] = {
	{"none", 10, "", LAYOUT_TIMES_AUTO, OPTION_SAMPLING_LEGACY, 2, true, 60},
	{"nfdump", 9, "", LAYOUT_TIMES_RELATIVE, OPTION_SAMPLING_LEGACY, 2, true, 60},
	{"nfdump", 10, "", LAYOUT_TIMES_MILLISECONDS, OPTION_SAMPLING_LEGACY, 2, false, 60},
	{"nfdump", 10, "sampling.interval=2", LAYOUT_TIMES_MILLISECONDS, OPTION_SAMPLING_LEGACY, 2,
		true, 60},
	{"nfdump", 10, "exporters[0].options_data=true", LAYOUT_TIMES_MILLISECONDS,
		OPTION_SAMPLING_LEGACY, 2, true, 60},
	{"pmacct", 9, "", LAYOUT_TIMES_RELATIVE, OPTION_SAMPLING_LEGACY, 2, true, 60},
	{"pmacct", 10, "", LAYOUT_TIMES_MILLISECONDS, OPTION_SAMPLING_LEGACY, 1, true, 60},
	{"goflow2", 9, "", LAYOUT_TIMES_RELATIVE, OPTION_SAMPLING_LEGACY, 2, true, 60},
	{"goflow2", 10, "", LAYOUT_TIMES_MILLISECONDS, OPTION_SAMPLING_LEGACY, 2, true, 60},
	{"goflow2", 10, "exporters[0].sampling_options=psamp", LAYOUT_TIMES_MILLISECONDS,
		OPTION_SAMPLING_PSAMP, 2, true, 60},
	{"akvorado", 10, "", LAYOUT_TIMES_MILLISECONDS, OPTION_SAMPLING_LEGACY, 2, true, 10},
	{"elastiflow", 9, "", LAYOUT_TIMES_RELATIVE, OPTION_SAMPLING_LEGACY, 2, true, 60},
	{"logstash", 10, "", LAYOUT_TIMES_MILLISECONDS, OPTION_SAMPLING_LEGACY, 2, true, 60},
	{"silk", 10, "", LAYOUT_TIMES_MILLISECONDS, OPTION_SAMPLING_NONE, 2, true, 60},
	{"silk", 10, "exporters[0].times=seconds", LAYOUT_TIMES_SECONDS, OPTION_SAMPLING_NONE, 2,
		true, 60},
	{"silk", 5, "", LAYOUT_TIMES_AUTO, OPTION_SAMPLING_NONE, 2, true, 60},
};

START_TEST(takes_profiles)
{
	const struct config_exporter *x = &config->exporters[0];
	char text[128];

	ck_assert(config_set(config, "inputs[0].file=x", &error));
	ck_assert(config_set(config, "exporters[0].collector=h", &error));
	if (*profiles[_i].also) /* before the profile or behind it is the same */
		ck_assert(config_set(config, profiles[_i].also, &error));
	snprintf(text, sizeof text, "exporters[0].profile=%s", profiles[_i].profile);
	ck_assert(config_set(config, text, &error));
	snprintf(text, sizeof text, "exporters[0].protocol=%u", profiles[_i].protocol);
	ck_assert(config_set(config, text, &error));
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(config_check(config, &error), "%s", error.text);
		ck_assert_int_eq(x->times, profiles[_i].times);
		ck_assert_int_eq(x->sampling_options, profiles[_i].sampling);
		ck_assert_uint_eq(x->control_bits, profiles[_i].control_bits);
		ck_assert_int_eq(x->options_data, profiles[_i].options_data);
		ck_assert_int_eq(x->template_refresh, profiles[_i].seconds * INT64_C(1000000000));
		ck_assert_int_eq(x->options_refresh, profiles[_i].seconds * INT64_C(1000000000));
	}
}
END_TEST

START_TEST(checks_relations)
{
	for (int i = 0; i < 4 && relations[_i].set[i]; i++)
		ck_assert_msg(config_set(config, relations[_i].set[i], &error), "%s", error.text);
	bool good = config_check(config, &error);
	ck_assert_msg(good == !relations[_i].complaint, "%s", error.text);
	if (!good)
		expect_error(relations[_i].complaint);
	else
		ck_assert(config->output == CONFIG_OUTPUT_TEXT || config->exporter_count > 0);
}
END_TEST

START_TEST(schema_is_sound)
{
	for (size_t i = 0; i < schema_count; i++) {
		const struct schema_key *key = &schema_keys[i];
		ck_assert_ptr_eq(schema_find(key->path), key); /* no path twice */
		ck_assert_uint_le(strlen(key->path), 64);
		ck_assert_ptr_nonnull(key->help);
		ck_assert(key->minimum <= key->maximum);
		if (strrchr(key->path, '.')) {
			char parent[80];
			snprintf(parent, sizeof(parent), "%.*s",
				(int)(strrchr(key->path, '.') - key->path), key->path);
			ck_assert_ptr_nonnull(schema_find(parent));
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_loop_test(all, reads_times, 0, COUNT(times));
	tcase_add_test(all, defaults_are_the_rooms_own);
	tcase_add_test(all, reads_a_file);
	tcase_add_loop_test(all, refuses_bad_files, 0, COUNT(bad_files));
	tcase_add_test(all, follows_includes);
	tcase_add_test(all, processors_know_their_line);
	tcase_add_test(all, file_lists_replace);
	tcase_add_loop_test(all, sets_keys, 0, COUNT(sets));
	tcase_add_test(all, long_text_is_no_trouble);
	tcase_add_test(all, lists_are_bounded);
	tcase_add_loop_test(all, checks_relations, 0, COUNT(relations));
	tcase_add_loop_test(all, takes_profiles, 0, COUNT(profiles));
	tcase_add_test(all, schema_is_sound);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
