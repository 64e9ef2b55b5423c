/* losses: what never came to the exporter, as options data tell it.
 *
 * Packets that the Metering Process did not process though they may have been IP
 * (RFC 7011 section 4.2): malformed frames, and those that the kernel dropped, of which
 * only the number is known. And records that found their ring full (section 4.3).
 * Whoever reads them often enough gives them their times. One thread's. */
#ifndef DAEMON_LOSSES_H
#define DAEMON_LOSSES_H

#include "daemon/crew.h"
#include "export/loss.h"

struct losses {
	struct loss ignored;
	struct loss not_sent;
	struct loss dropped; /* by the kernel, when it was noticed; part of `ignored` */
};

/* `now`: nanoseconds since 1970. Whoever is not the main thread has entered the crew. */
void losses_read(struct losses *losses, const struct crew *crew, int64_t now);

#endif
