/* source_live: live capture through libpcap. See sources.h. */
#ifndef CAPTURE_SOURCE_LIVE_H
#define CAPTURE_SOURCE_LIVE_H

#include "capture/source.h"

struct source *source_open_live(const struct source_options *options, struct source_error *error);

#endif
