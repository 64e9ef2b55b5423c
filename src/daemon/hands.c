#include "daemon/hands.h"

#include "base/log.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct hand {
	pthread_t thread;
	sem_t wanted, done;
	void (*work)(void *); /* NULL when wanted: it is to end */
	void *context;
	bool taken;
	unsigned number;
};

struct hands {
	unsigned count;
	struct hand hand[];
};

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0)
		;
}

static void *run(void *context)
{
	struct hand *h = context;
	char name[16];

	snprintf(name, sizeof name, "spare/%u", h->number);
	pthread_setname_np(pthread_self(), name);
	sem_post(&h->done);
	for (;;) {
		wait_for(&h->wanted);
		if (!h->work)
			return NULL;
		h->work(h->context);
		sem_post(&h->done);
	}
}

static bool start(struct hand *h, unsigned number)
{
	h->number = number;
	sem_init(&h->wanted, 0, 0);
	sem_init(&h->done, 0, 0);
	if (pthread_create(&h->thread, NULL, run, h) == 0)
		return true;
	sem_destroy(&h->wanted);
	sem_destroy(&h->done);
	return false;
}

/* Each has its name when this is over, which takes a call of its own. */
struct hands *hands_new(unsigned count)
{
	struct hands *all = calloc(1, sizeof *all + count * sizeof *all->hand);

	if (!all)
		return NULL;
	while (all->count < count && start(&all->hand[all->count], all->count))
		all->count++;
	for (unsigned i = 0; i < all->count; i++)
		wait_for(&all->hand[i].done);
	if (all->count == count)
		return all;
	log_error("main", "event=no-thread note=\"%u are wanted for interfaces that come later\"",
		count);
	hands_free(all);
	return NULL;
}

void hands_free(struct hands *all)
{
	for (unsigned i = 0; all && i < all->count; i++) {
		struct hand *h = &all->hand[i];
		h->work = NULL;
		sem_post(&h->wanted);
		pthread_join(h->thread, NULL);
		sem_destroy(&h->wanted);
		sem_destroy(&h->done);
	}
	free(all);
}

struct hand *hands_take(struct hands *all, void (*work)(void *), void *context)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct hand *h = &all->hand[i];
		if (h->taken)
			continue;
		h->work = work;
		h->context = context;
		h->taken = true;
		sem_post(&h->wanted);
		return h;
	}
	return NULL;
}

void hands_wait(struct hand *h)
{
	wait_for(&h->done);
	h->taken = false;
}
