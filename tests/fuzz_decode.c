/* Any octets, as any link type, in both modes: the decoder gives a verdict. The first
 * two octets of the input choose the link type, the rest is the frame. */
#include "packet/decode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > UINT16_MAX)
		return 0;
	for (int inner = 0; inner < 2; inner++) {
		const struct decoder_options options = {
			.details = true, .inner = inner, .fragments = 8};
		struct decoder *decoder = decoder_new(&options);
		struct frame frame = {.data = data + 2,
			.captured = (uint32_t)size - 2,
			.wire_octets = (uint32_t)size,
			.link_type = (uint16_t)((data[0] << 8 | data[1]) % 300)};
		struct packet packet;
		struct decoder_ignored ignored;
		if (decoder && decoder_read(decoder, &frame, &packet, &ignored) == PACKET_OK &&
			packet.octets < 20)
			abort();
		decoder_free(decoder);
	}
	return 0;
}
