/*
 * What the two halves of the reader share: reader.c has the messages, reader_sets.c what is in
 * their sets. Not for tests.
 */
#ifndef READER_PRIVATE_H
#define READER_PRIVATE_H

#include "reader.h"

#define FAULTS_KEPT 16

struct field {
	uint32_t pen;
	uint16_t id, octets;
};

struct template
{
	struct template *next;
	uint32_t domain, defined; /* export time of the last definition */
	uint16_t id, count, scopes;
	uint8_t protocol;
	bool options;
	struct field fields[];
};

struct domain {
	struct domain *next;
	uint32_t id, sequence; /* the number that is due */
	uint8_t protocol;
};

struct reader {
	reader_sink *sink;
	void *arg;
	struct template *templates;
	struct domain *domains;
	size_t faults, template_records, datagrams;
	char fault[FAULTS_KEPT][96];
	int64_t boot_ns; /* the exporter's start by its last header */
	bool booted, any_elements;
	/* of the datagram in hand */
	uint8_t protocol;
	uint32_t domain, uptime, export_time;
};

/* A cursor over part of a datagram: reading beyond the end gives zeros and sets over. */
struct cursor {
	const uint8_t *at, *end;
	bool over;
};

__attribute__((format(printf, 2, 3))) void reader_note(struct reader *r, const char *format, ...);
const uint8_t *reader_take(struct cursor *c, size_t octets);
uint64_t reader_integer(const uint8_t *p, size_t octets);
void reader_uptimes(struct reader *r, struct reader_record *record, uint32_t first, uint32_t last);
void reader_finish(struct reader *r, const struct reader_record *record);

/* How many records a set held. */
unsigned reader_template_set(struct reader *r, struct cursor *c, unsigned set, bool options);
unsigned reader_data_set(struct reader *r, struct cursor *c, uint16_t set);

static inline size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline uint16_t get16(struct cursor *c)
{
	return (uint16_t)reader_integer(reader_take(c, 2), 2);
}

static inline uint32_t get32(struct cursor *c)
{
	return (uint32_t)reader_integer(reader_take(c, 4), 4);
}

#endif
