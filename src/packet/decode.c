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
	struct fragments *fragments;
	const struct tunnels *tunnels; /* NULL or below */
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

	if (!decoder)
		return NULL;
	decoder->fragments = fragments_new(
		options->fragments ? options->fragments : FRAGMENTS_DEFAULT, options->seed);
	if (!decoder->fragments) {
		free(decoder);
		return NULL;
	}
	decoder->details = options->details;
	if (options->inner) {
		tunnels_set(&decoder->looked_for, options);
		decoder->tunnels = &decoder->looked_for;
	}
	return decoder;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	fragments_free(decoder->fragments);
	free(decoder);
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

/* Only headers of IP packets lead to LAYER_DONE; false: there is none. */
static bool walk_layers(struct walk *walk, enum layer layer)
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

	if (missing & PACKET_MAC)
		memset(details->source_mac, 0, 12);
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

/* Not cleared as a whole: what is not set here, its users set before they read it. */
static void walk_start(struct walk *walk, const struct decoder *decoder, const struct frame *frame,
	struct packet *packet)
{
	walk->at = bytes_of(frame->data, frame->captured);
	walk->limit = walk->at.end;
	walk->base = walk->at.at;
	walk->base_octets = note_wire_octets(frame);
	walk->packet = packet;
	walk->tunnels = decoder->tunnels;
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

/* Apart from decoder_read(), which need not make room for the walk then. */
static __attribute__((noinline)) enum packet_verdict read_by_layers(struct decoder *decoder,
	const struct frame *frame, struct packet *packet, struct decoder_ignored *ignored)
{
	struct walk walk;

	walk_start(&walk, decoder, frame, packet);
	if (!walk_layers(&walk, layer_of_link(&walk, frame->link_type))) {
		ignored->reason = walk.reason;
		ignored->value = walk.value;
		return packet_ignored_verdict(walk.reason);
	}
	forget_unnoted(packet);
	if (packet->fragment != PACKET_WHOLE)
		fragment_see(decoder, packet, walk.fragment_protocol);
	return PACKET_OK;
}

enum packet_verdict decoder_read(struct decoder *decoder, const struct frame *frame,
	struct packet *packet, struct decoder_ignored *ignored)
{
	if (common_read(frame, decoder->tunnels, decoder->details, packet))
		return PACKET_OK;
	return read_by_layers(decoder, frame, packet, ignored);
}
