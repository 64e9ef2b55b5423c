/* sources: the kinds of source that there are. */
#ifndef CAPTURE_SOURCES_H
#define CAPTURE_SOURCES_H

#include "capture/source.h"

/* Opens a source of the kind that the options name; a live one does not take
 * frames in before source_start(). NULL: *error says why. */
struct source *source_open(const struct source_options *options, struct source_error *error);

#endif
