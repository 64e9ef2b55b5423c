/* transport: how messages reach a collector.
 *
 * A transport is a struct of functions in a file of its own; whoever holds one
 * calls through it. One thread's, the exporter's. */
#ifndef EXPORT_TRANSPORT_H
#define EXPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport_message {
	const uint8_t *octets;
	uint32_t length;
	int error; /* set by send: 0, or the errno that kept it from leaving */
};

struct transport;

struct transport_ops {
	/* Sends all in order, each whole or not at all; sets every error. Returns how
	 * many earlier messages the far side was seen to refuse (ICMP). */
	unsigned (*send)(
		struct transport *transport, struct transport_message *messages, unsigned count);
	void (*close)(struct transport *transport);
};

/* An IP address, octets in the order of the network. */
struct transport_address {
	uint8_t version; /* 4, 6; 0: not known */
	uint8_t octets[16];
};

struct transport {
	const struct transport_ops *ops;
	struct transport_address local; /* that messages are sent from */
};

/* Why a transport could not be opened. */
struct transport_error {
	char text[256];
};

/* UDP to host:service (name or address, number), from the local address `source`
 * unless that is empty. NULL: *error says why. Resolves the name and so may
 * block; owner closes it with ops->close(). */
struct transport *transport_udp_open(
	const char *host, const char *service, const char *source, struct transport_error *error);

#endif
