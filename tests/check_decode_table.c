/* The tables of weir(8) that say what is decoded, against the decoders: each number that they
 * take is in the manual and the other way round, and libpcap knows the names.
 */
#include "packet/layer.h"
#include "packet/ports.h"
#include "suite.h"

#include <check.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 65536 };

/* What one table of the manual has. */
struct table {
	bool has[NUMBERS];
	char name[NUMBERS][24];
};

static struct table manual, code;

static void note(struct table *t, const char *number, const char *name)
{
	char *end;
	unsigned long n = strtoul(number, &end, 0);

	ck_assert_msg(end != number && n < NUMBERS, "not a number: %s", number);
	ck_assert_msg(!t->has[n], "twice in the manual: %lu", n);
	t->has[n] = true;
	snprintf(t->name[n], sizeof t->name[n], "%s", name);
}

/* Rows ".It NUMBER[, NUMBER] Ta NAME ..." of a section; with `in`, ".It IN Ta NUMBER Ta ...". */
static void read_row(char *row, const char *in)
{
	char *first = strtok(row, "\n") + 4, *second = strstr(first, " Ta ");

	ck_assert_ptr_nonnull(second);
	*second = '\0';
	second += 4;
	char *third = strstr(second, " Ta ");
	if (third)
		*third = '\0';
	if (strcmp(first, in ? "in" : "number") == 0 || (in && strcmp(first, in) != 0))
		return;
	for (char *number = strtok(in ? second : first, ","); number; number = strtok(NULL, ","))
		note(&manual, number, in ? "" : second);
}

static void read_manual(const char *section, const char *in)
{
	FILE *page = fopen("man/weir.8", "r");
	char line[256], title[64];
	bool inside = false;

	ck_assert_msg(page != NULL, "man/weir.8 is not there: run this at the top of the tree");
	snprintf(title, sizeof title, ".Ss %s\n", section);
	memset(&manual, 0, sizeof manual);
	memset(&code, 0, sizeof code);
	while (fgets(line, sizeof line, page)) {
		if (strncmp(line, ".S", 2) == 0 && line[3] == ' ' && line[2] != 'x')
			inside = strcmp(line, title) == 0;
		else if (inside && strncmp(line, ".It ", 4) == 0)
			read_row(line, in);
	}
	fclose(page);
}

static void compare(const char *what)
{
	unsigned found = 0;

	for (unsigned n = 0; n < NUMBERS; n++) {
		ck_assert_msg(!code.has[n] || manual.has[n],
			"%s %u (0x%04x) is decoded and not in weir(8)", what, n, n);
		ck_assert_msg(code.has[n] || !manual.has[n],
			"%s %u (0x%04x) is in weir(8) and not decoded", what, n, n);
		found += code.has[n];
	}
	ck_assert_msg(found > 1, "%s: nothing is decoded", what);
}

/* Somewhere to read from: zeros, and whatever stands in front of them. */
struct place {
	struct walk walk;
	struct packet packet;
	uint8_t octets[64];
};

static struct walk *begin(struct place *p, uint32_t head)
{
	memset(p, 0, sizeof *p);
	for (int i = 0; i < 4; i++)
		p->octets[i] = (uint8_t)(head >> 8 * (3 - i));
	p->walk.at = bytes_of(p->octets, sizeof p->octets);
	p->walk.limit = p->walk.at.end;
	p->walk.packet = &p->packet;
	return &p->walk;
}

START_TEST(link_types)
{
	struct place place;

	read_manual("Link types", NULL);
	for (unsigned n = 0; n < NUMBERS; n++) {
		code.has[n] = layer_of_link(begin(&place, 0), n) != LAYER_NONE;
		ck_assert(code.has[n] || place.walk.reason == PACKET_IGNORED_LINK_TYPE);
	}
	compare("link type");
	for (int n = 0; n < NUMBERS; n++) {
		const char *name = pcap_datalink_val_to_name(n);
		if (!manual.has[n])
			continue;
		if (name)
			ck_assert_str_eq(manual.name[n], name);
		else /* its number differs from libpcap's own for the same link */
			ck_assert_msg(pcap_datalink_name_to_val(manual.name[n]) >= 0,
				"libpcap knows no %s", manual.name[n]);
	}
}
END_TEST

START_TEST(ethertypes)
{
	struct place place;

	read_manual("EtherTypes", NULL);
	for (unsigned n = 0; n < NUMBERS; n++)
		code.has[n] = layer_of_ethertype(begin(&place, 0), (uint16_t)n) != LAYER_NONE;
	compare("EtherType");
}
END_TEST

START_TEST(ip_protocols)
{
	read_manual("Tunnels", "IP");
	for (unsigned n = 0; n < 256; n++)
		code.has[n] = layer_of_tunnel((uint8_t)n) != LAYER_NONE;
	compare("IP protocol");
}
END_TEST

/* In either version of GRE, what is not an EtherType. */
START_TEST(gre_types)
{
	struct place place;

	read_manual("Tunnels", "GRE");
	for (uint32_t n = 0; n < NUMBERS; n++) {
		if (layer_of_ethertype(begin(&place, 0), (uint16_t)n) != LAYER_NONE)
			continue;
		for (uint32_t version = 0; version < 2; version++)
			code.has[n] |= gre_read(begin(&place, version << 16 | n)) != LAYER_NONE;
	}
	compare("GRE protocol type");
}
END_TEST

START_TEST(udp_ports)
{
	const struct decoder_options usual = {.inner = true};
	struct tunnels tunnels;

	read_manual("Tunnels", "UDP");
	tunnels_set(&tunnels, &usual);
	for (unsigned i = 0; i < tunnels.ports; i++)
		code.has[tunnels.port[i].number] = true;
	compare("UDP port");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode_table");
	TCase *cases = tcase_create("decode_table");

	tcase_add_test(cases, link_types);
	tcase_add_test(cases, ethertypes);
	tcase_add_test(cases, ip_protocols);
	tcase_add_test(cases, gre_types);
	tcase_add_test(cases, udp_ports);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
