/* sources: the kinds of source, each in its own file. For source.c only. */
#ifndef CAPTURE_SOURCES_H
#define CAPTURE_SOURCES_H

#include "capture/source.h"

struct source *source_open_file(const struct source_options *options, struct source_error *error);
struct source *source_open_live(const struct source_options *options, struct source_error *error);

#endif
