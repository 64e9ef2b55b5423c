/* Any octets as a capture file, read with and without a filter: it is refused, breaks off or ends,
 * and not more frames come of it than it has room for. */
#include "capture/source_file.h"
#include "packet/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The least that a frame takes in a file: a simple packet block of pcapng less its length words. */
enum { LEAST = 8, FRAME_MOST = 262144 };

struct reading {
	struct decoder *decoder;
	uint64_t frames, sum;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_one(struct reading *r, const struct frame *frame)
{
	struct packet packet;
	struct decoder_ignored ignored;

	if (frame->captured > FRAME_MOST)
		abort();
	r->frames++;
	for (uint32_t i = 0; i < frame->captured; i++)
		r->sum += frame->data[i];
	decoder_read(r->decoder, frame, &packet, &ignored);
}

static void take(void *context, const struct frame *frames, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		take_one(context, &frames[i]);
}

/* Returns the frames, those that the filter left out too. */
static uint64_t read_all(const char *file, const char *filter, uint64_t most)
{
	const struct source_options options = {.file = file, .filter = filter, .snaplen = 65535};
	const struct decoder_options decoding = {.details = true, .inner = true, .fragments = 8};
	struct source_error error = {""};
	struct source *source = source_open_file(&options, &error);
	struct reading r = {.decoder = decoder_new(&decoding)};
	enum source_status status = SOURCE_READY;

	if (!source && !*error.text)
		abort();
	while (source && status == SOURCE_READY) {
		status = source_read(source, 7, take, &r);
		if (r.frames > most)
			abort();
	}
	if (status == SOURCE_FAILED && !*source_failure(source))
		abort();
	if (source)
		r.frames += source_statistics(source).filtered.frames;
	source_close(source);
	decoder_free(r.decoder);
	return r.frames;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char file[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
	uint64_t frames = read_all(file, "", size / LEAST);
	uint64_t filtered = read_all(file, "ip and udp port 53", size / LEAST);
	if (filtered != 0 && filtered != frames) /* 0: that filter is none for this link type */
		abort();
	close(fd);
	return 0;
}
