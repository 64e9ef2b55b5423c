/* device: what libpcap knows of a network interface.
 *
 * Its link type, whether frames can be read with their link headers at all, and what a
 * filter's words mean on it: a program for the packet socket of packet_ring.h. */
#ifndef CAPTURE_DEVICE_H
#define CAPTURE_DEVICE_H

#include "capture/source.h"

#include <stdbool.h>
#include <stdint.h>

struct sock_filter;

struct device {
	unsigned interface; /* ifIndex, 0: "any", all of them */
	uint16_t link_type; /* LINKTYPE_ number */
	bool cooked;        /* no link headers: SLL2 instead */
	void *words;        /* libpcap's, for device_compile() */
};

/* A filter's words as the kernel has them. */
struct device_program {
	struct sock_filter *code;
	unsigned short length; /* instructions */
};

/* Asks for the interface; false: *error says why there is none. On success device_free()
 * takes back what is kept of it, which takes no right to be used. */
bool device_ask(
	struct device *device, const struct source_options *options, struct source_error *error);
void device_free(struct device *device);

/* False: *error says what is wrong with the words. On success the caller frees the code. One
 * thread at a time. */
bool device_compile(struct device *device, const char *words, struct device_program *program,
	struct source_error *error);

#endif
