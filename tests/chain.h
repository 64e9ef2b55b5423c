/*
 * The whole way of a packet in one process, for tests: worker (decoder, cache), sessions of all
 * three protocols over a transport that leads to a reader each, and the ledger over all of them.
 *
 * Each frame is decoded a second time beside the worker, so that what was metered is known apart
 * from what the worker counts. One thread's; aborts when memory is short.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include "base/frame.h"
#include "packet/packet.h"

#include <stdbool.h>
#include <stdint.h>

struct chain;

struct chain_options {
	bool inner, tunnel_facts; /* the decoder's */
	uint32_t entries;         /* of the cache */
};

struct chain *chain_new(const struct chain_options *options);
void chain_free(struct chain *chain);

/* Meters one frame, lent for the call. *packet: what was made of it, if PACKET_OK is returned. */
enum packet_verdict chain_take(
	struct chain *chain, const struct frame *frame, struct packet *packet);

/* Exports what is live and sends all. */
void chain_finish(struct chain *chain);

/* NULL: all adds up, and once it is finished, the readers have found what was metered and no fault.
 * Else what does not; valid until the next call. */
const char *chain_fault(struct chain *chain);

#endif
