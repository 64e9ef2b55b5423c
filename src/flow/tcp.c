#include "flow/tcp.h"

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };

/* Of `from` to `to` in the circle of sequence numbers; below zero: before it. */
static int32_t distance(uint32_t from, uint32_t to)
{
	return (int32_t)(to - from);
}

static bool in_gap(const struct flow_tcp *t, uint32_t sequence)
{
	return distance(t->gap, sequence) >= 0 && distance(sequence, t->gap_end) > 0;
}

/* What comes before the expected number: the gap, or a second copy. */
static void add_old(struct flow_tcp *t, uint32_t sequence, uint32_t length)
{
	if (!in_gap(t, sequence)) {
		t->retransmitted++;
		return;
	}
	t->out_of_order++;
	t->gap = sequence + length; /* what it left open before itself is forgotten */
}

static void add_window(struct flow_tcp *t, uint16_t window)
{
	if (!t->has_window || window < t->window_min)
		t->window_min = window;
	if (window > t->window_max)
		t->window_max = window;
	t->has_window = true;
}

void flow_tcp_add(struct flow_tcp *t, const struct packet *p)
{
	uint16_t bits = p->tcp_control_bits;
	uint32_t sequence = p->details.tcp_sequence;
	uint32_t length = p->details.tcp_payload + (bits & SYN ? 1u : 0) + (bits & FIN ? 1u : 0);

	if (!(p->facts & PACKET_TCP) || p->fragment == PACKET_LATER_FRAGMENT || bits & RST)
		return;
	add_window(t, p->details.tcp_window);
	if (!length)
		return;
	int32_t ahead = t->known ? distance(t->next, sequence) : 0;
	if (ahead == -1 && p->details.tcp_payload <= 1 && !(bits & (SYN | FIN)))
		return; /* keep-alive: RFC 9293 section 3.8.4 */
	if (ahead < 0) {
		add_old(t, sequence, length);
		/* It may reach further than what was sent before. */
		if (distance(t->next, sequence + length) > 0)
			t->next = sequence + length;
		return;
	}
	if (ahead > 0) {
		t->gap = t->next;
		t->gap_end = sequence;
	}
	t->next = sequence + length;
	t->known = true;
}

static uint32_t microseconds(int64_t from, int64_t to)
{
	int64_t between = to > from ? (to - from) / 1000 : 0;

	return between < UINT32_MAX ? (uint32_t)between : UINT32_MAX;
}

/* Of SYNs that were sent again the last one counts: it is the one that was answered. */
void flow_handshake_add(struct flow_handshake *h, const struct packet *p, bool reverse)
{
	uint16_t bits = p->tcp_control_bits & (SYN | ACK | RST);

	if (bits == SYN && !reverse && !h->syn_ack) {
		h->syn = p->time;
	} else if (bits == (SYN | ACK) && reverse && h->syn && !h->client) {
		h->syn_ack = p->time;
		h->server = microseconds(h->syn, p->time);
	} else if (bits == ACK && !reverse && h->syn_ack && !h->client) {
		h->client = microseconds(h->syn_ack, p->time);
		if (!h->client)
			h->client = 1; /* less than one, but known */
	}
}
