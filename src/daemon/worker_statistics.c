#include "daemon/worker_statistics.h"

static void add_other(struct worker_statistics *sum, const struct worker_ignored *o)
{
	for (unsigned i = 0; i < sum->other_count; i++) {
		if (sum->other[i].reason == o->reason && sum->other[i].value == o->value) {
			source_count_add(&sum->other[i].count, &o->count);
			return;
		}
	}
	if (sum->other_count < WORKER_OTHERS)
		sum->other[sum->other_count++] = *o;
}

static void add_source(struct source_statistics *sum, const struct source_statistics *s)
{
	source_count_add(&sum->filtered, &s->filtered);
	source_count_add(&sum->duplicates, &s->duplicates);
	sum->kernel_received += s->kernel_received;
	sum->kernel_dropped += s->kernel_dropped;
	sum->interface_dropped += s->interface_dropped;
}

void worker_statistics_add(struct worker_statistics *sum, const struct worker_statistics *w)
{
	source_count_add(&sum->seen, &w->seen);
	source_count_add(&sum->metered, &w->metered);
	source_count_add(&sum->sampled_out, &w->sampled_out);
	source_count_add(&sum->own, &w->own);
	for (int i = 0; i < PACKET_IGNORED_REASONS; i++)
		source_count_add(&sum->ignored[i], &w->ignored[i]);
	for (unsigned i = 0; i < w->other_count; i++)
		add_other(sum, &w->other[i]);
	cache_tally_add(&sum->cache.opened, &w->cache.opened);
	for (int i = 0; i < FLOW_END_REASONS; i++)
		cache_tally_add(&sum->cache.closed[i], &w->cache.closed[i]);
	cache_tally_add(&sum->cache.pressed, &w->cache.pressed);
	sum->cache.clock_set_back += w->cache.clock_set_back;
	sum->cache.pressures += w->cache.pressures;
	sum->cache.under_pressure |= w->cache.under_pressure;
	if (sum->cache.entries == 0 || w->cache.idle < sum->cache.idle)
		sum->cache.idle = w->cache.idle;
	sum->cache.entries += w->cache.entries;
	cache_tally_add(&sum->live, &w->live);
	loss_sum(&sum->lost, &w->lost);
	loss_sum(&sum->malformed, &w->malformed);
	sum->fragments.first_fragments += w->fragments.first_fragments;
	sum->fragments.later_fragments += w->fragments.later_fragments;
	sum->fragments.orphans += w->fragments.orphans;
	sum->fragments.displaced += w->fragments.displaced;
	for (int i = 0; i < WORKER_HOLDERS; i++)
		hold_add(&sum->held[i], &w->held[i]);
	hold_add(&sum->waited, &w->waited);
	sum->ring_fill += w->ring_fill;
	sum->ring_size += w->ring_size;
	add_source(&sum->source, &w->source);
}
