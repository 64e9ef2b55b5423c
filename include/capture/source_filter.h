/* source_filter: what a live source lets in, ready for its socket. */
#ifndef CAPTURE_SOURCE_FILTER_H
#define CAPTURE_SOURCE_FILTER_H

#include "capture/opening.h"

struct source_filter;

/* What was opened for these words, and is taken out of it. NULL: memory is short. */
struct source_filter *source_filter_take(const char *words, struct opening *opening);

/* Lent until it is freed, which source.h has a function for. */
const char *source_filter_words(const struct source_filter *filter);

/* Gives it to a packet socket. False: errno says why. */
bool source_filter_attach(const struct source_filter *filter, int fd);

/* As duplicates. */
struct source_count source_filter_left_out(const struct source_filter *filter);

#endif
