#include "frames.h"

#include <stdlib.h>

enum { CAPTURED_MOST = 1 << 20 };

bool frames_each(FILE *in, void *context, void (*begin)(void *context, const char *name),
	void (*take)(void *context, const struct frame *frame, uint8_t *data))
{
	struct frames_head head;
	bool begun = false;

	while (fread(&head, sizeof head, 1, in) == 1) {
		if (head.captured == FRAMES_NAME) {
			begin(context, head.name);
			begun = true;
			continue;
		}
		if (!begun || head.captured > CAPTURED_MOST)
			return false;
		uint8_t *data = malloc(head.captured ? head.captured : 1);
		if (!data)
			abort();
		if (head.captured && fread(data, head.captured, 1, in) != 1) {
			free(data);
			return false;
		}
		const struct frame frame = {
			.data = data,
			.time = head.time,
			.captured = head.captured,
			.wire_octets = head.wire_octets,
			.link_type = (uint16_t)head.link_type,
		};
		take(context, &frame, data);
		free(data);
	}
	return begun && feof(in);
}
