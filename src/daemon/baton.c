#include "daemon/baton.h"

#include "base/clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static void futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
	syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

int64_t baton_take(struct baton *b, int64_t spin)
{
	uint32_t ticket = atomic_fetch_add_explicit(&b->next, 1, memory_order_seq_cst);
	uint32_t served = atomic_load_explicit(&b->served, memory_order_acquire);

	if (served == ticket)
		return 0;
	int64_t since = clock_steady(), waited = 0;
	do {
		/* Returns at once when `served` has moved on in between. */
		if (waited >= spin)
			futex(&b->served, FUTEX_WAIT, served);
		served = atomic_load_explicit(&b->served, memory_order_acquire);
		waited = clock_steady() - since;
	} while (served != ticket);
	return waited;
}

void baton_give(struct baton *b)
{
	uint32_t mine = atomic_load_explicit(&b->served, memory_order_relaxed);

	/* The order between this store and the load of `next` matters: a thread that
	 * draws a ticket after the load sees the new `served` and does not sleep. */
	atomic_store_explicit(&b->served, mine + 1, memory_order_seq_cst);
	if (atomic_load_explicit(&b->next, memory_order_seq_cst) != mine + 1)
		futex(&b->served, FUTEX_WAKE, INT_MAX);
}
