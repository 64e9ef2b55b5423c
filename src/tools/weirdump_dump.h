/* weirdump_dump: what the decoders share, and where their records go. */
#ifndef WEIRDUMP_DUMP_H
#define WEIRDUMP_DUMP_H

#include "export/print.h"
#include "weirdump_layout.h"
#include "weirdump_session.h"
#include "weirdump_template.h"

struct dump {
	struct printer *printer;
	struct templates *templates;
	bool show_templates; /* print those that are new or changed */
	bool is_stream;      /* a file: templates may be withdrawn */
	uint64_t most;       /* flow records to print, 0: all */
	uint64_t printed;
	struct sessions sessions;
	struct layout layout; /* the template in hand */
};

/* The session of a message. */
struct session *dump_session(
	struct dump *dump, const struct peer *peer, uint16_t version, uint32_t domain);

/* The flow record is counted, and printed unless there were enough. */
void dump_record(struct dump *dump, struct session *session, const struct field *fields,
	size_t count, const struct message_time *time);

static inline bool dump_is_done(const struct dump *dump)
{
	return dump->most > 0 && dump->printed >= dump->most;
}

#endif
