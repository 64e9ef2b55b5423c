/* The command line. The file that is read by default is not looked at here: each
 * case names -i, -r or -f, or fails before. */
#include "daemon/options.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND       INT64_C(1000000000)
#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static struct options *options;
static struct config_error error;
static char file[] = "/tmp/check_options.XXXXXX";

/* Splits at blanks; FILE stands for a file with an input and an exporter. */
static bool read_line(const char *line)
{
	char *words[32] = {"weir"}, *copy = strdup(line), *at = copy, *word;
	int count = 1;
	bool read;

	while ((word = strsep(&at, " ")) != NULL)
		words[count++] = strcmp(word, "FILE") == 0 ? file : word;
	read = options_read(options, count, words, &error);
	free(copy);
	return read;
}

static void expect(const char *line)
{
	ck_assert_msg(read_line(line), "%s: %s", line, error.text);
}

static void setup(void)
{
	static const char text[] = "inputs = ( { interface = \"eth9\"; filter = \"arp\"; } );\n"
				   "cache = { entries = 777; };\n"
				   "exporters = ( { collector = \"c\"; protocol = 5; } );\n";
	int fd = mkstemp(file);

	ck_assert(write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	options = malloc(sizeof(*options));
}

static void teardown(void)
{
	free(options);
	unlink(file);
	strcpy(file + sizeof(file) - 7, "XXXXXX");
}

START_TEST(reads_a_capture)
{
	const struct config *c = &options->config;

	expect("-r x.pcap -n 127.0.0.1:99 -v 9 -m 100 -t idle=2 -t tcp.fin=500ms -s 7 tcp port 80");
	ck_assert_ptr_null(options->config_path);
	ck_assert_uint_eq(c->input_count, 1);
	ck_assert_str_eq(c->inputs[0].file, "x.pcap");
	ck_assert_str_eq(c->inputs[0].filter, "tcp port 80");
	ck_assert_uint_eq(c->cache.entries, 100);
	ck_assert_int_eq(c->cache.timeouts.idle, 2 * SECOND);
	ck_assert_int_eq(c->cache.timeouts.tcp_fin, SECOND / 2);
	ck_assert_uint_eq(c->sampling.interval, 7);
	ck_assert_uint_eq(c->exporter_count, 1);
	ck_assert_int_eq(c->exporters[0].protocol, CONFIG_NETFLOW9);
	ck_assert_str_eq(c->exporters[0].service, "99");
	ck_assert_int_eq(c->output, CONFIG_OUTPUT_NONE);
}
END_TEST

START_TEST(prints_by_default)
{
	expect("-r -");
	ck_assert_int_eq(options->config.output, CONFIG_OUTPUT_TEXT);
	ck_assert_str_eq(options->config.inputs[0].file, "-");
	expect("-r x -o json");
	ck_assert_int_eq(options->config.output, CONFIG_OUTPUT_JSON);
	expect("-r x -n h -o csv");
	ck_assert_int_eq(options->config.output, CONFIG_OUTPUT_CSV);
	ck_assert_uint_eq(options->config.exporter_count, 1);
}
END_TEST

START_TEST(meters_interfaces)
{
	const struct config *c = &options->config;

	expect("--interface=eth0 -i eth1 --set inputs[1].workers=4 -- ip or not vlan");
	ck_assert_uint_eq(c->input_count, 2);
	ck_assert_str_eq(c->inputs[0].interface, "eth0");
	ck_assert_str_eq(c->inputs[1].interface, "eth1");
	ck_assert_str_eq(c->inputs[0].filter, "ip or not vlan");
	ck_assert_str_eq(c->inputs[1].filter, "ip or not vlan");
	ck_assert_uint_eq(c->inputs[0].workers, 1);
	ck_assert_uint_eq(c->inputs[1].workers, 4);
}
END_TEST

START_TEST(protocol_is_for_all_collectors)
{
	expect("-v netflow5 -n a -r x -n [::1]:5");
	ck_assert_int_eq(options->config.exporters[0].protocol, CONFIG_NETFLOW5);
	ck_assert_int_eq(options->config.exporters[1].protocol, CONFIG_NETFLOW5);
	ck_assert_str_eq(options->config.exporters[0].service, "2055");
	expect("-n a -r x -n b -v 10");
	ck_assert_int_eq(options->config.exporters[0].protocol, CONFIG_IPFIX);
	ck_assert_str_eq(options->config.exporters[1].service, "4739");
	expect("-n a -r x -n b -v 9 --set exporters[1].protocol=ipfix");
	ck_assert_int_eq(options->config.exporters[0].protocol, CONFIG_NETFLOW9);
	ck_assert_int_eq(options->config.exporters[1].protocol, CONFIG_IPFIX);
}
END_TEST

START_TEST(file_and_command_line)
{
	const struct config *c = &options->config;

	expect("-f FILE");
	ck_assert_str_eq(options->config_path, file);
	ck_assert_str_eq(c->inputs[0].interface, "eth9");
	ck_assert_uint_eq(c->cache.entries, 777);
	expect("-n d -v 9 -f FILE");
	ck_assert_uint_eq(c->exporter_count, 2);
	ck_assert_int_eq(c->exporters[0].protocol, CONFIG_NETFLOW5);
	ck_assert_int_eq(c->exporters[1].protocol, CONFIG_NETFLOW9);
	expect("-f FILE -r x -m 99");
	ck_assert_uint_eq(c->input_count, 1);
	ck_assert_str_eq(c->inputs[0].file, "x");
	ck_assert_str_eq(c->inputs[0].interface, "");
	ck_assert_str_eq(c->inputs[0].filter, "");
	ck_assert_uint_eq(c->cache.entries, 99);
	expect("-f FILE -o text");
	ck_assert_uint_eq(c->exporter_count, 0);
	expect("-f FILE -o text -n d");
	ck_assert_uint_eq(c->exporter_count, 1);
	ck_assert_str_eq(c->exporters[0].host, "d");
}
END_TEST

START_TEST(later_wins)
{
	expect("-r x -m 100 --set cache.entries=200");
	ck_assert_uint_eq(options->config.cache.entries, 200);
	expect("-r x --set cache.entries=200 -m 100 -t idle=1 --set cache.timeouts.idle=3");
	ck_assert_uint_eq(options->config.cache.entries, 100);
	ck_assert_int_eq(options->config.cache.timeouts.idle, 3 * SECOND);
}
END_TEST

START_TEST(flags)
{
	expect("-C -f FILE -qq -d");
	ck_assert(options->check_config && options->verbosity == -1);
	expect("-h");
	ck_assert(options->help);
	expect("--help");
	ck_assert(options->help);
	expect("--version");
	ck_assert(options->version);
	expect("--help-config");
	ck_assert(options->help_config && !options->help);
	expect("--list-elements");
	ck_assert(options->list_elements);
	expect("--sam 3 -r x");
	ck_assert_uint_eq(options->config.sampling.interval, 3);
}
END_TEST

static const struct {
	const char *line;
	const char *complaint;
} bad[] = {
	{"-x", "-x: unknown option; see weir --help"},
	{"--bogus", "--bogus: unknown option"},
	{"--he", "--he: unknown option, or short for several"},
	{"-m", "-m: needs N; see weir --help"},
	{"--set", "--set: needs KEY=VALUE"},
	{"--quiet=3", "--quiet=3: takes no value"},
	{"-i eth0 -r x", "-i eth0 and -r x: allowed is one of the two"},
	{"-r x -r y", "-r y: there is -r x already"},
	{"tcp port 80",
		"\"tcp port 80\": words are a filter, allowed beside -i INTERFACE or -r FILE"},
	{"-v 9 -r x", "-v 9: there is no -n that it is for"},
	{"-v 7 -n h -r x", "-v: exporters[0].protocol: 7 is not known, allowed: netflow5"},
	{"-n ::1 -r x", "-n: \"::1\" is an IPv6 address without brackets"},
	{"-m 7 -r x", "-m: cache.entries: 7 is too small, allowed: 16 to"},
	{"-s 0 -r x", "-s: sampling.interval: 0 is too small"},
	{"-s 20000 -r x -n h -v 5", "sampling.interval: 20000 is too large for exporters[0]"},
	{"-t idle -r x", "-t: \"idle\" is not NAME=TIME"},
	{"-t ilde=5 -r x", "-t: cache.timeouts.ilde: unknown key, is it \"idle\"?"},
	{"-t idle=-5 -r x", "-t: cache.timeouts.idle: -5 is not a time"},
	{"-t tcp=5 -r x", "cache.timeouts.tcp: has keys of its own"},
	{"-o xml -r x", "-o: output: \"xml\" is not known, allowed: none, text, json, csv"},
	{"--set cache.entires=5 -r x", "--set: cache.entires: unknown key"},
	{"-f /nowhere/weir.conf", "/nowhere/weir.conf: cannot be read: No such file"},
	{"-f FILE -i ", "-i: the name of the interface is empty"},
	{"-f FILE --set inputs[0].file=x", "inputs[0]: has both"},
};

START_TEST(refuses_bad_lines)
{
	ck_assert_msg(!read_line(bad[_i].line), "%s", bad[_i].line);
	ck_assert_msg(strstr(error.text, bad[_i].complaint) != NULL, "\"%s\" is not in: %s",
		bad[_i].complaint, error.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, reads_a_capture);
	tcase_add_test(all, prints_by_default);
	tcase_add_test(all, meters_interfaces);
	tcase_add_test(all, protocol_is_for_all_collectors);
	tcase_add_test(all, file_and_command_line);
	tcase_add_test(all, later_wins);
	tcase_add_test(all, flags);
	tcase_add_loop_test(all, refuses_bad_lines, 0, COUNT(bad));
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
