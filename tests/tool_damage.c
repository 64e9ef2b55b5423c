/*
 * tool_damage [FILE]: takes frames (see frames.h) from FILE or standard input, and meters each of
 * them whole, cut at each of its octets, and with each octet of its headers set to 00, 7f, 80 and
 * ff: with the outermost packet as the flow, with tunnel facts beside it, and with the innermost
 * packet as the flow. After each one the ledger must add up; at the end of a capture the readers
 * must have found what was metered. Each frame stands in memory of its own size, so that a
 * sanitizer sees what is read beyond it.
 *
 * How far the headers go is found by trying: up to the last octet without which the frame would
 * have been taken for something else, and a few more.
 */
#include "chain.h"
#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 1024, BEYOND = 8 };

enum { OUTER, FACTS, INNER, WAYS };

static const char *const ways[WAYS] = {"outer packet", "tunnel facts", "inner packet"};

struct run {
	struct chain *chain[WAYS];
	char name[sizeof((struct frames_head *)0)->name];
	uint64_t captures, frames, cuts, changes, faults;
};

/* What a frame was taken for. */
struct answer {
	enum packet_verdict verdict;
	struct packet packet;
};

static uint8_t *copy_of(const uint8_t *data, size_t octets)
{
	uint8_t *copy = malloc(octets ? octets : 1);

	if (!copy)
		abort();
	memcpy(copy, data, octets);
	return copy;
}

static void judge(struct run *r, int way, const char *what, uint32_t octet)
{
	const char *fault = chain_fault(r->chain[way]);

	if (!fault)
		return;
	printf("%s: frame %llu, %s %u, %s: %s\n", r->name, (unsigned long long)r->frames, what,
		octet, ways[way], fault);
	if (++r->faults >= 20)
		exit(1);
}

static void answer_to(struct run *r, int way, const struct frame *frame, struct answer *answer,
	const char *what, uint32_t octet)
{
	answer->verdict = chain_take(r->chain[way], frame, &answer->packet);
	judge(r, way, what, octet);
}

/* Compares the members that are always set. */
static bool same(const struct answer *a, const struct answer *b)
{
	if (a->verdict != b->verdict)
		return false;
	return a->verdict != PACKET_OK ||
	       memcmp(&a->packet, &b->packet, offsetof(struct packet, fragment) + 1) == 0;
}

/* Returns the end of the headers. */
static uint32_t cut(struct run *r, int way, const struct frame *whole)
{
	struct answer answer, due;
	uint32_t headers = 0;

	answer_to(r, way, whole, &due, "whole", whole->captured);
	for (uint32_t n = whole->captured; n-- > 0;) {
		struct frame frame = *whole;
		uint8_t *copy = copy_of(whole->data, n);

		frame.data = copy;
		frame.captured = n;
		answer_to(r, way, &frame, &answer, "cut at", n);
		if (headers == 0 && !same(&answer, &due))
			headers = n + 1;
		free(copy);
		r->cuts++;
	}
	headers += BEYOND;
	return headers < whole->captured ? headers : whole->captured;
}

static void change(
	struct run *r, int way, const struct frame *frame, uint8_t *data, uint32_t headers)
{
	static const uint8_t values[] = {0x00, 0x7f, 0x80, 0xff};
	struct answer answer;

	for (uint32_t i = 0; i < headers; i++) {
		uint8_t kept = data[i];
		for (size_t j = 0; j < sizeof values; j++) {
			data[i] = values[j];
			answer_to(r, way, frame, &answer, "changed at", i);
			r->changes++;
		}
		data[i] = kept;
	}
}

static void damage(void *context, const struct frame *frame, uint8_t *data)
{
	struct run *r = context;

	r->frames++;
	for (int way = 0; way < WAYS; way++)
		change(r, way, frame, data, cut(r, way, frame));
}

static void end_capture(struct run *r)
{
	for (int way = 0; way < WAYS; way++) {
		if (!r->chain[way])
			return;
		chain_finish(r->chain[way]);
		judge(r, way, "end", 0);
		chain_free(r->chain[way]);
		r->chain[way] = NULL;
	}
}

static void begin_capture(void *context, const char *name)
{
	struct run *r = context;

	end_capture(r);
	r->captures++;
	snprintf(r->name, sizeof r->name, "%s", name);
	for (int way = 0; way < WAYS; way++) {
		const struct chain_options options = {
			.inner = way == INNER,
			.tunnel_facts = way == FACTS,
			.entries = ENTRIES,
		};
		r->chain[way] = chain_new(&options);
	}
}

int main(int argc, char **argv)
{
	static struct run run;
	FILE *in = argc > 1 ? fopen(argv[1], "rb") : stdin;

	if (!in || !frames_each(in, &run, begin_capture, damage)) {
		fprintf(stderr, "damage: these are no frames\n");
		return 1;
	}
	end_capture(&run);
	printf("%llu captures, %llu frames, %llu cuts, %llu changed octets: %llu faults\n",
		(unsigned long long)run.captures, (unsigned long long)run.frames,
		(unsigned long long)run.cuts, (unsigned long long)run.changes,
		(unsigned long long)run.faults);
	return run.faults > 0;
}
