/* Live capture through libpcap, which uses the kernel's TPACKET_V3 ring.
 *
 * Until source_start() a filter that rejects everything keeps the ring empty, so
 * that several sources can join a fanout group before the first frame is taken
 * in. The same filter stops the intake in the end: then the ring is read until
 * the kernel has retired its last, half-filled block and nothing is left in it. */
#include "capture/source_live.h"

#include "base/clock.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK_MILLISECONDS = 100 }; /* the kernel retires a block after so long */

struct live {
	struct source source;
	pcap_t *pcap;
	char *filter;
	int wake;
	uint32_t interface;
	uint16_t link_type;
	bool stopped;
	unsigned empty_waits; /* since it stopped */
	bool nanoseconds;
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

	l->take(l->context, &frame, 1);
}

/* True: there is something in the ring; false: a block time-out has gone by, or
 * somebody woke us. */
static bool wait_for_frames(struct live *l)
{
	struct pollfd p[2] = {
		{pcap_get_selectable_fd(l->pcap), POLLIN, 0},
		{l->wake, POLLIN, 0},
	};
	uint64_t woken;

	(void)poll(p, 2, BLOCK_MILLISECONDS);
	if (p[1].revents & POLLIN)
		(void)!read(l->wake, &woken, sizeof woken);
	return p[0].revents != 0;
}

static enum source_status live_read(
	struct source *s, unsigned most, source_take *take, void *context)
{
	struct live *l = (struct live *)s;

	l->take = take;
	l->context = context;
	int n = pcap_dispatch(l->pcap, (int)most, take_frame, (u_char *)l);
	if (n < 0)
		return SOURCE_FAILED;
	if (n > 0) {
		l->empty_waits = 0;
		return SOURCE_READY;
	}
	if (wait_for_frames(l))
		return SOURCE_READY;
	/* A block that was open when the intake stopped has been retired by now. */
	if (l->stopped && ++l->empty_waits > 1)
		return SOURCE_END;
	return SOURCE_IDLE;
}

static void live_wake(struct source *s)
{
	uint64_t one = 1;

	(void)!write(((struct live *)s)->wake, &one, sizeof one);
}

/* The filter that accepts nothing, past libpcap, which must keep its own. */
static bool reject_all(struct live *l)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {1, &code};

	return setsockopt(pcap_fileno(l->pcap), SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof program) == 0;
}

static void live_stop_intake(struct source *s)
{
	struct live *l = (struct live *)s;

	(void)reject_all(l);
	l->stopped = true;
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

static void discard(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	(void)user;
	(void)header;
	(void)data;
}

static bool live_start(struct source *s, struct source_error *error)
{
	struct live *l = (struct live *)s;
	struct bpf_program program;

	/* What slipped in between the opening and the filter was before the start. */
	while (pcap_dispatch(l->pcap, -1, discard, NULL) > 0)
		;
	(void)pcap_stats(l->pcap, &l->seen);
	if (pcap_compile(l->pcap, &program, l->filter, 1, PCAP_NETMASK_UNKNOWN) < 0 ||
		pcap_setfilter(l->pcap, &program) < 0) {
		snprintf(error->text, sizeof error->text, "filter '%s': %s", l->filter,
			pcap_geterr(l->pcap));
		return false;
	}
	pcap_freecode(&program);
	return true;
}

static struct source_statistics live_statistics(struct source *s)
{
	struct live *l = (struct live *)s;
	struct pcap_stat stat;

	if (pcap_stats(l->pcap, &stat) == 0) {
		l->count.kernel_received += stat.ps_recv - l->seen.ps_recv;
		l->count.kernel_dropped += stat.ps_drop - l->seen.ps_drop;
		l->count.interface_dropped += stat.ps_ifdrop - l->seen.ps_ifdrop;
		l->seen = stat;
	}
	return l->count;
}

static const char *live_failure(struct source *s)
{
	return pcap_geterr(((struct live *)s)->pcap);
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
			"%s: no permission to capture: run as root or with CAP_NET_RAW", interface);
	else if (status == PCAP_ERROR_NO_SUCH_DEVICE)
		snprintf(error->text, sizeof error->text,
			"%s: no such interface (`ip -br link` lists them)", interface);
	else
		snprintf(error->text, sizeof error->text, "%s: %s%s%s", interface,
			pcap_statustostr(status), *detail ? ": " : "", detail);
}

static bool configure(struct live *l, const struct source_options *o, struct source_error *error)
{
	pcap_t *p = l->pcap;

	pcap_set_snaplen(p, (int)o->snaplen);
	pcap_set_promisc(p, o->promiscuous);
	pcap_set_timeout(p, BLOCK_MILLISECONDS);
	pcap_set_buffer_size(p, o->buffer > INT32_MAX ? INT32_MAX : (int)o->buffer);
	l->nanoseconds = pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO) == 0;

	int status = pcap_activate(p);
	if (status < 0) {
		say_activation(error, o->interface, status, p);
		return false;
	}
	char text[PCAP_ERRBUF_SIZE];
	if (!reject_all(l) || pcap_setnonblock(p, 1, text) < 0) {
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
