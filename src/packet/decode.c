/* The loop that drives the layer functions, and the table of them all. */
#include "packet/decode.h"

#include "packet/common.h"
#include "packet/fragment.h"
#include "packet/layer.h"
#include "packet/note.h"

#include <stdlib.h>

enum {
	FRAGMENTS_DEFAULT = 4096,
	/* Headers read of one frame, guesses gone wrong included. 16 tunnels of
	 * the longest kind in common use (Ethernet, tag, IP, UDP, VXLAN) need 80. */
	LAYER_LIMIT = 128,
};

struct decoder {
	struct fragments *fragments; /* of the packets that are flows */
	struct fragments *carried;   /* of those in tunnels: tunnel facts are asked for; or NULL */
	const struct tunnels *tunnels; /* looked for: NULL or below */
	const struct tunnels *entered; /* to find the flow: NULL or the same */
	bool details;
	struct decoder_statistics statistics;
	struct tunnels looked_for;
};

/* clang-format off */
static enum layer (*const layers[LAYERS])(struct walk *) = {
	[LAYER_ETHERNET]     = ethernet_read,
	[LAYER_VLAN]         = vlan_read,
	[LAYER_BACKBONE]     = backbone_read,
	[LAYER_LLC]          = llc_read,
	[LAYER_NLPID]        = nlpid_read,
	[LAYER_NULL]         = null_read,
	[LAYER_ENC]          = enc_read,
	[LAYER_PFLOG]        = pflog_read,
	[LAYER_NFLOG]        = nflog_read,
	[LAYER_RAW]          = raw_read,
	[LAYER_SLL]          = sll_read,
	[LAYER_SLL2]         = sll2_read,
	[LAYER_CHDLC]        = chdlc_read,
	[LAYER_FRAME_RELAY]  = frame_relay_read,
	[LAYER_PPI]          = ppi_read,
	[LAYER_PRISM]        = prism_read,
	[LAYER_AVS]          = avs_read,
	[LAYER_RADIOTAP]     = radiotap_read,
	[LAYER_WLAN]         = wlan_read,
	[LAYER_PPPOE]        = pppoe_read,
	[LAYER_PPP]          = ppp_read,
	[LAYER_PPP_PROTOCOL] = ppp_protocol_read,
	[LAYER_MPLS]         = mpls_read,
	[LAYER_IP4]          = ip4_read,
	[LAYER_IP6]          = ip6_read,
	[LAYER_TCP]          = tcp_read,
	[LAYER_PORTS]        = ports_read,
	[LAYER_ICMP]         = icmp_read,
	[LAYER_AH]           = ah_read,
	[LAYER_GRE]          = gre_read,
	[LAYER_ETHERIP]      = etherip_read,
	[LAYER_UDP]          = udp_read,
	[LAYER_VXLAN]        = vxlan_read,
	[LAYER_VXLAN_GPE]    = vxlan_gpe_read,
	[LAYER_GENEVE]       = geneve_read,
	[LAYER_GTPU]         = gtpu_read,
	[LAYER_L2TP]         = l2tp_read,
	[LAYER_TEREDO]       = teredo_read,
	[LAYER_LISP]         = lisp_read,
};
/* clang-format on */

struct decoder *decoder_new(const struct decoder_options *options)
{
	struct decoder *decoder = calloc(1, sizeof *decoder);
	uint32_t fragments = options->fragments ? options->fragments : FRAGMENTS_DEFAULT;
	bool facts = options->tunnel_facts && !options->inner;

	if (!decoder)
		return NULL;
	decoder->fragments = fragments_new(fragments, options->seed);
	if (facts)
		decoder->carried = fragments_new(fragments, options->seed);
	if (!decoder->fragments || (facts && !decoder->carried)) {
		decoder_free(decoder);
		return NULL;
	}
	decoder->details = options->details;
	if (options->inner || facts) {
		tunnels_set(&decoder->looked_for, options);
		decoder->tunnels = &decoder->looked_for;
	}
	if (options->inner)
		decoder->entered = &decoder->looked_for;
	return decoder;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	fragments_free(decoder->fragments);
	fragments_free(decoder->carried);
	free(decoder);
}

void decoder_touch(struct decoder *decoder)
{
	fragments_touch(decoder->fragments);
	if (decoder->carried)
		fragments_touch(decoder->carried);
}

size_t decoder_memory(const struct decoder *decoder)
{
	size_t octets = fragments_memory(decoder->fragments);

	return octets + (decoder->carried ? fragments_memory(decoder->carried) : 0);
}

void decoder_statistics(const struct decoder *decoder, struct decoder_statistics *statistics)
{
	*statistics = decoder->statistics;
}

/* Where to go on after a header that led nowhere: the next guess at what an MPLS
 * payload may be, else the ports of the packet whose payload was being tried.
 * LAYER_NONE: the frame has no IP packet. */
static enum layer walk_back(struct walk *walk)
{
	struct packet *packet = walk->packet;

	if (walk->guesses > 0) {
		walk->guesses--;
		walk->at.at = walk->guess[walk->guesses].at;
		packet->facts = walk->guess[walk->guesses].facts;
		return LAYER_ETHERNET;
	}
	if (walk->inside) {
		packet->facts = walk->facts;
		return walk->resume;
	}
	if (walk->guessed)
		walk_ignore(walk, PACKET_IGNORED_MPLS, walk->nibble);
	return LAYER_NONE;
}

/* Too many headers: what the limit ends is no guess any more. */
static enum layer walk_exhausted(struct walk *walk)
{
	walk->guesses = 0;
	walk->guessed = false;
	walk_ignore(walk, PACKET_IGNORED_LAYERS, 0);
	return walk_back(walk);
}

/* Only headers of IP packets lead to LAYER_DONE; false: there is none. Inline in both places
 * where a frame is walked: called, it would cost each frame some twenty instructions. */
static inline bool walk_layers(struct walk *walk, enum layer layer)
{
	unsigned left = LAYER_LIMIT;

	for (;;) {
		while (layer > LAYER_DONE && left > 0) {
			layer = layers[layer](walk);
			left--;
		}
		if (layer == LAYER_DONE)
			return true;
		if (layer == LAYER_NONE) {
			layer = walk_back(walk);
		} else {
			layer = walk_exhausted(walk);
			left = 1; /* layer 4 of the packet to be resumed */
		}
		if (layer == LAYER_NONE)
			return false;
	}
}

/* What a guess gone wrong or a tunnel that led nowhere has left behind. */
static void forget_unnoted(struct packet *packet)
{
	struct packet_details *details = &packet->details;
	uint32_t missing = ~packet->facts;

	if (missing & PACKET_VLAN) {
		packet->vlan_id = 0;
		details->vlan = (struct packet_tag){0};
	}
	if (missing & PACKET_CUSTOMER_VLAN)
		details->customer_vlan = (struct packet_tag){0};
	if (missing & PACKET_MPLS) {
		memset(details->mpls, 0, sizeof details->mpls);
		details->mpls_depth = 0;
	}
	if (missing & PACKET_PPPOE)
		details->pppoe_session = 0;
}

static void fragment_see(struct decoder *decoder, struct packet *packet, uint8_t protocol)
{
	struct decoder_statistics *statistics = &decoder->statistics;

	if (packet->fragment == PACKET_FIRST_FRAGMENT) {
		statistics->first_fragments++;
		statistics->displaced += fragments_learn(decoder->fragments, packet, protocol);
	} else {
		statistics->later_fragments++;
		statistics->orphans += !fragments_find(decoder->fragments, packet, protocol);
	}
}

/* Not cleared as a whole: what is not set here, its users set before they read it. Inline as
 * walk_layers() is. */
static inline void walk_start(struct walk *walk, const struct tunnels *tunnels,
	const struct frame *frame, struct packet *packet)
{
	walk->at = bytes_of(frame->data, frame->captured);
	walk->limit = walk->at.end;
	walk->base = walk->at.at;
	walk->base_octets = note_wire_octets(frame);
	walk->packet = packet;
	walk->tunnels = tunnels;
	walk->wlan_padded = false;
	walk->inside = false;
	walk->guessed = false;
	walk->guesses = 0;
	walk->tried = 0;
	walk->staged = 0;
	note_frame(packet, frame);
	note_details_start(&packet->details, frame);
	packet->facts = 0;
}

/* Before the second reading: whether there is a tunnel to be found. */
static bool may_be_tunnel(const struct tunnels *tunnels, const struct packet *packet)
{
	if (packet->fragment == PACKET_LATER_FRAGMENT)
		return false;
	enum layer tunnel = layer_of_tunnel(packet->protocol);
	if (tunnel != LAYER_UDP)
		return tunnel != LAYER_NONE;
	return tunnels_likely(tunnels, packet->source_port, packet->destination_port);
}

/* What of the innermost packet stands beside the outermost one, which is the flow. */
static void note_inner(struct packet *packet, const struct packet *inner)
{
	uint32_t facts = inner->facts & CARRIER_FACTS; /* the link's own once more, and tunnels' */
	struct packet_details *details = &packet->details;

	details->inner_ip_version = inner->ip_version;
	details->inner_protocol = inner->protocol;
	details->inner_source_port = inner->source_port;
	details->inner_destination_port = inner->destination_port;
	memcpy(details->inner_source_address, inner->source_address, 16);
	memcpy(details->inner_destination_address, inner->destination_address, 16);
	details->tunnel_depth = inner->details.tunnel_depth;
	if (facts & PACKET_MPLS) { /* else they may be of a guess gone wrong; sessions, too */
		memcpy(details->mpls, inner->details.mpls, sizeof details->mpls);
		details->mpls_depth = inner->details.mpls_depth;
	}
	if (facts & PACKET_PPPOE)
		details->pppoe_session = inner->details.pppoe_session;
	details->segment_id = inner->details.segment_id;
	details->gre_key = inner->details.gre_key;
	details->gtpu_teid = inner->details.gtpu_teid;
	packet->facts |= facts | PACKET_INNER;
}

/* Reads the frame once more, into the tunnel that its outermost packet may be. This is
 * the walk by which the innermost packet would be the flow, so what it says of the tunnel is
 * the same; the packet's own facts are the first reading's and stay as they are. Apart from
 * read_by_layers(), which need not make room for a second walk and packet then. */
static __attribute__((noinline)) void look_inside(
	struct decoder *decoder, const struct frame *frame, struct packet *packet)
{
	struct walk walk;
	struct packet inner;

	walk_start(&walk, decoder->tunnels, frame, &inner);
	walk_layers(&walk, layer_of_link(&walk, frame->link_type));
	if (!(inner.facts & PACKET_TUNNEL)) {
		walk_note_staged(&walk, packet);
		return;
	}
	if (inner.fragment == PACKET_FIRST_FRAGMENT)
		fragments_learn(decoder->carried, &inner, walk.fragment_protocol);
	else if (inner.fragment == PACKET_LATER_FRAGMENT)
		fragments_find(decoder->carried, &inner, walk.fragment_protocol);
	note_inner(packet, &inner);
}

/* Apart from decoder_read(), which need not make room for the walk then. */
static __attribute__((noinline)) enum packet_verdict read_by_layers(struct decoder *decoder,
	const struct frame *frame, struct packet *packet, struct decoder_ignored *ignored)
{
	struct walk walk;

	walk_start(&walk, decoder->entered, frame, packet);
	if (!walk_layers(&walk, layer_of_link(&walk, frame->link_type))) {
		ignored->reason = walk.reason;
		ignored->value = walk.value;
		return packet_ignored_verdict(walk.reason);
	}
	forget_unnoted(packet);
	if (packet->fragment != PACKET_WHOLE)
		fragment_see(decoder, packet, walk.fragment_protocol);
	if (decoder->carried && may_be_tunnel(decoder->tunnels, packet))
		look_inside(decoder, frame, packet);
	return PACKET_OK;
}

enum packet_verdict decoder_read(struct decoder *decoder, const struct frame *frame,
	struct packet *packet, struct decoder_ignored *ignored)
{
	if (common_read(frame, decoder->tunnels, decoder->details, packet))
		return PACKET_OK;
	return read_by_layers(decoder, frame, packet, ignored);
}
