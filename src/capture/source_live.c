/* Live capture through libpcap, which uses the kernel's TPACKET_V3 ring.
 *
 * A socket is opened for a protocol that no frame has. Only when a filter that
 * rejects everything is in its place it is bound to all protocols, so the ring
 * stays empty and the kernel's counters 0 while the sources of a fanout group
 * join it one by one, each of which sees all flows until the next has joined.
 *
 * The same filter stops the intake in the end, also where the interface has gone.
 * Then the ring is read until all that the kernel counted has come out of it; the
 * last, half-filled block does when its time is over. */
#include "capture/source_live.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <pcap/pcap.h>
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
	BLOCK_MILLISECONDS = 100, /* the kernel retires a block after one or two of these */
	QUIET_BLOCKS = 3,         /* without a frame: then nothing can be left */
	NO_PROTOCOL = 0xffff,     /* reserved, RFC 1701 */
};

struct live {
	struct source source;
	pcap_t *pcap; /* NULL: it has failed and let go of the interface */
	char *filter;
	char name[IFNAMSIZ];
	char failure[PCAP_ERRBUF_SIZE]; /* "": none */
	int wake;
	uint32_t interface;
	uint16_t link_type;
	bool stopped;
	bool nanoseconds;
	unsigned quiet;        /* block time-outs without a frame, since it stopped */
	uint64_t taken;        /* frames that came out of the ring */
	struct pcap_stat seen; /* libpcap's counters when last read: 32 bits, they wrap */
	struct source_statistics count;
	source_take *take;
	void *context;
};

static void take_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct live *l = (struct live *)(void *)user;
	int64_t fraction = header->ts.tv_usec;
	struct frame frame = {
		.data = data,
		.time = (int64_t)header->ts.tv_sec * CLOCK_SECOND +
			(l->nanoseconds ? fraction : fraction * 1000),
		.captured = header->caplen,
		.wire_octets = header->len,
		.interface = l->interface,
		.link_type = l->link_type,
	};

	l->taken++;
	l->take(l->context, &frame, 1);
}

/* True: there is something in the ring; false: a block time-out has gone by, or
 * somebody woke us, which nobody needs to when it has stopped. */
static bool wait_for_frames(struct live *l)
{
	struct pollfd p[2] = {
		{pcap_get_selectable_fd(l->pcap), POLLIN, 0},
		{l->wake, POLLIN, 0},
	};
	nfds_t count = *l->failure ? 0 : l->stopped ? 1 : 2;
	uint64_t woken;

	(void)poll(p, count, BLOCK_MILLISECONDS);
	if (p[1].revents & POLLIN)
		(void)!read(l->wake, &woken, sizeof woken);
	return p[0].revents != 0;
}

/* The filter that accepts nothing, past libpcap, which must keep its own. */
static bool reject_all(struct live *l)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {1, &code};

	return setsockopt(pcap_fileno(l->pcap), SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof program) == 0;
}

static struct source_statistics live_statistics(struct source *s)
{
	struct live *l = (struct live *)s;
	struct pcap_stat stat;

	if (l->pcap && pcap_stats(l->pcap, &stat) == 0) {
		l->count.kernel_received += stat.ps_recv - l->seen.ps_recv;
		l->count.kernel_dropped += stat.ps_drop - l->seen.ps_drop;
		l->count.interface_dropped += stat.ps_ifdrop - l->seen.ps_ifdrop;
		l->seen = stat;
	}
	return l->count;
}

/* Frames that the kernel has put into the ring and nobody has read. Of the frames of
 * a loopback interface libpcap leaves out every other one, so some are always left. */
static uint64_t unread(struct live *l)
{
	struct source_statistics s = live_statistics(&l->source);

	return s.kernel_received - s.kernel_dropped - l->taken;
}

/* What cannot be asked counts as up: "any" is no interface. */
static bool is_up(struct live *l)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, l->name, sizeof l->name);
	return ioctl(pcap_fileno(l->pcap), SIOCGIFFLAGS, &request) < 0 ||
	       request.ifr_flags & IFF_UP;
}

/* What another processor lets in with the old filter at this moment is counted, and in
 * the ring, when the kernel's grace period is over; for that membarrier(2) waits. */
static void begin_to_stop(struct live *l)
{
	(void)reject_all(l);
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	l->stopped = true;
}

/* Nothing new comes any more; what came before is read first. */
static void begin_to_fail(struct live *l)
{
	const char *why = pcap_geterr(l->pcap);

	snprintf(l->failure, sizeof l->failure, "%s", *why ? why : "capture failed");
	begin_to_stop(l);
}

/* All that came has been read. */
static enum source_status finish(struct live *l)
{
	if (!*l->failure)
		return SOURCE_END;
	pcap_close(l->pcap);
	l->pcap = NULL;
	return SOURCE_FAILED;
}

static enum source_status live_read(
	struct source *s, unsigned most, source_take *take, void *context)
{
	struct live *l = (struct live *)s;

	if (!l->pcap)
		return SOURCE_FAILED;
	l->take = take;
	l->context = context;
	int n = pcap_dispatch(l->pcap, (int)most, take_frame, (u_char *)l);
	if (n < 0 && !*l->failure)
		begin_to_fail(l);
	if (n > 0)
		l->quiet = 0;
	if (n > 0)
		return SOURCE_READY;
	if (l->stopped && unread(l) == 0)
		return finish(l);
	if (wait_for_frames(l))
		return SOURCE_READY;
	if (l->stopped && ++l->quiet == QUIET_BLOCKS)
		return finish(l);
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

	if (l->pcap)
		begin_to_stop(l);
}

static bool live_share(struct source *s, unsigned group, struct source_error *error)
{
	struct live *l = (struct live *)s;
	int fanout = (int)((group & 0xffff) | PACKET_FANOUT_HASH << 16);

	if (setsockopt(pcap_fileno(l->pcap), SOL_PACKET, PACKET_FANOUT, &fanout, sizeof fanout) ==
		0)
		return true;
	snprintf(error->text, sizeof error->text, "sharing the interface between workers: %s",
		strerror(errno));
	return false;
}

static bool live_start(struct source *s, struct source_error *error)
{
	struct live *l = (struct live *)s;
	struct bpf_program program;

	if (pcap_compile(l->pcap, &program, l->filter, 1, PCAP_NETMASK_UNKNOWN) < 0 ||
		pcap_setfilter(l->pcap, &program) < 0) {
		snprintf(error->text, sizeof error->text, "filter '%s': %s", l->filter,
			pcap_geterr(l->pcap));
		return false;
	}
	pcap_freecode(&program);
	return true;
}

static const char *live_failure(struct source *s)
{
	return ((struct live *)s)->failure;
}

static void live_close(struct source *s)
{
	struct live *l = (struct live *)s;

	if (l->pcap)
		pcap_close(l->pcap);
	if (l->wake >= 0)
		close(l->wake);
	free(l->filter);
	free(l);
}

static const struct source_ops live_ops = {
	.read = live_read,
	.wake = live_wake,
	.stop_intake = live_stop_intake,
	.share = live_share,
	.start = live_start,
	.statistics = live_statistics,
	.failure = live_failure,
	.close = live_close,
};

static void say_activation(
	struct source_error *error, const char *interface, int status, pcap_t *pcap)
{
	const char *detail = pcap_geterr(pcap);

	if (status == PCAP_ERROR_PERM_DENIED)
		snprintf(error->text, sizeof error->text,
			"%s: no permission to capture, needs CAP_NET_RAW: run as root, or once "
			"`setcap cap_net_raw=ep` on the program",
			interface);
	else if (status == PCAP_ERROR_NO_SUCH_DEVICE)
		snprintf(error->text, sizeof error->text,
			"%s: no such interface (`ip -br link` lists them)", interface);
	else
		snprintf(error->text, sizeof error->text, "%s: %s%s%s", interface,
			pcap_statustostr(status), *detail ? ": " : "", detail);
}

/* From the protocol that it was opened with to all. */
static bool bind_to_all(struct live *l)
{
	struct sockaddr_ll address = {0};
	socklen_t length = sizeof address;
	int fd = pcap_fileno(l->pcap);

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return false;
	address.sll_protocol = htons(ETH_P_ALL);
	return bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static bool configure(struct live *l, const struct source_options *o, struct source_error *error)
{
	pcap_t *p = l->pcap;

	pcap_set_snaplen(p, (int)o->snaplen);
	pcap_set_promisc(p, o->promiscuous);
	pcap_set_protocol_linux(p, NO_PROTOCOL);
	pcap_set_timeout(p, BLOCK_MILLISECONDS);
	pcap_set_buffer_size(p, o->buffer > INT32_MAX ? INT32_MAX : (int)o->buffer);
	l->nanoseconds = pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO) == 0;

	int status = pcap_activate(p);
	if (status < 0) {
		say_activation(error, o->interface, status, p);
		return false;
	}
	char text[PCAP_ERRBUF_SIZE];
	if (!reject_all(l) || !bind_to_all(l) || pcap_setnonblock(p, 1, text) < 0) {
		snprintf(error->text, sizeof error->text, "%s: %s", o->interface, strerror(errno));
		return false;
	}
	l->link_type = (uint16_t)pcap_datalink(p);
	return true;
}

/* A filter that does not compile is said before anything runs. */
static bool check_filter(struct live *l, struct source_error *error)
{
	struct bpf_program program;

	if (pcap_compile(l->pcap, &program, l->filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(error->text, sizeof error->text, "filter '%s': %s", l->filter,
			pcap_geterr(l->pcap));
		return false;
	}
	pcap_freecode(&program);
	return true;
}

struct source *source_open_live(const struct source_options *o, struct source_error *error)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	struct live *l = calloc(1, sizeof *l);

	if (!l) {
		snprintf(error->text, sizeof error->text, "out of memory");
		return NULL;
	}
	l->source.ops = &live_ops;
	l->interface = if_nametoindex(o->interface);
	snprintf(l->name, sizeof l->name, "%s", o->interface);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->filter = strdup(o->filter);
	l->pcap = pcap_create(o->interface, text);
	if (!l->pcap || !l->filter || l->wake < 0) {
		snprintf(error->text, sizeof error->text, "%s: %s", o->interface,
			*text ? text : strerror(errno));
		live_close(&l->source);
		return NULL;
	}
	if (!configure(l, o, error) || !check_filter(l, error)) {
		live_close(&l->source);
		return NULL;
	}
	return &l->source;
}
