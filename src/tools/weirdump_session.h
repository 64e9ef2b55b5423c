/* weirdump_session: the exporters that were heard, and what is wrong with them.
 *
 * A session is an exporter's address and port (or a file), the version that it
 * speaks and its observation domain: whatever counts messages in a sequence of
 * its own. Bounded: who was silent for longest makes room. What is worth saying
 * is a line each in the log, with the session's name before it. */
#ifndef WEIRDUMP_SESSION_H
#define WEIRDUMP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SESSIONS_MOST 256

struct peer {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;
	const char *name; /* a file's, else NULL */
};

/* Said once per session and then only counted. */
enum session_flag {
	SESSION_PADDING,  /* padding that is not zero */
	SESSION_TRAILING, /* octets after the end */
	SESSION_COUNT,    /* NetFlow v9's count is not the number of records */
	SESSION_LATE,     /* a message before one that was sent later */
	SESSION_RESTART,  /* the sequence began anew */
	SESSION_CHANGED,  /* another layout under a template's number */
	SESSION_FLAGS
};

/* What was heard of an exporter, or of all. */
struct tally {
	uint64_t messages, records, options, malformed;
	uint64_t gaps, lost;  /* by sequence number; lost in the unit of the version */
	uint64_t untemplated; /* data sets without template */
};

struct session {
	struct peer peer;
	uint16_t version;
	uint32_t domain;
	uint32_t number; /* its own and never again another's; 0: no session */
	uint64_t heard;  /* order of the latest message */
	FILE *log;       /* the sessions' */

	uint32_t expected; /* sequence number */
	bool in_sequence;  /* expected is known */
	bool late;         /* the message in hand is */

	struct tally tally;
	uint64_t flags[SESSION_FLAGS];
	uint16_t missing[8]; /* data set ids without template that were said already */
	uint8_t missing_next;
};

struct sessions {
	struct session of[SESSIONS_MOST];
	FILE *log; /* NULL: nothing is said */
	struct session *latest;
	uint32_t numbers;
	uint64_t clock;
	struct tally others; /* sessions that had to go, and what belongs to none */
};

/* The session of this name, made and announced where it is new; *forgotten is
 * the number of the one that made room, or 0. */
struct session *session_of(struct sessions *sessions, const struct peer *peer, uint16_t version,
	uint32_t domain, uint32_t *forgotten);

/* Compares a message's sequence number with the expected one; one that is at
 * most `window` behind is late, further behind is a new beginning. */
void session_sequence(struct session *session, uint32_t sequence, uint32_t window);

/* The message in hand took `amount` numbers; sure: all that it held was counted. */
void session_advance(struct session *session, uint32_t sequence, uint32_t amount, bool sure);

void session_say(const struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void session_flag(struct session *session, enum session_flag flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void session_malformed(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Data that nothing describes: counted, said once in a while. */
void session_missing(struct session *session, uint16_t id);

/* A message that is of no session. */
void peer_malformed(struct sessions *sessions, const struct peer *peer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One line for all and one for each. */
void sessions_summary(const struct sessions *sessions, FILE *out);

#endif
