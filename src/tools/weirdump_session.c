/* weirdump_session: who sends, in which order, and what is said about it. */
#include "weirdump_session.h"

#include "export/format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define PEER_ROOM 256

/* How often a session is complained about in one way; then it is only counted. */
#define SAID_MOST 64

static void peer_text(char out[PEER_ROOM], const struct peer *peer)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char address[FORMAT_ADDRESS];
	bool ipv4 = memcmp(peer->address, mapped, sizeof mapped) == 0;

	if (peer->name) {
		snprintf(out, PEER_ROOM, "%s", peer->name);
		return;
	}
	if (ipv4)
		format_ipv4(address, peer->address + 12);
	else
		format_ipv6(address, peer->address);
	snprintf(out, PEER_ROOM, ipv4 ? "%s:%u" : "[%s]:%u", address, peer->port);
}

static void session_text(FILE *out, const struct session *s)
{
	char peer[PEER_ROOM];

	peer_text(peer, &s->peer);
	if (s->version == 5)
		fprintf(out, "weirdump: %s NetFlow v5 engine %" PRIu32 "/%" PRIu32, peer,
			s->domain >> 8, s->domain & 255);
	else
		fprintf(out, "weirdump: %s %s %" PRIu32, peer,
			s->version == 9 ? "NetFlow v9 source id" : "IPFIX domain", s->domain);
}

/* Records that were printed before are seen before. */
static void say(const struct session *session, const char *word, const char *format, va_list list)
{
	if (!session->log)
		return;
	fflush(stdout);
	session_text(session->log, session);
	fprintf(session->log, ": %s", word);
	vfprintf(session->log, format, list);
	fputc('\n', session->log);
}

void session_say(const struct session *session, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(session, "", format, list);
	va_end(list);
}

void session_flag(struct session *session, enum session_flag flag, const char *format, ...)
{
	va_list list;

	if (session->flags[flag]++ > 0)
		return;
	va_start(list, format);
	say(session, "", format, list);
	va_end(list);
}

void session_malformed(struct session *session, const char *format, ...)
{
	va_list list;

	if (++session->tally.malformed > SAID_MOST)
		return;
	va_start(list, format);
	say(session, "malformed: ", format, list);
	va_end(list);
}

void session_missing(struct session *session, uint16_t id)
{
	const size_t kept = sizeof session->missing / sizeof session->missing[0];

	session->tally.untemplated++;
	if (session->missing_next >= SAID_MOST)
		return;
	for (size_t i = 0; i < kept; i++)
		if (session->missing[i] == id)
			return;
	session->missing[session->missing_next++ % kept] = id;
	session_say(session, "data without template %u", id);
}

void peer_malformed(struct sessions *sessions, const struct peer *peer, const char *format, ...)
{
	char name[PEER_ROOM];
	va_list list;

	sessions->others.messages++;
	sessions->others.malformed++;
	if (!sessions->log)
		return;
	peer_text(name, peer);
	fflush(stdout);
	fprintf(sessions->log, "weirdump: %s: malformed: ", name);
	va_start(list, format);
	vfprintf(sessions->log, format, list);
	va_end(list);
	fputc('\n', sessions->log);
}

static bool is_of(
	const struct session *s, const struct peer *peer, uint16_t version, uint32_t domain)
{
	return s->number != 0 && s->domain == domain && s->version == version &&
	       s->peer.port == peer->port &&
	       memcmp(s->peer.address, peer->address, sizeof peer->address) == 0;
}

static void add(struct tally *sum, const struct tally *tally)
{
	sum->messages += tally->messages;
	sum->records += tally->records;
	sum->options += tally->options;
	sum->malformed += tally->malformed;
	sum->gaps += tally->gaps;
	sum->lost += tally->lost;
	sum->untemplated += tally->untemplated;
}

static void forget(struct sessions *sessions, struct session *s)
{
	add(&sessions->others, &s->tally);
	session_say(s, "forgotten, as more than %d exporters send", SESSIONS_MOST);
}

struct session *session_of(struct sessions *sessions, const struct peer *peer, uint16_t version,
	uint32_t domain, uint32_t *forgotten)
{
	struct session *s = sessions->latest, *oldest = &sessions->of[0];

	*forgotten = 0;
	if (!s || !is_of(s, peer, version, domain)) {
		for (s = sessions->of; s < sessions->of + SESSIONS_MOST; s++) {
			if (is_of(s, peer, version, domain))
				break;
			if (s->heard < oldest->heard)
				oldest = s;
		}
		if (s == sessions->of + SESSIONS_MOST) {
			s = oldest;
			*forgotten = s->number;
			if (s->number != 0)
				forget(sessions, s);
			*s = (struct session){.log = sessions->log,
				.peer = *peer,
				.version = version,
				.domain = domain,
				.number = ++sessions->numbers};
			session_say(s, "first message");
		}
	}
	s->heard = ++sessions->clock;
	sessions->latest = s;
	return s;
}

static const char *unit(const struct session *session)
{
	return session->version == 5 ? "flow" : session->version == 9 ? "packet" : "data record";
}

void session_sequence(struct session *session, uint32_t sequence, uint32_t window)
{
	uint32_t ahead = sequence - session->expected, behind = session->expected - sequence;

	session->late = false;
	if (!session->in_sequence || ahead == 0)
		return;
	if (ahead < UINT32_C(1) << 31) {
		session->tally.gaps++;
		session->tally.lost += ahead;
		session_say(session, "gap: %" PRIu32 " %s%s lost before sequence number %" PRIu32,
			ahead, unit(session), ahead == 1 ? "" : "s", sequence);
	} else if (behind <= window && sequence != 0) {
		session->late = true;
		session_flag(session, SESSION_LATE,
			"late: sequence number %" PRIu32 " where %" PRIu32 " was expected",
			sequence, session->expected);
	} else {
		session_flag(session, SESSION_RESTART,
			"sequence begins anew: %" PRIu32 " where %" PRIu32 " was expected",
			sequence, session->expected);
	}
}

void session_advance(struct session *session, uint32_t sequence, uint32_t amount, bool sure)
{
	if (session->late) { /* was taken for lost */
		session->tally.lost -= session->tally.lost < amount ? session->tally.lost : amount;
		return;
	}
	session->expected = sequence + amount;
	session->in_sequence = sure;
}

static void put_tally(FILE *out, const struct tally *tally)
{
	fprintf(out,
		": %" PRIu64 " messages, %" PRIu64 " records, %" PRIu64 " options records, %" PRIu64
		" gaps, %" PRIu64 " lost, %" PRIu64 " sets without template, %" PRIu64 " malformed",
		tally->messages, tally->records, tally->options, tally->gaps, tally->lost,
		tally->untemplated, tally->malformed);
}

static void put_flags(FILE *out, const struct session *s)
{
	static const char *const names[SESSION_FLAGS] = {
		[SESSION_PADDING] = "with padding not zero",
		[SESSION_TRAILING] = "with trailing octets",
		[SESSION_COUNT] = "with a wrong count",
		[SESSION_LATE] = "late",
		[SESSION_RESTART] = "beginning the sequence anew",
		[SESSION_CHANGED] = "changing a template",
	};

	for (int i = 0; i < SESSION_FLAGS; i++)
		if (s->flags[i] > 0)
			fprintf(out, ", %" PRIu64 " %s", s->flags[i], names[i]);
}

void sessions_summary(const struct sessions *sessions, FILE *out)
{
	struct tally sum = sessions->others;

	for (const struct session *s = sessions->of; s < sessions->of + SESSIONS_MOST; s++) {
		if (s->number == 0)
			continue;
		add(&sum, &s->tally);
		session_text(out, s);
		put_tally(out, &s->tally);
		put_flags(out, s);
		fputc('\n', out);
	}
	fputs("weirdump: total", out);
	put_tally(out, &sum);
	fputc('\n', out);
}
