/* backlog: messages on their way to a collector, in order, until it has them.
 *
 * A queue in memory of a fixed size that takes whole messages or none. What it
 * keeps of each is a parcel: the message, what it carries, and where it ended in
 * the stream of octets that it was put into. Owner's thread only. */
#ifndef EXPORT_BACKLOG_H
#define EXPORT_BACKLOG_H

#include "export/transport.h"

struct parcel {
	struct transport_load load;
	uint64_t end;    /* octets of the stream up to its end, the owner's to set */
	uint32_t length; /* octets of the message */
	uint32_t step;   /* by how much it moves the sequence on */
	uint32_t gap;    /* the same of messages before it that were lost */
	uint8_t octets[];
};

struct backlog;

/* Room for `octets` of messages and of what is kept beside each; NULL: out of memory. */
struct backlog *backlog_new(size_t octets);
void backlog_free(struct backlog *backlog);

/* Copies the message; NULL: no room for it. */
struct parcel *backlog_add(
	struct backlog *backlog, const struct transport_message *message, uint32_t gap);

/* The oldest, and the one after a parcel; NULL: there is none. They stay where they are
 * until they are dropped. */
struct parcel *backlog_first(const struct backlog *backlog);
struct parcel *backlog_next(const struct backlog *backlog, const struct parcel *parcel);

/* Lets the oldest go. */
void backlog_drop(struct backlog *backlog);

#endif
