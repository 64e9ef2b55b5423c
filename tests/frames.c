#include "frames.h"

#include <endian.h>
#include <stdlib.h>

enum { CAPTURED_MOST = 1 << 20 };

void frames_turn(struct frames_head *head)
{
	head->time = (int64_t)htole64((uint64_t)head->time);
	head->captured = htole32(head->captured);
	head->wire_octets = htole32(head->wire_octets);
	head->link_type = htole32(head->link_type);
}

bool frames_each(FILE *in, void *context, void (*begin)(void *context, const char *name),
	void (*take)(void *context, const struct frame *frame, uint8_t *data))
{
	struct frames_head head;
	bool begun = false;

	while (fread(&head, sizeof head, 1, in) == 1) {
		frames_turn(&head);
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
