/* Any octets, as any link type: the decoder gives a verdict, and the three ways of story.h
 * agree. The first two octets of the input choose the link type, the rest is the frame. */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > UINT16_MAX)
		return 0;
	const struct decoder_options options = {.details = true, .fragments = 8};
	const struct frame frame = {
		.data = data + 2,
		.captured = (uint32_t)size - 2,
		.wire_octets = (uint32_t)size,
		.link_type = (uint16_t)((data[0] << 8 | data[1]) % 300),
	};
	struct story story;
	story_begin(&story, &options);
	const char *fault = story_read(&story, &frame);
	story_end(&story);
	if (fault) {
		fprintf(stderr, "%s\n", fault);
		abort();
	}
	for (int way = 0; way < STORY_WAYS; way++)
		if (story.verdict[way] == PACKET_OK && story.packet[way].octets < 20)
			abort();
	return 0;
}
