/*
 * A frame read in three ways, which must tell one story: by a decoder whose flow is the outermost
 * packet, by one that notes tunnel facts beside it, and by one whose flow is the innermost packet.
 *
 * What the first says of the flow, the second says to the octet. What the second adds is what the
 * third says of the same tunnels, seen from the other end.
 */
#ifndef STORY_H
#define STORY_H

#include "packet/decode.h"

enum story_way { STORY_OUTER, STORY_FACTS, STORY_INNER, STORY_WAYS };

struct story {
	struct decoder *decoder[STORY_WAYS];
	/* of the frame read last; octets that the decoder left alone are STORY_UNSET */
	struct packet packet[STORY_WAYS];
	enum packet_verdict verdict[STORY_WAYS];
	struct decoder_ignored ignored[STORY_WAYS];
};

enum { STORY_UNSET = 0xa5 };

/* Depth, fragments, seed and ports are the options'. Aborts when memory is short. */
void story_begin(struct story *story, const struct decoder_options *options);
void story_end(struct story *story);

/* NULL: the three agree. Else what does not, in words. */
const char *story_read(struct story *story, const struct frame *frame);

#endif
