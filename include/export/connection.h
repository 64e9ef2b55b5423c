/* connection: one TCP connection to a collector, from SYN to FIN.
 *
 * Non-blocking: connection_work() does what can be done now and says how it stands.
 * Octets are put into it and counted; the peer's TCP tells how many of them it has.
 * Nothing that the collector sends is wanted, and it is read only to see the end.
 * One thread's. */
#ifndef EXPORT_CONNECTION_H
#define EXPORT_CONNECTION_H

#include "export/socket.h"
#include "export/tls.h"

enum { CONNECTION_OUT = 256 << 10 }; /* octets that may wait for the socket */

enum connection_state {
	CONNECTION_OPENING,
	CONNECTION_READY,  /* octets may be put */
	CONNECTION_ENDING, /* one side wants to end it; what was put is still on its way */
	CONNECTION_OVER,
};

struct connection;

/* Begins a connection, of TLS where there is a context; NULL: *error says why not. `out` has
 * CONNECTION_OUT octets and is lent until it is freed: who has one connection after the other
 * is no larger with one than without. */
struct connection *connection_new(const struct socket_address *address,
	const struct transport_path *path, struct tls_context *tls, uint8_t *out,
	struct transport_error *error);
/* Closes the socket, as it is. */
void connection_free(struct connection *connection);

enum connection_state connection_work(struct connection *connection);

/* Why it is over: a text of its own, "" where both sides ended it. */
const char *connection_why(const struct connection *connection);

/* True when a message of `length` octets may be put now. */
bool connection_has_room(const struct connection *connection, size_t length);
/* Puts octets for which there is room; returns how many octets the stream then has, with
 * what TLS makes of them. */
uint64_t connection_put(struct connection *connection, const uint8_t *octets, size_t length);

/* How many octets of the stream the peer's TCP has acknowledged, also when it is over. */
uint64_t connection_acknowledged(const struct connection *connection);

/* Nothing more will be put: half-closes once all has left. */
void connection_end(struct connection *connection);

/* Waits until something can be done; milliseconds at most. */
void connection_wait(const struct connection *connection, int milliseconds);

#endif
