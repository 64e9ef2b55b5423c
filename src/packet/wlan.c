/* 802.11 and the headers that capture drivers put before it. */
#include "packet/layer.h"

enum {
	WLAN_DATA = 2, /* frame type */
	WLAN_SUBTYPE_NULL = 4,
	WLAN_SUBTYPE_QOS = 8,
	WLAN_FOUR_ADDRESSES = 0x03, /* to and from the distribution system */
	WLAN_PROTECTED = 0x40,
	WLAN_HT_CONTROL = 0x80,
	WLAN_QOS_AMSDU = 0x80,
};

/* IEEE 802.11 section 9.2.4.1: version, type, subtype; then the flags. */
static enum layer wlan_refuse(struct walk *walk, const uint8_t *h)
{
	if (h[0] & 3)
		return walk_ignore(walk, PACKET_IGNORED_WLAN_VERSION, h[0] & 3);
	if ((h[0] >> 2 & 3) != WLAN_DATA)
		return walk_ignore(walk, PACKET_IGNORED_WLAN_TYPE, h[0] >> 2 & 3);
	if (h[0] >> 4 & WLAN_SUBTYPE_NULL)
		return walk_ignore(walk, PACKET_IGNORED_WLAN_NULL, 0);
	if (h[1] & WLAN_PROTECTED)
		return walk_ignore(walk, PACKET_IGNORED_WLAN_PROTECTED, 0);
	return LAYER_LLC;
}

enum layer wlan_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 2);

	if (!h)
		return walk_short(walk);
	if (wlan_refuse(walk, h) == LAYER_NONE)
		return LAYER_NONE;
	size_t length = (h[1] & 3) == WLAN_FOUR_ADDRESSES ? 30 : 24;
	h = bytes_peek(&walk->at, length);
	if (!h)
		return walk_short(walk);
	if (h[22] & 0xf)
		return walk_ignore(walk, PACKET_IGNORED_WLAN_FRAGMENT, 0);
	if (h[0] >> 4 & WLAN_SUBTYPE_QOS) {
		h = bytes_peek(&walk->at, length + 2);
		if (!h)
			return walk_short(walk);
		if (h[length] & WLAN_QOS_AMSDU)
			return walk_ignore(walk, PACKET_IGNORED_WLAN_AMSDU, 0);
		length += h[1] & WLAN_HT_CONTROL ? 6 : 2;
	}
	if (walk->wlan_padded)
		length = (length + 3) & ~(size_t)3;
	return bytes_skip(&walk->at, length) ? LAYER_LLC : walk_short(walk);
}

/* radiotap.org: length, then words that say which fields are present (bit 31:
 * one more word); of these only the flags are of use, which come after a 64-bit
 * time stamp if that is present: bit 5 tells that the header is padded. */
enum layer radiotap_read(struct walk *walk)
{
	struct bytes fields = walk->at;
	const uint8_t *h = bytes_pull(&fields, 8);

	if (!h)
		return walk_short(walk);
	uint32_t present = le32(h + 4);
	for (uint32_t word = present; word >> 31;) {
		const uint8_t *more = bytes_pull(&fields, 4);
		if (!more)
			return walk_short(walk);
		word = le32(more);
	}
	if (present & 1) { /* aligned to its size from the header's begin */
		size_t offset = (size_t)(fields.at - h);
		size_t stamp = ((offset + 7) & ~(size_t)7) + 8 - offset;
		if (!bytes_skip(&fields, stamp))
			bytes_limit(&fields, 0); /* cut: no flags either */
	}
	const uint8_t *flags = bytes_peek(&fields, 1);
	walk->wlan_padded = present & 2 && flags && flags[0] & 0x20;
	return bytes_skip(&walk->at, le16(h + 2)) ? LAYER_WLAN : walk_short(walk);
}

/* AVS: a cookie, then the header's length. */
enum layer avs_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 8);

	if (!h || !bytes_skip(&walk->at, be32(h + 4)))
		return walk_short(walk);
	return LAYER_WLAN;
}

/* Prism's header has 144 octets, unless AVS's cookie stands there. */
enum layer prism_read(struct walk *walk)
{
	const uint8_t *h = bytes_peek(&walk->at, 8);

	if (!h)
		return walk_short(walk);
	if ((be32(h) & 0xfffff000) == 0x80211000)
		return LAYER_AVS;
	return bytes_skip(&walk->at, 144) ? LAYER_WLAN : walk_short(walk);
}
