/* duplicates: packets that a host forwards pass two of its interfaces. Where both are
 * watched, the kernel leaves out the second sight of each.
 *
 * A packet socket cannot ask by which interface an outgoing packet came in, an eBPF
 * program can: each source of a pipeline has one in the place of its filter, which
 * looks that up in a table that all of them share. The table lies in memory, so
 * nothing of this is a system call after the start. */
#ifndef CAPTURE_DUPLICATES_H
#define CAPTURE_DUPLICATES_H

#include "capture/source.h"

#include <stdbool.h>
#include <stdint.h>

struct sock_filter;
struct duplicates;

/* What is known of an interface; bits. */
enum duplicates_flag {
	DUPLICATES_ENTRY = 1,   /* what comes in here is seen here */
	DUPLICATES_COVERED = 2, /* all its frames are seen on the interfaces below it */
};

/* Interfaces with a greater ifIndex than this are not known, and nothing of theirs is
 * left out. */
enum { DUPLICATES_INTERFACES = 65536 };

/* NULL: the kernel does not allow it, errno says why (EPERM: CAP_BPF is missing). */
struct duplicates *duplicates_new(void);
void duplicates_free(struct duplicates *duplicates);

/* The table, as duplicates_load() needs it. */
int duplicates_fd(const struct duplicates *duplicates);

/* Replaces what is known of an interface. Any thread. */
void duplicates_mark(struct duplicates *duplicates, unsigned interface, unsigned flags);

/* One source's program, and what it has left out. */
struct duplicates_program;

/* What goes out and came in by an interface that is an entry is left out, and all frames on one
 * that is covered; the rest is for the classic filter. Loading it takes CAP_BPF. Gives two
 * descriptors, the program and what it counts in; false: none, errno says why. */
bool duplicates_load(struct duplicates *duplicates, const struct sock_filter *filter,
	unsigned length, int *program, int *sum);
/* Makes use of these two, which takes no right, and takes them over, also when it fails.
 * NULL: memory is short. */
struct duplicates_program *duplicates_take(int program, int sum);
void duplicates_unload(struct duplicates_program *program);

/* Gives it to a packet socket in the place of its filter. False: errno says why. */
bool duplicates_attach(const struct duplicates_program *program, int fd);

/* Any thread. */
struct source_count duplicates_left_out(const struct duplicates_program *program);

#endif
