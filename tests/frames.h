/*
 * What tool_frames writes and tool_damage reads: a row of these, each followed by the frame's
 * octets, in the machine's own form. One whose `captured` is FRAMES_NAME begins a capture.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdint.h>

#define FRAMES_NAME UINT32_MAX

struct frames_head {
	char name[256];
	int64_t time;
	uint32_t captured, wire_octets;
	uint32_t link_type, zero;
};

#endif
