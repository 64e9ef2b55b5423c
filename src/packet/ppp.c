/* PPPoE and PPP. */
#include "packet/layer.h"

/* RFC 2516 section 4: version 1, type 1, code 0 is a session's data. */
enum layer pppoe_read(struct walk *walk)
{
	struct packet *packet = walk->packet;
	const uint8_t *h = bytes_peek(&walk->at, 8); /* the PPP protocol belongs to it */

	if (!h)
		return walk_short(walk);
	if (be16(h) != 0x1100)
		return walk_ignore(walk, PACKET_IGNORED_PPPOE, be16(h));
	if (!walk_noted(walk, PACKET_PPPOE)) {
		packet->details.pppoe_session = be16(h + 2);
		packet->facts |= PACKET_PPPOE;
	}
	bytes_skip(&walk->at, 6);
	return LAYER_PPP_PROTOCOL;
}

/* RFC 1662 address and control, which may be left out; or Cisco HDLC, which
 * routers send on links that are captured as PPP. */
enum layer ppp_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 2);

	if (!h)
		return walk_short(walk);
	if (be16(h) == 0xff03)
		bytes_skip(&walk->at, 2);
	else if (be16(h) == 0x0f00 || be16(h) == 0x8f00)
		return LAYER_CHDLC;
	return LAYER_PPP_PROTOCOL;
}

/* RFC 1661 section 6.5: one octet when it is odd. */
enum layer ppp_protocol_read(struct walk *walk)
{
	const uint8_t *h = bytes_pull(&walk->at, 1);

	if (!h)
		return walk_short(walk);
	uint16_t protocol = h[0];
	if (!(h[0] & 1)) {
		const uint8_t *low = bytes_pull(&walk->at, 1);
		if (!low)
			return walk_short(walk);
		protocol = (uint16_t)(protocol << 8 | low[0]);
	}
	switch (protocol) {
	case 0x0021: return LAYER_IP4;
	case 0x0057: return LAYER_IP6;
	case 0x0281:
	case 0x0283: return LAYER_MPLS;
	default: return walk_ignore(walk, PACKET_IGNORED_PPP, protocol);
	}
}
