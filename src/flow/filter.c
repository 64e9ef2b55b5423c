#include "flow/filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 64, DEPTH = 16 };

enum kind { AND, OR, NOT, ADDRESS, PORT, PROTOCOL, VERSION, INTERFACE, VLAN };
enum side { SOURCE = 1, DESTINATION = 2, EITHER = 3 };

/* ---- text ---- */

struct parser {
	struct flow_filter *filter;
	const char *rest;
	char word[WORD]; /* the next one, "" at the end */
	unsigned depth;
	flow_filter_interface interface;
	char *why;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(p->why, p->size, format, arguments);
	va_end(arguments);
	return false;
}

/* Parentheses and exclamation marks are words of their own. What is too long for a word is
 * cut, and then is none that is known. */
static void advance(struct parser *p)
{
	p->rest += strspn(p->rest, " \t\r\n");
	size_t length = *p->rest && strchr("()!", *p->rest) ? 1 : strcspn(p->rest, " \t\r\n()!");

	snprintf(p->word, sizeof p->word, "%.*s", length < WORD ? (int)length : WORD - 1, p->rest);
	p->rest += length;
}

static bool take(struct parser *p, const char *word)
{
	if (strcmp(p->word, word) != 0)
		return false;
	advance(p);
	return true;
}

static bool add_step(struct parser *p, struct flow_filter_step step)
{
	if (p->filter->count == FLOW_FILTER_STEPS)
		return fail(p, "is too long");
	p->filter->step[p->filter->count++] = step;
	return true;
}

static bool add_operator(struct parser *p, enum kind kind)
{
	return add_step(p, (struct flow_filter_step){.kind = (uint8_t)kind});
}

static bool read_number(const char *text, uint32_t most, uint32_t *number)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 10 || text[digits])
		return false;
	unsigned long long value = strtoull(text, NULL, 10);
	*number = (uint32_t)value;
	return value <= most;
}

/* Clears what is beyond the prefix; true: there was nothing. */
static bool cut_address(uint8_t address[16], unsigned prefix)
{
	bool clean = true;

	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = prefix <= 8 * i ? 0 : prefix - 8 * i < 8 ? prefix - 8 * i : 8;
		uint8_t kept = address[i] & (uint8_t)(0xff00 >> bits);
		clean &= kept == address[i];
		address[i] = kept;
	}
	return clean;
}

static bool add_address(struct parser *p, uint8_t sides, bool network)
{
	struct flow_filter_step step = {.kind = ADDRESS, .sides = sides};
	char text[WORD], *slash;
	uint32_t prefix;

	memcpy(text, p->word, sizeof text);
	step.version = strchr(text, ':') ? 6 : 4;
	prefix = step.version == 6 ? 128 : 32;
	slash = network ? strchr(text, '/') : NULL;
	if (slash)
		*slash = '\0';
	if (inet_pton(step.version == 6 ? AF_INET6 : AF_INET, text, step.address) != 1)
		return fail(p, "\"%s\" is not an IPv4 or IPv6 address", text);
	if (network && (!slash || !read_number(slash + 1, prefix, &prefix)))
		return fail(p, "\"%s\" is not a network, as 192.0.2.0/24", p->word);
	step.prefix = (uint8_t)prefix;
	if (!cut_address(step.address, prefix))
		return fail(p, "\"%s\" has bits beyond its prefix", p->word);
	advance(p);
	return add_step(p, step);
}

static bool add_number(struct parser *p, enum kind kind, uint8_t sides, uint32_t most)
{
	struct flow_filter_step step = {.kind = (uint8_t)kind, .sides = sides};

	if (!read_number(p->word, most, &step.low))
		return fail(p, "\"%s\" is not a number from 0 to %u", p->word, most);
	step.high = step.low;
	advance(p);
	return add_step(p, step);
}

static bool add_ports(struct parser *p, uint8_t sides)
{
	struct flow_filter_step step = {.kind = PORT, .sides = sides};
	char text[WORD], *dash;

	memcpy(text, p->word, sizeof text);
	dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	if (!dash || !read_number(text, UINT16_MAX, &step.low) ||
		!read_number(dash + 1, UINT16_MAX, &step.high) || step.low > step.high)
		return fail(p, "\"%s\" is not a range of ports, as 6000-6063", p->word);
	advance(p);
	return add_step(p, step);
}

static bool add_interface(struct parser *p, uint8_t sides)
{
	uint32_t number;

	if (read_number(p->word, UINT32_MAX, &number))
		return add_number(p, INTERFACE, sides, UINT32_MAX);
	number = *p->word && p->interface ? p->interface(p->word) : 0;
	if (!*p->word || (p->interface && !number))
		return fail(p, "\"%s\" is no interface", p->word);
	advance(p);
	return add_step(
		p, (struct flow_filter_step){
			   .kind = INTERFACE, .sides = sides, .low = number, .high = number});
}

static const struct {
	const char *name;
	uint8_t kind;
	uint8_t number;
} names[] = {
	{"icmp", PROTOCOL, 1},
	{"igmp", PROTOCOL, 2},
	{"tcp", PROTOCOL, 6},
	{"udp", PROTOCOL, 17},
	{"gre", PROTOCOL, 47},
	{"esp", PROTOCOL, 50},
	{"ah", PROTOCOL, 51},
	{"icmp6", PROTOCOL, 58},
	{"sctp", PROTOCOL, 132},
	{"ip", VERSION, 4},
	{"ip6", VERSION, 6},
};

/* "tcp", "ip6"; false: it is none of those, and *added is as it was. */
static bool add_name(struct parser *p, bool only_protocols, bool *added)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(names[i].name, p->word) != 0 ||
			(only_protocols && names[i].kind != PROTOCOL))
			continue;
		advance(p);
		*added = add_step(p, (struct flow_filter_step){.kind = names[i].kind,
					     .low = names[i].number,
					     .high = names[i].number});
		return true;
	}
	return false;
}

static bool add_protocol(struct parser *p)
{
	bool added;

	return add_name(p, true, &added) ? added : add_number(p, PROTOCOL, 0, UINT8_MAX);
}

/* What may have a side: "src host", "in interface". */
static bool add_sided(struct parser *p, uint8_t sides, bool *added)
{
	if (take(p, "host"))
		*added = add_address(p, sides, false);
	else if (take(p, "net"))
		*added = add_address(p, sides, true);
	else if (take(p, "port"))
		*added = add_number(p, PORT, sides, UINT16_MAX);
	else if (take(p, "portrange"))
		*added = add_ports(p, sides);
	else
		return false;
	return true;
}

static bool add_primitive(struct parser *p)
{
	bool added;
	uint8_t side = take(p, "src") ? SOURCE : take(p, "dst") ? DESTINATION : 0;

	if (add_sided(p, side ? side : EITHER, &added))
		return added;
	if (side)
		return fail(p, "host, net, port or portrange is missing before \"%s\"", p->word);
	side = take(p, "in") ? SOURCE : take(p, "out") ? DESTINATION : 0;
	if (take(p, "interface"))
		return add_interface(p, side ? side : EITHER);
	if (side)
		return fail(p, "interface is missing before \"%s\"", p->word);
	if (take(p, "proto"))
		return add_protocol(p);
	if (take(p, "vlan"))
		return add_number(p, VLAN, 0, 4095);
	if (add_name(p, false, &added))
		return added;
	return *p->word ? fail(p, "\"%s\" is not known", p->word) : fail(p, "ends too early");
}

static bool add_expression(struct parser *p);

static bool add_term(struct parser *p)
{
	unsigned nots = 0;
	bool good;

	while (take(p, "not") || take(p, "!"))
		nots++;
	if (take(p, "(")) {
		if (p->depth == DEPTH)
			return fail(p, "has too many parentheses");
		p->depth++;
		good = add_expression(p);
		p->depth--;
		if (good && !take(p, ")"))
			return fail(p, "a \")\" is missing");
	} else {
		good = add_primitive(p);
	}
	return good && (nots % 2 == 0 || add_operator(p, NOT));
}

static bool add_expression(struct parser *p)
{
	if (!add_term(p))
		return false;
	while (*p->word && strcmp(p->word, ")") != 0) {
		bool either = take(p, "or") || take(p, "||");
		if (!either && !take(p, "and"))
			(void)take(p, "&&");
		if (!add_term(p) || !add_operator(p, either ? OR : AND))
			return false;
	}
	return true;
}

bool flow_filter_compile(struct flow_filter *filter, const char *text,
	flow_filter_interface interface, char *why, size_t size)
{
	struct parser p = {
		.filter = filter, .rest = text, .interface = interface, .why = why, .size = size};

	*filter = (struct flow_filter){.count = 0};
	advance(&p);
	if (!*p.word)
		return true;
	return add_expression(&p) && (!*p.word || fail(&p, "a \"(\" is missing"));
}

/* ---- records ---- */

static bool lies_in(const struct flow_filter_step *s, const uint8_t *address)
{
	unsigned whole = s->prefix / 8, bits = s->prefix % 8;

	if (memcmp(s->address, address, whole) != 0)
		return false;
	return bits == 0 || s->address[whole] == (address[whole] & (uint8_t)(0xff00 >> bits));
}

static bool is_between(const struct flow_filter_step *s, uint32_t number)
{
	return number >= s->low && number <= s->high;
}

static bool has_address(const struct flow_filter_step *s, const struct flow_key *k)
{
	return k->ip_version == s->version &&
	       ((s->sides & SOURCE && lies_in(s, k->source_address)) ||
		       (s->sides & DESTINATION && lies_in(s, k->destination_address)));
}

/* ICMP and IGMP have none, though their type and code stand in the place. */
static bool has_port(const struct flow_filter_step *s, const struct flow_key *k)
{
	if (k->protocol == IPPROTO_ICMP || k->protocol == IPPROTO_ICMPV6 ||
		k->protocol == IPPROTO_IGMP)
		return false;
	return (s->sides & SOURCE && is_between(s, k->source_port)) ||
	       (s->sides & DESTINATION && is_between(s, k->destination_port));
}

static bool holds(const struct flow_filter_step *s, const struct flow_record *r)
{
	switch ((enum kind)s->kind) {
	case ADDRESS: return has_address(s, &r->key);
	case PORT: return has_port(s, &r->key);
	case PROTOCOL: return is_between(s, r->key.protocol);
	case VERSION: return is_between(s, r->key.ip_version);
	case INTERFACE:
		return (s->sides & SOURCE && is_between(s, r->ingress_interface)) ||
		       (s->sides & DESTINATION && is_between(s, r->egress_interface));
	case VLAN: return is_between(s, r->vlan_id);
	case AND:
	case OR:
	case NOT: break;
	}
	return false;
}

/* The steps stand behind what they join; each truth that waits for another is a bit, and
 * there are never more of these than steps. */
bool flow_filter_matches(const struct flow_filter *f, const struct flow_record *r)
{
	uint64_t truths = 1;

	_Static_assert(FLOW_FILTER_STEPS <= 64, "a bit each");
	for (unsigned i = 0; i < f->count; i++) {
		const struct flow_filter_step *s = &f->step[i];
		uint64_t last = truths & 1;
		switch ((enum kind)s->kind) {
		case AND: truths = (truths >> 1) & (last | ~UINT64_C(1)); break;
		case OR: truths = (truths >> 1) | last; break;
		case NOT: truths ^= 1; break;
		default: truths = truths << 1 | holds(s, r); break;
		}
	}
	return truths & 1;
}
