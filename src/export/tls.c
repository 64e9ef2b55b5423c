#include "export/tls.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In TLS 1.3 our side is done with the handshake before the collector has judged our
 * certificate. Its first ticket says that it did; one that gives no tickets has so long. */
#define JUDGEMENT CLOCK_SECOND

struct tls_context {
	SSL_CTX *ssl;
	char name[256]; /* that the collector's certificate must be of */
	bool is_address;
};

struct tls {
	SSL *ssl;
	BIO *in; /* both are owned by ssl */
	BIO *out;
	enum tls_state state;
	bool asked; /* the collector wants our certificate */
	bool ticket;
	int64_t shaken; /* steady clock, 0: not yet */
	char why[160];
};

/* ---- what all connections have in common ---- */

static bool refuse(struct transport_error *error, const char *what, const char *file)
{
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
						    : ERR_reason_error_string(code);

	snprintf(error->text, sizeof error->text, "tls: %s %.150s: %s", what, file,
		reason ? reason : "not usable");
	ERR_clear_error();
	return false;
}

static int note_request(SSL *ssl, void *context)
{
	(void)context;
	((struct tls *)SSL_get_app_data(ssl))->asked = true;
	return 1;
}

static int note_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void)session;
	((struct tls *)SSL_get_app_data(ssl))->ticket = true;
	return 0;
}

static bool read_files(
	SSL_CTX *ssl, const struct transport_tls_options *o, struct transport_error *error)
{
	if (SSL_CTX_load_verify_file(ssl, o->ca) != 1)
		return refuse(error, "ca", o->ca);
	if (SSL_CTX_use_certificate_chain_file(ssl, o->certificate) != 1)
		return refuse(error, "certificate", o->certificate);
	if (SSL_CTX_use_PrivateKey_file(ssl, o->key, SSL_FILETYPE_PEM) != 1)
		return refuse(error, "key", o->key);
	if (SSL_CTX_check_private_key(ssl) != 1)
		return refuse(error, "this is not the certificate's key:", o->key);
	return true;
}

struct tls_context *tls_context_new(
	const struct transport_tls_options *o, struct transport_error *error)
{
	struct tls_context *c = calloc(1, sizeof *c);
	uint8_t address[16];

	snprintf(error->text, sizeof error->text, "out of memory");
	if (c)
		c->ssl = SSL_CTX_new(TLS_client_method());
	if (!c || !c->ssl) {
		free(c);
		return NULL;
	}
	snprintf(c->name, sizeof c->name, "%s", o->name);
	c->is_address = inet_pton(AF_INET, c->name, address) == 1 ||
			inet_pton(AF_INET6, c->name, address) == 1;
	SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION);
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_cb(c->ssl, note_request, NULL);
	SSL_CTX_set_session_cache_mode(
		c->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(c->ssl, note_ticket);
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	if (read_files(c->ssl, o, error))
		return c;
	tls_context_free(c);
	return NULL;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ssl);
	free(c);
}

/* ---- one connection ---- */

/* The certificate's subject alternative names decide (RFC 7011 section 11.3). */
static bool expect_name(SSL *ssl, const struct tls_context *c)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);

	if (c->is_address)
		return X509_VERIFY_PARAM_set1_ip_asc(p, c->name) == 1;
	SSL_set_hostflags(
		ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(ssl, c->name) == 1 && SSL_set_tlsext_host_name(ssl, c->name) == 1;
}

struct tls *tls_new(struct tls_context *c)
{
	struct tls *t = calloc(1, sizeof *t);

	if (t)
		t->ssl = SSL_new(c->ssl);
	if (t && t->ssl) {
		t->in = BIO_new(BIO_s_mem());
		t->out = BIO_new(BIO_s_mem());
	}
	if (!t || !t->in || !t->out || !expect_name(t->ssl, c)) {
		if (t) {
			BIO_free(t->in);
			BIO_free(t->out);
			SSL_free(t->ssl);
		}
		free(t);
		return NULL;
	}
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_app_data(t->ssl, t);
	SSL_set_connect_state(t->ssl);
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	free(t);
	ERR_clear_error();
}

static enum tls_state fail(struct tls *t, const char *why)
{
	if (t->state != TLS_FAILED)
		snprintf(t->why, sizeof t->why, "TLS: %s", why);
	return t->state = TLS_FAILED;
}

static enum tls_state fail_by_library(struct tls *t)
{
	long verdict = SSL_get_verify_result(t->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (verdict != X509_V_OK)
		fail(t, X509_verify_cert_error_string(verdict));
	else
		fail(t, reason ? reason : "the collector ended it");
	ERR_clear_error();
	return t->state;
}

static bool wants_more(const struct tls *t, int result)
{
	int error = SSL_get_error(t->ssl, result);

	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static bool is_judged(const struct tls *t)
{
	return SSL_version(t->ssl) < TLS1_3_VERSION || t->ticket ||
	       clock_steady() - t->shaken >= JUDGEMENT;
}

/* The handshake, and after it what must hold before anything is sent. */
static void shake(struct tls *t)
{
	if (!SSL_is_init_finished(t->ssl)) {
		int result = SSL_do_handshake(t->ssl);
		if (result != 1 && !wants_more(t, result))
			fail_by_library(t);
		if (result != 1)
			return;
		t->shaken = clock_steady();
	}
	if (SSL_get_verify_result(t->ssl) != X509_V_OK || !SSL_get0_peer_certificate(t->ssl))
		fail_by_library(t);
	else if (!t->asked)
		fail(t, "the collector does not ask for our certificate");
}

/* Nothing is wanted of the collector; alerts, tickets and its end come by the way. */
static void read_away(struct tls *t)
{
	uint8_t octets[1024];
	int result;

	while ((result = SSL_read(t->ssl, octets, sizeof octets)) > 0)
		;
	if (SSL_get_error(t->ssl, result) == SSL_ERROR_ZERO_RETURN)
		t->state = TLS_ENDED;
	else if (!wants_more(t, result))
		fail_by_library(t);
}

enum tls_state tls_feed(struct tls *t, const uint8_t *octets, size_t length)
{
	if (t->state == TLS_FAILED || t->state == TLS_ENDED)
		return t->state;
	ERR_clear_error();
	if (length && BIO_write(t->in, octets, (int)length) != (int)length)
		return fail(t, "out of memory");
	if (t->state == TLS_SHAKING)
		shake(t);
	if (t->state != TLS_FAILED && SSL_is_init_finished(t->ssl))
		read_away(t);
	if (t->state == TLS_SHAKING && SSL_is_init_finished(t->ssl) && is_judged(t))
		t->state = TLS_READY;
	return t->state;
}

const char *tls_why(const struct tls *t)
{
	return t->why;
}

size_t tls_take(struct tls *t, uint8_t *octets, size_t size)
{
	int n = size ? BIO_read(t->out, octets, (int)size) : 0;

	return n > 0 ? (size_t)n : 0;
}

void tls_put(struct tls *t, const uint8_t *octets, size_t length)
{
	if (SSL_write(t->ssl, octets, (int)length) != (int)length)
		fail_by_library(t);
}

void tls_end(struct tls *t)
{
	if (SSL_is_init_finished(t->ssl) && t->state != TLS_FAILED)
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}
