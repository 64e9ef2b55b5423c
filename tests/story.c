#include "story.h"

#include <stdlib.h>
#include <string.h>

enum {
	LINK_FACTS = PACKET_MAC | PACKET_VLAN | PACKET_CUSTOMER_VLAN,
	IDENTITY_FACTS = PACKET_SEGMENT | PACKET_GRE_KEY | PACKET_GTPU_TEID,
	CARRIED_FACTS = IDENTITY_FACTS | PACKET_MPLS | PACKET_PPPOE,
	ADDED_FACTS = CARRIED_FACTS | PACKET_INNER,
};

void story_begin(struct story *s, const struct decoder_options *options)
{
	for (int way = 0; way < STORY_WAYS; way++) {
		struct decoder_options own = *options;
		own.inner = way == STORY_INNER;
		own.tunnel_facts = way == STORY_FACTS;
		s->decoder[way] = decoder_new(&own);
		if (!s->decoder[way])
			abort();
	}
}

void story_end(struct story *s)
{
	for (int way = 0; way < STORY_WAYS; way++)
		decoder_free(s->decoder[way]);
}

/* Takes out of a packet again what these bits promise, as another one has it. */
static void undo(struct packet *p, const struct packet *plain, uint32_t facts)
{
	p->facts &= ~facts;
	if (facts & PACKET_MPLS) {
		memcpy(p->details.mpls, plain->details.mpls, sizeof p->details.mpls);
		p->details.mpls_depth = plain->details.mpls_depth;
	}
	if (facts & PACKET_PPPOE)
		p->details.pppoe_session = plain->details.pppoe_session;
	if (facts & PACKET_SEGMENT)
		p->details.segment_id = plain->details.segment_id;
	if (facts & PACKET_GRE_KEY)
		p->details.gre_key = plain->details.gre_key;
	if (facts & PACKET_GTPU_TEID)
		p->details.gtpu_teid = plain->details.gtpu_teid;
	if (facts & PACKET_INNER) {
		p->details.tunnel_depth = plain->details.tunnel_depth;
		p->details.inner_ip_version = plain->details.inner_ip_version;
		p->details.inner_protocol = plain->details.inner_protocol;
		p->details.inner_source_port = plain->details.inner_source_port;
		p->details.inner_destination_port = plain->details.inner_destination_port;
		memcpy(p->details.inner_source_address, plain->details.inner_source_address, 16);
		memcpy(p->details.inner_destination_address,
			plain->details.inner_destination_address, 16);
	}
}

static const char *carrier_difference(const struct packet *a, const struct packet *b)
{
	uint32_t facts = a->facts & (CARRIED_FACTS | LINK_FACTS);

	if (facts != (b->facts & (CARRIED_FACTS | LINK_FACTS)))
		return "inside and outside differ in what is known";
	if (facts & PACKET_MPLS &&
		(a->details.mpls_depth != b->details.mpls_depth ||
			memcmp(a->details.mpls, b->details.mpls, sizeof a->details.mpls) != 0))
		return "inside and outside differ in labels";
	if (facts & PACKET_PPPOE && a->details.pppoe_session != b->details.pppoe_session)
		return "inside and outside differ in the PPPoE session";
	if (facts & PACKET_SEGMENT && a->details.segment_id != b->details.segment_id)
		return "inside and outside differ in the segment";
	if (facts & PACKET_GRE_KEY && a->details.gre_key != b->details.gre_key)
		return "inside and outside differ in the GRE key";
	if (facts & PACKET_GTPU_TEID && a->details.gtpu_teid != b->details.gtpu_teid)
		return "inside and outside differ in the TEID";
	return NULL;
}

static const char *ends_difference(const struct packet *facts, const struct packet *inner)
{
	if (!(facts->facts & PACKET_INNER))
		return "a tunnel that is entered has no inner packet";
	if (facts->ip_version != inner->details.outer_ip_version ||
		memcmp(facts->source_address, inner->details.outer_source_address, 16) != 0 ||
		memcmp(facts->destination_address, inner->details.outer_destination_address, 16) !=
			0)
		return "the outermost packet is another";
	if (facts->details.inner_ip_version != inner->ip_version ||
		memcmp(facts->details.inner_source_address, inner->source_address, 16) != 0 ||
		memcmp(facts->details.inner_destination_address, inner->destination_address, 16) !=
			0)
		return "the innermost packet is another";
	if (facts->details.inner_protocol != inner->protocol ||
		facts->details.inner_source_port != inner->source_port ||
		facts->details.inner_destination_port != inner->destination_port)
		return "the innermost packet has another protocol or other ports";
	if (facts->details.tunnel_depth != inner->details.tunnel_depth)
		return "the depth differs";
	return NULL;
}

/* The outermost packet is the innermost one: only what its own header says may be added. */
static const char *left_difference(
	const struct packet *outer, const struct packet *facts, const struct packet *inner)
{
	struct packet same = *inner;

	if (facts->facts & ~outer->facts & ~(uint32_t)IDENTITY_FACTS)
		return "a tunnel that is not entered has more than an identity";
	/* A first fragment that leads into a tunnel tells its later ones nothing there. */
	if (outer->fragment == PACKET_LATER_FRAGMENT) {
		same.protocol = outer->protocol;
		same.source_port = outer->source_port;
		same.destination_port = outer->destination_port;
		same.facts |= outer->facts & PACKET_ICMP;
	}
	if (memcmp(&same, outer, offsetof(struct packet, fragment) + 1) != 0)
		return "the only packet is another";
	return NULL;
}

static const char *difference(const struct story *s)
{
	const struct packet *outer = &s->packet[STORY_OUTER], *facts = &s->packet[STORY_FACTS];
	const struct packet *inner = &s->packet[STORY_INNER];
	const struct decoder_ignored *why = s->ignored;
	struct packet plain = *facts;

	if (s->verdict[STORY_OUTER] != s->verdict[STORY_FACTS])
		return "tunnel facts change the verdict";
	if (s->verdict[STORY_OUTER] != PACKET_OK) /* the third may have found a pseudowire */
		return why[STORY_OUTER].reason == why[STORY_FACTS].reason &&
				       why[STORY_OUTER].value == why[STORY_FACTS].value
			       ? NULL
			       : "tunnel facts change the reason";
	if (s->verdict[STORY_INNER] != PACKET_OK)
		return "only the outer packet is found";
	if (outer->facts & (PACKET_INNER | PACKET_TUNNEL | IDENTITY_FACTS))
		return "what nobody asked for";
	undo(&plain, outer, facts->facts & ~outer->facts & ADDED_FACTS);
	if (memcmp(&plain, outer, sizeof plain) != 0)
		return "tunnel facts change the flow's packet";
	if (!(inner->facts & PACKET_TUNNEL))
		return left_difference(outer, facts, inner);
	const char *ends = ends_difference(facts, inner);
	return ends ? ends : carrier_difference(facts, inner);
}

const char *story_read(struct story *s, const struct frame *frame)
{
	for (int way = 0; way < STORY_WAYS; way++) {
		memset(&s->packet[way], STORY_UNSET, sizeof s->packet[way]);
		s->ignored[way] = (struct decoder_ignored){0};
		s->verdict[way] =
			decoder_read(s->decoder[way], frame, &s->packet[way], &s->ignored[way]);
	}
	return difference(s);
}
