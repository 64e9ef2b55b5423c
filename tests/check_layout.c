/* The templates of definitions in full: which elements, how long, keys or not, in which order, and
 * which records each is for. */
#include "export/layout.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 256, TUNNEL_V4 = 4, TUNNEL_V6 = 6 };

#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))

/* Addresses of one family, ICMP, options of either: what only some flows have. */
static const struct definition own = {.name = "own",
	.count = 10,
	.field = {{.element = IE_sourceIPv4Address, .key = true},
		{.element = IE_destinationTransportPort, .key = true},
		{.element = IE_icmpTypeCodeIPv4}, {.element = IE_ipClassOfService, .key = true},
		{.element = IE_flowStartMilliseconds}, {.element = IE_flowEndMilliseconds},
		{.element = IE_tcpControlBits}, {.element = IE_octetDeltaCount},
		{.element = IE_flowLabelIPv6}, {.element = IE_ipv4Options}}};

/* Less than four octets: they are padded. */
static const struct definition narrow = {.name = "narrow",
	.count = 2,
	.field = {{.element = IE_protocolIdentifier, .key = true},
		{.element = IE_icmpTypeCodeIPv6, .key = true}}};

/* What a biflow's record has at its end in any case. */
static const struct definition turned = {.name = "turned",
	.count = 2,
	.field = {{.element = IE_biflowDirection}, {.element = IE_octetDeltaCount}}};

enum which { OWN, NARROW, DEFAULT, TUNNEL, TURNED };

struct how {
	enum which which;
	uint16_t version;
	enum layout_times times;
	uint8_t control_bits;
	bool inner, biflow;
	unsigned generation;
};

static void make(struct layout *l, const struct how *how)
{
	const struct definition *definitions[] = {
		&own, &narrow, definition_ready("default"), definition_ready("tunnel"), &turned};

	layout_init(l, &(struct layout_options){.version = how->version,
			       .definition = definitions[how->which],
			       .times = how->times,
			       .control_bits = how->control_bits,
			       .inner = how->inner,
			       .biflow = how->biflow,
			       .generation = how->generation});
}

#define RELATIVE LAYOUT_TIMES_RELATIVE

/* "id name: element.octets ...", a key with a k, a reverse element with a minus */
/* clang-format off */
static const struct {
	struct how how;
	unsigned count, index;
	const char *template;
} rows[] = {
	/* IPFIX tells ICMP without ports, v9 in a port too, and one element for both families. */
	{{OWN, .version = 10}, 4, 0, "256 own: IPv4: 8.4k 11.2k 5.1k 152.8 153.8 6.2 1.8 208.4"},
	{{OWN, .version = 10}, 4, 1, "257 own: IPv6: 27.16k 11.2k 5.1k 152.8 153.8 6.2 1.8 31.4"},
	{{OWN, .version = 10}, 4, 2, "258 own: IPv4, ICMP: 8.4k 32.2k 5.1k 152.8 153.8 6.2 1.8 208.4"},
	{{OWN, .version = 10}, 4, 3, "259 own: IPv6, ICMP: 27.16k 5.1k 152.8 153.8 6.2 1.8 31.4"},
	{{OWN, .version = 9}, 4, 0, "256 own: IPv4: 8.4k 11.2k 5.1k 152.8 153.8 6.1 1.8 208.4"},
	{{OWN, .version = 9}, 4, 2, "258 own: IPv4, ICMP: 8.4k 11.2k 32.2k 5.1k 152.8 153.8 6.1 1.8 208.4"},
	{{OWN, .version = 9}, 4, 3, "259 own: IPv6, ICMP: 27.16k 11.2k 32.2k 5.1k 152.8 153.8 6.1 1.8 31.4"},
	/* times of any kind, control bits of one octet */
	{{OWN, 10, 1, .control_bits = 1}, 4, 0, "256 own: IPv4: 8.4k 11.2k 5.1k 150.4 151.4 6.1 1.8 208.4"},
	{{OWN, 10, 2, .control_bits = 1}, 4, 0, "256 own: IPv4: 8.4k 11.2k 5.1k 152.8 153.8 6.1 1.8 208.4"},
	{{OWN, 10, 3, .control_bits = 2}, 4, 0, "256 own: IPv4: 8.4k 11.2k 5.1k 154.8 155.8 6.2 1.8 208.4"},
	{{OWN, 10, 4, .control_bits = 2}, 4, 0, "256 own: IPv4: 8.4k 11.2k 5.1k 156.8 157.8 6.2 1.8 208.4"},
	{{OWN, 10, .times = RELATIVE}, 4, 1, "257 own: IPv6: 27.16k 11.2k 5.1k 22.4 21.4 6.2 1.8 31.4 160.8"},
	{{OWN, 9, 1, .control_bits = 2}, 4, 0, "256 own: IPv4: 8.4k 11.2k 5.1k 150.4 151.4 6.1 1.8 208.4"},
	{{OWN, 9, .times = RELATIVE}, 4, 0, "256 own: IPv4: 8.4k 11.2k 5.1k 22.4 21.4 6.1 1.8 208.4"},
	{{DEFAULT, .version = 9}, 4, 1, "257 default: IPv6: 27.16k 28.16k 7.2k 11.2k 4.1k 5.1k 6.1 60.1 136.1 "
		"61.1 10.4k 14.4 58.2 2.8 1.8 22.4 21.4"},
	{{DEFAULT, 9, .times = 2}, 4, 2, "258 default: IPv4, ICMP: 8.4k 12.4k 7.2k 11.2k 32.2k 4.1k 5.1k 6.1 "
		"60.1 136.1 61.1 10.4k 14.4 58.2 2.8 1.8 152.8 153.8"},
	{{DEFAULT, .version = 10}, 4, 3, "259 default: IPv6, ICMP: 27.16k 28.16k 139.2k 4.1k 5.1k 6.2 60.1 136.1 "
		"61.1 10.4k 14.4 58.2 2.8 1.8 152.8 153.8"},
	/* both directions; ids of a later definition */
	{{OWN, 10, .biflow = true, .generation = 3}, 8, 0,
		"640 own: IPv4: 8.4k 11.2k 5.1k 152.8 153.8 6.2 1.8 208.4 239.1"},
	{{OWN, 10, .biflow = true, .generation = 3}, 8, 7,
		"647 own: IPv6, ICMP, answered: 27.16k 5.1k 152.8 153.8 6.2 1.8 31.4 239.1 -152.8 "
		"-153.8 -6.2 -1.8"},
	{{OWN, 9, .biflow = true, .generation = 1}, 8, 2, "386 own: IPv4, ICMP: 8.4k 11.2k 32.2k 5.1k "
		"152.8 153.8 6.1 1.8 208.4 239.1"},
	{{OWN, 9, .biflow = true}, 8, 4, "260 own: IPv4, answered: 8.4k 11.2k 5.1k 152.8 153.8 6.1 1.8 "
		"208.4 239.1 232.8 299.8"},
	{{DEFAULT, 10, .biflow = true}, 8, 4, "260 default: IPv4, answered: 8.4k 12.4k 7.2k 11.2k 4.1k "
		"5.1 6.2 60.1 136.1 61.1 10.4k 14.4 58.2 2.8 1.8 152.8 153.8 239.1 -6.2 -2.8 -1.8 "
		"-152.8 -153.8"},
	/* the tunnel's other packet, outer before inner */
	{{TUNNEL, .version = 10}, 12, 1, "257 tunnel: IPv6: 27.16k 28.16k 7.2k 11.2k 4.1k 5.1k 351.8k 296.4k "
		"10.4k 60.1 6.2 136.1 2.8 1.8 152.8 153.8"},
	{{TUNNEL, .version = 10}, 12, 5, "261 tunnel: IPv6, IPv4 inside: 27.16k 28.16k 8.4k 12.4k 7.2k 11.2k 4.1k "
		"5.1k 351.8k 296.4k 10.4k 60.1 6.2 136.1 2.8 1.8 152.8 153.8"},
	{{TUNNEL, 10, .inner = true}, 12, 5, "261 tunnel: IPv6, IPv4 outside: 8.4k 12.4k 27.16k 28.16k "
		"7.2k 11.2k 4.1k 5.1k 351.8k 296.4k 10.4k 60.1 6.2 136.1 2.8 1.8 152.8 153.8"},
	{{TUNNEL, 9, .inner = true}, 12, 10, "266 tunnel: IPv4, ICMP, IPv6 outside: 27.16k 28.16k 8.4k "
		"12.4k 7.2k 11.2k 32.2k 4.1k 5.1k 351.8k 296.4k 10.4k 60.1 6.1 136.1 2.8 1.8 22.4 "
		"21.4"},
	{{TUNNEL, 10, .biflow = true}, 24, 23, "279 tunnel: IPv6, ICMP, IPv6 inside, answered: 27.16k 28.16k "
		"27.16k 28.16k 139.2k 4.1k 5.1 351.8k 296.4k 10.4k 60.1 6.2 136.1 2.8 1.8 152.8 153.8 239.1 -6.2 "
		"-2.8 -1.8 -152.8 -153.8"},
	{{TURNED, 10, .biflow = true}, 4, 0, "256 turned: IPv4: 239.1 1.8"},
	/* no shorter than the padding of a set could be */
	{{NARROW, .version = 10}, 4, 0, "256 narrow: IPv4: 4.1k 210.3"},
	{{NARROW, .version = 10}, 4, 3, "259 narrow: IPv6, ICMP: 4.1k 139.2k 210.1"},
	{{NARROW, .version = 9}, 4, 3, "259 narrow: IPv6, ICMP: 4.1k 210.3"},
};
/* clang-format on */

static void print(char *text, const struct layout *l, unsigned index)
{
	const struct template *t = &l->template[index];
	char name[64];
	size_t at;

	layout_name(l, index, name, sizeof name);
	at = (size_t)snprintf(text, TEXT, "%u %s:", t->id, name);
	for (unsigned k = 0; k < t->field_count; k++) {
		const struct template_field *f = &t->field[k];
		at += (size_t)snprintf(text + at, TEXT - at, " %s%u.%u%s", f->reverse ? "-" : "",
			f->ie->id, f->length, f->key ? "k" : "");
	}
}

START_TEST(templates)
{
	struct layout l;
	char text[TEXT];

	make(&l, &rows[_i].how);
	ck_assert_uint_eq(l.count, rows[_i].count);
	print(text, &l, rows[_i].index);
	ck_assert_str_eq(text, rows[_i].template);
	ck_assert_int_eq(l.relative, strstr(text, " 22.4") != NULL);
}
END_TEST

static const struct {
	struct how how;
	uint8_t version, protocol, outer, inner;
	unsigned reverse;
	unsigned index;
} choices[] = {
	{{OWN, .version = 10}, 4, 6, 0, 0, 0, 0},
	{{OWN, .version = 10}, 6, 6, 0, 0, 0, 1},
	{{OWN, .version = 10}, 4, 1, 0, 0, 0, 2},
	{{OWN, .version = 10}, 6, 58, 0, 0, 0, 3},
	{{OWN, .version = 10}, 4, 58, 0, 0, 0, 0},
	{{OWN, .version = 10}, 4, 6, 4, 4, 9, 0}, /* what it does not tell does not matter */
	{{OWN, 10, .biflow = true}, 4, 6, 0, 0, 0, 0},
	{{OWN, 10, .biflow = true}, 4, 6, 0, 0, 1, 4},
	{{OWN, 10, .biflow = true}, 6, 58, 0, 0, 1, 7},
	{{TUNNEL, .version = 10}, 6, 6, 0, 0, 0, 1},
	{{TUNNEL, .version = 10}, 6, 6, TUNNEL_V6, TUNNEL_V4, 0, 5},
	{{TUNNEL, .version = 10}, 6, 58, TUNNEL_V4, TUNNEL_V6, 0, 11},
	{{TUNNEL, 10, .inner = true}, 6, 6, TUNNEL_V6, TUNNEL_V4, 0, 9},
	{{TUNNEL, 10, .inner = true}, 4, 6, TUNNEL_V4, TUNNEL_V6, 0, 4},
	{{TUNNEL, 10, .inner = true}, 4, 6, 0, TUNNEL_V6, 0, 0},
	{{TUNNEL, 10, .biflow = true}, 4, 1, 0, TUNNEL_V6, 3, 22},
};

START_TEST(chosen)
{
	struct layout l;
	struct flow_full_record r;

	memset(&r, 0, sizeof r);
	r.record.key.ip_version = choices[_i].version;
	r.record.key.protocol = choices[_i].protocol;
	r.details.first.outer_ip_version = choices[_i].outer;
	r.details.first.inner_ip_version = choices[_i].inner;
	r.details.reverse.packets = choices[_i].reverse;
	make(&l, &choices[_i].how);
	ck_assert_ptr_eq(layout_choose(&l, &r.record), &l.template[choices[_i].index]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("layout");
	TCase *cases = tcase_create("layout");

	tcase_add_loop_test(cases, templates, 0, ROWS(rows));
	tcase_add_loop_test(cases, chosen, 0, ROWS(choices));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
