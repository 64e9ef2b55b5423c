/* threads: tsan
 *
 * Capture threads as they come and go: each on its processor, the memory of its worker taken by
 * itself and before any source is opened to frames; one that cannot start, one that fails. */
#include "generator.h"
#include "suite.h"

#include "base/clock.h"
#include "base/cpu.h"
#include "daemon/intake.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Two inputs of three and of one worker. */
enum { INPUTS = 2, WORKERS = 4, SHARERS = 3, ENTRIES = 60000, RECORDS = 65536, FRAGMENTS = 40000 };

/* What one worker has at least: entries of 109 octets, records of 96, fragments of 52. */
enum { PAGE = 4096, PAGES = (ENTRIES * 109 + RECORDS * 96 + FRAGMENTS * 52) / PAGE };

/* A generator that says what became of it. */
struct spy {
	struct generator generator;
	bool refuses; /* to start */
	bool fails;   /* at its end */
	bool started;
	char cpus[256]; /* where its reader may run */
};

static struct scene {
	struct spy spies[WORKERS];
	struct worker *workers[WORKERS];
	struct crew_input inputs[INPUTS];
	long resident_before; /* pages, of the process */
	long resident;        /* when the first source was opened */
} scene;

static long resident_pages(void)
{
	long all = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld %ld", &all, &resident), 2);
	fclose(f);
	return resident;
}

static bool spy_start(struct source *s, struct source_error *error)
{
	struct spy *spy = (struct spy *)s;

	if (!scene.resident)
		scene.resident = resident_pages();
	snprintf(error->text, sizeof error->text, "it does not want to");
	spy->started = true;
	return !spy->refuses;
}

static enum source_status spy_read(
	struct source *s, unsigned most, source_take *take, void *context)
{
	struct spy *spy = (struct spy *)s;

	if (!*spy->cpus)
		cpu_list_allowed(spy->cpus, sizeof spy->cpus);
	enum source_status status = generator_ops.read(s, most, take, context);
	return status == SOURCE_END && spy->fails ? SOURCE_FAILED : status;
}

static struct source_ops spy_ops;

static void set_scene(uint32_t frames)
{
	struct scene *s = &scene;

	memset(s, 0, sizeof *s);
	spy_ops = generator_ops;
	spy_ops.start = spy_start;
	spy_ops.read = spy_read;
	for (int i = 0; i < WORKERS; i++) {
		s->spies[i].generator = generator_of(
			(struct traffic){.frames = frames, .flows = 1000, .pace = 1000});
		s->spies[i].generator.source.ops = &spy_ops;
		s->workers[i] = worker_new(
			&(struct worker_options){
				.decoder = {.fragments = FRAGMENTS},
				.cache = {.entries = ENTRIES,
					.timeouts = flow_timeouts_default,
					.seed = 3},
				.sampling = 1,
				.ring = RECORDS,
			},
			&s->spies[i].generator.source, (struct flow_sink){0});
		ck_assert_ptr_nonnull(s->workers[i]);
	}
	s->inputs[0] = (struct crew_input){.name = "some", .workers = SHARERS};
	s->inputs[1] = (struct crew_input){.name = "other", .workers = WORKERS - SHARERS};
	for (int i = 0; i < WORKERS; i++)
		s->inputs[i / SHARERS].worker[i % SHARERS] = s->workers[i];
}

static void strike_scene(void)
{
	for (int i = 0; i < WORKERS; i++)
		worker_free(scene.workers[i]);
}

static void make_intakes(void)
{
	for (int i = 0; i < INPUTS; i++) {
		scene.inputs[i].intake = intake_new(&scene.inputs[i], NULL);
		ck_assert_ptr_nonnull(scene.inputs[i].intake);
	}
}

static bool start_intakes(void)
{
	bool good = true;

	for (int i = 0; i < INPUTS; i++)
		good = good && intake_start(scene.inputs[i].intake);
	for (int i = 0; i < INPUTS; i++)
		good = good && intake_open(scene.inputs[i].intake);
	return good;
}

static void start_all(void)
{
	make_intakes();
	scene.resident_before = resident_pages();
	ck_assert(start_intakes());
}

static unsigned reading(void)
{
	unsigned sum = 0;

	for (int i = 0; i < INPUTS; i++)
		sum += intake_reading(scene.inputs[i].intake);
	return sum;
}

static uint64_t frames_of(int worker)
{
	static struct worker_statistics s;

	worker_statistics(scene.workers[worker], &s);
	return s.seen.frames;
}

static void wait_for_frames(int worker, uint64_t count)
{
	while (frames_of(worker) < count)
		usleep(1000);
}

static void stop_all(bool good)
{
	bool all = true;

	for (int i = 0; i < INPUTS; i++)
		intake_stop(scene.inputs[i].intake);
	for (int i = 0; i < INPUTS; i++)
		all &= intake_join(scene.inputs[i].intake);
	ck_assert(all == good);
	ck_assert_uint_eq(reading(), 0);
	for (int i = 0; i < INPUTS; i++)
		intake_free(scene.inputs[i].intake);
}

/* Page faults of this thread, and of all. Huge pages would hide who touched first. */
static long faults(int who)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(who, &usage), 0);
	return usage.ru_minflt;
}

START_TEST(memory_is_taken_by_its_own_thread_and_first)
{
	ck_assert_int_eq(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	set_scene(1000);
	long own = faults(RUSAGE_THREAD), all = faults(RUSAGE_SELF);
	start_all();
	own = faults(RUSAGE_THREAD) - own;
	all = faults(RUSAGE_SELF) - all;
	ck_assert_int_ge(scene.resident - scene.resident_before, WORKERS * PAGES);
	ck_assert_int_ge(all - own, WORKERS * PAGES);
	ck_assert_int_lt(own, WORKERS * PAGES / 2);
	for (int i = 0; i < WORKERS; i++)
		wait_for_frames(i, 1000);
	stop_all(true);
	strike_scene();
}
END_TEST

/* The processors that this process may run on, over and over. */
static void choose_cpus(struct config_cpus *cpus, unsigned count)
{
	unsigned cpu = 0;

	while (cpus->count < count) {
		if (cpu_allowed(cpu))
			cpus->number[cpus->count++] = (uint16_t)cpu;
		cpu = cpu + 1 < CPU_SETSIZE ? cpu + 1 : 0;
	}
}

START_TEST(threads_run_where_they_should)
{
	char cpus[256];

	set_scene(UINT32_MAX);
	choose_cpus(&scene.inputs[0].cpu, SHARERS);
	start_all();
	for (int i = 0; i < WORKERS; i++)
		wait_for_frames(i, 10000);
	ck_assert_uint_eq(reading(), WORKERS);
	stop_all(true);
	for (int i = 0; i < SHARERS; i++) {
		snprintf(cpus, sizeof cpus, "%u", scene.inputs[0].cpu.number[i]);
		ck_assert_str_eq(scene.spies[i].cpus, cpus);
	}
	cpu_list_allowed(cpus, sizeof cpus);
	ck_assert_str_eq(scene.spies[SHARERS].cpus, cpus);
	strike_scene();
}
END_TEST

/* Which source does not start; WORKERS: a thread is to run on a processor that is not there. */
START_TEST(what_cannot_start_leaves_nothing)
{
	set_scene(UINT32_MAX);
	if (_i < WORKERS)
		scene.spies[_i].refuses = true;
	else
		scene.inputs[1].cpu = (struct config_cpus){.number = {CPU_SETSIZE - 1}, .count = 1};
	make_intakes();
	ck_assert(!start_intakes());
	for (int i = 0; i < WORKERS; i++)
		ck_assert(scene.spies[i].started == (i <= _i && _i < WORKERS));
	stop_all(true);
	strike_scene();
}
END_TEST

START_TEST(one_that_fails_ends_alone)
{
	static struct worker_statistics s;
	static const int64_t later = (GENERATOR_START + 1000) * CLOCK_SECOND;

	set_scene(UINT32_MAX);
	scene.spies[1].fails = true;
	scene.spies[1].generator.traffic.frames = 5000;
	start_all();
	while (reading() == WORKERS)
		usleep(1000);
	for (int i = 0; i < WORKERS; i++)
		if (i != 1)
			wait_for_frames(i, frames_of(i) + 1000);
	ck_assert_uint_eq(reading(), WORKERS - 1);
	/* what it had metered is over in its time, and not only at the end of all */
	while (worker_expire(scene.workers[1], later))
		;
	worker_statistics(scene.workers[1], &s);
	ck_assert_int_eq(s.state, SOURCE_FAILED);
	ck_assert_uint_eq(s.seen.frames, 5000);
	ck_assert_uint_eq(s.live.flows, 0);
	worker_statistics(scene.workers[0], &s);
	ck_assert_int_ne(s.state, SOURCE_FAILED);
	stop_all(false);
	strike_scene();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("intake");
	TCase *cases = tcase_create("intake");

	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, memory_is_taken_by_its_own_thread_and_first);
	tcase_add_test(cases, threads_run_where_they_should);
	tcase_add_loop_test(cases, what_cannot_start_leaves_nothing, 0, WORKERS + 1);
	tcase_add_test(cases, one_that_fails_ends_alone);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
