/* A ring is a row of blocks, each full of frames: the kernel fills a block, gives it
 * away by its status word, and gets it back by the same. In front of each frame stand
 * its times and lengths, the sockaddr_ll that names interface and direction, and some
 * octets of ours: for the VLAN tag that the kernel has taken out, or for an SLL2 header
 * where the socket has no link headers. */
#include "capture/packet_ring.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BLOCK_LEAST = 1 << 16,
	BLOCK_USUAL = 1 << 18,
	BLOCKS_LEAST = 2,
	FRAME_ROOM = 4096, /* more than what stands in front of a frame */
	ADDRESSES = 12,    /* octets of Ethernet in front of a tag */
	TAG = 4,
	SLL2 = 20,
	SLL2_TYPE = 276, /* LINKTYPE_LINUX_SLL2 */
	BURST = 32,
	/* Where the kernel puts the sockaddr_ll of a frame */
	ADDRESS = (sizeof(struct tpacket3_hdr) + TPACKET_ALIGNMENT - 1) & ~(TPACKET_ALIGNMENT - 1U),
};

struct packet_ring {
	int fd;
	uint8_t *memory;
	size_t block_octets;
	unsigned blocks;
	unsigned at;   /* the block being read, or next to be */
	unsigned left; /* frames of it that have not been lent, 0: it is still the kernel's */
	uint8_t *next;
	uint16_t link_type;
	bool cooked;
};

int packet_ring_fd(const struct packet_ring *r)
{
	return r->fd;
}

static bool reject(int fd)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {1, &code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

bool packet_ring_reject(struct packet_ring *r)
{
	return reject(r->fd);
}

/* Blocks have to hold the longest frame, and be more than one. */
static void divide(struct packet_ring *r, const struct packet_ring_options *o)
{
	size_t block = BLOCK_LEAST;

	while (block < BLOCK_USUAL && block * 4 <= o->buffer)
		block *= 2;
	while (block < (size_t)o->snaplen + FRAME_ROOM)
		block *= 2;
	r->block_octets = block;
	r->blocks = (unsigned)(o->buffer / block);
	if (r->blocks < BLOCKS_LEAST)
		r->blocks = BLOCKS_LEAST;
}

static bool map_ring(struct packet_ring *r, const struct packet_ring_options *o)
{
	int version = TPACKET_V3, on = 1, reserve = r->cooked ? SLL2 + TAG : TAG;
	struct tpacket_req3 request = {
		.tp_block_size = (unsigned)r->block_octets,
		.tp_block_nr = r->blocks,
		.tp_frame_size = (unsigned)r->block_octets,
		.tp_frame_nr = r->blocks,
		.tp_retire_blk_tov = PACKET_RING_MILLISECONDS,
	};
	size_t octets = r->block_octets * r->blocks;

	if (setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
		setsockopt(r->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof reserve) < 0 ||
		(o->only_incoming && setsockopt(r->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
					     sizeof on) < 0) ||
		setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0)
		return false;
	void *memory = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (memory == MAP_FAILED)
		return false;
	r->memory = memory;
	return true;
}

static bool bind_to(int fd, unsigned interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)interface,
	};

	return bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

/* For no protocol at first, so that nothing comes in before it has its filter. */
int packet_ring_socket(unsigned interface, bool cooked)
{
	int fd = socket(AF_PACKET, (cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);

	if (fd < 0 || (reject(fd) && bind_to(fd, interface)))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool join(struct packet_ring *r, const struct packet_ring_options *o)
{
	struct packet_mreq promiscuous = {
		.mr_ifindex = (int)o->interface,
		.mr_type = PACKET_MR_PROMISC,
	};

	return !o->promiscuous || !o->interface ||
	       setsockopt(r->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
		       sizeof promiscuous) == 0;
}

struct packet_ring *packet_ring_open(int fd, const struct packet_ring_options *o)
{
	struct packet_ring *r = calloc(1, sizeof *r);

	if (!r) {
		close(fd);
		return NULL;
	}
	r->cooked = o->cooked;
	r->link_type = o->cooked ? SLL2_TYPE : o->link_type;
	divide(r, o);
	r->fd = fd;
	if (map_ring(r, o) && join(r, o))
		return r;
	int error = errno;
	packet_ring_close(r);
	errno = error;
	return NULL;
}

void packet_ring_close(struct packet_ring *r)
{
	if (!r)
		return;
	if (r->memory)
		munmap(r->memory, r->block_octets * r->blocks);
	close(r->fd);
	free(r);
}

static void put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* The protocol identifier of the tag that the kernel has taken out. */
static unsigned tag_protocol(const struct tpacket3_hdr *h)
{
	return h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->hv1.tp_vlan_tpid : ETH_P_8021Q;
}

static void lengthen(struct frame *f, unsigned octets)
{
	f->data -= octets;
	f->captured += octets;
	f->wire_octets += octets;
}

/* Puts the tag back between addresses and type. */
static void put_tag(struct frame *f, uint8_t *data, const struct tpacket3_hdr *h)
{
	memmove(data - TAG, data, ADDRESSES);
	put16(data - TAG + ADDRESSES, tag_protocol(h));
	put16(data - TAG + ADDRESSES + 2, h->hv1.tp_vlan_tci);
	lengthen(f, TAG);
}

/* LINKTYPE_LINUX_SLL2: protocol, reserved, interface, ARPHRD_ type, packet type, length of
 * the address, address; a tag follows as if it were the payload's. */
static void put_sll2(struct frame *f, uint8_t *data, const struct tpacket3_hdr *h,
	const struct sockaddr_ll *from)
{
	unsigned protocol = ntohs(from->sll_protocol);

	if (h->tp_status & TP_STATUS_VLAN_VALID) {
		data -= TAG;
		put16(data, h->hv1.tp_vlan_tci);
		put16(data + 2, protocol);
		protocol = tag_protocol(h);
		lengthen(f, TAG);
	}
	data -= SLL2;
	put16(data, protocol);
	put16(data + 2, 0);
	put16(data + 4, (unsigned)from->sll_ifindex >> 16);
	put16(data + 6, (unsigned)from->sll_ifindex);
	put16(data + 8, from->sll_hatype);
	data[10] = from->sll_pkttype;
	data[11] = from->sll_halen;
	memcpy(data + 12, from->sll_addr, sizeof from->sll_addr);
	lengthen(f, SLL2);
}

/* False: it is not lent. */
static inline bool read_frame(struct packet_ring *r, uint8_t *at, struct frame *f)
{
	struct tpacket3_hdr *h = (struct tpacket3_hdr *)(void *)at;
	const struct sockaddr_ll *from = (const struct sockaddr_ll *)(void *)(at + ADDRESS);
	uint8_t *data = at + h->tp_mac;

	*f = (struct frame){
		.data = data,
		.time = (int64_t)h->tp_sec * CLOCK_SECOND + h->tp_nsec,
		.captured = h->tp_snaplen,
		.wire_octets = h->tp_len,
		.interface = (uint32_t)from->sll_ifindex,
		.link_type = r->link_type,
		.direction = from->sll_pkttype == PACKET_OUTGOING ? FRAME_EGRESS : FRAME_INGRESS,
		.passing = from->sll_pkttype == PACKET_OTHERHOST,
	};
	if (r->cooked)
		put_sll2(f, data, h, from);
	else if (h->tp_status & TP_STATUS_VLAN_VALID && h->tp_snaplen >= ADDRESSES)
		put_tag(f, data, h);
	return f->direction == FRAME_INGRESS || from->sll_hatype != ARPHRD_LOOPBACK;
}

static struct tpacket_block_desc *block(struct packet_ring *r)
{
	return (struct tpacket_block_desc *)(void *)(r->memory + r->at * r->block_octets);
}

/* True: the block at hand has frames to lend. */
static bool take_block(struct packet_ring *r)
{
	struct tpacket_hdr_v1 *h = &block(r)->hdr.bh1;

	if (r->left)
		return true;
	if (!(__atomic_load_n(&h->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	r->left = h->num_pkts;
	r->next = (uint8_t *)block(r) + h->offset_to_first_pkt;
	return true;
}

static void give_block(struct packet_ring *r)
{
	struct tpacket_hdr_v1 *h = &block(r)->hdr.bh1;

	__atomic_store_n(&h->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	r->at = r->at + 1 < r->blocks ? r->at + 1 : 0;
}

unsigned packet_ring_read(struct packet_ring *r, unsigned most, source_take *take, void *context)
{
	struct frame burst[BURST];
	unsigned n = 0;

	while (n < most && take_block(r)) {
		unsigned filled = 0, end = r->left < BURST ? 0 : r->left - BURST;
		for (; r->left > end; r->left--, n++) {
			uint8_t *at = r->next;
			r->next += ((struct tpacket3_hdr *)(void *)at)->tp_next_offset;
			filled += read_frame(r, at, &burst[filled]);
		}
		if (filled)
			take(context, burst, filled);
		if (!r->left)
			give_block(r);
	}
	return n;
}

void packet_ring_statistics(struct packet_ring *r, struct source_statistics *s)
{
	struct tpacket_stats_v3 stats; /* the kernel counts from 0 when it has told */
	socklen_t length = sizeof stats;

	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) < 0)
		return;
	s->kernel_received += stats.tp_packets;
	s->kernel_dropped += stats.tp_drops;
}
