#include "daemon/intake.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_LINES = 10 }; /* a minute */

/* What a capture thread shall do between two reads. */
struct order {
	struct worker *next;          /* or NULL */
	struct source_filter *filter; /* or NULL */
	bool refused;                 /* the filter was */
};

/* One capture thread. */
struct capture {
	struct worker *worker;
	struct intake *intake;
	unsigned number; /* among the workers of its input */
	struct order order;
	_Atomic(struct order *) given; /* NULL: none; the intake's `left`: nobody takes any more */
	struct hand *hand;             /* whose thread this is, or NULL: one of its own */
	pthread_t thread;
	bool running;
	enum source_status link; /* of its interface, as it was told: SOURCE_IDLE is well */
	int64_t told_since;      /* steady clock */
	unsigned told;           /* lines about the link since then */
	bool failed;
};

struct intake {
	struct crew_input *input;
	struct hands *hands; /* lent; NULL: none */
	struct capture *captures;
	unsigned count;
	struct order left; /* stands for a thread that has left */
	sem_t ready;       /* posted by each thread when its memory is there */
	sem_t go;          /* posted once for each thread when the sources are open */
	sem_t done;        /* posted by each thread when it has carried out an order */
	atomic_bool stop;
	atomic_uint reading;
};

struct intake *intake_new(struct crew_input *input, struct hands *hands)
{
	struct intake *in = calloc(1, sizeof *in);

	if (!in)
		return NULL;
	in->captures = calloc(input->workers, sizeof *in->captures);
	if (!in->captures) {
		free(in);
		return NULL;
	}
	sem_init(&in->ready, 0, 0);
	sem_init(&in->go, 0, 0);
	sem_init(&in->done, 0, 0);
	in->input = input;
	in->hands = hands;
	in->count = input->workers;
	for (unsigned k = 0; k < in->count; k++)
		in->captures[k] = (struct capture){
			.worker = input->worker[k],
			.intake = in,
			.number = k,
			.link = SOURCE_IDLE,
		};
	return in;
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	sem_destroy(&in->ready);
	sem_destroy(&in->go);
	sem_destroy(&in->done);
	free(in->captures);
	free(in);
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0 && errno == EINTR)
		;
}

/* A link that changes all the time has some lines a minute. */
static bool may_tell(struct capture *c)
{
	int64_t now = clock_steady();

	if (c->told == 0 || now - c->told_since >= 60 * CLOCK_SECOND) {
		c->told_since = now;
		c->told = 0;
	}
	if (++c->told == LINK_LINES)
		log_warning("capture", "%s changes often: no more of it for a minute",
			c->intake->input->name);
	return c->told < LINK_LINES;
}

static void say_link(const char *name, enum source_status before, enum source_status now)
{
	if (now == SOURCE_GONE)
		log_warning("capture",
			"event=gone interface=\"%s\" note=\"metered again when it comes back, with "
			"privileges.capture\"",
			name);
	else if (now == SOURCE_DOWN)
		log_warning("capture",
			"event=down interface=\"%s\" note=\"nothing to meter until it is up "
			"again\"",
			name);
	else
		log_info("capture", "event=back interface=\"%s\" was=%s", name,
			before == SOURCE_GONE ? "gone" : "down");
}

/* Says it once for all workers of the input; that one by a pattern goes, main says. What an
 * interface that has gone was told of is closed: one that comes back may be another. */
static void tell_link(struct capture *c, enum source_status status)
{
	enum source_status now = status == SOURCE_READY ? SOURCE_IDLE : status;

	if (now == c->link || now == SOURCE_END || now == SOURCE_FAILED ||
		atomic_load(&c->intake->stop))
		return;
	if (now == SOURCE_GONE)
		worker_flush(c->worker);
	bool told = c->intake->input->by_pattern && (now == SOURCE_GONE || c->link == SOURCE_GONE);
	if (c->number == 0 && !told && may_tell(c))
		say_link(c->intake->input->name, c->link, now);
	c->link = now;
}

/* The filter first: what comes until the next read is still the old worker's or already the
 * next one's, who share one source. */
static void carry_out(struct capture *c, struct order *o)
{
	if (o->filter)
		o->refused = !source_refilter(worker_source(c->worker), o->filter);
	if (o->next) {
		worker_succeed(o->next, c->worker);
		c->worker = o->next;
	}
	sem_post(&c->intake->done);
}

static inline void heed_order(struct capture *c)
{
	if (atomic_load_explicit(&c->given, memory_order_relaxed))
		carry_out(c, atomic_exchange(&c->given, NULL));
}

/* The last one may have been given in this moment. */
static void leave(struct capture *c)
{
	struct order *o = atomic_exchange(&c->given, &c->intake->left);

	if (o)
		carry_out(c, o);
	atomic_fetch_sub(&c->intake->reading, 1);
}

/* Reads until told to stop, then until the ring is empty. */
static void read_all(struct capture *c)
{
	struct source *source = worker_source(c->worker);
	enum source_status status;
	bool stopped = false;

	do {
		if (!stopped && atomic_load(&c->intake->stop)) {
			source_stop_intake(source);
			stopped = true;
		}
		heed_order(c);
		status = worker_read(c->worker);
		tell_link(c, status);
	} while (status != SOURCE_END && status != SOURCE_FAILED);
	c->failed = status == SOURCE_FAILED;
	if (c->failed)
		log_error("capture",
			"event=capture-failed interface=\"%s\" worker=%u error=\"%s\" note=\"it "
			"meters no more\"",
			c->intake->input->name, c->number, source_failure(source));
}

static void capture(void *context)
{
	struct capture *c = context;

	worker_touch(c->worker);
	sem_post(&c->intake->ready);
	wait_for(&c->intake->go);
	read_all(c);
	leave(c);
}

static void *capture_run(void *context)
{
	struct capture *c = context;
	char name[16]; /* as much as the kernel keeps */

	snprintf(name, sizeof name, "%.11s/%u", c->intake->input->name, c->number & 0xff);
	pthread_setname_np(pthread_self(), name);
	capture(c);
	return NULL;
}

/* The thread is born on its processor, so that nothing of it is anywhere else. */
static int make_thread(struct capture *c)
{
	const struct config_cpus *cpus = &c->intake->input->cpu;
	pthread_attr_t how;
	cpu_set_t set;
	int error = pthread_attr_init(&how);

	if (!error && cpus->count) {
		CPU_ZERO(&set);
		CPU_SET(cpus->number[c->number], &set);
		error = pthread_attr_setaffinity_np(&how, sizeof set, &set);
	}
	if (!error)
		error = pthread_create(&c->thread, &how, capture_run, c);
	pthread_attr_destroy(&how);
	return error;
}

static bool start_thread(struct capture *c)
{
	int error = 0;

	if (!c->intake->hands)
		error = make_thread(c);
	else if (!(c->hand = hands_take(c->intake->hands, capture, c)))
		error = EAGAIN;
	c->running = error == 0;
	if (c->running)
		atomic_fetch_add(&c->intake->reading, 1);
	else
		log_error("capture", "event=no-thread interface=\"%s\" worker=%u error=\"%s\"",
			c->intake->input->name, c->number, strerror(error));
	return c->running;
}

static bool open_sources(struct intake *in)
{
	struct source_error why;

	for (unsigned i = 0; i < in->count; i++) {
		if (!source_start(worker_source(in->captures[i].worker), &why)) {
			log_error("capture", "event=cannot-capture error=\"%s\"", why.text);
			return false;
		}
	}
	return true;
}

bool intake_start(struct intake *in)
{
	unsigned started = 0;

	while (started < in->count && start_thread(&in->captures[started]))
		started++;
	for (unsigned i = 0; i < started; i++)
		wait_for(&in->ready);
	return started == in->count;
}

static void let_go(struct intake *in)
{
	for (unsigned i = 0; i < in->count; i++)
		sem_post(&in->go);
}

bool intake_open(struct intake *in)
{
	if (!open_sources(in))
		return false;
	let_go(in);
	log_info("capture",
		"event=capturing interface=\"%s\" threads=%u note=\"all memory is taken, frames "
		"are let in\"",
		in->input->name, in->count);
	return true;
}

/* Whoever finds that the thread has left does it in its place. */
static void give(struct capture *c, struct order order)
{
	struct source *source = worker_source(c->worker);

	c->order = order;
	if (atomic_exchange(&c->given, &c->order) == &c->intake->left) {
		atomic_store(&c->given, &c->intake->left);
		carry_out(c, &c->order);
	} else {
		source_wake(source);
	}
}

bool intake_change(
	struct intake *in, struct worker *const *next, struct source_filter *const *filters)
{
	bool good = true;

	for (unsigned i = 0; i < in->count; i++)
		give(&in->captures[i], (struct order){.next = next ? next[i] : NULL,
					       .filter = filters ? filters[i] : NULL});
	for (unsigned i = 0; i < in->count; i++)
		wait_for(&in->done);
	for (unsigned i = 0; i < in->count; i++) {
		good &= !in->captures[i].order.refused;
		in->input->worker[i] = in->captures[i].worker;
	}
	return good;
}

void intake_stop(struct intake *in)
{
	atomic_store(&in->stop, true);
	for (unsigned i = 0; i < in->count; i++)
		source_wake(worker_source(in->captures[i].worker));
	let_go(in); /* those that were never opened */
}

const struct crew_input *intake_input(const struct intake *in)
{
	return in->input;
}

unsigned intake_reading(const struct intake *in)
{
	return atomic_load(&in->reading);
}

bool intake_join(struct intake *in)
{
	bool failed = false;

	for (unsigned i = 0; i < in->count; i++) {
		struct capture *c = &in->captures[i];
		if (c->hand)
			hands_wait(c->hand);
		else if (c->running)
			pthread_join(c->thread, NULL);
		failed |= c->failed;
	}
	return !failed;
}
