#include "packet/header_options.h"

enum { END_OF_OPTIONS = 0, NO_OPERATION = 1 };

/* The next option's type, 0 at the end: IPv4 and TCP write them alike. A length that
 * leads nowhere ends the list, its option still counts. */
static uint8_t next_option(struct bytes *options)
{
	const uint8_t *h = bytes_pull(options, 1);

	if (!h || h[0] == END_OF_OPTIONS)
		return END_OF_OPTIONS;
	if (h[0] == NO_OPERATION)
		return NO_OPERATION;
	const uint8_t *length = bytes_pull(options, 1);
	if (!length || length[0] < 2 || !bytes_skip(options, length[0] - 2u))
		options->at = options->end;
	return h[0];
}

uint64_t header_tcp_options(struct bytes options)
{
	uint64_t bits = 0;

	while (bytes_left(&options) > 0) {
		uint8_t kind = next_option(&options);
		if (kind < 64)
			bits |= UINT64_C(1) << kind;
		if (kind == END_OF_OPTIONS)
			break;
	}
	return bits;
}

/* IANA, ipv4Options: the option type of each bit, 0 where there is none. End of options
 * is type 0 and bit 7; the experiments' four types share bit 25. */
static const uint8_t ip4_bits[32] = {7, 134, 133, 68, 131, 130, 1, 0, 15, 142, 205, 12, 11, 10, 137,
	136, 151, 150, 149, 148, 147, 82, 145, 144, 0, 30, 0, 0, 0, 0, 25, 152};

enum { IP4_END_BIT = 7, IP4_EXPERIMENT = 30 };

static uint32_t ip4_bit(uint8_t type)
{
	unsigned bit = IP4_END_BIT;

	if ((type & 0x3f) == IP4_EXPERIMENT)
		type = IP4_EXPERIMENT;
	if (type != END_OF_OPTIONS)
		for (bit = 0; bit < 32 && ip4_bits[bit] != type; bit++)
			;
	return bit < 32 ? UINT32_C(1) << (31 - bit) : 0;
}

uint32_t header_ip4_options(struct bytes options)
{
	uint32_t bits = 0;

	while (bytes_left(&options) > 0) {
		uint8_t type = next_option(&options);
		bits |= ip4_bit(type);
		if (type == END_OF_OPTIONS)
			break;
	}
	return bits;
}

uint32_t header_ip6_extension(uint8_t next_header, bool later)
{
	switch (next_header) {
	case 60: return 1 << 0; /* destination options */
	case 0: return 1 << 1;  /* hop-by-hop options */
	case 59: return 1 << 2; /* no next header */
	case 44: return later ? 1 << 6 : 1 << 4;
	case 43: return 1 << 5;   /* routing */
	case 135: return 1 << 12; /* mobility */
	case 50: return 1 << 13;  /* encapsulating security payload */
	case 51: return 1 << 14;  /* authentication */
	case 139: return 1 << 16; /* host identity */
	case 140: return 1 << 17; /* shim6 */
	case 253: return 1 << 18; /* experiments */
	case 254: return 1 << 19;
	default: return 0;
	}
}
