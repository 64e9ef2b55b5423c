/*
 * What a flood of new flows leaves of the flows that were there before: in virtual time, in a cache
 * of 65,536 entries, and beside it in a table of the same size where plainly the oldest leaves.
 *
 * A flow lives through it that is one record from its first packet to its last. The shares are
 * printed; src/README.md tells them.
 */
#include "base/clock.h"
#include "flow/cache.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 65536, PERCENT = 80, SWEEP = 256 /* packets between, as with a file */ };

#define START (INT64_C(1700000000) * CLOCK_SECOND)

#define MS CLOCK_MILLISECOND

/* The flood: so many packets of a protocol with these flags for each of its flows, so far
 * apart; so many flows, and those that begin in a second. The users: so many, with a packet
 * every so often. In percent: how many users live through it at least; and at most where the
 * oldest leaves. */
/* clang-format off */
static const struct row {
	const char *name;
	uint8_t protocol, flags, packets;
	int64_t apart;
	uint32_t flows, rate;
	uint32_t users;
	int64_t gap;
	unsigned least, plain;
} rows[] = {
	{"SYNs", 6, 2, 1, 0, 5000000, 1000000, 10000, 1000 * MS, 100, 0},
	{"SYNs", 6, 2, 1, 0, 1000000, 1000000, 30000, 1000 * MS, 100, 0},
	{"SYNs", 6, 2, 1, 0, 1000000, 200000, 60000, 2000 * MS, 96, 0},
	{"SYNs for 80 s", 6, 2, 1, 0, 2000000, 25000, 30000, 1700 * MS, 100, 0},
	{"slow SYNs", 6, 2, 1, 0, 200000, 10000, 30000, 10000 * MS, 100, 0},
	{"UDP packets", 17, 0, 1, 0, 1000000, 200000, 30000, 2000 * MS, 100, 0},
	{"two SYNs each", 6, 2, 2, 0, 500000, 200000, 10000, 2000 * MS, 100, 0},
	{"two packets at once", 17, 0, 2, 0, 500000, 200000, 30000, 2000 * MS, 100, 0},
	{"two in 100 ms", 17, 0, 2, 100 * MS, 500000, 200000, 30000, 2000 * MS, 100, 0},
	{"three in 1.2 s", 17, 0, 3, 600 * MS, 400000, 40000, 10000, 5000 * MS, 99, 0},
	{"twenty in 9.5 s", 17, 0, 20, 500 * MS, 200000, 20000, 10000, 5000 * MS, 75, 0},
};
/* clang-format on */

enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* ---- A table where the oldest leaves ---- */

struct plain {
	uint32_t used;
	uint32_t flow[ENTRIES + 1];
	uint32_t before[ENTRIES + 1], after[ENTRIES + 1]; /* by last packet; 0: both ends */
	uint32_t *place; /* of a flow by number; 0: it is not there */
	bool *broken;
};

static void take_out(struct plain *p, uint32_t at)
{
	p->after[p->before[at]] = p->after[at];
	p->before[p->after[at]] = p->before[at];
}

static void put_last(struct plain *p, uint32_t at)
{
	p->before[at] = p->before[0];
	p->after[at] = 0;
	p->after[p->before[0]] = at;
	p->before[0] = at;
}

static void plain_see(struct plain *p, uint32_t flow)
{
	uint32_t at = p->place[flow];

	if (at) {
		take_out(p, at);
	} else if (p->used < ENTRIES) {
		at = ++p->used;
	} else {
		at = p->after[0];
		take_out(p, at);
		p->place[p->flow[at]] = 0;
		p->broken[p->flow[at]] = true;
	}
	p->place[flow] = at;
	p->flow[at] = flow;
	put_last(p, at);
}

/* ---- Both of them, packet by packet ---- */

struct run {
	const struct row *row;
	struct cache *cache;
	struct plain *plain;
	struct packet batch[CACHE_BATCH];
	unsigned filled, unswept;
	uint64_t sent, told; /* packets */
	bool *broken;        /* users of whom a record ended early */
};

static void take(void *context, const struct flow_record *r)
{
	struct run *run = context;
	uint32_t flow;

	memcpy(&flow, r->key.source_address, sizeof flow);
	run->told += r->packets;
	if (flow < run->row->users && r->end_reason != FLOW_END_ACTIVE &&
		r->end_reason != FLOW_END_FORCED)
		run->broken[flow] = true;
}

static void hand_over(struct run *run)
{
	cache_see(run->cache, run->batch, run->filled);
	run->unswept += run->filled;
	run->filled = 0;
	if (run->unswept >= SWEEP) {
		cache_sweep(run->cache, UINT32_MAX);
		run->unswept = 0;
	}
}

static void send(struct run *run, uint32_t flow, uint8_t protocol, uint8_t flags, int64_t time)
{
	struct packet *p = &run->batch[run->filled++];

	memset(p, 0, sizeof *p);
	memcpy(p->source_address, &flow, sizeof flow);
	p->destination_port = 80;
	p->protocol = protocol;
	p->ip_version = 4;
	p->tcp_control_bits = flags;
	p->octets = 40;
	p->time = time;
	run->sent++;
	plain_see(run->plain, flow);
	if (run->filled == CACHE_BATCH)
		hand_over(run);
}

/* Users from the start on; after a while in which each has sent three packets and is older than a
 * second, the flood too, until its end. */
static void play(struct run *run)
{
	const struct row *row = run->row;
	int64_t flood = START + (row->gap < CLOCK_SECOND ? 3 * CLOCK_SECOND : 3 * row->gap);
	uint32_t made[20] = {0}; /* packets of the flood: first ones, second ones and so on */

	for (uint64_t n = 0; made[row->packets - 1] < row->flows; n++) {
		int64_t now = START + (int64_t)(n * (uint64_t)row->gap / row->users);
		for (unsigned i = 0; i < row->packets; i++)
			for (;;) {
				int64_t time = flood + i * row->apart +
					       (int64_t)made[i] * CLOCK_SECOND / row->rate;
				if (made[i] == row->flows || time > now)
					break;
				send(run, row->users + made[i]++, row->protocol, row->flags, time);
			}
		send(run, (uint32_t)(n % row->users), n % 2 ? 6 : 17, n % 2 ? 0x10 : 0, now);
	}
}

static struct run *run_new(const struct row *row)
{
	struct run *run = calloc(1, sizeof *run);
	size_t flows = (size_t)row->users + row->flows;

	run->row = row;
	run->broken = calloc(row->users, sizeof *run->broken);
	run->plain = calloc(1, sizeof *run->plain);
	run->plain->place = calloc(flows, sizeof *run->plain->place);
	run->plain->broken = calloc(flows, 1);
	run->cache = cache_new(
		&(struct cache_options){
			.entries = ENTRIES,
			.timeouts = flow_timeouts_default,
			.pressure = PERCENT,
			.seed = 1,
		},
		(struct flow_sink){take, run});
	return run;
}

static void run_free(struct run *run)
{
	cache_free(run->cache);
	free(run->plain->broken);
	free(run->plain->place);
	free(run->plain);
	free(run->broken);
	free(run);
}

START_TEST(who_lives_through_it)
{
	const struct row *row = &rows[_i];
	struct run *run = run_new(row);
	uint32_t whole = 0, plain = 0;

	play(run);
	hand_over(run);
	ck_assert_uint_le(cache_live(run->cache).flows, ENTRIES);
	while (cache_drain(run->cache, 1000))
		;
	ck_assert_uint_eq(run->told, run->sent); /* nothing is lost */
	for (uint32_t i = 0; i < row->users; i++) {
		whole += !run->broken[i];
		plain += !run->plain->broken[i];
	}
	printf("%-19s %7u/s, %5u flows, a packet in %4.1f s: %6.2f %% live, oldest first %6.2f "
	       "%%\n",
		row->name, row->rate, row->users, (double)row->gap / CLOCK_SECOND,
		100.0 * whole / row->users, 100.0 * plain / row->users);
	ck_assert_uint_ge(100 * (uint64_t)whole, (uint64_t)row->least * row->users);
	ck_assert_uint_le(100 * (uint64_t)plain, (uint64_t)row->plain * row->users);
	run_free(run);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flood");
	TCase *cases = tcase_create("flood");

	tcase_set_timeout(cases, 60);
	tcase_add_loop_test(cases, who_lives_through_it, 0, ROWS);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
