/* weirdump_dump: sessions and records on behalf of the decoders. */
#include "weirdump_dump.h"

struct session *dump_session(
	struct dump *dump, const struct peer *peer, uint16_t version, uint32_t domain)
{
	uint32_t forgotten;
	struct session *session = session_of(&dump->sessions, peer, version, domain, &forgotten);

	if (forgotten != 0)
		templates_remove_all(dump->templates, forgotten, -1);
	session->tally.messages++;
	return session;
}

void dump_record(struct dump *dump, struct session *session, const struct field *fields,
	size_t count, const struct message_time *time)
{
	session->tally.records++;
	if (dump_is_done(dump))
		return;
	dump->printed++;
	printer_record(dump->printer, fields, count, time);
}
