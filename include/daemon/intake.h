/* intake: the capture threads of one input of a live pipeline.
 *
 * One for each worker, on the processor that the input names for it, if any. It
 * first touches all memory of its worker, which so comes from its own memory node.
 * Only when every thread has done that the sources are opened to frames: what is
 * captured finds everything in its place, and all workers of an input begin
 * together. A source that fails ends its own thread and no other;
 * one whose interface has gone waits for it. All functions: the main thread, but where
 * something else is said. */
#ifndef DAEMON_INTAKE_H
#define DAEMON_INTAKE_H

#include "daemon/crew.h"
#include "daemon/hands.h"

#include <stdbool.h>

struct intake;

/* Threads are of `hands`, lent until intake_join(), or with NULL made, which a confined weir
 * cannot. NULL when memory is short. The input is lent until intake_free(). */
struct intake *intake_new(struct crew_input *input, struct hands *hands);
/* After intake_join(). */
void intake_free(struct intake *intake);

/* Starts the threads; when it returns, their memory is there and they wait. False: it
 * said on the log why not; what was started is to be stopped and joined as otherwise. */
bool intake_start(struct intake *intake);

/* After intake_start(): takes frames in. False: the same. */
bool intake_open(struct intake *intake);

/* What frames are metered by from now on, one for each worker of the input, and each
 * instead of the one that the input has there: with NULL, that one stays. The filters take
 * the place of the sources' own, and are the intake's then; NULL: these stay. Waits until
 * all threads have changed over. False: a source refused its filter and has the old one. */
bool intake_change(
	struct intake *intake, struct worker *const *next, struct source_filter *const *filters);

/* No more frames: the threads read what is in their rings and leave. */
void intake_stop(struct intake *intake);

/* Any thread: how many have not left. */
unsigned intake_reading(const struct intake *intake);
const struct crew_input *intake_input(const struct intake *intake);

/* Waits until all have left. False: a source failed. */
bool intake_join(struct intake *intake);

#endif
