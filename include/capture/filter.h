/* filter: BPF words over the frames of a file.
 *
 * A live source's filter runs in the kernel; a file's runs here, so that what it
 * leaves out can be counted. One thread's. */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include "base/frame.h"
#include "capture/source.h"

#include <stdbool.h>

struct filter;

/* Compiles the words for frames of a link type. NULL: *error says what is wrong
 * with them. */
struct filter *filter_new(const char *words, uint16_t link_type, struct source_error *error);
void filter_free(struct filter *filter);

bool filter_accepts(const struct filter *filter, const struct frame *frame);

#endif
