/* baton: who may touch a worker's cache and counters.
 *
 * Two threads pass it: the capture thread holds it for one batch of frames, the
 * expiry thread for one slice of its round (some tens of microseconds). It is a
 * ticket lock, so whoever waits is next and neither can starve the other; without
 * contention taking and giving cost an atomic operation each, per batch and not
 * per packet. A third party (ledger, control) may take it as well. How long turns
 * take is measured by those who take them (hold.h). */
#ifndef DAEMON_BATON_H
#define DAEMON_BATON_H

#include <stdatomic.h>
#include <stdint.h>

struct baton {
	_Atomic uint32_t next;   /* the ticket that the next one to come gets */
	_Atomic uint32_t served; /* the ticket that holds */
};

/* Blocks until it is this thread's turn. For the first `spin` nanoseconds it does not
 * fall asleep: for whom the time that waking up takes is too much. Returns the
 * nanoseconds that it had to wait, 0 where it had not to. */
int64_t baton_take(struct baton *baton, int64_t spin);
void baton_give(struct baton *baton);

#endif
