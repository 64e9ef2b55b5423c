/* MPLS. */
#include "packet/layer.h"

/* There is room: each payload leaves one place at most, and they are counted. */
static void guess_push(struct walk *walk, const uint8_t *at)
{
	walk->guess[walk->guesses].at = at;
	walk->guess[walk->guesses].facts = walk->packet->facts;
	walk->guesses++;
}

/* Nothing says what an MPLS payload is. What begins with 4 or 6 is IP; else, where
 * tunnels are looked into, it may be a pseudowire: Ethernet after a control word
 * (RFC 4385, its first nibble is 0), or without one. Both are tried in this
 * order, and the first in which a valid IP header is found counts. */
static enum layer pseudowire_guess(struct walk *walk, uint8_t nibble)
{
	if (!walk->tunnels || walk->tried == WALK_GUESSES)
		return walk_ignore(walk, PACKET_IGNORED_MPLS, nibble);
	walk->tried++;
	if (!walk->guessed) {
		walk->guessed = true;
		walk->nibble = nibble;
	}
	if (nibble == 0) {
		guess_push(walk, walk->at.at);
		bytes_skip(&walk->at, 4);
	}
	return LAYER_ETHERNET;
}

enum layer mpls_read(struct walk *walk)
{
	struct packet *packet = walk->packet;
	bool note = !walk_noted(walk, PACKET_MPLS);
	unsigned depth = 0;
	const uint8_t *h;

	do {
		h = bytes_pull(&walk->at, 4);
		if (!h)
			return walk_short(walk);
		if (note && depth < PACKET_MPLS_LABELS)
			memcpy(packet->details.mpls[depth], h, 4);
		depth++;
	} while (!(h[2] & 1)); /* bottom of stack, RFC 3032 section 2.1 */
	if (note) {
		packet->details.mpls_depth = depth < UINT8_MAX ? (uint8_t)depth : UINT8_MAX;
		packet->facts |= PACKET_MPLS;
	}
	h = bytes_peek(&walk->at, 1);
	if (!h)
		return walk_short(walk);
	if (h[0] >> 4 == 4)
		return LAYER_IP4;
	if (h[0] >> 4 == 6)
		return LAYER_IP6;
	return pseudowire_guess(walk, h[0] >> 4);
}
