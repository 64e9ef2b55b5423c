#include "daemon/intake.h"

#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One capture thread. */
struct capture {
	struct worker *worker;
	struct intake *intake;
	const struct view_input *input;
	unsigned number; /* among the workers of its input */
	pthread_t thread;
	bool running;
	enum source_status link; /* of its interface, as it was told: SOURCE_IDLE is well */
	bool failed;
};

struct intake {
	struct capture *captures;
	unsigned count;
	sem_t ready; /* posted by each thread when its memory is there */
	sem_t go;    /* posted once for each thread when the sources are open */
	atomic_bool stop;
	atomic_uint reading;
};

struct intake *intake_new(const struct view *v)
{
	struct intake *in = calloc(1, sizeof *in);
	unsigned n = 0;

	if (!in)
		return NULL;
	in->captures = calloc(v->count, sizeof *in->captures);
	if (!in->captures) {
		free(in);
		return NULL;
	}
	sem_init(&in->ready, 0, 0);
	sem_init(&in->go, 0, 0);
	for (unsigned i = 0; i < v->input_count; i++)
		for (unsigned k = 0; k < v->inputs[i].workers; k++, n++)
			in->captures[n] = (struct capture){
				.worker = v->workers[n],
				.intake = in,
				.input = &v->inputs[i],
				.number = k,
				.link = SOURCE_IDLE,
			};
	in->count = n;
	return in;
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	sem_destroy(&in->ready);
	sem_destroy(&in->go);
	free(in->captures);
	free(in);
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0 && errno == EINTR)
		;
}

/* Says it once for all workers of the input. What an interface that has gone was told of is
 * closed: one that comes back may be another. */
static void tell_link(struct capture *c, enum source_status status)
{
	enum source_status now = status == SOURCE_READY ? SOURCE_IDLE : status;

	if (now == c->link || now == SOURCE_END || now == SOURCE_FAILED)
		return;
	if (now == SOURCE_GONE)
		worker_flush(c->worker);
	if (c->number == 0 && now == SOURCE_GONE)
		log_warning("capture",
			"event=gone interface=\"%s\" note=\"metered again when it comes back\"",
			c->input->name);
	else if (c->number == 0 && now == SOURCE_DOWN)
		log_warning("capture",
			"event=down interface=\"%s\" note=\"nothing to meter until it is up "
			"again\"",
			c->input->name);
	else if (c->number == 0)
		log_info("capture", "event=back interface=\"%s\" was=%s", c->input->name,
			c->link == SOURCE_GONE ? "gone" : "down");
	c->link = now;
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
		status = worker_read(c->worker);
		tell_link(c, status);
	} while (status != SOURCE_END && status != SOURCE_FAILED);
	c->failed = status == SOURCE_FAILED;
	if (c->failed)
		log_error("capture",
			"event=capture-failed interface=\"%s\" worker=%u error=\"%s\" note=\"it "
			"meters no more\"",
			c->input->name, c->number, source_failure(source));
}

static void *capture_run(void *context)
{
	struct capture *c = context;
	struct intake *in = c->intake;
	char name[16]; /* as much as the kernel keeps */

	snprintf(name, sizeof name, "capture %u", (unsigned)(c - in->captures) & 0xffff);
	pthread_setname_np(pthread_self(), name);
	worker_touch(c->worker);
	sem_post(&in->ready);
	wait_for(&in->go);
	read_all(c);
	atomic_fetch_sub(&in->reading, 1);
	return NULL;
}

/* The thread is born on its processor, so that nothing of it is anywhere else. */
static bool start_thread(struct capture *c)
{
	const struct config_cpus *cpus = &c->input->cpu;
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
	c->running = error == 0;
	if (c->running)
		atomic_fetch_add(&c->intake->reading, 1);
	else
		log_error("capture", "event=no-thread interface=\"%s\" worker=%u error=\"%s\"",
			c->input->name, c->number, strerror(error));
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
		"event=capturing threads=%u note=\"all memory is taken, frames are let in\"",
		in->count);
	return true;
}

void intake_stop(struct intake *in)
{
	atomic_store(&in->stop, true);
	for (unsigned i = 0; i < in->count; i++)
		source_wake(worker_source(in->captures[i].worker));
	let_go(in); /* those that were never opened */
}

unsigned intake_reading(const struct intake *in)
{
	return atomic_load(&in->reading);
}

bool intake_join(struct intake *in)
{
	bool failed = false;

	for (unsigned i = 0; i < in->count; i++) {
		if (in->captures[i].running)
			pthread_join(in->captures[i].thread, NULL);
		failed |= in->captures[i].failed;
	}
	return !failed;
}
