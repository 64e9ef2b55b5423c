/* Definitions: names and sides, what is refused and why, and that a key element splits flows where
 * its value on the wire differs and nowhere else. The last is tried through the real cache with
 * every bit that a packet has, for every element of the table that can be matched. */
#include "export/layout.h"
#include "flow/cache.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))

enum { TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58 };

/* ------------------------------------------------------------------ names and what is refused */

static struct definition defined(const char *name, const char *words)
{
	struct definition d = {.count = 0};
	char text[512], *rest = text;

	snprintf(d.name, sizeof d.name, "%s", name);
	snprintf(text, sizeof text, "%s", words);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		struct definition_field *f = &d.field[d.count++];
		bool key = *word == '*';
		ck_assert_msg(definition_field_read(word + key, f), "%s", word);
		f->key = key;
	}
	return d;
}

/* What definition_check() says; "" where it is content. * marks what is matched. */
static const struct {
	uint16_t version;
	const char *words, *why;
} checks[] = {
	{0, "*sourceIPv4Address octetDeltaCount", ""},
	{10, "*sourceIPv4Address octetDeltaCount", ""},
	{9, "*IPV4_SRC_ADDR IN_BYTES", ""},
	{9, "*tcpSequenceNumber tcpOptionsFull", ""},
	{5, "*sourceIPv4Address octetDeltaCount", "NetFlow v5 has a record of its own"},
	{10, "octetDeltaCount", "nothing is matched"},
	{10, "", "nothing is matched"},
	{10, "*sourceIPv4Address sourceIPv4Address", "sourceIPv4Address stands there twice"},
	{10, "*sourceIPv4Address IPV4_SRC_ADDR", "sourceIPv4Address stands there twice"},
	{10, "*inner.ipVersion inner.ipVersion", "ipVersion stands there twice"},
	{10, "*sourceIPv4Address sourceIPv6Address", ""}, /* either name is enough */
	{10, "*octetDeltaCount", "octetDeltaCount cannot be matched"},
	{10, "*packetTotalCount", "packetTotalCount cannot be matched"},
	{10, "*flowStartMilliseconds", "flowStartMilliseconds cannot be matched"},
	{10, "*flowEndReason", "flowEndReason cannot be matched"},
	{10, "*tcpControlBits", "tcpControlBits cannot be matched"},
	{10, "*minimumTTL", "minimumTTL cannot be matched"},
	{10, "*tcpOptionsFull", "tcpOptionsFull cannot be matched"},
	{10, "*flowId", "flowId cannot be matched"},
	{10, "*flowDurationMilliseconds", "flowDurationMilliseconds cannot be matched"},
	{10, "*isMulticast", "isMulticast cannot be matched"},
	{10, "*observationDomainId", "observationDomainId cannot be matched"},
	{10, "*systemInitTimeMilliseconds", "systemInitTimeMilliseconds cannot be matched"},
	{10, "*ipVersion applicationName", "applicationName is known but"},
	{10, "*ipVersion interfaceName", "interfaceName is told in options data"},
	{9, "*samplingInterval octetDeltaCount", "samplingInterval is told in options data"},
	{9, "*ipVersion basicList", "basicList is known but"},
	/* RFC 7011 section 8: the outer one stands first, whatever the flow is */
	{10, "*outer.sourceIPv4Address *inner.sourceIPv4Address", ""},
	{10, "*outer.sourceIPv4Address *sourceIPv4Address *inner.sourceIPv4Address", ""},
	{10, "*inner.sourceIPv4Address *outer.sourceIPv4Address", "before the outer packet's"},
	{10, "*inner.sourceIPv4Address *sourceIPv4Address", "before the outer packet's"},
	{10, "*sourceIPv4Address *outer.sourceIPv4Address", "before the outer packet's"},
	{10, "*inner.sourceIPv6Address *outer.sourceIPv4Address", "before the outer packet's"},
	{10, "*inner.sourceIPv4Address *outer.destinationIPv4Address", ""},
};

START_TEST(checked)
{
	struct definition d = defined("mine", checks[_i].words);
	char why[256] = "";
	bool good = definition_check(&d, checks[_i].version, why, sizeof why);

	ck_assert_msg(good == !checks[_i].why[0], "%s: %s", checks[_i].words, why);
	if (!good)
		ck_assert_msg(strstr(why, checks[_i].why) != NULL, "%s: %s", checks[_i].words, why);
}
END_TEST

START_TEST(names)
{
	static const char *const none[] = {"", "sourceIPv4Addres", "inner.",
		"outer.octetDeltaCount", "outer.sourceTransportPort", "middle.sourceIPv4Address",
		"inner.inner.sourceIPv4Address", "inner.ipClassOfService"};
	struct definition_field f;

	for (int i = 0; i < ROWS(none); i++)
		ck_assert_msg(!definition_field_read(none[i], &f), "\"%s\"", none[i]);
	ck_assert(definition_field_read("INNER.l4_src_port", &f));
	ck_assert_uint_eq(f.element, IE_sourceTransportPort);
	ck_assert_uint_eq(f.side, DEFINITION_INNER);
	ck_assert(!f.key);
	ck_assert(definition_field_read("Outer.sourceipv6address", &f));
	ck_assert_uint_eq(f.element, IE_sourceIPv6Address);
	ck_assert_uint_eq(f.side, DEFINITION_OUTER);
}
END_TEST

/* v5 takes the default alone; the others take every ready-made record. */
START_TEST(ready_made)
{
	static const uint16_t versions[] = {0, 5, 9, 10};
	char list[256], why[256], *rest = list;
	int count = 0;

	definition_names(list, sizeof list);
	for (char *name = strtok_r(list, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
		const struct definition *d = definition_ready(name);
		ck_assert_ptr_nonnull(d);
		ck_assert_str_eq(d->name, name);
		for (int v = 0; v < ROWS(versions); v++)
			ck_assert_msg(definition_check(d, versions[v], why, sizeof why) ==
					      (versions[v] != 5 || strcmp(name, "default") == 0),
				"%s, v%u: %s", name, versions[v], why);
		count++;
	}
	ck_assert_int_ge(count, 6);
	ck_assert_ptr_null(definition_ready("mine"));
	ck_assert_ptr_eq(definition_ready("DEFAULT"), definition_ready("default"));
}
END_TEST

/* A record of the largest elements has room in the smallest datagram. */
START_TEST(longest_record_fits)
{
	enum { SMALLEST = 484, HEADERS = 20 + 4 + 3 };
	static const enum layout_times all[] = {LAYOUT_TIMES_AUTO, LAYOUT_TIMES_RELATIVE};
	struct definition d = {.name = "long"};
	bool taken[IE_COUNT] = {false};

	while (d.count < DEFINITION_FIELDS) {
		int best = -1;
		for (int i = 0; i < IE_COUNT; i++)
			if (!taken[i] && ie_table[i].encoding != IE_NONE &&
				!ie_table[i].is_option &&
				(best < 0 || ie_length(&ie_table[i], 10) >
						     ie_length(&ie_table[best], 10)))
				best = i;
		taken[best] = true;
		d.field[d.count++] = (struct definition_field){.element = (uint16_t)best};
	}
	for (unsigned version = 9; version <= 10; version++)
		for (int k = 0; k < ROWS(all); k++) {
			struct layout l;
			layout_init(&l, &(struct layout_options){.version = (uint16_t)version,
						.definition = &d,
						.times = all[k]});
			for (unsigned i = 0; i < l.count; i++) {
				unsigned octets = l.template[i].record_octets;
				ck_assert_uint_le(octets, SMALLEST - HEADERS);
				ck_assert_uint_le(
					l.template[i].field_count * 4, SMALLEST - HEADERS - 4);
			}
		}
}
END_TEST

/* ------------------------------------------------------------------ keys, bit by bit */

struct trial {
	struct definition definition;
	bool inner;
	struct packet base;
	struct layout layout;
	const struct template *template; /* of the base packet */
	struct cache *cache;
};

static void ignore(void *context, const struct flow_record *r)
{
	(void)context;
	(void)r;
}

static struct cache *new_cache(const struct definition *d, bool inner)
{
	struct cache_options o = {
		.entries = 4096, .timeouts = flow_timeouts_default, .first_id = 1, .seed = 7};

	definition_select(d, inner, false, &o.selection);
	struct cache *c = cache_new(&o, (struct flow_sink){ignore, NULL});
	ck_assert_ptr_nonnull(c);
	return c;
}

static struct packet base_packet(uint8_t version, uint8_t protocol)
{
	struct packet p = {.time = 1, .octets = 100};

	for (size_t i = 0; i < sizeof p.details; i++)
		((uint8_t *)&p.details)[i] = (uint8_t)(37 * i + 11);
	for (size_t i = 0; i < 16; i++) {
		p.source_address[i] = (uint8_t)(17 * i + 3);
		p.destination_address[i] = (uint8_t)(29 * i + 5);
	}
	p.source_port = 0x1234;
	p.destination_port = 0x5678;
	p.protocol = protocol;
	p.tos = 0x5a;
	p.ip_version = version;
	p.interface = 0x01020304;
	p.details.inner_ip_version = p.details.outer_ip_version = 6;
	p.details.wire_octets = 0x1234;
	p.details.vlan.drop_eligible = p.details.customer_vlan.drop_eligible = 0;
	p.vlan_id = p.details.vlan.id;
	return p;
}

static struct flow_full_record record_of(const struct packet *p)
{
	struct flow_full_record r;

	flow_record_open(&r.record, flow_key_of(p), p);
	flow_details_open(&r.details, p, 1);
	return r;
}

/* Of the packets that the element is for: IPv6 first, whose addresses use all octets. */
static bool find_base(struct trial *t)
{
	static const uint8_t kinds[][2] = {{6, TCP}, {6, ICMP6}, {4, TCP}, {4, ICMP}};

	layout_init(&t->layout,
		&(struct layout_options){
			.version = 10, .definition = &t->definition, .inner = t->inner});
	for (int k = 0; k < ROWS(kinds); k++) {
		t->base = base_packet(kinds[k][0], kinds[k][1]);
		if (t->definition.field[0].element == IE_egressInterface)
			t->base.direction = FRAME_EGRESS;
		struct flow_full_record r = record_of(&t->base);
		t->template = layout_choose(&t->layout, &r.record);
		ck_assert_ptr_nonnull(t->template);
		if (t->template->field[0].ie != &ie_table[IE_paddingOctets])
			return true;
	}
	return false;
}

static unsigned told(const struct trial *t, const struct packet *p, uint8_t *octets)
{
	struct flow_full_record r = record_of(p);

	template_encode(t->template, &r.record, &(struct template_facts){.domain = 1}, octets);
	return t->template->record_octets;
}

static bool is_new(struct cache *c, const struct packet *p)
{
	uint64_t before = cache_statistics(c).opened.flows;

	cache_see(c, p, 1);
	return cache_statistics(c).opened.flows > before;
}

/* Bits that no packet differs in alone, or that no field is wide enough to tell. */
static bool is_possible(const struct packet *p, const struct packet *base)
{
	const struct packet_details *d = &p->details;

	return p->passing == 0 && p->ip_version == base->ip_version && p->direction <= 1 &&
	       d->vlan.drop_eligible <= 1 && d->customer_vlan.drop_eligible <= 1 &&
	       d->wire_octets <= UINT16_MAX &&
	       (d->inner_ip_version == 4 || d->inner_ip_version == 6) &&
	       (d->outer_ip_version == 4 || d->outer_ip_version == 6);
}

static void flip(struct packet *p, size_t bit)
{
	const size_t key = 8 * sizeof(struct flow_key);
	uint8_t *at = bit < key ? (uint8_t *)p : (uint8_t *)&p->details;

	bit -= bit < key ? 0 : key;
	at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	p->vlan_id = p->details.vlan.id;
}

static unsigned try_bits(struct trial *t, const char *name)
{
	const size_t bits = 8 * (sizeof(struct flow_key) + sizeof(struct packet_details));
	uint8_t expected[64], octets[64];
	unsigned split = 0, length = told(t, &t->base, expected);

	ck_assert_uint_le(length, sizeof octets);
	ck_assert(is_new(t->cache, &t->base));
	for (size_t bit = 0; bit < bits; bit++) {
		struct packet p = t->base;
		flip(&p, bit);
		if (!is_possible(&p, &t->base))
			continue;
		told(t, &p, octets);
		bool differs = memcmp(octets, expected, length) != 0;
		ck_assert_msg(is_new(t->cache, &p) == differs,
			"%s (%s): bit %zu: told %s but metered %s", name,
			t->inner ? "inner" : "outer", bit, differs ? "apart" : "alike",
			differs ? "as one flow" : "apart");
		split += differs;
	}
	return split;
}

/* The same element collected only: whatever it is, one flow. */
static void collect_only(struct trial *t, const char *name)
{
	const size_t bits = 8 * (sizeof(struct flow_key) + sizeof(struct packet_details));
	struct definition d = t->definition;

	d.field[1] = d.field[0];
	d.field[1].key = false;
	d.field[0] = (struct definition_field){IE_ipVersion, DEFINITION_FLOW, true};
	d.count = 2;
	struct cache *c = new_cache(&d, t->inner);
	ck_assert(is_new(c, &t->base));
	for (size_t bit = 0; bit < bits; bit++) {
		struct packet p = t->base;
		flip(&p, bit);
		if (is_possible(&p, &t->base))
			ck_assert_msg(!is_new(c, &p), "%s collected splits flows", name);
	}
	cache_free(c);
}

static bool try_field(uint16_t element, uint8_t side, bool inner)
{
	static const char *const sides[] = {"", "outer.", "inner."};
	const struct ie *ie = &ie_table[element];
	struct trial t = {.inner = inner, .definition = {.name = "mine", .count = 1}};
	char name[80], why[256];

	snprintf(name, sizeof name, "%s%s", sides[side], ie->name);
	if (!definition_field_read(name, &t.definition.field[0]))
		return false;
	t.definition.field[0].key = true;
	if (!definition_check(&t.definition, 10, why, sizeof why) || !find_base(&t))
		return false;
	t.cache = new_cache(&t.definition, inner);
	unsigned split = try_bits(&t, name);
	/* ipVersion alone is in every key and was held still */
	bool still = element == IE_ipVersion && side == DEFINITION_FLOW;
	bool own = element == IE_ipVersion && side == (inner ? DEFINITION_INNER : DEFINITION_OUTER);
	ck_assert_msg(split > 0 || still || own, "%s is a key and tells nothing apart", name);
	cache_free(t.cache);
	collect_only(&t, name);
	return true;
}

START_TEST(keys_split_by_what_is_told)
{
	unsigned tried[3] = {0};

	for (uint16_t e = 0; e < IE_COUNT; e++)
		for (uint8_t side = DEFINITION_FLOW; side <= DEFINITION_INNER; side++)
			tried[side] += try_field(e, side, _i);
	ck_assert_uint_ge(tried[DEFINITION_FLOW], 55);
	ck_assert_uint_ge(tried[DEFINITION_OUTER], 5);
	ck_assert_uint_ge(tried[DEFINITION_INNER], 8);
}
END_TEST

/* Of any definition: IPv4 and IPv6 are never one flow, and the default's key is the cache's own. */
START_TEST(families_apart)
{
	struct definition d = defined("mine", "*protocolIdentifier");
	struct cache *c = new_cache(&d, false);
	struct packet four = base_packet(4, UDP), six = base_packet(6, UDP);

	ck_assert(is_new(c, &four));
	ck_assert(is_new(c, &six));
	ck_assert(!is_new(c, &four));
	cache_free(c);

	struct flow_selection usual = flow_selection_default(), chosen;
	definition_select(definition_ready("default"), false, false, &chosen);
	ck_assert_mem_eq(&chosen.key, &usual.key, sizeof usual.key);
	ck_assert(!chosen.keeps_details);
}
END_TEST

/* Details are kept where a field needs them, and only there: they triple a record. */
START_TEST(details_kept_where_needed)
{
	for (uint16_t e = 0; e < IE_COUNT; e++) {
		struct definition d = {.name = "mine", .count = 2};
		struct flow_selection s;
		char why[256];

		d.field[0] = (struct definition_field){IE_ipVersion, DEFINITION_FLOW, true};
		d.field[1] = (struct definition_field){e, DEFINITION_FLOW, false};
		if (e == IE_ipVersion || !definition_check(&d, 10, why, sizeof why))
			continue;
		definition_select(&d, false, false, &s);
		uint16_t at = ie_table[e].offset;
		ck_assert_msg(s.keeps_details == (at >= sizeof(struct flow_record) &&
							 at < offsetof(struct flow_told, path)),
			"%s", ie_table[e].name);
	}
}
END_TEST

/* ------------------------------------------------------------------ templates by kind of flow */

static const struct {
	uint8_t version, protocol, other; /* of the flow; of the tunnel's other packet */
	uint16_t export;
	const char *expected; /* ids of the record below */
} choices[] = {
	{4, TCP, 0, 10, "8 7 11 4 208"},
	{6, TCP, 0, 10, "27 7 11 4 31"},
	{4, ICMP, 0, 10, "8 32 4 208"},
	{6, ICMP6, 0, 10, "27 139 4 31"},
	{4, ICMP6, 0, 10, "8 7 11 4 208"}, /* ICMP of the other family is none */
	{6, ICMP, 0, 10, "27 7 11 4 31"},
	{4, UDP, 4, 10, "8 8 7 11 4 208"},
	{4, UDP, 6, 10, "8 27 7 11 4 208"},
	{6, TCP, 4, 10, "27 8 7 11 4 31"},
	{6, ICMP6, 6, 10, "27 27 139 4 31"},
	{4, ICMP, 4, 9, "8 8 7 11 32 4 208"}, /* v9 keeps the ports */
	{6, ICMP6, 0, 9, "27 7 11 32 4 31"},
};

START_TEST(template_for)
{
	struct definition d = defined("mine",
		"*sourceIPv4Address *inner.sourceIPv6Address *sourceTransportPort "
		"*destinationTransportPort icmpTypeCodeIPv4 icmpTypeCodeIPv6 protocolIdentifier "
		"ipv4Options flowLabelIPv6");
	struct packet p = base_packet(choices[_i].version, choices[_i].protocol);
	struct layout l;
	char text[128] = "";

	p.details.inner_ip_version = choices[_i].other;
	layout_init(&l, &(struct layout_options){.version = choices[_i].export, .definition = &d});
	struct flow_full_record r = record_of(&p);
	const struct template *t = layout_choose(&l, &r.record);
	ck_assert_ptr_nonnull(t);
	for (unsigned i = 0; i < t->field_count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", i ? " " : "",
			t->field[i].ie->id);
	ck_assert_str_eq(text, choices[_i].expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("definition");
	TCase *words = tcase_create("words"), *keys = tcase_create("keys");

	tcase_add_loop_test(words, checked, 0, ROWS(checks));
	tcase_add_test(words, names);
	tcase_add_test(words, ready_made);
	tcase_add_test(words, longest_record_fits);
	suite_add_tcase(suite, words);
	tcase_add_loop_test(keys, keys_split_by_what_is_told, 0, 2);
	tcase_add_test(keys, families_apart);
	tcase_add_test(keys, details_kept_where_needed);
	tcase_add_loop_test(keys, template_for, 0, ROWS(choices));
	suite_add_tcase(suite, keys);
	return suite_run(suite);
}
