/*
 * Definitions and records out of any octets, through a session of NetFlow v9 or IPFIX, and back by
 * the reader, which shares nothing with the encoder: every field must be what the record had.
 */
#ifndef ROUND_TRIP_H
#define ROUND_TRIP_H

#include <stddef.h>
#include <stdint.h>

struct round_trip_count {
	uint64_t definitions, fields, records, values;
};

/* NULL: all was told; else what was not, valid until the next call. The octets choose version,
 * fields, sides, keys and times, then the records. *count is added to; it may be NULL. Aborts when
 * memory is short. One thread's. */
const char *round_trip(const uint8_t *data, size_t size, struct round_trip_count *count);

#endif
