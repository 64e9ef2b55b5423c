/* Live capture: a packet_ring.h for what libpcap says of the interface (device.h).
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

#include "capture/device.h"
#include "capture/duplicates.h"
#include "capture/packet_ring.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	QUIET_BLOCKS = 3, /* block time-outs without a frame: then nothing can be left */
};

struct source_filter {
	struct device_program classic;
	struct duplicates_program *program; /* with that in it, or NULL */
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
	int ask; /* a socket to ask for interfaces: later on it may be forbidden to open one */
	char failure[128]; /* "": none */
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

/* ifIndex of the interface of this name, 0: there is none. */
static unsigned find_interface(const struct live *l)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, l->name, sizeof l->name);
	return ioctl(l->ask, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned)request.ifr_ifindex;
}

/* The kernel complains when it takes the interface down, which it does before it takes it
 * away. */
static void look_for_interface(struct live *l)
{
	struct ifreq request = {.ifr_ifindex = (int)l->device.interface};

	if (*l->failure || !l->device.interface || ioctl(l->ask, SIOCGIFNAME, &request) == 0)
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

/* One of the interface's counters; 0 where it has none. */
static uint64_t counter(const struct live *l, const char *name)
{
	char path[80 + IFNAMSIZ];
	uint64_t value = 0;

	snprintf(path, sizeof path, "/sys/class/net/%s/statistics/%s", l->name, name);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* Frames that the interface or its driver had no room for. */
static uint64_t missed(const struct live *l)
{
	return counter(l, "rx_missed_errors") + counter(l, "rx_fifo_errors");
}

static struct source_count left_out(const struct live *l)
{
	struct source_count all = l->left_out;

	if (l->filter->program) {
		struct source_count now = duplicates_left_out(l->filter->program);
		source_count_add(&all, &now);
	}
	return all;
}

static struct source_statistics live_statistics(struct source *s)
{
	struct live *l = (struct live *)s;

	if (!l->ring)
		return l->count;
	packet_ring_statistics(l->ring, &l->count);
	l->count.duplicates = left_out(l);
	uint64_t now = missed(l);
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

/* What cannot be asked counts as up: "any" is no interface. */
static bool is_up(struct live *l)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, l->name, sizeof l->name);
	return ioctl(packet_ring_fd(l->ring), SIOCGIFFLAGS, &request) < 0 ||
	       request.ifr_flags & IFF_UP;
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
	const struct source_filter *f = l->filter;
	struct sock_fprog program = {f->classic.length, f->classic.code};
	int fd = packet_ring_fd(l->ring);

	return f->program ? duplicates_attach(f->program, fd)
			  : setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
				    sizeof program) == 0;
}

static bool open_ring(struct live *l)
{
	const struct source_options *o = &l->options;

	l->missed = missed(l);
	l->ring = packet_ring_open(&(struct packet_ring_options){
		.interface = l->device.interface,
		.cooked = l->device.cooked,
		.promiscuous = o->promiscuous,
		.only_incoming = o->only_incoming,
		.link_type = l->device.link_type,
		.snaplen = o->snaplen,
		.buffer = o->buffer,
	});
	return l->ring != NULL;
}

/* Gone for good: there is one again, and this process may not watch it. */
static enum source_status may_not(struct live *l)
{
	l->gone = false;
	snprintf(l->failure, sizeof l->failure,
		"it is there again, and the right to capture was given up "
		"(privileges.capture keeps it)");
	return SOURCE_FAILED;
}

/* One of this name, which need not be the same, is there; or is not yet. Its link type is
 * taken to be the old one's: libpcap, which knows, asks for more of the kernel than a
 * process that is confined may. */
static enum source_status come_back(struct live *l)
{
	struct pollfd p = {l->wake, POLLIN, 0};
	uint64_t woken;

	if (poll(&p, 1, PACKET_RING_MILLISECONDS) > 0)
		(void)!read(l->wake, &woken, sizeof woken);
	if (l->ending)
		return SOURCE_END;
	l->device.interface = find_interface(l);
	if (!l->device.interface)
		return SOURCE_GONE;
	if (!l->options.may_return)
		return may_not(l);
	if (!open_ring(l))
		return errno == EPERM ? may_not(l) : SOURCE_GONE;
	if ((l->fanout && !share(l)) || !open_intake(l)) {
		let_go(l);
		return SOURCE_GONE;
	}
	l->gone = l->rejects = false;
	*l->failure = '\0';
	l->quiet = 0;
	return SOURCE_IDLE;
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
	return is_up(l) ? SOURCE_IDLE : SOURCE_DOWN;
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

void source_filter_free(struct source_filter *f)
{
	if (!f)
		return;
	duplicates_unload(f->program);
	free(f->classic.code);
	free(f);
}

static bool load_program(struct live *l, struct source_filter *f, struct source_error *error)
{
	struct duplicates *duplicates = l->options.duplicates;

	if (!duplicates)
		return true;
	f->program = duplicates_load(duplicates, f->classic.code, f->classic.length);
	if (!f->program)
		snprintf(error->text, sizeof error->text,
			"%s: the kernel refuses the program that leaves out duplicates: %s",
			l->name, strerror(errno));
	return f->program != NULL;
}

static struct source_filter *live_prepare(
	struct source *s, const char *words, struct source_error *error)
{
	struct live *l = (struct live *)s;
	struct source_filter *f = calloc(1, sizeof *f);

	snprintf(error->text, sizeof error->text, "out of memory");
	if (!f)
		return NULL;
	if (device_compile(&l->device, words, &f->classic, error) && load_program(l, f, error))
		return f;
	source_filter_free(f);
	return NULL;
}

/* What is rejected already, as it ends, stays so. */
static bool live_refilter(struct source *s, struct source_filter *filter)
{
	struct live *l = (struct live *)s;
	struct source_filter *old = l->filter;

	l->filter = filter;
	if (l->ring && !l->rejects && !open_intake(l)) {
		l->filter = old;
		source_filter_free(filter);
		return false;
	}
	l->filter = old;
	l->left_out = left_out(l);
	l->filter = filter;
	source_filter_free(old);
	return true;
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

/* All that takes a right, before rights are given up. */
static bool open_all(struct live *l, struct source_error *error)
{
	const struct source_options *o = &l->options;

	if (!device_ask(&l->device, o, error))
		return false;
	if (!open_ring(l)) {
		snprintf(error->text, sizeof error->text, "%s: no capture ring of %" PRIu64 "M: %s",
			o->interface, o->buffer >> 20, strerror(errno));
		return false;
	}
	l->filter = live_prepare(&l->source, o->filter, error);
	return l->filter != NULL;
}

struct source *source_open_live(const struct source_options *o, struct source_error *error)
{
	struct live *l = calloc(1, sizeof *l);

	if (!l) {
		snprintf(error->text, sizeof error->text, "out of memory");
		return NULL;
	}
	l->source.ops = &live_ops;
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->ask = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (l->wake < 0 || l->ask < 0)
		snprintf(error->text, sizeof error->text, "%s: %s", o->interface, strerror(errno));
	snprintf(l->name, sizeof l->name, "%s", o->interface);
	l->options = *o;
	l->options.interface = o->interface;
	bool good = l->wake >= 0 && l->ask >= 0 && open_all(l, error);
	l->options.interface = l->name; /* too long a one was refused */
	if (!good) {
		live_close(&l->source);
		return NULL;
	}
	return &l->source;
}
