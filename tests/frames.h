/*
 * What tool_frames writes and other tools read: a row of these, each followed by the frame's
 * octets, numbers in little-endian order. One whose `captured` is FRAMES_NAME begins a capture.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "base/frame.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define FRAMES_NAME UINT32_MAX

struct frames_head {
	char name[256];
	int64_t time;
	uint32_t captured, wire_octets;
	uint32_t link_type, zero;
};

/* From the machine's own form to that of the file, and back. */
void frames_turn(struct frames_head *head);

/* Calls begin for each capture and take for each of its frames, whose octets stand in memory of
 * their own size, are lent, and may be written to. False: these are no frames, or none at all. */
bool frames_each(FILE *in, void *context, void (*begin)(void *context, const char *name),
	void (*take)(void *context, const struct frame *frame, uint8_t *data));

#endif
