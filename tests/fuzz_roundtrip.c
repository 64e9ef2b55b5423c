/* Frames of any octets at any time through decoder, cache, sessions of v5, v9 and IPFIX, and back
 * by a reader that shares nothing with them: no fault, and what was metered is what was read.
 *
 * The first octet of the input: bit 0 the innermost packet is the flow, the others the size of
 * the cache. Then frames: link type, octets, octets on the wire but not captured (2 each), step of
 * time (4, with a sign, milliseconds), octets. */
#include "base/bytes.h"
#include "chain.h"

#include <stdio.h>
#include <stdlib.h>

/* A day after 1970, and the last second that 32 bits can tell. */
#define EARLIEST (INT64_C(86400) * 1000000000)
#define LATEST   (INT64_C(4294967295) * 1000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct chain *chain)
{
	const char *fault = chain_fault(chain);

	if (!fault)
		return;
	fprintf(stderr, "roundtrip: %s\n", fault);
	abort();
}

static int64_t stepped(int64_t time, uint32_t step)
{
	int64_t next = time + (int32_t)step * INT64_C(1000000) + step % 977;

	return next < EARLIEST ? EARLIEST : next > LATEST ? LATEST : next;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	const uint8_t *choice = bytes_pull(&in, 1), *head;
	int64_t time = INT64_C(1700000000) * 1000000000;

	if (!choice)
		return 0;
	const struct chain_options options = {.inner = *choice & 1, .entries = 1u + *choice / 2u};
	struct chain *chain = chain_new(&options);
	while ((head = bytes_pull(&in, 10)) != NULL) {
		size_t octets = be16(head + 2);
		struct packet packet;

		if (octets > bytes_left(&in))
			octets = bytes_left(&in);
		time = stepped(time, be32(head + 6));
		struct frame frame = {
			.time = time,
			.captured = (uint32_t)octets,
			.wire_octets = (uint32_t)octets + be16(head + 4),
			.link_type = be16(head) % 300,
		};
		uint8_t *copy = malloc(octets ? octets : 1); /* its end is the frame's */
		memcpy(copy, bytes_pull(&in, octets), octets);
		frame.data = copy;
		chain_take(chain, &frame, &packet);
		free(copy);
		judge(chain);
	}
	chain_finish(chain);
	judge(chain);
	chain_free(chain);
	return 0;
}
