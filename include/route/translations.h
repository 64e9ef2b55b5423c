/* translations: connections whose addresses or ports this host changes on the way, NAT.
 *
 * A table of fixed size, told of each by who hears of them. One that has ended stays for a
 * while, because flows are exported later than their packets pass. When the table is full
 * the one that ended first leaves, else one that nobody has asked for lately. Times are
 * nanoseconds since 1970. No clock and no I/O; one thread's. */
#ifndef ROUTE_TRANSLATIONS_H
#define ROUTE_TRANSLATIONS_H

#include <stdbool.h>
#include <stdint.h>

/* What a packet has between two hosts. 40 octets without padding, to be hashed and compared as
 * octets. Addresses in network order, IPv4 in the first 4 octets and zeros after; ports in host
 * order, of ICMP 0 and type * 256 + code, of protocols without either 0. */
struct translation_tuple {
	uint8_t source[16];
	uint8_t destination[16];
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t ip_version;
	uint8_t protocol;
	uint16_t reserved; /* 0 */
};

/* A connection: its packets as they come in, of who began it and of who answers. What the one's
 * are when they go out, is the other's turned round. */
struct translation {
	struct translation_tuple original;
	struct translation_tuple reply;
};

struct translations_options {
	uint32_t entries; /* at most 2^30 */
	int64_t linger;   /* nanoseconds that one stays after its end */
};

struct translations_statistics {
	uint64_t entries;   /* that stand there now, those that have ended too */
	uint64_t displaced; /* for want of room before they had ended, or before their time */
};

struct translations;

/* NULL when memory is short. */
struct translations *translations_new(const struct translations_options *options);
void translations_free(struct translations *translations);

/* What ends stays so long from now on. */
void translations_linger(struct translations *translations, int64_t linger);

/* It began at `time`; one that began before and is alike ended without being told. */
void translations_begin(
	struct translations *translations, const struct translation *translation, int64_t time);
/* It ended; of one that is not there nothing is to be done. */
void translations_end(
	struct translations *translations, const struct translation *translation, int64_t time);
/* Takes out those whose time is over. */
void translations_expire(struct translations *translations, int64_t now);

/* What becomes of such packets, of which the first and the last one passed at these times: of
 * ICMP without ports. False: none of the connections has them. */
bool translations_find(struct translations *translations, const struct translation_tuple *tuple,
	int64_t first, int64_t last, struct translation_tuple *after);

/* As who receives it has it: both ends exchanged, of ICMP without ports. */
struct translation_tuple translation_turned(const struct translation_tuple *tuple);

struct translations_statistics translations_statistics(const struct translations *translations);

#endif
