/* spool: what finds no room in a backlog waits on disk, in order.
 *
 * A queue of messages in files of a bounded size. The files have no names: they go
 * with the process, however it ends. Only whole messages are ever read back; one
 * that the disk has no room for is refused, and the next is tried again. Owner's
 * thread only; writes to disk and so may wait for it. */
#ifndef EXPORT_SPOOL_H
#define EXPORT_SPOOL_H

#include "export/backlog.h"

struct spool;

/* Files in `directory`, `limit` octets in all; NULL: *error says why not. */
struct spool *spool_open(const char *directory, uint64_t limit, struct transport_error *error);
void spool_close(struct spool *spool);

bool spool_is_empty(const struct spool *spool);

/* Takes a copy of the message; 0, or the errno that kept it from that: ENOBUFS at the
 * limit. */
int spool_put(struct spool *spool, const struct transport_message *message, uint32_t gap);

/* Moves the oldest to the backlog; NULL: there is none, or the backlog has no room for
 * it. What the disk does not give back is passed over and added to *unread. */
struct parcel *spool_move(
	struct spool *spool, struct backlog *backlog, struct transport_load *unread);

#endif
