/* Live capture: a packet_ring.h for what opening.h says of the interface.
 *
 * The ring lets nothing in until the start, so it stays empty and the kernel's counters
 * 0 while the sources of a fanout group join it one by one, each of which sees all flows
 * until the next has joined.
 *
 * A filter that rejects all stops the intake in the end, also where the interface has
 * gone. Then the ring is read until all that the kernel counted has come out of it; the
 * last, half-filled block does when its time is over. The same is done where the
 * interface has gone; then the source waits for one of its name. */
#include "capture/source_live.h"

#include "capture/interface.h"
#include "capture/opening.h"
#include "capture/packet_ring.h"
#include "capture/source_filter.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	QUIET_BLOCKS = 3, /* block time-outs without a frame: then nothing can be left */
};

struct live {
	struct source source;
	struct source_options options; /* its name is this: */
	char name[IFNAMSIZ];
	struct source_filter *filter;
	struct packet_ring *ring; /* NULL: it has let go of the interface */
	struct device device;
	int fanout; /* what PACKET_FANOUT was given, 0: nothing */
	int wake;
	int ask;           /* a socket to ask for interfaces */
	char failure[640]; /* "": none */
	bool gone;         /* it is the interface that has failed, which may come back */
	bool rejects;      /* lets nothing in any more */
	bool ending;
	unsigned quiet;               /* block time-outs without a frame, since it rejects */
	uint64_t taken;               /* frames that came out of the ring */
	uint64_t missed;              /* by the interface, when last read */
	struct source_count left_out; /* here, or by the programs of filters before */
	struct source_statistics count;
};

/* Nothing new comes any more; what came before is read first. What another processor lets
 * in with the old filter at this moment is counted, and in the ring, when the kernel's
 * grace period is over; for that membarrier(2) waits. */
static void begin_to_stop(struct live *l)
{
	(void)packet_ring_reject(l->ring);
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	l->rejects = true;
}

static void begin_to_fail(struct live *l, const char *why)
{
	if (*l->failure)
		return;
	snprintf(l->failure, sizeof l->failure, "%s", why);
	begin_to_stop(l);
}

/* The kernel complains when it takes the interface down, which it does before it takes it
 * away. */
static void look_for_interface(struct live *l)
{
	unsigned index = l->device.interface;

	if (*l->failure || !index || interface_is_there(l->ask, index))
		return;
	l->gone = true;
	begin_to_fail(l, "the interface has gone");
}

/* What the socket has to complain of: that the interface is down is no failure. */
static void hear_error(struct live *l)
{
	int error = 0;
	socklen_t length = sizeof error;

	if (getsockopt(packet_ring_fd(l->ring), SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error == ENETDOWN)
		look_for_interface(l);
	else if (error)
		begin_to_fail(l, strerror(error));
}

/* True: there is something in the ring; false: a block time-out has gone by, or
 * somebody woke us, which nobody needs to when it has stopped. */
static bool wait_for_frames(struct live *l)
{
	struct pollfd p[2] = {
		{packet_ring_fd(l->ring), POLLIN, 0},
		{l->wake, POLLIN, 0},
	};
	nfds_t count = *l->failure ? 0 : l->rejects ? 1 : 2;
	uint64_t woken;

	(void)poll(p, count, PACKET_RING_MILLISECONDS);
	if (p[1].revents & POLLIN)
		(void)!read(l->wake, &woken, sizeof woken);
	if (p[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		hear_error(l);
	return p[0].revents & POLLIN;
}

static struct source_count left_out(const struct live *l)
{
	struct source_count all = l->left_out, now = source_filter_left_out(l->filter);

	source_count_add(&all, &now);
	return all;
}

static struct source_statistics live_statistics(struct source *s)
{
	struct live *l = (struct live *)s;

	if (!l->ring)
		return l->count;
	packet_ring_statistics(l->ring, &l->count);
	l->count.duplicates = left_out(l);
	uint64_t now = interface_missed(l->name);
	if (now > l->missed)
		l->count.interface_dropped += now - l->missed;
	l->missed = now;
	return l->count;
}

/* Frames that the kernel has put into the ring and nobody has read. */
static uint64_t unread(struct live *l)
{
	packet_ring_statistics(l->ring, &l->count);
	return l->count.kernel_received - l->count.kernel_dropped - l->taken;
}

static void let_go(struct live *l)
{
	packet_ring_close(l->ring);
	l->ring = NULL;
}

/* All that came has been read. */
static enum source_status finish(struct live *l)
{
	if (!*l->failure)
		return SOURCE_END;
	(void)live_statistics(&l->source);
	let_go(l);
	return l->gone ? SOURCE_GONE : SOURCE_FAILED;
}

static bool share(struct live *l)
{
	return setsockopt(packet_ring_fd(l->ring), SOL_PACKET, PACKET_FANOUT, &l->fanout,
		       sizeof l->fanout) == 0;
}

static bool open_intake(struct live *l)
{
	return source_filter_attach(l->filter, packet_ring_fd(l->ring));
}

/* By the process that has the right to, or by this one. */
static bool ask(struct live *l, const char *words, bool watch, bool first, struct opening *o)
{
	const struct opening_way *way = l->options.opener;
	struct opening_request q = {
		.snaplen = l->options.snaplen,
		.watch = watch,
		.first = first,
		.leaves_out = l->options.duplicates != NULL,
	};

	memcpy(q.interface, l->name, sizeof q.interface);
	snprintf(q.filter, sizeof q.filter, "%s", words);
	return way ? way->ask(way->context, &q, o)
		   : opening_make(&l->device, l->options.duplicates, &q, o);
}

static bool open_ring(struct live *l, struct opening *opening)
{
	const struct source_options *o = &l->options;

	l->device.interface = opening->interface;
	l->missed = interface_missed(l->name);
	l->ring = packet_ring_open(
		opening_take(opening, OPENING_SOCKET), &(struct packet_ring_options){
							       .interface = opening->interface,
							       .cooked = opening->cooked,
							       .promiscuous = o->promiscuous,
							       .only_incoming = o->only_incoming,
							       .link_type = opening->link_type,
							       .snaplen = o->snaplen,
							       .buffer = o->buffer,
						       });
	return l->ring != NULL;
}

/* What the old one has left out stays counted. */
static void exchange_filter(struct live *l, struct source_filter *filter)
{
	l->left_out = left_out(l);
	source_filter_free(l->filter);
	l->filter = filter;
}

/* Gone for good: there is one again, and this process may not watch it. */
static enum source_status may_not(struct live *l, const char *why)
{
	l->gone = false;
	snprintf(l->failure, sizeof l->failure, "it is there again, and %s", why);
	return SOURCE_FAILED;
}

/* It may be of another kind now, to which the same words are another program. */
static bool take_up(struct live *l, struct opening *o)
{
	struct source_filter *f = source_filter_take(source_filter_words(l->filter), o);

	if (!f)
		return false;
	exchange_filter(l, f);
	if (!open_ring(l, o))
		return false;
	if ((!l->fanout || share(l)) && open_intake(l))
		return true;
	let_go(l);
	return false;
}

static enum source_status open_again(struct live *l)
{
	struct opening *o = malloc(sizeof *o);
	enum source_status status = SOURCE_GONE;

	if (!o)
		return status;
	if (ask(l, source_filter_words(l->filter), true, false, o) && take_up(l, o)) {
		l->gone = l->rejects = false;
		*l->failure = '\0';
		l->quiet = 0;
		status = SOURCE_IDLE;
	} else if (o->lost) {
		status = may_not(l, o->why.text);
	}
	opening_close(o);
	free(o);
	return status;
}

/* One of this name, which need not be the same, is there; or is not yet. */
static enum source_status come_back(struct live *l)
{
	struct pollfd p = {l->wake, POLLIN, 0};
	uint64_t woken;

	if (poll(&p, 1, PACKET_RING_MILLISECONDS) > 0)
		(void)!read(l->wake, &woken, sizeof woken);
	if (l->ending)
		return SOURCE_END;
	if (!interface_find(l->ask, l->name))
		return SOURCE_GONE;
	return l->options.opener
		       ? open_again(l)
		       : may_not(l,
				 "the right to capture was given up (privileges.capture keeps it)");
}

/* Where no program does it in the kernel. */
static void leave_out(void *context, const struct frame *frames, unsigned count)
{
	struct live *l = context;

	l->left_out.frames += count;
	for (unsigned i = 0; i < count; i++)
		l->left_out.octets += frames[i].wire_octets;
}

static enum source_status live_read(
	struct source *s, unsigned most, source_take *take, void *context)
{
	struct live *l = (struct live *)s;

	if (!l->ring)
		return l->gone ? come_back(l) : SOURCE_FAILED;
	bool covered = l->options.covered &&
		       atomic_load_explicit(l->options.covered, memory_order_relaxed);
	unsigned n = covered ? packet_ring_read(l->ring, most, leave_out, l)
			     : packet_ring_read(l->ring, most, take, context);
	l->taken += n;
	if (n > 0) {
		l->quiet = 0;
		return SOURCE_READY;
	}
	if (l->rejects && unread(l) == 0)
		return finish(l);
	if (wait_for_frames(l))
		return SOURCE_READY;
	if (l->rejects && ++l->quiet == QUIET_BLOCKS)
		return finish(l);
	look_for_interface(l);
	return interface_is_up(l->ask, l->name) ? SOURCE_IDLE : SOURCE_DOWN;
}

static void live_wake(struct source *s)
{
	uint64_t one = 1;

	(void)!write(((struct live *)s)->wake, &one, sizeof one);
}

static void live_stop_intake(struct source *s)
{
	struct live *l = (struct live *)s;

	l->ending = true;
	if (l->ring)
		begin_to_stop(l);
}

static bool live_share(struct source *s, unsigned group, struct source_error *error)
{
	struct live *l = (struct live *)s;

	l->fanout = (int)((group & 0xffff) | PACKET_FANOUT_HASH << 16);
	if (share(l))
		return true;
	snprintf(error->text, sizeof error->text, "sharing the interface between workers: %s",
		strerror(errno));
	return false;
}

static bool live_start(struct source *s, struct source_error *error)
{
	struct live *l = (struct live *)s;

	if (open_intake(l))
		return true;
	snprintf(error->text, sizeof error->text, "%s: the kernel refuses the filter: %s", l->name,
		strerror(errno));
	return false;
}

static const char *live_failure(struct source *s)
{
	return ((struct live *)s)->failure;
}

static void live_close(struct source *s)
{
	struct live *l = (struct live *)s;

	packet_ring_close(l->ring);
	source_filter_free(l->filter);
	device_free(&l->device);
	if (l->wake >= 0)
		close(l->wake);
	if (l->ask >= 0)
		close(l->ask);
	free(l);
}

static struct source_filter *live_prepare(
	struct source *s, const char *words, struct source_error *error)
{
	struct live *l = (struct live *)s;
	struct opening *o = malloc(sizeof *o);
	struct source_filter *f = NULL;

	snprintf(error->text, sizeof error->text, "out of memory");
	if (!o)
		return NULL;
	if (!ask(l, words, false, false, o))
		*error = o->why;
	else
		f = source_filter_take(words, o);
	opening_close(o);
	free(o);
	return f;
}

/* What is rejected already, as it ends, stays so. */
static bool live_refilter(struct source *s, struct source_filter *filter)
{
	struct live *l = (struct live *)s;
	struct source_filter *old = l->filter;

	l->filter = filter;
	bool good = !l->ring || l->rejects || open_intake(l);
	l->filter = old;
	if (good)
		exchange_filter(l, filter);
	else
		source_filter_free(filter);
	return good;
}

static const struct source_ops live_ops = {
	.read = live_read,
	.wake = live_wake,
	.stop_intake = live_stop_intake,
	.share = live_share,
	.start = live_start,
	.prepare = live_prepare,
	.refilter = live_refilter,
	.statistics = live_statistics,
	.failure = live_failure,
	.close = live_close,
};

static bool take_all(struct live *l, struct opening *o, struct source_error *error)
{
	l->wake = opening_take(o, OPENING_WAKE);
	l->ask = opening_take(o, OPENING_ASK);
	l->filter = source_filter_take(l->options.filter, o);
	snprintf(error->text, sizeof error->text, "out of memory");
	if (!l->filter)
		return false;
	if (open_ring(l, o))
		return true;
	snprintf(error->text, sizeof error->text, "%s: no capture ring of %" PRIu64 "M: %s",
		l->name, l->options.buffer >> 20, strerror(errno));
	return false;
}

static bool open_all(struct live *l, struct source_error *error)
{
	struct opening *o = malloc(sizeof *o);

	snprintf(error->text, sizeof error->text, "out of memory");
	if (!o)
		return false;
	bool good = ask(l, l->options.filter, true, true, o);
	if (good)
		good = take_all(l, o, error);
	else
		*error = o->why;
	opening_close(o);
	free(o);
	return good;
}

struct source *source_open_live(const struct source_options *o, struct source_error *error)
{
	struct live *l = calloc(1, sizeof *l);

	if (!l) {
		snprintf(error->text, sizeof error->text, "out of memory");
		return NULL;
	}
	l->source.ops = &live_ops;
	l->wake = l->ask = -1;
	l->options = *o;
	l->options.interface = l->name;
	bool fits = strlen(o->interface) < sizeof l->name;
	if (fits)
		strcpy(l->name, o->interface);
	else
		snprintf(error->text, sizeof error->text,
			"%.64s: no interface has so long a name (`ip -br link` lists them)",
			o->interface);
	if (fits && open_all(l, error))
		return &l->source;
	live_close(&l->source);
	return NULL;
}
