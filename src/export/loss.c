#include "export/loss.h"

void loss_add(struct loss *l, uint64_t flows, uint64_t packets, uint64_t octets, int64_t now)
{
	loss_sum(l, &(struct loss){flows, packets, octets, now, now});
}

void loss_sum(struct loss *l, const struct loss *o)
{
	if (!o->flows && !o->packets)
		return;
	if ((!l->flows && !l->packets) || o->first < l->first)
		l->first = o->first;
	if ((!l->flows && !l->packets) || o->last > l->last)
		l->last = o->last;
	l->flows += o->flows;
	l->packets += o->packets;
	l->octets += o->octets;
}
