/* Filters of records: what each takes and leaves, and what is refused. */
#include "flow/filter.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct flow_record records[] = {
	/* 0: TCP 10.1.2.3:40000 to 192.0.2.1:443, in by 3, out by 4, VLAN 100 */
	{.key = {.source_address = {10, 1, 2, 3},
		 .destination_address = {192, 0, 2, 1},
		 .source_port = 40000,
		 .destination_port = 443,
		 .protocol = 6,
		 .ip_version = 4},
		.ingress_interface = 3,
		.egress_interface = 4,
		.vlan_id = 100},
	/* 1: its answer */
	{.key = {.source_address = {192, 0, 2, 1},
		 .destination_address = {10, 1, 2, 3},
		 .source_port = 443,
		 .destination_port = 40000,
		 .protocol = 6,
		 .ip_version = 4},
		.ingress_interface = 4,
		.egress_interface = 3},
	/* 2: UDP 2001:db8::1:53 to 2001:db8::8000:2:5353 */
	{.key = {.source_address = {0x20, 1, 0xd, 0xb8, [15] = 1},
		 .destination_address = {0x20, 1, 0xd, 0xb8, [12] = 0x80, [15] = 2},
		 .source_port = 53,
		 .destination_port = 5353,
		 .protocol = 17,
		 .ip_version = 6},
		.ingress_interface = 3},
	/* 3: ICMP 10.1.2.3 to 10.255.0.1, an echo */
	{.key = {.source_address = {10, 1, 2, 3},
		 .destination_address = {10, 255, 0, 1},
		 .destination_port = 8 << 8,
		 .protocol = 1,
		 .ip_version = 4}},
};
enum { RECORDS = sizeof records / sizeof *records };

static unsigned number_of(const char *name)
{
	return strcmp(name, "eth3") == 0 ? 3 : 0;
}

/* Which of the records a filter takes: a bit each. */
static const struct {
	const char *text;
	unsigned takes;
} filters[] = {
	{"", 15},
	{"  ", 15},
	{"tcp", 3},
	{"proto 6", 3},
	{"proto udp", 4},
	{"icmp", 8},
	{"ip", 11},
	{"ip6", 4},
	{"host 10.1.2.3", 11},
	{"src host 10.1.2.3", 9},
	{"dst host 10.1.2.3", 2},
	{"host 2001:db8::1", 4},
	{"dst host 2001:db8::1", 0},
	{"host 10.1.2.4", 0},
	{"net 10.0.0.0/8", 11},
	{"src net 10.0.0.0/8 and dst net 10.0.0.0/8", 8},
	{"net 10.255.0.0/17", 8},
	{"net 10.255.128.0/17", 0},
	{"net 192.0.2.0/31", 3},
	{"net 0.0.0.0/0", 11},
	{"net ::/0", 4},
	{"dst net 2001:db8::8000:0/97", 4},
	{"dst net 2001:db8::c000:0/98", 0},
	{"net 2001:db8::/32", 4},
	{"port 443", 3},
	{"src port 443", 2},
	{"dst port 443", 1},
	{"port 2048", 0}, /* of ICMP that is no port */
	{"portrange 50-443", 7},
	{"dst portrange 443-5353", 5},
	{"interface 3", 7},
	{"interface eth3", 7},
	{"in interface 3", 5},
	{"out interface eth3", 2},
	{"vlan 100", 1},
	{"not tcp", 12},
	{"! tcp", 12},
	{"!tcp", 12},
	{"not not tcp", 3},
	{"tcp or udp", 7},
	{"tcp || udp", 7},
	{"tcp and src port 443", 2},
	{"tcp && src port 443", 2},
	{"tcp src port 443", 2}, /* side by side: both */
	/* from left to right, as pcap-filter(7) has it */
	{"icmp or tcp and src port 443", 2},
	{"icmp or (tcp and src port 443)", 10},
	{"not tcp and ip", 8},
	{"not (tcp and src port 443)", 13},
	{"not(tcp)and(not(udp))", 8},
	{"((((icmp))))", 8},
	{"tcp\tand\nip", 3},
};

START_TEST(takes)
{
	struct flow_filter filter;
	char why[128] = "";
	unsigned taken = 0;

	ck_assert_msg(flow_filter_compile(&filter, filters[_i].text, number_of, why, sizeof why),
		"%s: %s", filters[_i].text, why);
	for (unsigned i = 0; i < RECORDS; i++)
		taken |= (unsigned)flow_filter_matches(&filter, &records[i]) << i;
	ck_assert_msg(taken == filters[_i].takes, "%s: %u, not %u", filters[_i].text, taken,
		filters[_i].takes);
}
END_TEST

static const struct {
	const char *text;
	const char *why;
} refused[] = {
	{"tcp and", "ends too early"},
	{"not", "ends too early"},
	{"host", "\"\" is not an IPv4 or IPv6 address"},
	{"host example.net", "\"example.net\" is not an IPv4 or IPv6 address"},
	{"host 10.0.0.0/8", "is not an IPv4 or IPv6 address"},
	{"net 10.0.0.0", "\"10.0.0.0\" is not a network"},
	{"net 10.0.0.0/33", "is not a network"},
	{"net 10.0.0.0/", "is not a network"},
	{"net ::/129", "is not a network"},
	{"net 10.0.0.1/8", "\"10.0.0.1/8\" has bits beyond its prefix"},
	{"net 2001:db8::1/127", "has bits beyond"},
	{"port http", "\"http\" is not a number from 0 to 65535"},
	{"port 65536", "is not a number"},
	{"port -1", "is not a number"},
	{"port 99999999999", "is not a number"},
	{"portrange 443", "is not a range of ports"},
	{"portrange 444-443", "is not a range of ports"},
	{"proto 256", "is not a number from 0 to 255"},
	{"proto ip", "is not a number"},
	{"vlan 4096", "is not a number from 0 to 4095"},
	{"interface eth4", "\"eth4\" is no interface"},
	{"interface", "\"\" is no interface"},
	{"src tcp", "host, net, port or portrange is missing before \"tcp\""},
	{"in host 10.0.0.1", "interface is missing before \"host\""},
	{"(tcp", "a \")\" is missing"},
	{"tcp)", "a \"(\" is missing"},
	{"()", "\")\" is not known"},
	{"or tcp", "\"or\" is not known"},
	{"TCP", "\"TCP\" is not known"},
	{"((((((((((((((((((tcp))))))))))))))))))", "has too many parentheses"},
	{"tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp "
	 "tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp tcp",
		"is too long"},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"is not known"},
};

START_TEST(refuses)
{
	struct flow_filter filter;
	char why[256] = "";

	ck_assert_msg(!flow_filter_compile(&filter, refused[_i].text, number_of, why, sizeof why),
		"%s was taken", refused[_i].text);
	ck_assert_msg(strstr(why, refused[_i].why), "%s: %s", refused[_i].text, why);
}
END_TEST

START_TEST(the_longest)
{
	struct flow_filter filter;
	char text[512] = "tcp", why[128] = "";

	/* 32 names and 31 that join them, and a not */
	for (unsigned i = 1; i < 32; i++)
		strcat(text, " or tcp");
	strcat(text, " or not tcp");
	ck_assert(!flow_filter_compile(&filter, text, NULL, why, sizeof why));
	text[strlen(text) - strlen(" or not tcp")] = '\0';
	ck_assert(flow_filter_compile(&filter, text, NULL, why, sizeof why));
	ck_assert(flow_filter_matches(&filter, &records[0]));
	ck_assert(!flow_filter_matches(&filter, &records[3]));
	/* any name, where it is only checked */
	ck_assert(flow_filter_compile(&filter, "interface any0", NULL, why, sizeof why));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tcase = tcase_create("filter");

	tcase_add_loop_test(tcase, takes, 0, (int)(sizeof filters / sizeof *filters));
	tcase_add_loop_test(tcase, refuses, 0, (int)(sizeof refused / sizeof *refused));
	tcase_add_test(tcase, the_longest);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
