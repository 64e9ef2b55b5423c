/* hands: threads that wait for work.
 *
 * A weir whose calls are confined can begin no thread, so those that inputs may need which come
 * later are there from the start. Main thread. */
#ifndef DAEMON_HANDS_H
#define DAEMON_HANDS_H

struct hands;
struct hand;

/* So many threads. NULL: they cannot all be had, which it said on the log. */
struct hands *hands_new(unsigned count);
/* When none has work; waits for their end. */
void hands_free(struct hands *hands);

/* One of them does this. NULL: all have work. */
struct hand *hands_take(struct hands *hands, void (*work)(void *), void *context);
/* Waits until it is done; then it may be taken again. */
void hands_wait(struct hand *hand);

#endif
