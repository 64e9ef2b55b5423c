/* frame_text: frames written as text, for tests.
 *
 * A frame is a row of words, outermost header first; lengths are filled in from
 * what follows:
 *     eTTTT      Ethernet with this EtherType
 *     lTTTT      Ethernet 802.3 with the length of what follows, LLC/SNAP with it
 *     qTTTT.TAG  an 802.1Q or other tag's four octets: TAG, then EtherType TTTT
 *     4.P  6.P   IPv4, IPv6 with protocol P (decimal)
 *     uPORT      UDP to this port (decimal), from 1024
 *     tcp icmp   a TCP header 1024 > 443 with ACK; ICMP echo request
 *     xHEX       these octets
 *     zN         N zero octets
 * Addresses tell how deep a header stands: 10.0.N.1 > 10.0.N.2 (fd00::N:1 > fd00::N:2)
 * with N IP headers below it, so 0 is the innermost. */
#ifndef TESTS_FRAME_TEXT_H
#define TESTS_FRAME_TEXT_H

#include "base/frame.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_TEXT_MAX = 8192 };

struct frame_text {
	uint8_t octets[FRAME_TEXT_MAX];
	size_t at;      /* the frame is octets[at..], built from its end */
	unsigned below; /* IP headers so far */
};

static inline uint8_t *text_room(struct frame_text *text, size_t n)
{
	if (text->at < n)
		abort();
	text->at -= n;
	return memset(&text->octets[text->at], 0, n);
}

static inline void text_be16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void text_hex(struct frame_text *text, const char *word, size_t length)
{
	uint8_t *p = text_room(text, length / 2);

	for (size_t i = 0; i < length / 2; i++) {
		char pair[3] = {word[2 * i], word[2 * i + 1], 0};
		p[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
}

static inline void text_ethernet(struct frame_text *text, size_t type)
{
	uint8_t *p = text_room(text, 14);

	memcpy(p, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	text_be16(p + 12, type);
}

static inline void text_ip4(struct frame_text *text, size_t protocol)
{
	size_t payload = FRAME_TEXT_MAX - text->at;
	uint8_t *p = text_room(text, 20);

	p[0] = 0x45;
	text_be16(p + 2, 20 + payload);
	text_be16(p + 4, 0x1234);
	p[8] = 64;
	p[9] = (uint8_t)protocol;
	memcpy(p + 12, (uint8_t[]){10, 0, (uint8_t)text->below, 1, 10, 0, (uint8_t)text->below, 2},
		8);
	text->below++;
}

static inline void text_ip6(struct frame_text *text, size_t protocol)
{
	size_t payload = FRAME_TEXT_MAX - text->at;
	uint8_t *p = text_room(text, 40);

	memcpy(p, "\x60\x0a\xbc\xde", 4);
	text_be16(p + 4, payload);
	p[6] = (uint8_t)protocol;
	p[7] = 63;
	p[8] = p[24] = 0xfd;
	p[21] = p[37] = (uint8_t)text->below;
	p[23] = 1;
	p[39] = 2;
	text->below++;
}

static inline void text_word(struct frame_text *text, const char *word, size_t length)
{
	size_t payload = FRAME_TEXT_MAX - text->at;
	char *end;

	switch (word[0]) {
	case 'e': text_ethernet(text, strtoul(word + 1, NULL, 16)); return;
	case 'l':
		text_hex(text, word + 1, 4);
		text_hex(text, "aaaa03000000", 12);
		text_ethernet(text, payload + 8);
		return;
	case 'q': {
		size_t type = strtoul(word + 1, &end, 16);
		uint8_t *p = text_room(text, 4);
		text_be16(p, strtoul(end + 1, NULL, 16));
		text_be16(p + 2, type);
		return;
	}
	case '4': text_ip4(text, strtoul(word + 2, NULL, 10)); return;
	case '6': text_ip6(text, strtoul(word + 2, NULL, 10)); return;
	case 'u': {
		uint8_t *p = text_room(text, 8);
		text_be16(p, 1024);
		text_be16(p + 2, strtoul(word + 1, NULL, 10));
		text_be16(p + 4, 8 + payload);
		return;
	}
	case 't': text_hex(text, "040001bb00000001000000025010ffff00000000", 40); return;
	case 'i': text_hex(text, "0800000000010001", 16); return;
	case 'x': text_hex(text, word + 1, length - 1); return;
	case 'z': text_room(text, strtoul(word + 1, NULL, 10)); return;
	default: fprintf(stderr, "frame_text: %s?\n", word); abort();
	}
}

/* How many IP headers stand below the one with this address. */
static inline unsigned frame_text_depth(const uint8_t *address, uint8_t ip_version)
{
	return ip_version == 4 ? address[2] : address[13];
}

/* Builds the frame; *text owns its octets. */
static inline struct frame frame_of(struct frame_text *text, uint16_t link_type, const char *words)
{
	text->at = FRAME_TEXT_MAX;
	text->below = 0;
	for (const char *end = words + strlen(words); end > words;) {
		const char *word = end;
		while (word > words && word[-1] != ' ')
			word--;
		if (word < end)
			text_word(text, word, (size_t)(end - word));
		end = word > words ? word - 1 : word;
	}
	uint32_t n = (uint32_t)(FRAME_TEXT_MAX - text->at);
	return (struct frame){
		.data = &text->octets[text->at],
		.captured = n,
		.wire_octets = n,
		.link_type = link_type,
		.time = 1000000000,
		.interface = 7,
	};
}

#endif
