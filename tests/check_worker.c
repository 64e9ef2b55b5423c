/* threads: tsan
 *
 * Capture, expiry, exporter and whoever reads the ledger, all at once, over a source of the test's
 * own: at every moment the ledger adds up to the packet, and at the end every frame is accounted
 * for, also where rings are so small that records are lost. */
#include "generator.h"
#include "suite.h"

#include "base/clock.h"
#include "daemon/ledger.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS(t) ((int)(sizeof(t) / sizeof((t)[0])))

/* ---- all threads ---- */

enum { READINGS = 4 };

struct scene {
	struct generator generator;
	struct worker *worker; /* the crew's only one */
	struct crew *crew;
	struct exporter *exporter;
	atomic_bool captured, expired, seen;
	atomic_uint readings;
	const char *what; /* did not add up */
};

/* Its first turns wait for the ledger to be read between them, however few processors there are. */
static void *capture(void *context)
{
	struct scene *s = context;

	for (unsigned n = 0; worker_read(s->worker) != SOURCE_END; n++)
		while (n < READINGS && atomic_load(&s->readings) <= n)
			sched_yield();
	atomic_store(&s->captured, true);
	return NULL;
}

static void *expire(void *context)
{
	struct scene *s = context;

	while (!atomic_load(&s->expired))
		if (!worker_expire(s->worker, INT64_MIN))
			sched_yield();
	return NULL;
}

static const struct flow_timeouts brief = {30 * CLOCK_SECOND, 10 * CLOCK_SECOND, 0, 0, -1, -1};

/* And changes the time-outs each time. */
static void *look(void *context)
{
	struct scene *s = context;
	struct ledger *ledger = malloc(sizeof *ledger);
	const char *what;

	while (!atomic_load(&s->seen)) {
		bool odd = atomic_load(&s->readings) % 2;
		worker_retime(s->worker, odd ? &brief : &flow_timeouts_default, odd ? 50 : 80);
		ledger_read(ledger, s->crew, s->exporter);
		if (!ledger_adds_up(ledger, &what) && !s->what)
			s->what = what;
		atomic_fetch_add(&s->readings, 1);
		sched_yield();
	}
	free(ledger);
	return NULL;
}

static void drain_all(struct worker *w)
{
	enum worker_drain state;

	while ((state = worker_drain(w)) != WORKER_DRAIN_EMPTY)
		if (state == WORKER_DRAIN_FULL)
			usleep(100);
}

static void run_threads(struct scene *s)
{
	pthread_t capturing, expiring, looking;

	ck_assert(exporter_start(s->exporter, s->crew));
	ck_assert_int_eq(pthread_create(&looking, NULL, look, s), 0);
	ck_assert_int_eq(pthread_create(&expiring, NULL, expire, s), 0);
	ck_assert_int_eq(pthread_create(&capturing, NULL, capture, s), 0);
	while (!atomic_load(&s->captured)) {
		source_wake(worker_source(s->worker));
		usleep(1000);
	}
	pthread_join(capturing, NULL);
	atomic_store(&s->expired, true);
	pthread_join(expiring, NULL);
	source_stop_intake(worker_source(s->worker));
	drain_all(s->worker);
	exporter_stop(s->exporter);
	while (!exporter_stopped(s->exporter))
		usleep(1000);
	atomic_store(&s->seen, true);
	pthread_join(looking, NULL);
}

/* A UDP socket that takes what collectors get and never reads it. */
static int listen_here(char *address, size_t size)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof a;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &length), 0);
	snprintf(address, size, "127.0.0.1:%u", ntohs(a.sin_port));
	return fd;
}

static struct exporter *open_exporter(int *fd)
{
	struct config *config = malloc(sizeof *config);
	struct config_error error;
	char address[64];

	config_defaults(config);
	*fd = listen_here(address, sizeof address);
	ck_assert(config_add_collector(config, address, &error));
	config->exporters[0].protocol = CONFIG_NETFLOW9;
	struct exporter *e = exporter_new(config, INT64_MIN, &error);
	ck_assert_msg(e != NULL, "%s", error.text);
	free(config);
	return e;
}

static struct worker *open_worker(struct generator *g, uint32_t entries, size_t ring,
	uint32_t sampling, struct flow_sink sink)
{
	struct worker *w = worker_new(
		&(struct worker_options){
			.cache = {.selection = flow_selection_default(),
				.entries = entries,
				.timeouts = flow_timeouts_default,
				.seed = 3},
			.interval = sampling,
			.ring = ring,
		},
		&g->source, sink);

	ck_assert_ptr_nonnull(w);
	return w;
}

/* Few: one for each 20 ms for which a busy machine lets the exporter wait for a processor. */
enum losses { LOSES_NONE, LOSES_FEW, LOSES_SOME };

static const struct row {
	const char *name;
	struct traffic traffic;
	uint32_t entries;
	size_t ring;
	uint32_t sampling;
	enum losses loses;
} threaded[] = {
	{"room enough", {200000, 5000, 500000, 0, 0}, 65536, 65536, 1, LOSES_NONE},
	{"by time-outs, ignored frames", {200000, 800, 5000000, 7, 13}, 4096, 8192, 1, LOSES_FEW},
	{"sampled", {200000, 3000, 200000, 5, 0}, 65536, 16384, 10, LOSES_NONE},
	{"a flood through a ring too small", {100000, 90000, 1000, 0, 11}, 700, 16, 1, LOSES_SOME},
	{"time-outs and a small ring", {5000, 2000, 50000000, 9, 0}, 4096, 64, 1, LOSES_FEW},
};

/* Everything came to an end: nothing live, nothing on its way, each frame in one place. */
static void all_accounted(const struct scene *s, const struct row *row)
{
	const struct generator *g = &s->generator;
	struct ledger *l = malloc(sizeof *l);
	const char *what;

	ledger_read(l, s->crew, s->exporter);
	ck_assert_msg(ledger_adds_up(l, &what), "%s", what);
	const struct worker_statistics *w = &l->workers;
	ck_assert_uint_eq(w->seen.frames, row->traffic.frames);
	ck_assert_uint_eq(w->seen.octets, UINT64_C(1000) * row->traffic.frames);
	ck_assert_uint_eq(l->sources.kernel_received, row->traffic.frames);
	ck_assert_uint_eq(w->live.flows + w->live.packets + w->live.octets, 0);
	ck_assert_uint_eq(l->transit.flows + l->transit.packets + l->transit.octets, 0);
	ck_assert_uint_eq(l->exporter.taken.packets + w->lost.packets, w->metered.frames);
	if (row->loses == LOSES_SOME)
		ck_assert_uint_gt(w->lost.flows, 0);
	else
		ck_assert_uint_le(w->lost.flows, row->loses ? l->exporter.taken.flows / 10 : 0);
	ck_assert_uint_eq(w->ring_fill, 0);
	if (row->sampling == 1) {
		ck_assert_uint_eq(w->metered.frames, g->kind[0]);
		ck_assert_uint_eq(w->ignored[PACKET_IGNORED_ETHERTYPE].frames, g->kind[1]);
		ck_assert_uint_eq(w->ignored[PACKET_IGNORED_IP4_SHORT].frames, g->kind[2]);
		ck_assert_uint_eq(l->exporter.taken.octets + w->lost.octets, g->octets);
	} else {
		ck_assert_uint_eq(w->sampled_out.frames,
			row->traffic.frames - row->traffic.frames / row->sampling);
	}
	const struct session_statistics *session = &l->exporter.collector[0].session;
	ck_assert_uint_eq(session->sent.flows + session->lost.flows, l->exporter.taken.flows);
	free(l);
}

START_TEST(all_at_once)
{
	const struct row *row = &threaded[_i];
	static struct scene s;
	int fd;

	evthread_use_pthreads();
	memset(&s, 0, sizeof s);
	s.generator = generator_of(row->traffic);
	s.exporter = open_exporter(&fd);
	s.worker = open_worker(
		&s.generator, row->entries, row->ring, row->sampling, (struct flow_sink){0});
	s.crew = crew_new();
	ck_assert(s.crew && crew_add(s.crew, s.worker, false));
	run_threads(&s);
	ck_assert_msg(!s.what, "%s: %s", row->name, s.what);
	ck_assert_uint_ge(s.readings, READINGS);
	ck_assert(atomic_load(&s.generator.stopped));
	all_accounted(&s, row);
	crew_free(s.crew);
	exporter_free(s.exporter);
	close(fd);
}
END_TEST

/* ---- one thread, as for a file ---- */

static void count_record(void *context, const struct flow_record *r)
{
	struct cache_tally *t = context;

	t->flows++;
	t->packets += r->packets;
	t->octets += r->octets;
}

/* The N-th of each N; ignored ones by reason and value. */
static const struct {
	uint32_t sampling, frames;
} samplings[] = {{1, 1000}, {3, 1000}, {7, 1000}, {1000, 1000}, {1001, 1000}};

START_TEST(one_in_so_many)
{
	struct cache_tally out = {0};
	static struct worker_statistics s;
	struct generator g = generator_of((struct traffic){
		.frames = samplings[_i].frames,
		.flows = 50,
		.pace = 1000,
		.not_ip = 10,
	});
	struct worker *w = open_worker(
		&g, 1000, 0, samplings[_i].sampling, (struct flow_sink){count_record, &out});

	while (worker_read(w) != SOURCE_END)
		worker_sweep(w);
	drain_all(w);
	worker_statistics(w, &s);
	uint64_t ignored = s.ignored[PACKET_IGNORED_ETHERTYPE].frames;
	ck_assert_uint_eq(s.seen.frames, samplings[_i].frames);
	ck_assert_uint_eq(
		s.metered.frames + ignored, samplings[_i].frames / samplings[_i].sampling);
	ck_assert_uint_eq(s.sampled_out.frames, s.seen.frames - s.metered.frames - ignored);
	ck_assert_uint_eq(out.packets, s.metered.frames);
	ck_assert_uint_eq(s.other_count, ignored > 0);
	ck_assert(!ignored || (s.other[0].value == 0x0806 && s.other[0].count.frames == ignored));
	worker_free(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker");
	TCase *cases = tcase_create("worker");

	tcase_set_timeout(cases, 60);
	tcase_add_loop_test(cases, all_at_once, 0, ROWS(threaded));
	tcase_add_loop_test(cases, one_in_so_many, 0, ROWS(samplings));
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
