/* Options and extension headers as bits: RFC 9740's examples, IANA's tables written out here a
 * second time, and lists that are cut at every octet. */
#include "packet/header_options.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))

static size_t unhex(const char *digits, uint8_t *out)
{
	size_t n = strlen(digits) / 2;

	for (size_t i = 0; i < n; i++) {
		char pair[3] = {digits[2 * i], digits[2 * i + 1], 0};
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

/* In memory of its own, so that an octet read too far is seen. */
static uint64_t bits_of(const uint8_t *octets, size_t n, bool tcp)
{
	uint8_t *copy = malloc(n ? n : 1);

	memcpy(copy, octets, n);
	uint64_t bits =
		tcp ? header_tcp_options(bytes_of(copy, n)) : header_ip4_options(bytes_of(copy, n));
	free(copy);
	return bits;
}

static const struct {
	const char *octets;
	uint64_t kinds;
} tcp[] = {
	{"", 0},
	{"020405b403030700", 0x0d}, /* RFC 9740 section 5.2: end, segment size, window scale */
	{"00", 1},
	{"01", 2},
	{"0101", 2},
	{"020405b40402080a0000000100000002010303077f", 0x11e}, /* a SYN as Linux sends it */
	{"0002", 1}, /* what stands behind the end is none */
	{"0101080a00000001000000020101050a000000010000000201", 0x122},
	{"fe04f989", 0}, /* kinds beyond 63 have no bit */
	{"fe04f98903030a", 8},
	{"3f02", UINT64_C(1) << 63},
	{"4002", 0},
	/* lengths that lead nowhere: the option counts, and the list is over */
	{"0200030307", 4},
	{"0201030307", 4},
	{"02ff030307", 4},
	{"02", 4},
	{"0204", 4},
	{"0802030307", 0x108},
};

START_TEST(tcp_options)
{
	uint8_t octets[64];

	ck_assert_uint_eq(bits_of(octets, unhex(tcp[_i].octets, octets), true), tcp[_i].kinds);
}
END_TEST

/* A list cut short has the options whose first octet is still there. */
START_TEST(tcp_cut)
{
	uint8_t octets[64];
	size_t n = unhex("020405b40402080a00000001000000020103030700", octets);
	static const size_t begins[] = {0, 4, 6, 16, 17, 20};
	static const uint8_t kinds[] = {2, 4, 8, 1, 3, 0};

	for (size_t cut = 0; cut <= n; cut++) {
		uint64_t expected = 0;
		for (int i = 0; i < ROWS(begins); i++)
			if (begins[i] < cut)
				expected |= UINT64_C(1) << kinds[i];
		ck_assert_uint_eq(bits_of(octets, cut, true), expected);
	}
}
END_TEST

/* Every octet as a kind, and every octet as its length: nothing is read beyond the list. */
START_TEST(any_octets)
{
	for (unsigned kind = 0; kind < 256; kind++)
		for (unsigned length = 0; length < 256; length++) {
			uint8_t octets[40] = {(uint8_t)kind, (uint8_t)length};
			memset(octets + 2, 1, sizeof octets - 2);
			uint64_t bits = bits_of(octets, sizeof octets, true);
			if (kind < 64)
				ck_assert(bits >> kind & 1);
			(void)bits_of(octets, sizeof octets, false);
		}
}
END_TEST

/* IANA, ipv4Options: option number N of octet N / 8 stands at its bit 7 - N % 8. */
static const struct {
	uint8_t type, bit;
} ip4[] = {
	{0, 7},
	{1, 6},
	{130, 5},
	{131, 4},
	{68, 3},
	{133, 2},
	{134, 1},
	{7, 0},
	{136, 15},
	{137, 14},
	{10, 13},
	{11, 12},
	{12, 11},
	{205, 10},
	{142, 9},
	{15, 8},
	{144, 23},
	{145, 22},
	{82, 21},
	{147, 20},
	{148, 19},
	{149, 18},
	{150, 17},
	{151, 16},
	{152, 31},
	{25, 30},
	{30, 25},
	{94, 25},
	{158, 25},
	{222, 25},
};

START_TEST(ip4_options)
{
	for (unsigned type = 0; type < 256; type++) {
		uint8_t octets[] = {(uint8_t)type, 4, 0, 0};
		uint32_t expected = 0;
		for (int i = 0; i < ROWS(ip4); i++)
			if (ip4[i].type == type) {
				expected = UINT32_C(1) << (31 - ip4[i].bit);
				/* the rule behind the table: the number is the low five bits */
				ck_assert_uint_eq(
					(ip4[i].bit & 24u) + 7u - (ip4[i].bit & 7u), type & 31);
			}
		size_t n = type < 2 ? 1 : sizeof octets;
		ck_assert_msg(bits_of(octets, n, false) == expected, "type %u", type);
	}
	uint8_t all[40];
	size_t n = unhex("940400000101440c05000000000000000000000007", all);
	ck_assert_uint_eq(
		bits_of(all, n, false), UINT32_C(1) << 12 | 1u << 25 | 1u << 28 | 1u << 24);
}
END_TEST

/* RFC 9740 section 8.4.1, the numbers of extension headers beside their bits. */
static const struct {
	uint8_t next_header;
	bool later;
	uint8_t bit;
} ip6[] = {
	{60, false, 0},
	{0, false, 1},
	{59, false, 2},
	{44, false, 4},
	{43, false, 5},
	{44, true, 6},
	{135, false, 12},
	{50, false, 13},
	{51, false, 14},
	{139, false, 16},
	{140, false, 17},
	{253, false, 18},
	{254, false, 19},
};

START_TEST(ip6_extensions)
{
	for (unsigned number = 0; number < 256; number++)
		for (int later = 0; later < 2; later++) {
			uint32_t expected = 0;
			for (int i = 0; i < ROWS(ip6); i++)
				if (ip6[i].next_header == number &&
					(number != 44 || ip6[i].later == later))
					expected = UINT32_C(1) << ip6[i].bit;
			ck_assert_msg(header_ip6_extension((uint8_t)number, later) == expected,
				"next header %u", number);
		}
	/* its examples: destination options; these, hop-by-hop options and routing */
	ck_assert_uint_eq(header_ip6_extension(60, false), 0x01);
	ck_assert_uint_eq(header_ip6_extension(60, false) | header_ip6_extension(0, false) |
				  header_ip6_extension(43, false),
		0x23);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("header_options");
	TCase *bits = tcase_create("bits");

	tcase_add_loop_test(bits, tcp_options, 0, ROWS(tcp));
	tcase_add_test(bits, tcp_cut);
	tcase_add_test(bits, any_octets);
	tcase_add_test(bits, ip4_options);
	tcase_add_test(bits, ip6_extensions);
	suite_add_tcase(suite, bits);
	return suite_run(suite);
}
