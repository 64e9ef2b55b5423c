/*
 * baton_ring [BROKEN]: a model of daemon/baton.c and base/ring.c, of which all interleavings are
 * tried.
 *
 * Producers take the baton, put a record into the ring and give the baton on; a consumer takes
 * records out. Every step below is one access to shared memory, named by the line that it stands
 * for. A store waits in its thread's buffer before others see it: stores leave in any order but
 * those to one variable, a release store leaves after all before it, and a seq_cst one at once,
 * after those. (That loads overtake each other is not modelled: acquire loads forbid it wherever
 * the order matters.)
 *
 * Looked for in every state: a record that is lost, doubled, out of order or read before it was
 * written; threads that all wait; a thread that waits for the baton while others get it who asked
 * later. BROKEN is a fault of the table below, which has to be found: exit status 1 and what it is.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRODUCERS = 3, CONSUMER = PRODUCERS, THREADS, SLOTS = 2, BUFFER = 4, STATES = 1 << 22 };

enum variable { NEXT, SERVED, TAIL, HEAD, SEEN_HEAD, SLOT, VARIABLES = SLOT + SLOTS };
enum order { PLAIN, RELEASE };

static const char *const faults[] = {
	"none", "served-release", /* give: served is stored with release only */
	"next-first",             /* give: next is looked at before served is stored */
	"wake-one",               /* give: one sleeper is woken, whoever it is */
	"sleep-unseen",           /* take: sleeps without comparing served again */
	"no-tickets",             /* take: whoever sees the baton free has it */
	"no-baton",               /* producers do not wait for each other */
	"commit-first",           /* producer: tail moves on before the slot is written */
	"tail-plain",             /* producer: tail is stored without release */
	"release-first",          /* consumer: head moves on before the slot is read */
	"one-more",               /* producer: takes the ring for larger by one */
	"tail-once",              /* consumer: never looks at tail again */
};
enum { FAULTS = sizeof faults / sizeof *faults };
enum {
	NONE,
	SERVED_RELEASE,
	NEXT_FIRST,
	WAKE_ONE,
	SLEEP_UNSEEN,
	NO_TICKETS,
	NO_BATON,
	COMMIT_FIRST,
	TAIL_PLAIN,
	RELEASE_FIRST,
	ONE_MORE,
	TAIL_ONCE
};

enum step {
	ASK,
	LOOK,
	SLEEP,
	ASLEEP,
	RESERVE,
	RESERVE_HEAD,
	WRITE,
	COMMIT,
	GIVE,
	WAKE, /* a producer's */
	FRONT,
	READ,
	LET_GO, /* the consumer's */
	OVER,
};

struct store {
	uint8_t variable, value, order;
};

struct thread {
	uint8_t step, ticket, seen, position, count, overtaken, waits, stores;
	struct store store[BUFFER];
};

struct state {
	uint8_t memory[VARIABLES];
	uint8_t got[PRODUCERS];
	struct thread thread[THREADS];
};

static struct {
	unsigned fault, producers, records;
	struct state *states; /* seen, by hash; also the work list, by index */
	uint32_t *table;
	uint32_t count;
	const char *wrong;
} model;

static uint8_t load(const struct state *s, const struct thread *t, unsigned variable)
{
	for (unsigned i = t->stores; i-- > 0;)
		if (t->store[i].variable == variable)
			return t->store[i].value;
	return s->memory[variable];
}

static void store(struct thread *t, unsigned variable, unsigned value, enum order order)
{
	if (t->stores == BUFFER) {
		model.wrong = "the model's buffer is too small";
		return;
	}
	t->store[t->stores++] = (struct store){(uint8_t)variable, (uint8_t)value, order};
}

static bool may_leave(const struct thread *t, unsigned i)
{
	if (i > 0 && t->store[i].order == RELEASE)
		return false;
	for (unsigned k = 0; k < i; k++)
		if (t->store[k].variable == t->store[i].variable)
			return false;
	return true;
}

static void leave(struct state *s, struct thread *t, unsigned i)
{
	s->memory[t->store[i].variable] = t->store[i].value;
	t->stores--;
	memmove(&t->store[i], &t->store[i + 1], (t->stores - i) * sizeof *t->store);
	t->store[t->stores] = (struct store){0};
}

static void enter(struct state *s, struct thread *t)
{
	for (unsigned i = 0; i < model.producers; i++) {
		struct thread *other = &s->thread[i];
		if (other != t && other->waits && model.fault != NO_BATON &&
			++other->overtaken >= model.producers)
			model.wrong =
				"one waits for the baton while others have it again and again";
	}
	t->waits = t->overtaken = t->ticket = t->seen = 0;
	t->step = RESERVE;
}

static bool nobody_inside(const struct state *s)
{
	for (unsigned i = 0; i < model.producers; i++)
		if (s->thread[i].step >= RESERVE && s->thread[i].step <= WAKE)
			return false;
	return true;
}

static void wake(struct state *s)
{
	for (unsigned i = 0; i < model.producers; i++)
		if (s->thread[i].step == ASLEEP) {
			s->thread[i].step = LOOK;
			if (model.fault == WAKE_ONE)
				return;
		}
}

/* baton_take(). False: nothing can happen now. */
static bool take(struct state *s, struct thread *t)
{
	switch (t->step) {
	case ASK: /* ticket = atomic_fetch_add(next), seq_cst */
		if (t->stores)
			return false;
		t->ticket = s->memory[NEXT]++;
		t->waits = 1;
		t->step = LOOK;
		return true;
	case LOOK: /* served = atomic_load(served) */
		t->seen = load(s, t, SERVED);
		if (model.fault == NO_BATON ||
			(model.fault == NO_TICKETS ? nobody_inside(s) : t->seen == t->ticket))
			enter(s, t);
		else
			t->step = SLEEP;
		return true;
	default: /* SLEEP: FUTEX_WAIT while served is what was seen */
		if (t->stores)
			return false;
		t->step =
			s->memory[SERVED] == t->seen || model.fault == SLEEP_UNSEEN ? ASLEEP : LOOK;
		return true;
	}
}

/* baton_give() */
static bool give(struct state *s, struct thread *t)
{
	unsigned next = t->step == GIVE && model.fault == NEXT_FIRST ? load(s, t, NEXT) : 0;

	if (t->step == GIVE) { /* atomic_store(served, mine + 1), seq_cst */
		if (model.fault == NEXT_FIRST) {
			t->position = (uint8_t)next;
			t->step = WAKE;
			return true;
		}
		t->seen = (uint8_t)(load(s, t, SERVED) + 1);
		if (model.fault == SERVED_RELEASE) {
			store(t, SERVED, t->seen, RELEASE);
		} else {
			if (t->stores)
				return false;
			s->memory[SERVED] = t->seen;
		}
		t->step = WAKE;
		return true;
	}
	if (model.fault == NEXT_FIRST) {
		if (t->stores)
			return false;
		t->seen = ++s->memory[SERVED];
		next = t->position;
	} else {
		next = load(s, t, NEXT); /* atomic_load(next) != mine + 1: FUTEX_WAKE */
	}
	if (next != t->seen)
		wake(s);
	t->seen = t->position = 0;
	t->step = t->count == model.records ? OVER : ASK;
	return true;
}

/* ring_reserve(), the record, ring_commit(); and where the ring is full, the baton is given on. */
static bool put(struct state *s, struct thread *t, unsigned who)
{
	unsigned room = model.fault == ONE_MORE ? SLOTS + 1 : SLOTS;

	switch (t->step) {
	case RESERVE: /* tail, and seen_head */
		t->position = load(s, t, TAIL);
		t->step = (uint8_t)(t->position - load(s, t, SEEN_HEAD)) >= room ? RESERVE_HEAD
										 : WRITE;
		return true;
	case RESERVE_HEAD: /* seen_head = atomic_load(head) */
		store(t, SEEN_HEAD, load(s, t, HEAD), PLAIN);
		t->step = (uint8_t)(t->position - load(s, t, SEEN_HEAD)) >= room ? GIVE : WRITE;
		return true;
	case WRITE: /* the slot */
		if (model.fault == COMMIT_FIRST)
			store(t, TAIL, t->position + 1U, RELEASE);
		else
			store(t, SLOT + t->position % SLOTS, 16 * who + t->count + 1, PLAIN);
		t->step = COMMIT;
		return true;
	default: /* COMMIT: atomic_store(tail, tail + 1), release */
		if (model.fault == COMMIT_FIRST)
			store(t, SLOT + t->position % SLOTS, 16 * who + t->count + 1, PLAIN);
		else
			store(t, TAIL, t->position + 1U,
				model.fault == TAIL_PLAIN ? PLAIN : RELEASE);
		t->count++;
		t->position = 0;
		t->step = GIVE;
		return true;
	}
}

static void receive(struct state *s, unsigned value)
{
	unsigned who = value / 16, number = value % 16;

	if (value == 0 || who >= model.producers)
		model.wrong = "a record is read that was not written";
	else if (number != s->got[who] + 1U)
		model.wrong = number <= s->got[who] ? "a record is doubled" : "a record is lost";
	else
		s->got[who]++;
}

/* ring_front(), the record, ring_release() */
static bool get(struct state *s, struct thread *t)
{
	unsigned head = load(s, t, HEAD);

	switch (t->step) {
	case FRONT: /* head == seen_tail: seen_tail = atomic_load(tail) */
		if (head == t->seen) {
			if (s->memory[TAIL] == head || (model.fault == TAIL_ONCE && t->seen))
				return false;
			t->seen = s->memory[TAIL];
		}
		t->position = (uint8_t)head;
		t->step = model.fault == RELEASE_FIRST ? LET_GO : READ;
		return true;
	case READ:
		receive(s, s->memory[SLOT + t->position % SLOTS]);
		t->step = model.fault == RELEASE_FIRST ? FRONT : LET_GO;
		return true;
	default: /* LET_GO: atomic_store(head, head + 1), release */
		store(t, HEAD, t->position + 1U, RELEASE);
		t->step = model.fault == RELEASE_FIRST ? READ : FRONT;
		return true;
	}
}

static bool step(struct state *s, unsigned who)
{
	struct thread *t = &s->thread[who];

	if (t->step == OVER || t->step == ASLEEP)
		return false;
	if (who == CONSUMER)
		return get(s, t);
	if (t->step <= SLEEP)
		return take(s, t);
	return t->step >= GIVE ? give(s, t) : put(s, t, who);
}

/* Tickets and what is served are only compared: counted from what is served now they stay small. */
static void normalise(struct state *s)
{
	uint8_t base = s->memory[SERVED];

	s->memory[SERVED] = 0;
	s->memory[NEXT] -= base;
	for (unsigned i = 0; i < model.producers; i++) {
		struct thread *t = &s->thread[i];
		if (t->step == LOOK || t->step == SLEEP || t->step == ASLEEP)
			t->ticket -= base;
		if (t->step == SLEEP || t->step == ASLEEP || t->step == WAKE)
			t->seen -= base;
		else
			t->seen = 0;
		if (t->step == WAKE && model.fault == NEXT_FIRST)
			t->position -= base;
		for (unsigned k = 0; k < t->stores; k++)
			if (t->store[k].variable == SERVED)
				t->store[k].value -= base;
	}
}

/* Adds the state unless it is known. */
static void add(struct state *s)
{
	const uint8_t *octet = (const uint8_t *)s;

	normalise(s);
	uint64_t hash = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < sizeof *s; i++)
		hash = (hash ^ octet[i]) * UINT64_C(1099511628211);
	uint32_t at = (uint32_t)(hash ^ hash >> 32) % (2 * STATES);
	for (; model.table[at]; at = (at + 1) % (2 * STATES))
		if (memcmp(&model.states[model.table[at] - 1], s, sizeof *s) == 0)
			return;
	if (model.count == STATES) {
		model.wrong = "more states than there is room for";
		return;
	}
	model.states[model.count++] = *s;
	model.table[at] = model.count;
}

static bool is_done(const struct state *s)
{
	for (unsigned i = 0; i < model.producers; i++)
		if (s->thread[i].step != OVER || s->got[i] != model.records)
			return false;
	return true;
}

static void expand(const struct state *s)
{
	bool moved = false;

	for (unsigned i = 0; i < THREADS && !model.wrong; i++) {
		struct state after = *s;
		if (i < model.producers || i == CONSUMER) {
			if (step(&after, i)) {
				moved = true;
				add(&after);
			}
		}
		for (unsigned k = 0; k < s->thread[i].stores; k++) {
			if (!may_leave(&s->thread[i], k))
				continue;
			after = *s;
			leave(&after, &after.thread[i], k);
			moved = true;
			add(&after);
		}
	}
	if (!moved && !model.wrong && !is_done(s))
		model.wrong = "all wait, or records were left behind";
}

static void explore(unsigned producers, unsigned records)
{
	struct state first = {0};

	model.producers = producers;
	model.records = records;
	memset(model.table, 0, 2 * (size_t)STATES * sizeof *model.table);
	model.count = 0;
	first.thread[CONSUMER].step = FRONT;
	add(&first);
	for (uint32_t i = 0; i < model.count && !model.wrong; i++) {
		struct state s = model.states[i];
		expand(&s);
	}
	printf("%s: %u producers with %u records each: %u states%s%s\n", faults[model.fault],
		producers, records, model.count, model.wrong ? ": " : "",
		model.wrong ? model.wrong : "");
}

int main(int argc, char **argv)
{
	static const unsigned sizes[][2] = {{1, 4}, {2, 2}, {3, 1}};

	while (argc > 1 && model.fault < FAULTS && strcmp(argv[1], faults[model.fault]) != 0)
		model.fault++;
	model.states = malloc(STATES * sizeof *model.states);
	model.table = malloc(2 * (size_t)STATES * sizeof *model.table);
	if (model.fault == FAULTS || !model.states || !model.table)
		return 2;
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes && !model.wrong; i++)
		explore(sizes[i][0], sizes[i][1]);
	return model.wrong != NULL;
}
