/*
 * Tunnel headers. Those that run over UDP leave the UDP header, with its well-known port, to the
 * scenario: vxlan udp ip.
 */
#include "gen.h"

#include <string.h>

/* RFC 2784 and 2890: checksum, key and sequence number each add a word. */
void gre(struct frame *f, uint16_t flags)
{
	size_t octets = 4;

	octets += flags & GRE_SUM ? 4 : 0;
	octets += flags & GRE_KEY ? 4 : 0;
	octets += flags & GRE_SEQ ? 4 : 0;
	uint8_t *h = push(f, octets);
	put16(h, flags);
	put16(h + 2, f->ethertype);
	if (flags & GRE_KEY)
		put32(h + (flags & GRE_SUM ? 8 : 4), 4711);
	f->next = GRE;
}

/* RFC 2637: GRE version 1 with PPP, key (length, call), sequence and, if asked, acknowledgement */
void pptp(struct frame *f, bool ack)
{
	size_t octets;

	ppp_protocol(f, false);
	put16(push(f, 2), 0xff03);
	octets = f->end - f->at;
	uint8_t *h = push(f, ack ? 16 : 12);
	put16(h, ack ? 0x3081 : 0x3001);
	put16(h + 2, 0x880b);
	put16(h + 4, (unsigned)octets);
	put16(h + 6, 99);
	f->next = GRE;
}

/* Type I: bare; II: sequence and 8 octets; III: 12 octets, or 20 with the platform's part */
void erspan(struct frame *f, unsigned type)
{
	uint8_t *h;

	if (type == 1) {
		h = push(f, 4);
		put16(h + 2, 0x88be);
	} else if (type == 2) {
		h = push(f, 16);
		put16(h, GRE_SEQ);
		put16(h + 2, 0x88be);
		put16(h + 8, 0x1000 | 7);
	} else {
		bool platform = type > 3;
		h = push(f, platform ? 28 : 20);
		put16(h, GRE_SEQ);
		put16(h + 2, 0x22eb);
		put16(h + 8, 0x2000 | 7);
		h[19] = platform;
	}
	f->next = GRE;
}

void etherip(struct frame *f)
{
	put16(push(f, 2), 0x3000);
	f->next = 97;
}

/* icv: octets of integrity check, a multiple of 4 */
void ah(struct frame *f, size_t icv)
{
	uint8_t *h = push(f, 12 + icv);

	h[0] = f->next;
	h[1] = (uint8_t)((12 + icv) / 4 - 2);
	put32(h + 4, 256);
	f->next = AH;
	f->flags = 0;
}

void vxlan(struct frame *f, uint32_t vni)
{
	uint8_t *h = push(f, 8);

	h[0] = 0x08;
	put32(h + 4, vni << 8);
}

void vxlan_gpe(struct frame *f, uint32_t vni)
{
	uint8_t *h = push(f, 8);

	h[0] = 0x0c;
	h[3] = f->ethertype == 0x0800 ? 1 : f->ethertype == 0x86dd ? 2 : 3;
	put32(h + 4, vni << 8);
}

/* options: octets, a multiple of 4 */
void geneve(struct frame *f, uint32_t vni, size_t options)
{
	uint8_t *h = push(f, 8 + options);

	h[0] = (uint8_t)(options / 4);
	put16(h + 2, f->ethertype);
	put32(h + 4, vni << 8);
	if (options >= 4) {
		put16(h + 8, 0xffff);
		h[11] = (uint8_t)(options / 4 - 1);
	}
}

/* A G-PDU; extensions: that many extension headers of 4 octets behind the optional word */
void gtpu(struct frame *f, uint32_t teid, unsigned extensions)
{
	size_t octets = f->end - f->at, optional = extensions ? 4 + 4 * (size_t)extensions : 0;
	uint8_t *h = push(f, 8 + optional);

	h[0] = extensions ? 0x34 : 0x30;
	h[1] = 255;
	put16(h + 2, (unsigned)(octets + optional));
	put32(h + 4, teid);
	if (!extensions)
		return;
	h[11] = 0x85; /* PDU session container */
	for (unsigned i = 0; i < extensions; i++) {
		h[12 + 4 * i] = 1;
		h[15 + 4 * i] = i + 1 < extensions ? 0x85 : 0;
	}
}

void l2tp(struct frame *f, bool with_length, bool with_sequence, unsigned offset)
{
	unsigned flags = 2;
	size_t octets = 6;
	uint8_t *h;

	ppp_protocol(f, false);
	put16(push(f, 2), 0xff03);
	if (offset) {
		h = push(f, 2 + offset);
		put16(h, offset);
		flags |= 0x0200;
	}
	if (with_sequence) {
		push(f, 4);
		flags |= 0x0800;
	}
	if (with_length) {
		octets += 2;
		flags |= 0x4000;
	}
	h = push(f, octets);
	put16(h, flags);
	if (with_length)
		put16(h + 2, (unsigned)(f->end - f->at));
	put16(h + octets - 4, 5);
	put16(h + octets - 2, 6);
}

/* RFC 4380: indicators of authentication (no client identifier, no value) and origin in front */
void teredo(struct frame *f, bool authentication, bool origin)
{
	if (origin) {
		uint8_t *h = push(f, 8);
		put16(h + 2, 0xf000);
	}
	if (authentication)
		put16(push(f, 13), 1);
}

void lisp(struct frame *f)
{
	push(f, 8)[0] = 0x80;
}
