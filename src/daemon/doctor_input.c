#define _GNU_SOURCE
#include "capture/sources.h"
#include "daemon/doctor.h"

#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Octets that the ring has for a packet besides what is captured of it. */
enum { RING_OVERHEAD = 100 };

/* What a ring should last for where nobody reads it, seconds. */
#define RING_LEAST 0.5

static long long counter(const char *interface, const char *name)
{
	char path[CONFIG_NAME + 64];

	snprintf(path, sizeof path, "/sys/class/net/%s/%s", interface, name);
	return doctor_number(path);
}

bool doctor_traffic(const char *interface, struct doctor_traffic *t)
{
	long long packets = counter(interface, "statistics/rx_packets");

	if (packets < 0)
		return false;
	*t = (struct doctor_traffic){(uint64_t)packets,
		(uint64_t)counter(interface, "statistics/rx_bytes"),
		(uint64_t)counter(interface, "statistics/rx_dropped")};
	return true;
}

/* An ethtool(8) value, or 0 where the driver has none. */
static uint32_t ethtool(const char *interface, uint32_t command)
{
	struct ethtool_value value = {.cmd = command};
	struct ifreq request = {.ifr_data = (void *)&value};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
	bool known = s >= 0 && ioctl(s, SIOCETHTOOL, &request) == 0;
	if (s >= 0)
		close(s);
	return known ? value.data : 0;
}

/* Frames put together by the card or the kernel count as one packet, however many there
 * were. */
static void look_at_offloads(struct report *r, const char *interface)
{
	bool gro = ethtool(interface, ETHTOOL_GGRO) != 0;
	bool lro = ethtool(interface, ETHTOOL_GFLAGS) & ETH_FLAG_LRO;

	if (gro || lro)
		report(r, FINDING_WRONG, interface,
			"%s puts packets together before they are counted; 'ethtool -K %s gro off "
			"lro off'",
			gro && lro ? "GRO and LRO"
			: gro      ? "GRO"
				   : "LRO",
			interface);
	else
		report(r, FINDING_GOOD, interface, "no offload puts packets together");
}

/* Those that libpcap hands over with a header that the decoder knows; it makes cooked
 * frames, which are known, of many others. */
static void look_at_link(struct report *r, const char *interface)
{
	static const long long known[] = {ARPHRD_ETHER, ARPHRD_LOOPBACK, ARPHRD_PPP, ARPHRD_NONE,
		ARPHRD_RAWHDLC, ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT, ARPHRD_IPGRE,
		ARPHRD_IEEE80211, ARPHRD_IEEE80211_PRISM, ARPHRD_IEEE80211_RADIOTAP};
	long long type = counter(interface, "type");

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i] == type)
			return;
	report(r, FINDING_NOTE, interface,
		"link type %lld may not be decoded; see 'packets ignored' of weirctl ledger", type);
}

static void look_at_ring(struct report *r, const struct config_input *in,
	const struct doctor_traffic *before, const struct doctor_traffic *now, double seconds)
{
	uint64_t packets = now->packets - before->packets, octets = now->octets - before->octets;
	uint64_t most = packets * in->snaplen;
	double rate = (double)((octets < most ? octets : most) + packets * RING_OVERHEAD) / seconds;
	double lasts = rate > 0 ? (double)in->buffer * in->workers / rate : 0;

	if (packets == 0)
		report(r, FINDING_NOTE, in->interface, "no packet came in within a second");
	else
		report(r, lasts < RING_LEAST ? FINDING_WRONG : FINDING_GOOD, in->interface,
			"%.0f packets/s, the ring lasts for %.1f s of them%s",
			(double)packets / seconds, lasts,
			lasts < RING_LEAST ? "; raise inputs[].buffer or inputs[].workers" : "");
	if (now->dropped > before->dropped)
		report(r, FINDING_NOTE, in->interface,
			"the interface dropped %" PRIu64 " packets meanwhile; see ethtool -S, -g",
			now->dropped - before->dropped);
}

/* Opening it is the surest test of permission, snapshot length, ring and filter. */
static bool opens(struct report *r, const struct config_input *in)
{
	struct source_error why;
	struct source *s = source_open(&(struct source_options){.interface = in->interface,
					       .filter = in->filter,
					       .snaplen = in->snaplen,
					       .buffer = in->buffer,
					       .promiscuous = in->promiscuous},
		&why);

	if (!s) {
		report(r, FINDING_WRONG, in->interface, "cannot be captured: %s", why.text);
		return false;
	}
	source_close(s);
	report(r, FINDING_GOOD, in->interface, "can be captured, with a ring of %" PRIu64 " MB",
		in->buffer >> 20);
	return true;
}

void doctor_input(struct report *r, const struct config_input *in,
	const struct doctor_traffic *before, double seconds)
{
	struct doctor_traffic now;

	if (!doctor_traffic(in->interface, &now)) {
		report(r, FINDING_WRONG, in->interface,
			"there is no such interface; 'ip -br link' lists them");
		return;
	}
	/* Of an interface that is not up the file cannot be read. */
	if (counter(in->interface, "carrier") != 1)
		report(r, FINDING_WRONG, in->interface, "it is down; 'ip link set %s up'",
			in->interface);
	if (opens(r, in))
		look_at_ring(r, in, before, &now, seconds);
	look_at_link(r, in->interface);
	look_at_offloads(r, in->interface);
}
