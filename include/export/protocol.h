/* protocol: what NetFlow v5, v9 and IPFIX differ in.
 *
 * A protocol version is one constant struct in a file of its own and a row in
 * protocol.c. Elements, templates and encoding are common to all of them. */
#ifndef EXPORT_PROTOCOL_H
#define EXPORT_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds since 1970: the first moment that 32 bits of seconds cannot tell */
#define PROTOCOL_END ((INT64_C(1) << 32) * 1000000000)

struct message;
struct template;

/* What a message's header says. */
struct protocol_header {
	int64_t time; /* nanoseconds since 1970, as protocol->header_time() gave it */
	int64_t boot; /* milliseconds since 1970 that sysUptime counts from */
	uint32_t sequence;
	uint32_t domain;   /* observation domain, source id, engine */
	uint32_t sampling; /* interval, 1: every packet */
	bool random;       /* what is sampled is chosen at random */
};

struct protocol {
	uint16_t version;
	uint16_t default_port;
	uint16_t header_octets;
	uint16_t template_set;  /* set id of templates; options templates have the next */
	bool scopes_are_types;  /* scopes of options have a numbering of their own, and no ids */
	bool has_sets;          /* records stand in sets under templates */
	bool relative_times;    /* flow times count from sysUptime's zero */
	uint16_t most_records;  /* in a message, 0: as many as fit */
	uint64_t largest_count; /* that a counter of its fixed record can tell */
	/* Nanoseconds between templates that are due after a number of datagrams. RFC 3954
	 * section 7 wants them after each such number; RFC 7011 section 8.4 by time alone, so
	 * that a flood need not make one datagram in twenty of the same templates. */
	int64_t templates_apart;
	const char *name;
	/* Writes header_octets at `at`. */
	void (*put_header)(
		uint8_t *at, const struct message *message, const struct protocol_header *header);
	/* The moment at `time` as the header can tell it: not before any flow in the
	 * message where flow times are relative to it, and not after the last moment that
	 * its 32 bits of seconds can tell. */
	int64_t (*header_time)(int64_t time);
	/* By how much a message moves the sequence on. */
	uint32_t (*sequence_step)(const struct message *message);
};

extern const struct protocol protocol_netflow5;
extern const struct protocol protocol_netflow9;
extern const struct protocol protocol_ipfix;

/* 5, 9 or 10; NULL for any other. */
const struct protocol *protocol_find(unsigned version);

/* How many records a flow of these counts takes so that no counter of a fixed-size record
 * overflows. */
static inline uint64_t protocol_parts(
	const struct protocol *protocol, uint64_t packets, uint64_t octets)
{
	uint64_t most = octets > packets ? octets : packets;

	return most <= protocol->largest_count ? 1 : most / protocol->largest_count + 1;
}

/* What the part-th of so many has of a count. */
static inline uint64_t protocol_share(uint64_t whole, uint64_t part, uint64_t parts)
{
	return whole / parts + (part < whole % parts);
}

#endif
