#include "daemon/losses.h"

void losses_read(struct losses *l, struct worker *const *workers, unsigned count, int64_t now)
{
	struct worker_statistics w;
	uint64_t dropped = 0;

	l->ignored = l->not_sent = (struct loss){0};
	for (unsigned i = 0; i < count; i++) {
		worker_statistics(workers[i], &w);
		loss_sum(&l->ignored, &w.malformed);
		loss_sum(&l->not_sent, &w.lost);
		dropped += w.source.kernel_dropped;
	}
	if (dropped > l->dropped.packets)
		loss_add(&l->dropped, 0, dropped - l->dropped.packets, 0, now);
	loss_sum(&l->ignored, &l->dropped);
}
