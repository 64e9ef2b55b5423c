/* source_file: capture files through libpcap, also from a pipe. See sources.h. */
#ifndef CAPTURE_SOURCE_FILE_H
#define CAPTURE_SOURCE_FILE_H

#include "capture/source.h"

struct source *source_open_file(const struct source_options *options, struct source_error *error);

#endif
