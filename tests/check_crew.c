/* threads: tsan
 *
 * A worker and its successor, both with records in their rings: the exporter takes none of the
 * successor's before those of the other are out and the collectors' sessions tell of the new kind.
 * No time passes but packets'. */
#include "generator.h"
#include "reader.h"
#include "suite.h"

#include "daemon/exporter.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/thread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { OLD = 3000, NEW = 2000, ROOM = 1 << 23 };

/* ---- the collector ---- */

struct got {
	unsigned with_port, without;
	unsigned mixed; /* with a port, after one without */
};

static void read_record(void *context, const struct reader_record *r)
{
	struct got *got = context;

	if (r->options)
		return;
	if (!reader_value(r, 0, 7)) { /* sourceTransportPort */
		got->without++;
		return;
	}
	got->with_port++;
	got->mixed += got->without > 0;
}

/* A socket with room for all; its address. */
static int listen_here(char *address, size_t size)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof a;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &length), 0);
	snprintf(address, size, "127.0.0.1:%u", ntohs(a.sin_port));
	return fd;
}

/* Reads all that has come; returns the faults. */
static size_t read_all(int fd, struct got *got)
{
	struct reader *r = reader_new(read_record, got);
	uint8_t datagram[65536];
	ssize_t n;

	reader_take_any(r);
	while ((n = recv(fd, datagram, sizeof datagram, MSG_DONTWAIT)) >= 0)
		reader_feed(r, datagram, (size_t)n);
	size_t faults = reader_faults(r);
	if (faults)
		printf("%s\n", reader_fault(r, 0));
	reader_free(r);
	return faults;
}

/* ---- before and after ---- */

static struct config *config_with(const char *address, const char *record)
{
	struct config *c = malloc(sizeof *c);
	struct config_error error = {.text = ""};

	config_defaults(c);
	ck_assert_msg(config_parse(c,
			      "inputs = ( { interface = \"lo\"; } );"
			      "records = ( { name = \"few\"; match = [\"sourceIPv4Address\"];"
			      "              collect = [\"packetDeltaCount\"]; } );",
			      "test", &error),
		"%s", error.text);
	ck_assert(config_set(c, record, &error));
	ck_assert(config_add_collector(c, address, &error));
	c->exporters[0].options_data = false;
	ck_assert_msg(config_check(c, &error), "%s", error.text);
	return c;
}

/* All its flows are closed and in its ring. */
static struct worker *worker_with(struct generator *g, const struct config *c)
{
	struct worker_options o = {
		.cache = {.entries = 65536, .timeouts = flow_timeouts_default, .seed = 3},
		.interval = 1,
		.ring = 65536,
	};

	definition_select(&c->cache.definition, false, false, &o.cache.selection);
	o.decoder.details = o.cache.selection.keeps_details;
	struct worker *w = worker_new(&o, &g->source, (struct flow_sink){0});
	ck_assert_ptr_nonnull(w);
	while (worker_read(w) != SOURCE_END)
		;
	while (worker_drain(w) != WORKER_DRAIN_EMPTY)
		;
	return w;
}

static uint64_t fill_of(struct worker *w)
{
	struct worker_statistics s;

	worker_statistics(w, &s);
	return s.ring_fill;
}

static void wait_until_empty(struct worker *w)
{
	while (fill_of(w))
		sched_yield();
}

static void admit(struct crew *crew)
{
	crew_close(crew);
	crew_admit(crew);
	crew_open(crew);
}

/* The successor stands in front, so a round in which the other's last record was taken has passed
 * it by. */
START_TEST(successors_wait)
{
	struct generator before = generator_of((struct traffic){.frames = OLD, .flows = 1 << 24});
	struct generator after = generator_of((struct traffic){.frames = NEW, .flows = 1 << 24});
	struct config_error error = {.text = ""};
	struct got got = {0};
	char address[64];
	int fd = listen_here(address, sizeof address);
	struct config *from = config_with(address, "cache.record=default");
	struct config *to = config_with(address, "cache.record=few");
	struct worker *old = worker_with(&before, from), *next = worker_with(&after, to);
	struct crew *crew = crew_new();
	struct exporter *e = exporter_new(from, 0, &error);

	ck_assert_msg(e != NULL, "%s", error.text);
	uint64_t waiting = fill_of(next), all = waiting + fill_of(old);
	ck_assert_uint_ge(waiting, NEW / 2);
	ck_assert(crew_add(crew, next, true) && crew_add(crew, old, false));
	ck_assert(exporter_start(e, crew));
	wait_until_empty(old);
	ck_assert_uint_eq(fill_of(next), waiting);
	struct roster *roster = exporter_prepare(e, from, to, true, &error);
	ck_assert_msg(roster != NULL, "%s", error.text);
	exporter_succeed(e, roster);
	admit(crew);
	wait_until_empty(next);
	exporter_stop(e);
	while (!exporter_stopped(e))
		sched_yield();

	ck_assert_uint_eq(read_all(fd, &got), 0);
	ck_assert_uint_eq(got.mixed, 0);
	ck_assert_uint_eq(got.without, waiting);
	ck_assert_uint_eq(got.with_port + got.without, all);
	crew_free(crew);
	exporter_free(e);
	free(from);
	free(to);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crew");
	TCase *cases = tcase_create("crew");

	evthread_use_pthreads();
	tcase_add_test(cases, successors_wait);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
