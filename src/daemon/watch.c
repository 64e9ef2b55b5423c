#include "daemon/watch.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS = 6, NAMED = 3 };

#define MINUTE (60 * CLOCK_SECOND)

/* What is compared, of the ledger at one look. */
struct look {
	int64_t time;
	uint64_t judged; /* frames that were looked at: seen and not sampled out */
	uint64_t not_ip;
	uint64_t received;
	uint64_t dropped;
	uint64_t early; /* flows that ended for lack of resources */
	struct worker_ignored other[WORKER_OTHERS];
	unsigned other_count;
};

struct watch {
	struct look looks[LOOKS]; /* a ring: `oldest` is the next to be replaced */
	unsigned oldest;
	unsigned count;
	int64_t said_not_ip; /* INT64_MIN: never */
	int64_t said_dropped;
	int64_t said_pressure;
	uint64_t pressures; /* of which it was said */
	bool said_wrong;
};

struct watch *watch_new(int64_t now)
{
	struct watch *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->looks[0].time = now; /* when nothing had been counted */
	w->count = 1;
	w->said_not_ip = w->said_dropped = w->said_pressure = INT64_MIN;
	return w;
}

void watch_free(struct watch *w)
{
	free(w);
}

static struct look look_at(const struct ledger *l, int64_t now)
{
	const struct worker_statistics *s = &l->workers;
	struct look look = {
		.time = now,
		.judged = s->seen.frames - s->sampled_out.frames - s->own.frames,
		.received = l->sources.kernel_received,
		.dropped = l->sources.kernel_dropped,
		.early = s->cache.closed[FLOW_END_RESOURCES].flows,
		.other_count = s->other_count,
	};

	for (int i = 0; i < PACKET_IGNORED_REASONS; i++)
		look.not_ip += s->ignored[i].frames;
	memcpy(look.other, s->other, sizeof look.other);
	return look;
}

/* The oldest look of the last minute, or a little more: looks come late where the
 * machine is busy. */
static const struct look *reference(const struct watch *w, int64_t now)
{
	unsigned first = w->count < LOOKS ? 0 : w->oldest;

	for (unsigned i = 0; i + 1 < w->count; i++) {
		const struct look *l = &w->looks[(first + i) % LOOKS];
		if (now - l->time <= MINUTE + WATCH_SECONDS * CLOCK_SECOND / 2)
			return l;
	}
	return &w->looks[(first + w->count - 1) % LOOKS];
}

static void keep(struct watch *w, const struct look *look)
{
	w->looks[w->count < LOOKS ? w->count : w->oldest] = *look;
	if (w->count < LOOKS)
		w->count++;
	else
		w->oldest = (w->oldest + 1) % LOOKS;
}

static uint64_t frames_before(const struct look *l, const struct worker_ignored *o)
{
	for (unsigned i = 0; i < l->other_count; i++)
		if (l->other[i].reason == o->reason && l->other[i].value == o->value)
			return l->other[i].count.frames;
	return 0;
}

static double percent(uint64_t part, uint64_t all)
{
	return 100.0 * (double)part / (double)all;
}

/* Appends the kinds with the most frames, most first. */
static void name_kinds(char *text, size_t size, struct look *now, const struct look *then)
{
	uint64_t all = now->judged - then->judged;

	for (unsigned i = 0; i < now->other_count; i++)
		now->other[i].count.frames -= frames_before(then, &now->other[i]);
	for (unsigned n = 0; n < NAMED; n++) {
		struct worker_ignored *most = NULL;
		size_t used = strlen(text);
		char name[96];
		for (unsigned i = 0; i < now->other_count; i++)
			if (!most || now->other[i].count.frames > most->count.frames)
				most = &now->other[i];
		if (!most || most->count.frames == 0)
			return;
		packet_ignored_print(name, sizeof name, most->reason, most->value);
		snprintf(text + used, size - used, "%s %s %.1f %%", n ? "," : ":", name,
			percent(most->count.frames, all));
		most->count.frames = 0;
	}
}

static int64_t seconds(int64_t time)
{
	return (time + CLOCK_SECOND / 2) / CLOCK_SECOND;
}

static bool may_say(int64_t said, int64_t now)
{
	return said == INT64_MIN || now - said >= MINUTE;
}

static void judge_not_ip(
	struct watch *w, struct look *now, const struct look *then, struct watch_words *words)
{
	uint64_t all = now->judged - then->judged, not_ip = now->not_ip - then->not_ip;

	if (all < WATCH_LEAST || not_ip * 100 <= all || !may_say(w->said_not_ip, now->time))
		return;
	snprintf(words->not_ip, sizeof words->not_ip,
		"percent=%.1f frames=%" PRIu64 " seconds=%" PRId64 " note=\"no valid IP packets",
		percent(not_ip, all), all, seconds(now->time - then->time));
	name_kinds(words->not_ip, sizeof words->not_ip - 1, now, then);
	strcat(words->not_ip, "\"");
	w->said_not_ip = now->time;
}

static void judge_dropped(
	struct watch *w, const struct look *now, const struct look *then, struct watch_words *words)
{
	uint64_t dropped = now->dropped - then->dropped, all = now->received - then->received;

	if (dropped == 0 || !may_say(w->said_dropped, now->time))
		return;
	snprintf(words->dropped, sizeof words->dropped,
		"dropped=%" PRIu64 " frames=%" PRIu64 " seconds=%" PRId64
		" note=\"its ring was full; see inputs[].buffer and inputs[].workers\"",
		dropped, all, seconds(now->time - then->time));
	w->said_dropped = now->time;
}

/* A cache that stays full is told of once: where it began. */
static void judge_pressure(struct watch *w, const struct look *now, const struct look *then,
	const struct worker_statistics *s, struct watch_words *words)
{
	const struct cache_statistics *c = &s->cache;

	if (c->pressures == w->pressures || !may_say(w->said_pressure, now->time))
		return;
	snprintf(words->pressure, sizeof words->pressure,
		"used=%" PRIu64 " entries=%" PRIu32 " idle=%.1fs early=%" PRIu64 " seconds=%" PRId64
		" note=\"flows leave early; see cache.entries\"",
		s->live.flows, c->entries, (double)c->idle / (double)CLOCK_SECOND,
		now->early - then->early, seconds(now->time - then->time));
	w->said_pressure = now->time;
	w->pressures = c->pressures;
}

void watch_look(struct watch *w, const struct ledger *l, int64_t now, struct watch_words *words)
{
	struct look look = look_at(l, now), kept = look;
	const struct look *then = reference(w, now);

	*words = (struct watch_words){"", "", ""};
	judge_not_ip(w, &look, then, words);
	judge_dropped(w, &look, then, words);
	judge_pressure(w, &look, then, &l->workers, words);
	keep(w, &kept);
}

bool watch_check(struct watch *w, const struct ledger *l)
{
	const char *what;
	bool good = ledger_adds_up(l, &what);

	if (!good && !w->said_wrong) {
		log_error("ledger", "event=wrong note=\"THE LEDGER DOES NOT ADD UP: %s\"", what);
		w->said_wrong = true;
	}
	return good;
}
