/* assembly: the parts of a pipeline, and how a configuration makes them.
 *
 * Main thread. What is made here is not at work yet: inputs have their workers and these
 * their sources, but no thread. */
#ifndef DAEMON_ASSEMBLY_H
#define DAEMON_ASSEMBLY_H

#include "config/config.h"
#include "daemon/crew.h"
#include "daemon/dedup.h"
#include "daemon/exporter.h"
#include "daemon/guide.h"
#include "daemon/opener.h"
#include "daemon/own.h"
#include "daemon/present.h"

#include <stdbool.h>
#include <stdint.h>

struct assembly {
	struct config *config; /* as it holds, without patterns; owned */
	struct config *given;  /* the same as it was given, where inputs may come by patterns */
	struct crew *crew;
	struct exporter *exporter;
	struct dedup *dedup; /* NULL: none */
	struct guide *guide;
	struct own *own;         /* NULL: none */
	struct opener *opener;   /* NULL: none, inputs are opened here */
	struct present *present; /* where there is an opener */
	bool is_file;
	unsigned pid;    /* this process' */
	unsigned made;   /* workers, ever */
	unsigned opened; /* inputs, ever */
};

/* Copies the configuration and makes all. False: *error says what could not be; to be
 * freed all the same. */
bool assembly_make(
	struct assembly *assembly, const struct config *config, struct config_error *error);
void assembly_free(struct assembly *assembly);

/* The i-th input of a configuration with its workers, the caller's until it is in the crew.
 * NULL: *error says why not. */
struct crew_input *assembly_input(struct assembly *assembly, const struct config *config,
	unsigned i, struct config_error *error);
/* Frees one that is in no crew. */
void assembly_free_input(struct crew_input *input);

/* A worker as the configuration wants it; takes over the source, or NULL: none yet. NULL:
 * memory is short. */
struct worker *assembly_worker(
	struct assembly *assembly, const struct config *config, struct source *source);

/* As they hold: shorter than configured where a protocol cannot tell of longer flows. */
struct flow_timeouts assembly_timeouts(const struct config *config);
/* The longest flow that the protocols of its collectors can tell of; INT64_MAX: any. */
int64_t assembly_longest(const struct config *config);

/* Collectors of what is captured live are told of all interfaces that there are. */
bool assembly_tell_interfaces(struct assembly *assembly);

#endif
