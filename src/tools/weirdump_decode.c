/* weirdump_decode: messages are sets, sets are records.
 *
 * A message that cannot be read to its end is complained about and left; what
 * was read of it stays. Its sequence number then says nothing about the next. */
#include "weirdump_decode.h"

#include "weirdump_netflow5.h"

enum { HEADER_V9 = 20, HEADER_IPFIX = 16, SET_HEADER = 4 };

/* How far back a message may come late: in packets (v9), in records (IPFIX) */
#define LATE_WINDOW_V9    64
#define LATE_WINDOW_IPFIX 8192

/* A message in hand. */
struct message {
	struct dump *dump;
	struct session *session;
	struct message_time time;
	uint16_t version;
	uint32_t data;      /* data records so far */
	uint32_t templates; /* template records so far */
	bool sure;          /* every record was counted */
};

/* What is left of a set or message should be zeros. */
static void check_padding(struct message *m, const struct bytes *rest)
{
	for (const uint8_t *p = rest->at; p < rest->end; p++)
		if (*p != 0) {
			session_flag(m->session, SESSION_PADDING,
				"padding is not zero: %zu octets after the last record of a set",
				bytes_left(rest));
			return;
		}
}

/* RFC 7011 section 8.1; over UDP there is none, and it is ignored (8.4). */
static void withdraw(struct message *m, uint16_t id, bool options)
{
	struct templates *store = m->dump->templates;
	uint32_t owner = m->session->number;

	if (!m->dump->is_stream)
		session_malformed(m->session, "template %u is withdrawn over UDP", id);
	else if (id == (options ? 3 : 2))
		templates_remove_all(store, owner, options);
	else
		templates_remove(store, owner, id);
}

static void keep_template(struct message *m, bool options)
{
	const struct layout *l = &m->dump->layout;
	enum template_news news;
	struct template *t;

	if (l->refused) {
		session_malformed(m->session, "template %u: %s", l->id, l->refused);
		templates_remove(m->dump->templates, m->session->number, l->id);
		return;
	}
	if (l->count == 0) {
		withdraw(m, l->id, options);
		return;
	}
	t = templates_put(m->dump->templates, m->session->number, l->id, l->fields, l->count,
		l->scopes, &news);
	if (!t) {
		session_say(m->session, "no memory for template %u", l->id);
		return;
	}
	if (news == TEMPLATE_CHANGED)
		session_flag(
			m->session, SESSION_CHANGED, "template %u has another layout now", l->id);
	if (news != TEMPLATE_SAME && m->dump->show_templates)
		printer_template(m->dump->printer, l->id, l->fields, l->count, l->scopes);
}

static void read_templates(struct message *m, struct bytes set, bool options)
{
	/* No template is number 0: that is padding. */
	while (bytes_left(&set) >= 4 && be16(set.at) != 0) {
		const char *wrong = layout_read(&m->dump->layout, &set, m->version, options);

		if (wrong) {
			session_malformed(m->session, "%s", wrong);
			m->sure = false;
			return;
		}
		m->templates++;
		keep_template(m, options);
	}
	check_padding(m, &set);
}

static void print_data(struct message *m, struct template *t)
{
	m->data++;
	if (t->scopes == 0) {
		dump_record(m->dump, m->session, t->fields, t->count, &m->time);
		return;
	}
	m->session->tally.options++;
	if (!dump_is_done(m->dump))
		printer_options(m->dump->printer, t->fields, t->count, t->scopes);
}

static void read_data(struct message *m, uint16_t id, struct bytes set)
{
	struct template *t = templates_find(m->dump->templates, m->session->number, id);

	if (!t) {
		session_missing(m->session, id);
		m->sure = false;
		return;
	}
	while (bytes_left(&set) >= t->shortest) {
		if (!template_read(t, &set)) {
			session_malformed(m->session,
				"data record of template %u passes the end of its set", id);
			m->sure = false;
			return;
		}
		print_data(m, t);
	}
	check_padding(m, &set);
}

static void read_set(struct message *m, uint16_t id, struct bytes set)
{
	const uint16_t first = m->version == 9 ? 0 : 2;

	if (id == first || id == first + 1) {
		read_templates(m, set, id == first + 1);
	} else if (id >= 256) {
		read_data(m, id, set);
	} else {
		session_malformed(m->session, "set number %u", id);
		m->sure = false;
	}
}

static void read_sets(struct message *m, struct bytes *bytes)
{
	while (bytes_left(bytes) >= SET_HEADER) {
		const uint8_t *header = bytes_pull(bytes, SET_HEADER), *content;
		uint16_t id = be16(header), length = be16(header + 2);

		content = length < SET_HEADER ? NULL : bytes_pull(bytes, length - SET_HEADER);
		if (!content) {
			session_malformed(m->session, "set %u of %u octets, where %zu are left", id,
				length, bytes_left(bytes) + SET_HEADER);
			m->sure = false;
			return;
		}
		read_set(m, id, bytes_of(content, length - SET_HEADER));
	}
	if (bytes_left(bytes) > 0)
		session_flag(m->session, SESSION_TRAILING,
			"trailing octets after the last set: %zu", bytes_left(bytes));
}

static void dump_netflow9(
	struct dump *dump, const struct peer *peer, const uint8_t *octets, size_t length)
{
	struct bytes bytes = bytes_of(octets, length);
	const uint8_t *header = bytes_pull(&bytes, HEADER_V9);
	struct message m = {.dump = dump, .version = 9, .sure = true};
	uint16_t count;

	if (!header) {
		peer_malformed(&dump->sessions, peer,
			"%zu octets are too few for a NetFlow v9 header", length);
		return;
	}
	m.session = dump_session(dump, peer, 9, be32(header + 16));
	m.time = (struct message_time){.milliseconds = (int64_t)be32(header + 8) * 1000,
		.uptime = be32(header + 4),
		.has_uptime = true};
	count = be16(header + 2);
	session_sequence(m.session, be32(header + 12), LATE_WINDOW_V9);
	read_sets(&m, &bytes);
	if (m.sure && m.data + m.templates != count)
		session_flag(m.session, SESSION_COUNT, "count %u, but there are %u records", count,
			m.data + m.templates);
	session_advance(m.session, be32(header + 12), 1, true);
}

static void dump_ipfix(
	struct dump *dump, const struct peer *peer, const uint8_t *octets, size_t length)
{
	struct bytes bytes = bytes_of(octets, length);
	const uint8_t *header = bytes_pull(&bytes, HEADER_IPFIX);
	struct message m = {.dump = dump, .version = 10, .sure = true};
	uint16_t stated;

	if (!header) {
		peer_malformed(&dump->sessions, peer, "%zu octets are too few for an IPFIX header",
			length);
		return;
	}
	m.session = dump_session(dump, peer, 10, be32(header + 12));
	m.time.milliseconds = (int64_t)be32(header + 4) * 1000;
	stated = be16(header + 2);
	if (stated < HEADER_IPFIX || stated > length) {
		session_malformed(
			m.session, "message of %u octets, where %zu came", stated, length);
		m.session->in_sequence = false;
		return;
	}
	if (stated < length)
		session_flag(m.session, SESSION_TRAILING, "trailing octets after the message: %zu",
			length - stated);
	bytes_limit(&bytes, (size_t)stated - HEADER_IPFIX);
	session_sequence(m.session, be32(header + 8), LATE_WINDOW_IPFIX);
	read_sets(&m, &bytes);
	session_advance(m.session, be32(header + 8), m.data, m.sure);
}

void dump_message(struct dump *dump, const struct peer *peer, const uint8_t *octets, size_t length)
{
	uint16_t version;

	if (length < 2) {
		peer_malformed(&dump->sessions, peer, "%zu octets are too few", length);
		return;
	}
	version = be16(octets);
	if (version == 5)
		dump_netflow5(dump, peer, octets, length);
	else if (version == 9)
		dump_netflow9(dump, peer, octets, length);
	else if (version == 10)
		dump_ipfix(dump, peer, octets, length);
	else
		peer_malformed(&dump->sessions, peer, "version %u is not 5, 9 or 10", version);
}
