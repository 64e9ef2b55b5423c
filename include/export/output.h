/* output: finished flow records on a stream, as text, JSON or CSV.
 *
 * The record is encoded by an IPFIX layout and printed from its octets,
 * so that what a person reads is what a collector would get. CSV's columns are the
 * elements of the record, in the order of its templates; those of the default record
 * are fixed (export/print.h). One thread's. */
#ifndef EXPORT_OUTPUT_H
#define EXPORT_OUTPUT_H

#include "export/layout.h"
#include "export/print.h"
#include "flow/record.h"

#include <stdbool.h>
#include <stdio.h>

struct output;

/* NULL when memory is short. The stream stays the caller's. `scale`: what packets and
 * octets are multiplied by. */
struct output *output_new(enum print_format format, FILE *stream,
	const struct layout_options *layout, uint32_t scale);
void output_free(struct output *output);

/* Prints a record, lent for the call; `path`: beside it, or NULL. */
void output_record(
	struct output *output, const struct flow_record *record, const struct flow_path *path);

/* Hands on what the stream still buffers. False: it could not be written, errno
 * says why; so it stays. */
bool output_flush(struct output *output);

#endif
