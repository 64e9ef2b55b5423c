#include "flow_model.h"

#include <stdlib.h>
#include <string.h>

#define SET_BACK INT64_C(10000000000)

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58 };
enum { IDLE = 1, ACTIVE, DETECTED, FORCED };

struct model *model_new(const struct model_times *times)
{
	struct model *m = calloc(1, sizeof *m);

	if (!m)
		abort();
	m->times = *times;
	return m;
}

void model_free(struct model *m)
{
	free(m->left);
	free(m);
}

static int64_t idle_of(const struct model_times *t, const struct model_record *r)
{
	if (r->protocol == TCP && r->flags & RST)
		return t->rst;
	if (r->protocol == TCP && r->flags & FIN)
		return t->fin;
	if (r->protocol == UDP && t->udp >= 0)
		return t->udp;
	if ((r->protocol == ICMP || r->protocol == ICMP6) && t->icmp >= 0)
		return t->icmp;
	return t->idle;
}

uint32_t model_over(const struct model *m, const struct model_record *r, int64_t now)
{
	int64_t active = r->first + m->times.active;
	int64_t idle = r->last + idle_of(&m->times, r);

	if (now < active && now < idle)
		return 0;
	if (active <= idle)
		return ACTIVE;
	return r->protocol == TCP && r->flags & (FIN | RST) ? DETECTED : IDLE;
}

size_t model_live(const struct model *m, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < MODEL_FLOWS; i++)
		n += m->live[i].packets && !model_over(m, &m->live[i], now);
	return n;
}

static void leave(struct model *m, struct model_record *r, uint32_t reason)
{
	if (m->count == m->room) {
		m->room = m->room ? 2 * m->room : 1024;
		m->left = realloc(m->left, m->room * sizeof *m->left);
		if (!m->left)
			abort();
	}
	r->reason = reason;
	m->left[m->count++] = *r;
	r->packets = 0;
}

void model_end(struct model *m)
{
	for (size_t i = 0; i < MODEL_FLOWS; i++) {
		struct model_record *r = &m->live[i];
		if (r->packets) {
			uint32_t why = model_over(m, r, m->now);
			leave(m, r, why ? why : FORCED);
		}
	}
}

void model_retime(struct model *m, const struct model_times *times)
{
	for (size_t i = 0; i < MODEL_FLOWS; i++) {
		struct model_record *r = &m->live[i];
		uint32_t why = r->packets ? model_over(m, r, m->now) : 0;
		if (why)
			leave(m, r, why);
	}
	m->times = *times;
}

bool model_sets_back(const struct model *m, int64_t time)
{
	return m->started && m->now - time > SET_BACK;
}

bool model_reopens(const struct model_record *r, const struct model_packet *p)
{
	return p->protocol == TCP && r->flags & (FIN | RST) && p->flags & SYN && !(p->flags & ACK);
}

void model_advance(struct model *m, int64_t now)
{
	if (m->started && now > m->now)
		m->now = now;
}

void model_see(struct model *m, const struct model_packet *p)
{
	struct model_record *r = &m->live[p->flow];
	uint32_t why = 0;

	if (model_sets_back(m, p->time)) {
		model_end(m);
		m->set_back++;
		m->now = p->time;
	}
	if (!m->started || p->time > m->now)
		m->now = p->time;
	m->started = true;
	if (r->packets) {
		why = model_over(m, r, m->now);
		if (!why && model_reopens(r, p))
			why = DETECTED;
	}
	if (why)
		leave(m, r, why);
	if (!r->packets)
		*r = (struct model_record){p->flow, p->protocol, 0, 0, p->time, p->time, 0, 0};
	r->packets++;
	r->octets += p->octets;
	r->flags |= p->flags;
	r->first = p->time < r->first ? p->time : r->first;
	r->last = p->time > r->last ? p->time : r->last;
}

static int by_flow_and_time(const void *a, const void *b)
{
	const struct model_record *x = a, *y = b;

	if (x->flow != y->flow)
		return x->flow < y->flow ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return memcmp(x, y, sizeof *x);
}

void model_sort(struct model_record *records, size_t count)
{
	if (count)
		qsort(records, count, sizeof *records, by_flow_and_time);
}
