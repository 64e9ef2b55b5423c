/* crew: the workers that there are, by input, and what those that have gone had counted.
 *
 * The main thread alone changes it, and reads it as it likes. The expiry thread and the
 * exporter's go through it between crew_enter() and crew_leave(): so a worker is
 * nobody's when it is freed. A crew owns its workers and inputs. */
#ifndef DAEMON_CREW_H
#define DAEMON_CREW_H

#include "config/config.h"
#include "daemon/worker.h"

#include <pthread.h>
#include <stdbool.h>

struct hands;
struct intake;

enum { CREW_MOST = 2 * CONFIG_INPUTS * CONFIG_WORKERS };

/* An Observation Point: an interface, and the workers who share its packets. */
struct crew_input {
	char name[CONFIG_NAME];
	struct config_cpus cpu;
	bool by_pattern; /* it is let go when its interface goes */
	unsigned workers;
	struct worker *worker[CONFIG_WORKERS];
	struct intake *intake; /* their threads, once it runs */
};

struct crew_member {
	struct worker *worker;
	bool waits; /* its records are not for the exporter yet */
};

struct crew {
	pthread_rwlock_t lock;
	struct crew_member *member; /* room for CREW_MOST */
	unsigned count;
	struct crew_input *input[CONFIG_INPUTS];
	unsigned inputs;
	struct worker_statistics past; /* of workers that have gone */
	struct hands *hands; /* threads for inputs that come later, or NULL: these are made then */
};

/* NULL: memory is short. */
struct crew *crew_new(void);
/* Frees workers and inputs, too; other threads have left. */
void crew_free(struct crew *crew);

/* Other threads than main; the crew changes only when all have left. */
void crew_enter(struct crew *crew);
void crew_leave(struct crew *crew);

/* Main thread. Keeps the others out, for as long as a few of the crew change together. */
void crew_close(struct crew *crew);
void crew_open(struct crew *crew);

/* Main thread, before other threads or while the crew is closed. False: it is full. */
bool crew_add(struct crew *crew, struct worker *worker, bool waits);
bool crew_add_input(struct crew *crew, struct crew_input *input);
/* Frees the worker, of which nothing is left in cache and ring, and keeps its counts. */
void crew_remove(struct crew *crew, struct worker *worker);
/* Frees the input, whose workers are others'. */
void crew_remove_input(struct crew *crew, struct crew_input *input);
/* Its inputs stand in this order, all that there are. */
void crew_order(struct crew *crew, struct crew_input *const *inputs);
/* Records of all go to the exporter. */
void crew_admit(struct crew *crew);

#endif
