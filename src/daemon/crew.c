#define _GNU_SOURCE /* writers first */
#include "daemon/crew.h"

#include <stdlib.h>
#include <string.h>

/* Main is kept waiting by nobody who comes after it: others come again and again. */
static void init_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t how;

	pthread_rwlockattr_init(&how);
	pthread_rwlockattr_setkind_np(&how, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(lock, &how);
	pthread_rwlockattr_destroy(&how);
}

struct crew *crew_new(void)
{
	struct crew *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->member = calloc(CREW_MOST, sizeof *c->member);
	if (!c->member) {
		free(c);
		return NULL;
	}
	init_lock(&c->lock);
	return c;
}

void crew_free(struct crew *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->count; i++)
		worker_free(c->member[i].worker);
	for (unsigned i = 0; i < c->inputs; i++)
		free(c->input[i]);
	pthread_rwlock_destroy(&c->lock);
	free(c->member);
	free(c);
}

void crew_enter(struct crew *c)
{
	pthread_rwlock_rdlock(&c->lock);
}

void crew_leave(struct crew *c)
{
	pthread_rwlock_unlock(&c->lock);
}

void crew_close(struct crew *c)
{
	pthread_rwlock_wrlock(&c->lock);
}

void crew_open(struct crew *c)
{
	pthread_rwlock_unlock(&c->lock);
}

bool crew_add(struct crew *c, struct worker *worker, bool waits)
{
	if (c->count == CREW_MOST)
		return false;
	c->member[c->count++] = (struct crew_member){worker, waits};
	return true;
}

bool crew_add_input(struct crew *c, struct crew_input *input)
{
	if (c->inputs == CONFIG_INPUTS)
		return false;
	c->input[c->inputs++] = input;
	return true;
}

/* What is as it is now and no count goes with the worker. */
static void keep_counts(struct crew *c, struct worker *worker)
{
	struct worker_statistics w;

	worker_statistics(worker, &w);
	w.cache.entries = 0;
	w.cache.under_pressure = false;
	w.ring_fill = w.ring_size = 0;
	worker_statistics_add(&c->past, &w);
	c->past.cache.idle = 0;
}

void crew_remove(struct crew *c, struct worker *worker)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->member[i].worker != worker)
			continue;
		keep_counts(c, worker);
		worker_free(worker);
		memmove(&c->member[i], &c->member[i + 1], (c->count - i - 1) * sizeof *c->member);
		c->count--;
		return;
	}
}

void crew_remove_input(struct crew *c, struct crew_input *input)
{
	for (unsigned i = 0; i < c->inputs; i++) {
		if (c->input[i] != input)
			continue;
		free(input);
		for (c->inputs--; i < c->inputs; i++)
			c->input[i] = c->input[i + 1];
		return;
	}
}

void crew_order(struct crew *c, struct crew_input *const *inputs)
{
	for (unsigned i = 0; i < c->inputs; i++)
		c->input[i] = inputs[i];
}

void crew_admit(struct crew *c)
{
	for (unsigned i = 0; i < c->count; i++)
		c->member[i].waits = false;
}
