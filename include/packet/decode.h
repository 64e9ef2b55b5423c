/* decode: from a frame to the facts of its IP packet.
 *
 * One loop drives the layer functions: each reads its own header through the
 * bounded reader and returns which layer comes next; none calls another. The
 * loop has a layer limit, so no nesting can make it run away. Flow rules 1, 2
 * and 6 and the packet rules of weir(8) are followed to the letter. */
#ifndef PACKET_DECODE_H
#define PACKET_DECODE_H

#include "base/frame.h"
#include "packet/ignored.h"
#include "packet/options.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

/* What the fragment table did since the decoder was made. Of fragments in tunnels, which tunnel
 * facts are told of, nothing is counted. */
struct decoder_statistics {
	uint64_t first_fragments;
	uint64_t later_fragments;
	uint64_t orphans;   /* of the later ones: no first fragment known, so ports 0 */
	uint64_t displaced; /* first fragments forgotten for want of room */
};

/* What a frame was that makes no flow; only for verdicts other than PACKET_OK. */
struct decoder_ignored {
	uint8_t reason; /* enum packet_ignored: one counter of the ledger each */
	uint64_t value; /* EtherType, SAP, PPP protocol, link type ...: what the reason says */
};

struct decoder;

/* A decoder with its fragment tables; NULL when memory is short. One thread's. */
struct decoder *decoder_new(const struct decoder_options *options);
void decoder_free(struct decoder *decoder);

/* Takes all memory of its tables now, from the calling thread's node; before the
 * first frame. */
void decoder_touch(struct decoder *decoder);
/* Octets of its tables when every page is taken. */
size_t decoder_memory(const struct decoder *decoder);

/* Reads one frame. PACKET_OK: *packet holds its facts and *ignored is not
 * touched; else *ignored says why there is none. Never fails, never allocates. */
enum packet_verdict decoder_read(struct decoder *decoder, const struct frame *frame,
	struct packet *packet, struct decoder_ignored *ignored);

/* To be called by the decoder's own thread. */
void decoder_statistics(const struct decoder *decoder, struct decoder_statistics *statistics);

#endif
