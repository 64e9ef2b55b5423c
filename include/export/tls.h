/* tls: TLS 1.2 and later beside a connection's socket, RFC 7011 section 11.
 *
 * Knows no socket: octets of the network are handed in and taken out. Both sides show
 * certificates, and until the collector's has been found good, is of the right name,
 * and ours has been asked for, tls_state() does not say that anything may be put.
 * One thread's. */
#ifndef EXPORT_TLS_H
#define EXPORT_TLS_H

#include "export/transport.h"

enum tls_state {
	TLS_SHAKING, /* of hands: nothing may be put */
	TLS_READY,
	TLS_ENDED,  /* the peer ended it in order */
	TLS_FAILED, /* tls_why() says why */
};

/* Octets that TLS adds to a message of the longest kind, at most. */
enum { TLS_OVERHEAD = 2048 };

struct tls_context;
struct tls;

/* Reads certificates and key; NULL: *error says what is wrong with which file. Must
 * outlive what is made from it. */
struct tls_context *tls_context_new(
	const struct transport_tls_options *options, struct transport_error *error);
void tls_context_free(struct tls_context *context);

/* NULL: out of memory. */
struct tls *tls_new(struct tls_context *context);
void tls_free(struct tls *tls);

/* Octets that came; returns how it stands after them. With length 0: only that. */
enum tls_state tls_feed(struct tls *tls, const uint8_t *octets, size_t length);
const char *tls_why(const struct tls *tls);

/* Octets to be sent; returns how many, at most `size`. */
size_t tls_take(struct tls *tls, uint8_t *octets, size_t size);

/* Encrypts octets, in TLS_READY. */
void tls_put(struct tls *tls, const uint8_t *octets, size_t length);
/* Nothing more will be put. */
void tls_end(struct tls *tls);

#endif
