#include "capture/source_plain.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "capture/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RECORD_HEADER = 16,
	LONGEST_FRAME = 262144, /* libpcap's bound for the link types read here */
	/* What is read at once stays in the second-level cache until it is decoded. */
	PIECE = 256 << 10,
	BUFFER = PIECE + LONGEST_FRAME + RECORD_HEADER,
	BURST = 32,
	LINK_TYPE = 0x03ffffff, /* the rest of the word tells of a frame check sequence */
};

#define MAGIC_MICRO UINT32_C(0xa1b2c3d4)
#define MAGIC_NANO  UINT32_C(0xa1b23c4d)

struct plain {
	struct source source;
	int fd;
	bool swapped;
	int64_t unit; /* nanoseconds in one of the time's fraction */
	uint16_t link_type;
	struct filter *filter; /* or NULL */
	struct source_statistics count;
	struct bytes left; /* in buffer, not handed out yet */
	bool ended;
	char failure[160];
	uint8_t buffer[BUFFER];
};

/* Numbers stand in the byte order of the machine that wrote the file. */
static inline uint32_t number(const uint8_t *p, bool swapped)
{
	return swapped ? be32(p) : le32(p);
}

/* The header's byte order, by its magic number; false: not one of ours. */
static bool read_magic(const uint8_t *header, bool *swapped, bool *nano)
{
	for (int i = 0; i < 2; i++) {
		uint32_t magic = number(header, i);
		*swapped = i;
		*nano = magic == MAGIC_NANO;
		if (magic == MAGIC_MICRO || magic == MAGIC_NANO)
			return true;
	}
	return false;
}

/* These may hold frames beyond LONGEST_FRAME, and no IP: D-Bus, USBPcap, EBHSCR. */
static bool has_giants(uint32_t link_type)
{
	return link_type == 231 || link_type == 249 || link_type == 279;
}

bool source_plain_knows(const uint8_t *octets, size_t length)
{
	bool swapped, nano;

	if (length < SOURCE_PLAIN_HEADER || !read_magic(octets, &swapped, &nano))
		return false;
	uint16_t major = swapped ? be16(octets + 4) : le16(octets + 4);
	uint16_t minor = swapped ? be16(octets + 6) : le16(octets + 6);
	uint32_t link_type = number(octets + 20, swapped) & LINK_TYPE;
	return major == 2 && minor == 4 && link_type <= UINT16_MAX && !has_giants(link_type);
}

/* Moves what is left to the front and reads on behind it. False: nothing came. */
static bool refill(struct plain *p)
{
	size_t left = bytes_left(&p->left);
	ssize_t n;

	if (p->ended || left > LONGEST_FRAME + RECORD_HEADER)
		return false;
	memmove(p->buffer, p->left.at, left);
	do
		n = read(p->fd, p->buffer + left, PIECE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		snprintf(p->failure, sizeof p->failure, "reading: %s", strerror(errno));
	p->ended = n <= 0;
	p->count.file_octets += n > 0 ? (uint64_t)n : 0;
	p->left = bytes_of(p->buffer, left + (n > 0 ? (size_t)n : 0));
	return n > 0;
}

/* No whole record is left: the end of the file, or a break. */
static enum source_status end_of_file(struct plain *p, size_t want)
{
	size_t left = bytes_left(&p->left);

	if (*p->failure)
		return SOURCE_FAILED;
	if (left == 0)
		return SOURCE_END;
	snprintf(p->failure, sizeof p->failure,
		"truncated file: %zu octets of a record of %zu are there", left, want);
	return SOURCE_FAILED;
}

/* No whole record is in the buffer: reads on. SOURCE_READY: there is one now. */
static enum source_status next_piece(struct plain *p)
{
	for (;;) {
		const uint8_t *header = bytes_peek(&p->left, RECORD_HEADER);
		size_t want = RECORD_HEADER;
		if (header) {
			uint32_t captured = number(header + 8, p->swapped);
			if (captured > LONGEST_FRAME) {
				snprintf(p->failure, sizeof p->failure,
					"a captured length of %u octets, at most %d are possible",
					captured, LONGEST_FRAME);
				return SOURCE_FAILED;
			}
			want += captured;
			if (bytes_left(&p->left) >= want)
				return SOURCE_READY;
		}
		if (!refill(p))
			return end_of_file(p, want);
	}
}

/* False: it is not whole, or not possible. */
static inline bool next_frame(struct plain *p, bool swapped, struct frame *frame)
{
	const uint8_t *header = bytes_peek(&p->left, RECORD_HEADER);

	if (!header)
		return false;
	uint32_t captured = number(header + 8, swapped);
	if (captured > LONGEST_FRAME || !bytes_skip(&p->left, RECORD_HEADER + captured))
		return false;
	*frame = (struct frame){
		.data = header + RECORD_HEADER,
		.time = number(header, swapped) * CLOCK_SECOND +
			number(header + 4, swapped) * p->unit,
		.captured = captured,
		.wire_octets = number(header + 12, swapped),
		.link_type = p->link_type,
	};
	return true;
}

static inline bool is_filtered(struct plain *p, const struct frame *frame)
{
	if (!p->filter || filter_accepts(p->filter, frame))
		return false;
	p->count.filtered.frames++;
	p->count.filtered.octets += frame->wire_octets;
	return true;
}

/* Lends the whole records that the buffer holds, in bursts: they stay where they are
 * until the buffer is refilled. Returns how many it has gone past. */
static inline unsigned lend(
	struct plain *p, bool swapped, unsigned most, source_take *take, void *context)
{
	struct frame burst[BURST];
	unsigned n = 0, filled = 0;

	for (; n < most && next_frame(p, swapped, &burst[filled]); n++) {
		if (is_filtered(p, &burst[filled]) || ++filled < BURST)
			continue;
		take(context, burst, filled);
		filled = 0;
	}
	if (filled)
		take(context, burst, filled);
	return n;
}

static enum source_status plain_read(
	struct source *s, unsigned most, source_take *take, void *context)
{
	struct plain *p = (struct plain *)s;

	while (most) {
		/* The byte order is known to the compiler, one test for all that is read. */
		most -= p->swapped ? lend(p, true, most, take, context)
				   : lend(p, false, most, take, context);
		if (!most)
			break;
		enum source_status status = next_piece(p);
		if (status != SOURCE_READY)
			return status;
	}
	return SOURCE_READY;
}

static struct source_statistics plain_statistics(struct source *s)
{
	return ((struct plain *)s)->count;
}

static const char *plain_failure(struct source *s)
{
	return ((struct plain *)s)->failure;
}

static void plain_close(struct source *s)
{
	struct plain *p = (struct plain *)s;

	close(p->fd);
	filter_free(p->filter);
	free(p);
}

static const struct source_ops plain_ops = {
	.read = plain_read,
	.statistics = plain_statistics,
	.failure = plain_failure,
	.close = plain_close,
};

struct source *source_open_plain(
	int fd, const uint8_t *header, const struct source_options *o, struct source_error *error)
{
	struct plain *p = malloc(sizeof *p);
	bool nano;

	if (!p) {
		snprintf(error->text, sizeof error->text, "out of memory");
		close(fd);
		return NULL;
	}
	p->source.ops = &plain_ops;
	p->fd = fd;
	(void)read_magic(header, &p->swapped, &nano);
	p->unit = nano ? 1 : 1000;
	p->link_type = (uint16_t)(number(header + 20, p->swapped) & LINK_TYPE);
	p->filter = NULL;
	p->count = (struct source_statistics){.file_octets = SOURCE_PLAIN_HEADER};
	p->left = bytes_of(p->buffer, 0);
	p->ended = false;
	*p->failure = '\0';
	if (*o->filter) {
		p->filter = filter_new(o->filter, p->link_type, error);
		if (!p->filter) {
			plain_close((struct source *)p);
			return NULL;
		}
	}
	return (struct source *)p;
}
