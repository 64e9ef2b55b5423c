/*
 * What records a stream of packets must give: flow rule 3 of weir(8) once more, as plainly as it
 * can be said, without a cache. It shares nothing with src/flow, neither code nor constants.
 *
 * Flows are numbers below MODEL_FLOWS. A record that leaves is appended to `left`.
 */
#ifndef TESTS_FLOW_MODEL_H
#define TESTS_FLOW_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_FLOWS = 2000 };

/* All nanoseconds; udp and icmp below zero: as idle. */
struct model_times {
	int64_t active, idle, fin, rst, udp, icmp;
};

struct model_packet {
	uint32_t flow;
	uint32_t protocol;
	int64_t time;
	uint64_t octets;
	uint32_t flags;
};

/* Compared as octets: no padding. */
struct model_record {
	uint32_t flow, protocol, flags, reason;
	int64_t first, last;
	uint64_t packets, octets;
};

struct model {
	struct model_times times;
	bool started;
	int64_t now;
	uint64_t set_back;                     /* times */
	struct model_record live[MODEL_FLOWS]; /* those with packets */
	struct model_record *left;
	size_t count, room;
};

struct model *model_new(const struct model_times *times);
void model_free(struct model *m);

void model_see(struct model *m, const struct model_packet *p);
void model_advance(struct model *m, int64_t now);
/* Other time-outs from now on; what is over by the old ones leaves. */
void model_retime(struct model *m, const struct model_times *times);
/* Everything leaves, as at the end of a file. */
void model_end(struct model *m);

/* Why a live record is over at that time, 0: it is not. */
uint32_t model_over(const struct model *m, const struct model_record *r, int64_t now);
/* Live records that are not over at that time. */
size_t model_live(const struct model *m, int64_t now);
bool model_sets_back(const struct model *m, int64_t time);
/* Whether the packet opens a new connection where an old one was closed. */
bool model_reopens(const struct model_record *r, const struct model_packet *p);

/* Brings records into one order, so that two lists of the same ones are equal as octets. */
void model_sort(struct model_record *records, size_t count);

#endif
