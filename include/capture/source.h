/* source: where frames come from.
 *
 * A kind of source is a struct of functions in a file of its own and a row in
 * sources.c. Frames are lent one by one to a callback, without a copy; libpcap
 * is known in this room only. A source belongs to one thread; only
 * source_wake() may be called by another. */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include "base/frame.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct duplicates;
struct opening_way;

struct source_options {
	const char *interface; /* capture live, or NULL */
	const char *file;      /* read a capture file, "-" is standard input, or NULL */
	const char *filter;    /* BPF words, "": everything */
	uint32_t snaplen;      /* octets of a frame that are captured */
	uint64_t buffer;       /* octets of the kernel's ring */
	bool promiscuous;
	bool only_incoming;               /* what goes out is not captured */
	const struct opening_way *opener; /* lent; live: who opens, also when it comes back; NULL:
					     this process does, while it has the right to */
	const atomic_bool *covered;    /* lent; live: all that it has is seen elsewhere; or NULL */
	struct duplicates *duplicates; /* lent; live: what passes several inputs; or NULL */
};

struct source_error {
	char text[512]; /* what and where; what to do where that is known */
};

/* Frames and their octets on the wire. */
struct source_count {
	uint64_t frames;
	uint64_t octets;
};

static inline void source_count_add(struct source_count *sum, const struct source_count *count)
{
	sum->frames += count->frames;
	sum->octets += count->octets;
}

struct source_statistics {
	struct source_count filtered;   /* a file's, left out by the filter */
	struct source_count duplicates; /* live, left out by source_options.duplicates */
	uint64_t file_octets;           /* a file's, read so far */
	uint64_t kernel_received;       /* live: frames that passed the filter, dropped ones too */
	uint64_t kernel_dropped;        /* of those: no room in the ring */
	uint64_t interface_dropped;     /* by the interface or its driver, where it says so */
};

enum source_status {
	SOURCE_READY,  /* there may be more at once */
	SOURCE_IDLE,   /* nothing arrived for a block time-out, or source_wake() was called */
	SOURCE_DOWN,   /* the same, and nothing can: the interface is down, for now */
	SOURCE_GONE,   /* the same, and it is not there: the source comes back with it */
	SOURCE_END,    /* end of the file, or of what was left after source_stop_intake() */
	SOURCE_FAILED, /* for good, source_failure() says how; what came before counts, and
			  other sources of its group get its flows */
};

/* Takes `count` frames, at least one, lent for the call: as many at once as the source
 * can lend, so that what a call costs is shared. */
typedef void source_take(void *context, const struct frame *frames, unsigned count);

struct source;
struct source_filter;

struct source_ops {
	enum source_status (*read)(
		struct source *source, unsigned most, source_take *take, void *context);
	void (*wake)(struct source *source);
	void (*stop_intake)(struct source *source);
	bool (*share)(struct source *source, unsigned group, struct source_error *error);
	bool (*start)(struct source *source, struct source_error *error);
	struct source_filter *(*prepare)(
		struct source *source, const char *words, struct source_error *error);
	bool (*refilter)(struct source *source, struct source_filter *filter);
	struct source_statistics (*statistics)(struct source *source);
	const char *(*failure)(struct source *source);
	void (*close)(struct source *source);
};

struct source {
	const struct source_ops *ops;
};

void source_close(struct source *source);

/* Live: shares the interface's frames by flow with the other sources of the
 * group (PACKET_FANOUT_HASH). Before source_start() of any of them. */
bool source_share(struct source *source, unsigned group, struct source_error *error);
/* Live: from now on frames are taken in. */
bool source_start(struct source *source, struct source_error *error);

/* Live, any thread, one at a time: what other words mean to this source. NULL: *error says why
 * they mean nothing. */
struct source_filter *source_prepare(
	struct source *source, const char *words, struct source_error *error);
void source_filter_free(struct source_filter *filter);
/* Live, the reading thread: from now on frames are let in by this filter, which the source
 * takes over; each one by the old or by the new. False: the kernel refuses it, and the old
 * one stays. */
bool source_refilter(struct source *source, struct source_filter *filter);

/* Lends up to about `most` frames to take(). Live, waits for the first one, but
 * no longer than a block time-out. */
enum source_status source_read(
	struct source *source, unsigned most, source_take *take, void *context);

/* Any thread: a source_read() that waits returns. */
void source_wake(struct source *source);

/* Live: no more frames are taken in; what the kernel has counted up to now, its
 * half-filled block too, can be read until SOURCE_END. The reading thread. */
void source_stop_intake(struct source *source);

struct source_statistics source_statistics(struct source *source);

/* What went wrong after SOURCE_FAILED; valid until the source is closed. */
const char *source_failure(struct source *source);

#endif
