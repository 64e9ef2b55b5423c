/*
 * tool_frames MOST FILE...: the first MOST frames of each capture, read through the source room, on
 * standard output in the form of frames.h. So a program that must not be linked with libpcap can
 * read captures of all formats. A capture that cannot be opened has no frames, and one that breaks
 * off has those before; both are said on standard error.
 */
#include "frames.h"

#include "capture/source_file.h"

#include <stdio.h>
#include <stdlib.h>

struct copy {
	unsigned left;
};

static void put(const void *data, size_t octets)
{
	if (octets && fwrite(data, octets, 1, stdout) != 1) {
		perror("standard output");
		exit(1);
	}
}

/* Sources are read by single frames here. */
static void take(void *context, const struct frame *frame, unsigned count)
{
	struct copy *copy = context;
	struct frames_head head = {
		.time = frame->time,
		.captured = frame->captured,
		.wire_octets = frame->wire_octets,
		.link_type = frame->link_type,
	};

	if (copy->left == 0 || count == 0)
		return;
	copy->left--;
	frames_turn(&head);
	put(&head, sizeof head);
	put(frame->data, frame->captured);
}

static void copy_capture(const char *file, unsigned most)
{
	const struct source_options options = {.file = file, .filter = "", .snaplen = 262144};
	struct frames_head head = {.captured = FRAMES_NAME};
	struct copy copy = {most};
	struct source_error error;
	struct source *source = source_open_file(&options, &error);
	enum source_status status = SOURCE_READY;

	snprintf(head.name, sizeof head.name, "%s", file);
	frames_turn(&head);
	put(&head, sizeof head);
	if (!source) {
		fprintf(stderr, "not opened: %s\n", error.text);
		return;
	}
	while (copy.left > 0 && status == SOURCE_READY)
		status = source_read(source, 1, take, &copy);
	if (status == SOURCE_FAILED)
		fprintf(stderr, "breaks off: %s: %s\n", file, source_failure(source));
	source_close(source);
}

int main(int argc, char **argv)
{
	unsigned most = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

	for (int i = 2; i < argc; i++)
		copy_capture(argv[i], most);
	return fflush(stdout) != 0;
}
