/* device: what libpcap knows of a network interface.
 *
 * Its link type, whether frames can be read with their link headers at all, and what a
 * filter's words mean on it: a program for the packet socket of packet_ring.h. */
#ifndef CAPTURE_DEVICE_H
#define CAPTURE_DEVICE_H

#include "capture/source.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

struct device {
	unsigned interface; /* ifIndex, 0: "any", all of them */
	uint16_t link_type; /* LINKTYPE_ number */
	bool cooked;        /* no link headers: SLL2 instead */
	void *words;        /* libpcap's, for device_compile() */
};

/* A filter's words as the kernel has them. */
struct device_program {
	unsigned short length; /* instructions */
	struct sock_filter code[BPF_MAXINSNS];
};

/* Asks for the interface, of which `snaplen` octets of a frame are to be captured; false: *error
 * says why there is none. On success device_free() takes back what is kept of it, which takes
 * no right to be used. */
bool device_ask(
	struct device *device, const char *interface, uint32_t snaplen, struct source_error *error);
/* The same of one that is not there, as if it had Ethernet's link headers: good for trying words.
 * False: memory is short. */
bool device_suppose(struct device *device, uint32_t snaplen);
void device_free(struct device *device);

/* False: *error says what is wrong with the words. One thread at a time. */
bool device_compile(struct device *device, const char *words, struct device_program *program,
	struct source_error *error);

#endif
