/* opening: what takes the right to capture, or more calls than a confined process has.
 *
 * A packet socket at an interface, what libpcap says of that, what a filter's words mean on it,
 * and the program that leaves out duplicates. Question and answer are plain data, and
 * descriptors: so one process can do it for another. */
#ifndef CAPTURE_OPENING_H
#define CAPTURE_OPENING_H

#include "capture/device.h"
#include "capture/source.h"

#include <net/if.h>
#include <stdbool.h>

struct duplicates;

struct opening_request {
	char interface[IFNAMSIZ];
	char filter[4096]; /* BPF words, "": everything */
	uint32_t snaplen;
	bool watch;      /* a socket; else it is about the words alone */
	bool first;      /* and what a source has besides its sockets */
	bool leaves_out; /* the program that leaves out duplicates, too */
};

enum opening_fd {
	OPENING_SOCKET,  /* bound, with a filter that lets nothing in and no ring */
	OPENING_WAKE,    /* eventfd(2) */
	OPENING_ASK,     /* a socket to ask for interfaces by */
	OPENING_PROGRAM, /* duplicates.h */
	OPENING_SUM,     /* the same: what it counts in */
	OPENING_FDS,
};

/* A large one: not for the stack. */
struct opening {
	unsigned interface; /* as struct device has them */
	uint16_t link_type;
	bool cooked;
	bool lost; /* there is nobody any more who could open one */
	struct device_program program;
	int fd[OPENING_FDS]; /* -1: not asked for; the caller's */
	struct source_error why;
};

/* Who opens instead of this process; `ask` does what opening_make() does. Any thread. */
struct opening_way {
	bool (*ask)(void *context, const struct opening_request *request, struct opening *opening);
	void *context;
};

/* What is known of the device is used where it has been asked for; on success it is kept in it,
 * the caller's to free. `duplicates` may be NULL where it is not asked for. Words of an interface
 * that is not there are tried on Ethernet. False: why, and no descriptor is open. */
bool opening_make(struct device *device, struct duplicates *duplicates,
	const struct opening_request *request, struct opening *opening);

/* Of one that nobody has filled in: nothing is open. */
void opening_clear(struct opening *opening);
/* Closes what has not been taken out. */
void opening_close(struct opening *opening);
/* The caller's from now on. */
int opening_take(struct opening *opening, enum opening_fd which);

#endif
