#include "daemon/roster.h"

#include "base/clock.h"
#include "base/memory.h"
#include "config/compare.h"

#include <stdlib.h>
#include <string.h>

/* How long a collector may take to end, whoever waits for it. */
#define LONGEST_END (60 * CLOCK_SECOND)

struct leaver {
	struct collector *collector;
	int64_t since; /* steady clock */
};

struct roster {
	struct collector *collector[CONFIG_EXPORTERS]; /* as the configuration has them */
	bool kept[CONFIG_EXPORTERS];                   /* of a prepared one: from the old */
	unsigned count;
	int group_of[CONFIG_EXPORTERS]; /* number, -1: none */
	struct group group[CONFIG_GROUPS];
	unsigned groups;
	struct leaver leaver[CONFIG_EXPORTERS];
	unsigned leavers;
	int64_t boot;
	struct session_tally taken, gone;
	const struct option_interface *interfaces; /* lent */
	unsigned interface_count;
};

static void plan_groups(struct roster *r, const struct config *config)
{
	for (; r->groups < config->group_count; r->groups++)
		group_init(&r->group[r->groups], &config->groups[r->groups]);
	for (unsigned i = 0; i < config->exporter_count; i++)
		r->group_of[i] = config_group(config, config->exporters[i].group);
}

static const struct group *find_group(const struct roster *r, const char *name)
{
	for (unsigned i = 0; r && i < r->groups; i++)
		if (strcmp(r->group[i].name, name) == 0)
			return &r->group[i];
	return NULL;
}

/* The collectors come into the groups that were planned; `old`: what was before, or NULL. */
static void fill_groups(struct roster *r, const struct roster *old)
{
	for (unsigned i = 0; i < r->count; i++) {
		int n = r->group_of[i];
		collector_join(r->collector[i], n < 0 ? NULL : &r->group[n], n);
	}
	for (unsigned i = 0; i < r->groups; i++)
		group_begin(&r->group[i], find_group(old, r->group[i].name));
}

struct roster *roster_new(const struct config *config, int64_t boot, struct config_error *error)
{
	struct roster *r = calloc(1, sizeof *r);

	if (!r) {
		config_fail(error, "out of memory");
		return NULL;
	}
	r->boot = boot;
	for (; r->count < config->exporter_count; r->count++) {
		r->collector[r->count] =
			collector_new(config, &config->exporters[r->count], boot, false, error);
		if (!r->collector[r->count]) {
			roster_free(r);
			return NULL;
		}
	}
	plan_groups(r, config);
	fill_groups(r, NULL);
	return r;
}

void roster_free(struct roster *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->count; i++)
		collector_free(r->collector[i]);
	for (unsigned i = 0; i < r->leavers; i++)
		collector_free(r->leaver[i].collector);
	free(r);
}

/* ---- changes ---- */

/* The collector of the old roster that is configured as this one, and not another's yet. */
static struct collector *find_same(const struct roster *old, const struct config *from,
	const struct config_exporter *x, bool *used)
{
	for (unsigned i = 0; i < old->count; i++) {
		if (used[i] || config_compare_elements("exporters[]", &from->exporters[i], x))
			continue;
		used[i] = true;
		return old->collector[i];
	}
	return NULL;
}

static bool prepare(struct roster *r, const struct config *to, const struct config_exporter *x,
	struct collector *same, bool redefine, struct config_error *error)
{
	struct collector *c = same ? same : collector_new(to, x, r->boot, true, error);

	if (!c || (same && !collector_prepare(c, to, x, r->boot, redefine, error)))
		return false;
	r->kept[r->count] = same != NULL;
	r->collector[r->count++] = c;
	return true;
}

struct roster *roster_prepare(const struct roster *old, const struct config *from,
	const struct config *to, bool redefine, struct config_error *error)
{
	struct roster *r = calloc(1, sizeof *r);
	bool used[CONFIG_EXPORTERS] = {false};

	if (!r) {
		config_fail(error, "out of memory");
		return NULL;
	}
	r->boot = old->boot;
	for (unsigned i = 0; i < to->exporter_count; i++) {
		const struct config_exporter *x = &to->exporters[i];
		struct collector *same = find_same(old, from, x, used);
		if (!prepare(r, to, x, same, redefine, error)) {
			roster_discard(r);
			return NULL;
		}
	}
	plan_groups(r, to);
	return r;
}

void roster_discard(struct roster *r)
{
	for (unsigned i = 0; r && i < r->count; i++) {
		if (r->kept[i])
			collector_discard(r->collector[i]);
		else
			collector_free(r->collector[i]);
	}
	free(r);
}

static bool has(const struct roster *r, const struct collector *c)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->collector[i] == c)
			return true;
	return false;
}

static void let_go(struct roster *r, unsigned leaver)
{
	struct collector *c = r->leaver[leaver].collector;
	struct session_statistics s;

	session_abandon(collector_session(c));
	s = session_statistics(collector_session(c));
	session_tally_add(&r->gone, s.lost.flows, s.lost.packets, s.lost.octets);
	collector_farewell(c);
	collector_free(c);
	r->leaver[leaver] = r->leaver[--r->leavers];
}

static void add_leaver(struct roster *r, struct collector *c, int64_t since)
{
	if (r->leavers == CONFIG_EXPORTERS)
		let_go(r, 0);
	r->leaver[r->leavers++] = (struct leaver){c, since};
}

void roster_succeed(struct roster *r, struct roster *old, int64_t now)
{
	r->taken = old->taken;
	r->gone = old->gone;
	for (unsigned i = 0; i < old->leavers; i++)
		add_leaver(r, old->leaver[i].collector, old->leaver[i].since);
	for (unsigned i = 0; i < old->count; i++) {
		if (has(r, old->collector[i]))
			continue;
		collector_leave(old->collector[i], &r->taken, now);
		add_leaver(r, old->collector[i], clock_steady());
	}
	for (unsigned i = 0; i < r->count; i++) {
		if (r->kept[i])
			collector_change(r->collector[i], now);
		else
			collector_come(r->collector[i], &r->taken);
	}
	fill_groups(r, old);
	roster_interfaces(r, old->interfaces, old->interface_count);
	free(old);
}

/* ---- at work ---- */

void roster_take(struct roster *r, const struct flow_record *record, const struct flow_path *path,
	int64_t now)
{
	session_tally_add(&r->taken, 1, record->packets, record->octets);
	for (unsigned i = 0; i < r->groups; i++)
		group_choose(&r->group[i], record);
	for (unsigned i = 0; i < r->count; i++)
		collector_take(r->collector[i], record, path, now);
}

void roster_event(struct roster *r, const struct flow_event *event, int64_t now)
{
	for (unsigned i = 0; i < r->count; i++)
		session_event(collector_session(r->collector[i]), event, now);
}

void roster_tick(struct roster *r, int64_t now)
{
	for (unsigned i = 0; i < r->count; i++)
		collector_tick(r->collector[i], now);
	unsigned before = r->leavers;
	for (unsigned i = r->leavers; i-- > 0;) {
		const struct leaver *l = &r->leaver[i];
		if (!session_ending(collector_session(l->collector), now) ||
			clock_steady() - l->since >= LONGEST_END)
			let_go(r, i);
	}
	if (r->leavers < before)
		memory_trim();
}

void roster_interfaces(struct roster *r, const struct option_interface *interfaces, unsigned count)
{
	r->interfaces = interfaces;
	r->interface_count = count;
	for (unsigned i = 0; i < r->count; i++)
		session_interfaces(collector_session(r->collector[i]), interfaces, count);
}

void roster_losses(struct roster *r, const struct loss *ignored, const struct loss *not_sent)
{
	for (unsigned i = 0; i < r->count; i++)
		session_losses(collector_session(r->collector[i]), ignored, not_sent);
}

void roster_retime(struct roster *r, const struct config *to)
{
	for (unsigned i = 0; i < r->count; i++)
		collector_retime(r->collector[i], to);
}

void roster_end(struct roster *r, int64_t now)
{
	for (unsigned i = 0; i < r->count; i++)
		session_end(collector_session(r->collector[i]), now);
}

static bool ending(struct collector *c, uint64_t *pending, int64_t now)
{
	struct session *s = collector_session(c);
	bool busy = session_ending(s, now);

	*pending += session_statistics(s).pending.flows;
	return busy;
}

/* All at once, so that one who takes his time costs the others none of theirs. */
bool roster_ending(struct roster *r, uint64_t *pending, int64_t now)
{
	bool busy = false;

	*pending = 0;
	for (unsigned i = 0; i < r->count; i++)
		busy |= ending(r->collector[i], pending, now);
	for (unsigned i = 0; i < r->leavers; i++)
		busy |= ending(r->leaver[i].collector, pending, now);
	return busy;
}

void roster_abandon(struct roster *r)
{
	for (unsigned i = 0; i < r->count; i++)
		session_abandon(collector_session(r->collector[i]));
	while (r->leavers)
		let_go(r, 0);
}

void roster_statistics(const struct roster *r, struct exporter_statistics *s)
{
	s->taken = r->taken;
	s->gone = r->gone;
	s->groups = r->groups;
	for (unsigned i = 0; i < r->groups; i++)
		s->group[i] = group_statistics(&r->group[i]);
	s->collectors = 0;
	for (unsigned i = 0; i < r->count; i++)
		collector_statistics(r->collector[i], &r->taken, &s->collector[s->collectors++]);
	for (unsigned i = 0; i < r->leavers; i++)
		collector_statistics(
			r->leaver[i].collector, &r->taken, &s->collector[s->collectors++]);
}

void roster_resolve(struct roster *r, struct resolver *resolver, struct own *own)
{
	struct resolver_answer answer;

	while (resolver_hear(resolver, &answer)) {
		if (own) /* before the first message goes there */
			own_learn(own, &answer);
		for (unsigned i = 0; i < r->count; i++)
			collector_hear(r->collector[i], &answer);
	}
	for (unsigned i = 0; i < r->count; i++)
		collector_ask(r->collector[i], resolver);
}

const struct collector *roster_collector(const struct roster *r, unsigned index)
{
	return index < r->count ? r->collector[index] : NULL;
}
