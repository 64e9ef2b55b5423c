/*
 * A small reader of NetFlow v5, v9 and IPFIX for tests, written from the RFCs. It shares nothing
 * with the exporter, neither constants nor the table of elements, so that both cannot be wrong
 * together.
 *
 * One reader is one session: it is fed datagrams in the order of sending, keeps templates and
 * sequence numbers, hands on each data record, and notes every breach of the protocol as a fault in
 * words. Whatever the bytes are, it reads only inside the datagram.
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One field as it stood in the record. Lent: valid during the call that hands the record on. */
struct reader_value {
	uint32_t pen;
	uint16_t id, octets;
	const uint8_t *bytes;
};

struct reader_record {
	uint8_t protocol; /* 5, 9 or 10 */
	bool options;     /* an options data record: only the values below are set */
	uint16_t scopes;
	uint16_t template_id;
	uint32_t domain;

	uint8_t family; /* 4 or 6 */
	uint8_t src[16], dst[16];
	uint16_t sport, dport; /* ICMP: 0 and type * 256 + code */
	uint8_t proto, tos, flags, reason;
	uint64_t packets, octets;
	int64_t first_ms, last_ms; /* since 1970, rounded down */

	const struct reader_value *values; /* none for v5 */
	size_t count;
};

typedef void reader_sink(void *arg, const struct reader_record *record);

struct reader;

struct reader *reader_new(reader_sink *sink, void *arg);
void reader_free(struct reader *r);
/* Flow records may be of any elements: they need no addresses, no protocol and no times, and what
 * struct reader_record has of these stays 0. */
void reader_take_any(struct reader *r);
void reader_feed(struct reader *r, const uint8_t *datagram, size_t octets);

/* All faults so far, and the first few of them in words (NULL beyond those). */
size_t reader_faults(const struct reader *r);
const char *reader_fault(const struct reader *r, size_t n);
/* Template records so far, options templates included. */
size_t reader_templates(const struct reader *r);

/* The first field of that number, NULL if there is none; and its value as an integer, else 0. */
const struct reader_value *reader_value(const struct reader_record *r, uint32_t pen, uint16_t id);
uint64_t reader_uint(const struct reader_record *r, uint32_t pen, uint16_t id);

#endif
