#include "daemon/losses.h"

static void add(struct losses *l, const struct worker_statistics *w, uint64_t *dropped)
{
	loss_sum(&l->ignored, &w->malformed);
	loss_sum(&l->not_sent, &w->lost);
	*dropped += w->source.kernel_dropped;
}

void losses_read(struct losses *l, const struct crew *crew, int64_t now)
{
	struct worker_statistics w;
	uint64_t dropped = 0;

	l->ignored = l->not_sent = (struct loss){0};
	add(l, &crew->past, &dropped);
	for (unsigned i = 0; i < crew->count; i++) {
		worker_statistics(crew->member[i].worker, &w);
		add(l, &w, &dropped);
	}
	if (dropped > l->dropped.packets)
		loss_add(&l->dropped, 0, dropped - l->dropped.packets, 0, now);
	loss_sum(&l->ignored, &l->dropped);
}
