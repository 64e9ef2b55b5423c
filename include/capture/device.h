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
	struct sock_filter *program;
	unsigned short length; /* instructions of it */
};

/* Asks for the interface and compiles the filter of the options; false: *error says why
 * there is none. On success device_free() takes back the program. */
bool device_ask(
	struct device *device, const struct source_options *options, struct source_error *error);
void device_free(struct device *device);

#endif
