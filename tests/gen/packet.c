/*
 * Flows, and the layers from the payload to the IP header.
 *
 * A layer that wraps another one asks the frame what that is: f->next for IP protocols,
 * f->ethertype for link layers. So ip() on ip() is an IPIP packet and mpls() on mpls() a stack of
 * two.
 */
#include "gen.h"

#include <string.h>

void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

struct flow flow4(uint32_t src, uint32_t dst, uint8_t proto, uint16_t sport, uint16_t dport)
{
	struct flow f = {.version = 4, .proto = proto, .sport = sport, .dport = dport};

	put32(f.src, src);
	put32(f.dst, dst);
	return f;
}

/* Documentation addresses: 2001:db8::/32 with the net in the high half of src and dst. */
struct flow flow6(uint32_t src, uint32_t dst, uint8_t proto, uint16_t sport, uint16_t dport)
{
	struct flow f = {.version = 6, .proto = proto, .sport = sport, .dport = dport};

	put32(f.src, 0x20010db8);
	put32(f.dst, 0x20010db8);
	put16(f.src + 6, src >> 16);
	put16(f.dst + 6, dst >> 16);
	put16(f.src + 14, src & 0xffff);
	put16(f.dst + 14, dst & 0xffff);
	return f;
}

struct flow flow_icmp(const struct flow *between, uint8_t type, uint8_t code)
{
	struct flow f = *between;

	f.proto = f.version == 4 ? ICMP : ICMP6;
	f.sport = 0;
	f.dport = (uint16_t)(type << 8 | code);
	return f;
}

struct flow flow_back(const struct flow *f)
{
	struct flow b = *f;

	memcpy(b.src, f->dst, sizeof b.src);
	memcpy(b.dst, f->src, sizeof b.dst);
	b.sport = f->dport;
	b.dport = f->sport;
	return b;
}

struct flow flow_portless(const struct flow *f)
{
	struct flow b = *f;

	b.sport = b.dport = 0;
	return b;
}

/* Starts a frame. Header state is cleared, the room itself is not: it is written before it is read.
 */
static void start(struct frame *f, size_t octets)
{
	f->at = HEADROOM;
	f->end = HEADROOM + octets;
	f->unseen = 0;
	f->next = 59; /* no next header */
	f->ethertype = 0;
	f->flags = 0;
	f->layers = 0;
	f->fate = FATE_AUTO;
}

void payload(struct frame *f, size_t octets)
{
	start(f, octets);
	for (size_t i = 0; i < octets; i++)
		f->room[HEADROOM + i] = (uint8_t)("weir flows "[i % 11]);
}

void payload_bytes(struct frame *f, const void *bytes, size_t octets)
{
	start(f, octets);
	memcpy(f->room + HEADROOM, bytes, octets);
}

uint8_t *push(struct frame *f, size_t octets)
{
	f->at -= octets;
	return memset(f->room + f->at, 0, octets);
}

static uint32_t sum16(const uint8_t *p, size_t octets, uint32_t sum)
{
	for (size_t i = 0; i < octets; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static void put_sum(uint8_t *p, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(p, sum == 0xffff ? 0xffff : ~sum & 0xffff);
}

static void transport_sum(struct frame *f, const struct flow *flow, size_t at)
{
	size_t octets = f->end - f->at, address = flow->version == 4 ? 4 : 16;
	uint32_t sum = 0;

	if (f->next != ICMP) {
		sum = sum16(flow->src, address, sum);
		sum = sum16(flow->dst, address, sum);
		sum += (uint32_t)octets + f->next;
	}
	sum = sum16(f->room + f->at, octets, sum);
	put_sum(f->room + f->at + at, sum);
}

void tcp(struct frame *f, const struct flow *flow, uint8_t flags, uint32_t seq, uint32_t ack)
{
	size_t options = flags & SYN ? 4 : 0;
	uint8_t *h = push(f, 20 + options);

	put16(h, flow->sport);
	put16(h + 2, flow->dport);
	put32(h + 4, seq);
	put32(h + 8, flags & ACK ? ack : 0);
	h[12] = (uint8_t)((20 + options) / 4 << 4);
	h[13] = flags;
	put16(h + 14, 64240);
	if (options)
		memcpy(h + 20, "\2\4\5\xb4", 4); /* MSS 1460 */
	f->next = TCP;
	f->flags = flags;
	transport_sum(f, flow, 16);
}

void udp(struct frame *f, const struct flow *flow)
{
	uint8_t *h = push(f, 8);

	put16(h, flow->sport);
	put16(h + 2, flow->dport);
	put16(h + 4, (unsigned)(f->end - f->at) & 0xffff);
	f->next = UDP;
	f->flags = 0;
	transport_sum(f, flow, 6);
}

/* Type and code are the flow's destination port; rest is the second word (identifier, MTU, ...). */
void icmp(struct frame *f, const struct flow *flow, uint32_t rest)
{
	uint8_t *h = push(f, 8);

	put16(h, flow->dport);
	put32(h + 4, rest);
	f->next = flow->proto;
	f->flags = 0;
	transport_sum(f, flow, 2);
}

/* Any other transport: its header begins with two ports if the flow has some. */
void ported(struct frame *f, const struct flow *flow, size_t header)
{
	uint8_t *h = push(f, header);

	if (header >= 4) {
		put16(h, flow->sport);
		put16(h + 2, flow->dport);
	}
	f->next = flow->proto;
	f->flags = 0;
}

/* The transport header that the flow's protocol has. */
void transport(struct frame *f, const struct flow *flow, uint8_t flags)
{
	switch (flow->proto) {
	case TCP: tcp(f, flow, flags, 1, 1); break;
	case UDP: udp(f, flow); break;
	case ICMP:
	case ICMP6: icmp(f, flow, 0); break;
	default: ported(f, flow, flow->sport || flow->dport ? 12 : 0);
	}
}

/* One packet on Ethernet, now. */
void plain(struct gen *g, const struct flow *flow, uint8_t flags, size_t octets)
{
	static struct frame f;

	payload(&f, octets);
	transport(&f, flow, flags);
	ip(&f, flow);
	eth(&f);
	ether_pad(&f);
	emit(g, &f);
}

/* An IPv6 extension header of 8-octet units (0 hop-by-hop, 43 routing, 60 destination options). */
void extension(struct frame *f, uint8_t kind, size_t octets)
{
	uint8_t *h = push(f, octets);

	h[0] = f->next;
	h[1] = (uint8_t)(octets / 8 - 1);
	if (kind == 0 || kind == 60) {
		h[2] = 1; /* PadN over the rest, 6 to 255 + 2 octets */
		h[3] = (uint8_t)(octets - 4);
	} else if (kind == 43) {
		h[2] = 253; /* an experimental routing type with no segments left */
	}
	f->next = kind;
}

void fragment_header(struct frame *f, uint32_t id, uint16_t offset, bool more)
{
	uint8_t *h = push(f, 8);

	h[0] = f->next;
	put16(h + 2, (unsigned)offset | more);
	put32(h + 4, id);
	f->next = 44;
}

static void ip4(struct frame *f, const struct flow *flow, const struct ip_more *more)
{
	size_t header = 20u + more->options;
	uint8_t *h = push(f, header);

	h[0] = (uint8_t)(0x40 | header / 4);
	h[1] = flow->tos;
	if (!more->zero_length)
		put16(h + 2, (unsigned)(f->end - f->at) & 0xffff);
	put16(h + 4, more->id & 0xffff);
	put16(h + 6, more->offset / 8 | (more->more ? 0x2000u : 0) | (more->df ? 0x4000u : 0));
	h[8] = 64;
	h[9] = f->next;
	memcpy(h + 12, flow->src, 4);
	memcpy(h + 16, flow->dst, 4);
	memset(h + 20, 1, more->options); /* no-operation options */
	put_sum(h + 10, sum16(h, header, 0));
}

static void ip6(struct frame *f, const struct flow *flow, const struct ip_more *more)
{
	size_t octets = f->end - f->at;
	uint8_t *h = push(f, 40);

	put32(h, 6u << 28 | (uint32_t)flow->tos << 20 | (more->id & 0xfffff));
	if (!more->zero_length)
		put16(h + 4, (unsigned)octets & 0xffff);
	h[6] = f->next;
	h[7] = 64;
	memcpy(h + 8, flow->src, 16);
	memcpy(h + 24, flow->dst, 16);
}

/* The IP header, and the note: this flow, everything from this header to the end, these flags. */
void ip_with(struct frame *f, const struct flow *flow, const struct ip_more *more)
{
	(flow->version == 4 ? ip4 : ip6)(f, flow, more);
	f->outer = (struct note){*flow, f->end - f->at, f->flags};
	if (!f->layers++)
		f->inner = f->outer;
	f->next = flow->version == 4 ? IPIP : SIXIN4;
	f->ethertype = flow->version == 4 ? 0x0800 : 0x86dd;
	f->flags = 0;
}

void ip(struct frame *f, const struct flow *flow)
{
	ip_with(f, flow, &(struct ip_more){.df = true});
}

/*
 * Sends what stands in whole (a transport header and its payload) as fragments of size octets, in
 * order, gap nanoseconds apart, on Ethernet. Each counts its own octets for the flow; the TCP flags
 * are in the first one only.
 */
void fragments(struct gen *g, const struct frame *whole, const struct flow *flow, uint32_t id,
	size_t size, uint64_t gap)
{
	static struct frame f;
	size_t octets = whole->end - whole->at;

	for (size_t offset = 0; offset < octets; offset += size) {
		bool more = offset + size < octets;

		payload_bytes(&f, whole->room + whole->at + offset, more ? size : octets - offset);
		f.next = whole->next;
		f.flags = offset || size < 14 ? 0 : whole->flags;
		if (flow->version == 6) {
			fragment_header(&f, id, (uint16_t)offset, more);
			ip(&f, flow);
		} else {
			ip_with(&f, flow,
				&(struct ip_more){
					.id = id, .offset = (uint16_t)offset, .more = more});
		}
		eth(&f);
		ether_pad(&f);
		emit(g, &f);
		g->time += gap;
	}
}

void cut(struct frame *f, size_t captured)
{
	size_t octets = f->end - f->at;

	if (captured < octets) {
		f->unseen += octets - captured;
		f->end = f->at + captured;
	}
}
