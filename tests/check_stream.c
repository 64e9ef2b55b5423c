/* Delivery over TCP: the backlog against a plain model of it, and a collector that does not read,
 * with a spool and without.
 * What a collector that comes, goes and dies gets: 46-tcp.sh. */
#include "base/bytes.h"
#include "base/clock.h"
#include "export/backlog.h"
#include "export/transport.h"
#include "suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 4096, MOST = 1000, MESSAGE = 1000, HEADER = 16 };

static uint32_t dice(uint64_t *state, uint32_t n)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((*state >> 33) % n);
}

/* ---- the backlog ---- */

/* Serial numbers from `first` on stand in it, each of a length and content of its own. */
static void stands(const struct backlog *b, uint64_t first, uint64_t count)
{
	struct parcel *p = backlog_first(b);

	for (uint64_t serial = first; serial < first + count; serial++) {
		must(p && p->load.records == serial);
		must(p->length == 1 + serial * 7 % MOST && p->gap == serial % 5);
		must(p->octets[0] == (uint8_t)serial &&
			p->octets[p->length - 1] == (uint8_t)serial);
		p = backlog_next(b, p);
	}
	must(!p);
}

START_TEST(backlog_keeps_order)
{
	struct backlog *b = backlog_new(ROOM);
	uint64_t random = (uint64_t)_i, first = 0, next = 0, full = 0;
	uint8_t octets[MOST];

	for (int i = 0; i < 20000; i++) {
		struct transport_message m = {.octets = octets,
			.length = (uint32_t)(1 + next * 7 % MOST),
			.load = {.records = next}};
		if (dice(&random, 100) < 55) {
			memset(octets, (uint8_t)next, sizeof octets);
			bool added = backlog_add(b, &m, (uint32_t)(next % 5)) != NULL;
			/* with little in it there is room in any case */
			must(added || next - first > 1);
			next += added;
			full += !added;
		} else if (first < next) {
			backlog_drop(b);
			first++;
		}
		stands(b, first, next - first);
	}
	must(full > 100 && next > 5000);
	backlog_free(b);
}
END_TEST

/* ---- a collector that does not read ---- */

static uint8_t message[MESSAGE];

static struct transport_message numbered(uint32_t records)
{
	memset(message, 0, sizeof message);
	message[1] = 10;
	message[2] = MESSAGE >> 8;
	message[3] = MESSAGE & 0xff;
	return (struct transport_message){.octets = message,
		.length = MESSAGE,
		.step = records,
		.load = {.messages = 1, .length = MESSAGE, .records = records}};
}

static int listen_somewhere(char *service, size_t size)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;

	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
	must(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0);
	must(getsockname(fd, (struct sockaddr *)&a, &length) == 0);
	snprintf(service, size, "%u", ntohs(a.sin_port));
	return fd;
}

/* Reads whole messages to the end; returns how many, and where the sequence had gaps. */
static unsigned read_messages(int fd, uint32_t step, uint32_t *missing)
{
	uint8_t m[MESSAGE];
	uint32_t due = 0;
	unsigned n = 0;

	*missing = 0;
	while (recv(fd, m, sizeof m, MSG_WAITALL) == MESSAGE) {
		uint32_t sequence = be32(m + 8);
		must(sequence >= due && (sequence - due) % step == 0);
		*missing += (sequence - due) / step;
		due = sequence + step;
		n++;
	}
	return n;
}

static struct transport_report settle(struct transport *t, uint64_t kept)
{
	struct transport_report sum = {.away = false};
	int64_t end = clock_steady() + 20 * CLOCK_SECOND;

	while (sum.delivered.messages < kept && clock_steady() < end)
		t->ops->work(t, &sum);
	return sum;
}

struct reading {
	int fd;
	unsigned messages;
	uint32_t missing;
	pthread_t thread;
};

static void *read_all(void *context)
{
	struct reading *r = context;

	r->messages = read_messages(r->fd, 3, &r->missing);
	return NULL;
}

/* By the case: no spool; one; one on a disk that is full from somewhere inside a file on. */
enum { PLAIN, SPOOL, FULL_DISK, CASES };

static void limit_files(rlim_t octets)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	limit.rlim_cur = octets;
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

struct counts {
	uint64_t kept, lost;
};

/* Sends until so many were lost, or `most`. */
static void send_many(
	struct transport *t, struct counts *c, uint64_t losses, unsigned most, int error)
{
	for (unsigned i = 0; i < most && c->lost < losses; i++) {
		struct transport_message m = numbered(3);
		t->ops->send(t, &m, 1);
		/* ENOSPC: the disk took a part */
		must(m.error == EINPROGRESS || m.error == error || m.error == ENOSPC);
		c->kept += m.error == EINPROGRESS;
		c->lost += m.error != EINPROGRESS;
	}
}

/* What finds no room is lost whole, is said to be, and leaves a gap; all else arrives. */
START_TEST(collector_does_not_read)
{
	char service[16];
	int listener = listen_somewhere(service, sizeof service);
	struct transport_error error;
	struct transport *t = transport_stream_open(
		&(struct transport_stream_options){
			.path = {.host = "127.0.0.1",
				.service = service,
				.source = "",
				.interface = ""},
			.name = "test",
			.buffer = 256 << 10,
			.reconnect = CLOCK_SECOND,
			.spool = _i == PLAIN ? NULL : "/tmp",
			.spool_limit = 16 << 20,
		},
		&error);
	struct counts c = {0};

	must(t);
	signal(SIGXFSZ, SIG_IGN);
	if (_i == FULL_DISK)
		limit_files(300500);
	send_many(t, &c, 1000, 60000, _i == FULL_DISK ? EFBIG : ENOBUFS);
	must(c.lost == 1000 && (_i == SPOOL) == (c.kept > 15000));
	if (_i == FULL_DISK) {
		limit_files(RLIM_INFINITY);
		uint64_t before = c.kept;
		send_many(t, &c, 2000, 500, ENOBUFS);
		must(c.lost == 1000 && c.kept == before + 500);
	}
	struct reading r = {.fd = accept(listener, NULL, NULL)};
	must(pthread_create(&r.thread, NULL, read_all, &r) == 0);
	struct transport_report report = settle(t, c.kept);
	must(report.delivered.messages == c.kept && report.delivered.records == 3 * c.kept);
	must(report.lost.messages == 0 && !report.away);
	/* the last gap shows with the next message */
	send_many(t, &c, 2000, 1, ENOBUFS);
	t->ops->end(t);
	report = settle(t, 1);
	must(report.delivered.messages == 1);
	t->ops->close(t);
	pthread_join(r.thread, NULL);
	must(r.messages == c.kept && r.missing == c.lost);
	close(r.fd);
	close(listener);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tcase = tcase_create("stream");

	tcase_add_loop_test(tcase, backlog_keeps_order, 0, 4);
	tcase_add_loop_test(tcase, collector_does_not_read, 0, CASES);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
