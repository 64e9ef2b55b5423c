#include "daemon/exporter.h"

#include "daemon/interfaces.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/losses.h"
#include "daemon/printout.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	DRAIN = 1024, /* records of one worker in one turn */
	TICK_MICROSECONDS = 10000,
	ROOM_MILLISECONDS = 10, /* that are waited for a reader at a time */
};

/* A service manager waits half a minute longer before it kills. */
#define LONGEST_END (60 * CLOCK_SECOND)

struct exporter {
	pthread_mutex_t lock; /* what statistics read, once per turn */
	struct roster *roster;
	struct option_interface *interfaces; /* as options data tell them, or NULL */
	struct losses losses;                /* a live exporter's */
	int64_t losses_read;                 /* steady clock */
	struct printout *printout;           /* the thread's own, or NULL */
	int output_error;                    /* what others are told of it: */
	uint64_t unprinted;                  /* see printout.h */

	struct crew *crew;         /* lent */
	struct guide *guide;       /* lent, or NULL */
	struct resolver *resolver; /* the same */
	struct own *own;           /* the same */
	struct event_base *base;
	struct event *tick;
	struct event *stop;
	bool stopping;
	pthread_t thread;
	sem_t begun; /* posted once, by the thread */
	bool running;
};

struct exporter *exporter_new(const struct config *config, int64_t boot, struct config_error *error)
{
	struct exporter *e = calloc(1, sizeof *e);

	if (!e) {
		snprintf(error->text, sizeof error->text, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&e->lock, NULL);
	sem_init(&e->begun, 0, 0);
	e->roster = roster_new(config, boot, error);
	if (!e->roster) {
		exporter_free(e);
		return NULL;
	}
	if (config->output != CONFIG_OUTPUT_NONE && !(e->printout = printout_new(config))) {
		snprintf(error->text, sizeof error->text, "out of memory");
		exporter_free(e);
		return NULL;
	}
	return e;
}

void exporter_free(struct exporter *e)
{
	if (!e)
		return;
	roster_free(e->roster);
	printout_free(e->printout);
	free(e->interfaces);
	pthread_mutex_destroy(&e->lock);
	sem_destroy(&e->begun);
	free(e);
}

struct roster *exporter_prepare(struct exporter *e, const struct config *from,
	const struct config *to, bool redefine, struct config_error *error)
{
	return roster_prepare(e->roster, from, to, redefine, error);
}

void exporter_succeed(struct exporter *e, struct roster *prepared)
{
	pthread_mutex_lock(&e->lock);
	roster_succeed(prepared, e->roster, clock_wall());
	e->roster = prepared;
	pthread_mutex_unlock(&e->lock);
}

void exporter_retime(struct exporter *e, const struct config *to)
{
	pthread_mutex_lock(&e->lock);
	roster_retime(e->roster, to);
	if (e->guide)
		guide_retime(e->guide, &to->cache.timeouts);
	pthread_mutex_unlock(&e->lock);
}

bool exporter_interfaces(
	struct exporter *e, const struct option_interface *interfaces, unsigned count)
{
	struct option_interface *copy = calloc(count ? count : 1, sizeof *copy);

	if (!copy)
		return false;
	for (unsigned i = 0; i < count; i++)
		copy[i] = interfaces[i];
	pthread_mutex_lock(&e->lock);
	roster_interfaces(e->roster, copy, count);
	free(e->interfaces);
	e->interfaces = copy;
	pthread_mutex_unlock(&e->lock);
	return true;
}

void exporter_losses(struct exporter *e, const struct loss *ignored, const struct loss *not_sent)
{
	roster_losses(e->roster, ignored, not_sent);
}

void exporter_take(
	struct exporter *e, const struct flow_record *r, const struct flow_path *path, int64_t now)
{
	roster_take(e->roster, r, path, now);
	printout_record(e->printout, r, path);
}

static void note_output(struct exporter *e)
{
	e->output_error = printout_error(e->printout);
	e->unprinted = printout_lost(e->printout);
}

/* What is still on its way, to collectors and to standard output. */
static bool ending(struct exporter *e, uint64_t *pending, int64_t now)
{
	(void)printout_work(e->printout, 0);
	bool busy = roster_ending(e->roster, pending, now);
	*pending += printout_pending(e->printout);
	return busy || printout_pending(e->printout);
}

void exporter_end(struct exporter *e, int64_t now)
{
	int64_t began = clock_steady(), moved = began;
	uint64_t pending = 0, before = 0;

	pthread_mutex_lock(&e->lock);
	roster_end(e->roster, now);
	while (ending(e, &pending, now)) {
		int64_t steady = clock_steady();
		if (pending != before)
			moved = steady;
		if (steady - moved >= TRANSPORT_PATIENCE ||
			(e->running && steady - began >= LONGEST_END))
			break;
		before = pending;
		pthread_mutex_unlock(&e->lock);
		clock_pause(CLOCK_MILLISECOND);
		pthread_mutex_lock(&e->lock);
	}
	roster_abandon(e->roster);
	printout_end(e->printout);
	note_output(e);
	pthread_mutex_unlock(&e->lock);
}

int exporter_output_error(struct exporter *e)
{
	pthread_mutex_lock(&e->lock);
	int error = e->output_error;
	pthread_mutex_unlock(&e->lock);
	return error;
}

/* Takes up to DRAIN records of one worker; returns how many. */
static unsigned drain_worker(struct exporter *e, struct worker *w)
{
	struct flow_record *r;
	struct flow_path path;
	int64_t now = clock_wall();
	unsigned n = 0;

	pthread_mutex_lock(&e->lock);
	for (; n < DRAIN && printout_has_room(e->printout) && (r = worker_front(w)); n++) {
		if (e->guide)
			guide_tell(e->guide, r, &path);
		exporter_take(e, r, e->guide ? &path : NULL, now);
		worker_release(w);
	}
	pthread_mutex_unlock(&e->lock);
	return n;
}

/* Collectors are told of interfaces as they are now. */
static void hear(struct exporter *e)
{
	if (!e->guide || !guide_hear(e->guide))
		return;
	struct option_interface *all = calloc(INTERFACES_TOLD, sizeof *all);
	if (all)
		(void)exporter_interfaces(
			e, all, interfaces_of(guide_links(e->guide), all, INTERFACES_TOLD));
	free(all);
}

static void take_event(void *context, const struct flow_event *event)
{
	struct exporter *e = context;

	roster_event(e->roster, event, clock_wall());
}

static bool hear_nat(struct exporter *e)
{
	if (!e->guide)
		return false;
	pthread_mutex_lock(&e->lock);
	bool heard = guide_hear_nat(e->guide, take_event, e);
	pthread_mutex_unlock(&e->lock);
	return heard;
}

/* Where standard output has no room, for a moment, in which others may ask. True: it has some
 * now. */
static bool make_room(struct exporter *e)
{
	if (printout_has_room(e->printout))
		return false;
	bool moved = printout_work(e->printout, ROOM_MILLISECONDS);
	pthread_mutex_lock(&e->lock);
	note_output(e);
	pthread_mutex_unlock(&e->lock);
	return moved;
}

static void drain_all(struct exporter *e)
{
	unsigned n;

	do {
		crew_enter(e->crew);
		hear(e);
		n = hear_nat(e);
		for (unsigned i = 0; i < e->crew->count; i++)
			if (!e->crew->member[i].waits)
				n += drain_worker(e, e->crew->member[i].worker);
		crew_leave(e->crew);
		n += make_room(e);
	} while (n);
}

/* Nobody else changes the crew then. */
static void drain_to_end(struct exporter *e)
{
	unsigned full;

	do {
		drain_all(e);
		full = 0;
		for (unsigned i = 0; i < e->crew->count; i++)
			full += worker_front(e->crew->member[i].worker) != NULL;
	} while (full);
}

/* The workers' counts for options data, which are sent every minute or so. */
static void read_losses(struct exporter *e, bool now)
{
	int64_t time = clock_steady();

	if (!now && e->losses_read && time - e->losses_read < CLOCK_SECOND)
		return;
	e->losses_read = time;
	crew_enter(e->crew);
	losses_read(&e->losses, e->crew, clock_wall());
	crew_leave(e->crew);
	pthread_mutex_lock(&e->lock);
	exporter_losses(e, &e->losses.ignored, &e->losses.not_sent);
	pthread_mutex_unlock(&e->lock);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct exporter *e = context;

	(void)fd;
	(void)what;
	drain_all(e);
	read_losses(e, false);
	pthread_mutex_lock(&e->lock);
	if (e->resolver)
		roster_resolve(e->roster, e->resolver, e->own);
	roster_tick(e->roster, clock_wall());
	(void)printout_work(e->printout, 0);
	note_output(e);
	pthread_mutex_unlock(&e->lock);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct exporter *e = context;

	(void)fd;
	(void)what;
	drain_to_end(e);
	read_losses(e, true);
	exporter_end(e, clock_wall());
	event_base_loopbreak(e->base);
}

static void *run(void *context)
{
	struct exporter *e = context;

	sem_post(&e->begun);
	event_base_dispatch(e->base);
	return NULL;
}

static void free_events(struct exporter *e)
{
	if (e->tick)
		event_free(e->tick);
	if (e->stop)
		event_free(e->stop);
	if (e->base)
		event_base_free(e->base);
}

void exporter_guide(struct exporter *e, struct guide *guide)
{
	e->guide = guide;
}

void exporter_own(struct exporter *e, struct own *own)
{
	pthread_mutex_lock(&e->lock);
	if (own)
		own_keep(own, e->own);
	e->own = own;
	pthread_mutex_unlock(&e->lock);
}

void exporter_resolver(struct exporter *e, struct resolver *resolver)
{
	e->resolver = resolver;
}

bool exporter_start(struct exporter *e, struct crew *crew)
{
	struct timeval interval = {0, TICK_MICROSECONDS};

	e->crew = crew;
	e->base = event_base_new();
	if (e->base) {
		e->tick = event_new(e->base, -1, EV_PERSIST, on_tick, e);
		e->stop = event_new(e->base, -1, 0, on_stop, e);
	}
	e->running = e->tick && e->stop && event_add(e->tick, &interval) == 0 &&
		     pthread_create(&e->thread, NULL, run, e) == 0;
	if (!e->running) {
		free_events(e);
		return false;
	}
	/* It makes no calls of a thread's beginning once this has returned: see confine.h. */
	while (sem_wait(&e->begun) != 0)
		;
	return true;
}

void exporter_stop(struct exporter *e)
{
	if (e->running)
		event_active(e->stop, EV_TIMEOUT, 0);
}

bool exporter_stopped(struct exporter *e)
{
	if (!e->running)
		return true;
	if (pthread_tryjoin_np(e->thread, NULL) != 0)
		return false;
	free_events(e);
	e->running = false;
	return true;
}

bool exporter_answers(struct exporter *e, int64_t time)
{
	int64_t end = clock_steady() + time;

	while (pthread_mutex_trylock(&e->lock) != 0) {
		if (clock_steady() > end)
			return false;
		clock_pause(CLOCK_MILLISECOND);
	}
	pthread_mutex_unlock(&e->lock);
	return true;
}

void exporter_statistics(struct exporter *e, struct exporter_statistics *s)
{
	pthread_mutex_lock(&e->lock);
	roster_statistics(e->roster, s);
	s->unprinted = e->unprinted;
	s->nat = e->guide ? guide_nat_statistics(e->guide) : (struct nat_statistics){0};
	pthread_mutex_unlock(&e->lock);
}

bool exporter_templates(struct exporter *e, unsigned index, char name[EXPORTER_COLLECTOR_NAME],
	struct session_templates *templates)
{
	pthread_mutex_lock(&e->lock);
	const struct collector *c = roster_collector(e->roster, index);
	if (c) {
		snprintf(name, EXPORTER_COLLECTOR_NAME, "%s", collector_name(c));
		session_templates(collector_session(c), templates);
	}
	pthread_mutex_unlock(&e->lock);
	return c != NULL;
}
