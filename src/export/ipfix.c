/* IPFIX, RFC 7011. */
#include "base/clock.h"
#include "export/message.h"
#include "export/protocol.h"

static int64_t header_time(int64_t time)
{
	int64_t second = clock_floor(time, CLOCK_SECOND) * CLOCK_SECOND;

	return second < PROTOCOL_END ? second : PROTOCOL_END - CLOCK_SECOND;
}

/* Section 3.1; the sequence counts data records before this message. */
static void put_header(uint8_t *at, const struct message *m, const struct protocol_header *h)
{
	at = put16(at, 10);
	at = put16(at, (uint16_t)m->length);
	at = put32(at, (uint32_t)clock_floor(h->time, CLOCK_SECOND));
	at = put32(at, h->sequence);
	put32(at, h->domain);
}

static uint32_t sequence_step(const struct message *m)
{
	return m->data_records;
}

const struct protocol protocol_ipfix = {
	.version = 10,
	.name = "ipfix",
	.default_port = 4739,
	.header_octets = 16,
	.template_set = 2,
	.has_sets = true,
	.largest_count = UINT64_MAX,
	.templates_apart = 100 * CLOCK_MILLISECOND,
	.put_header = put_header,
	.header_time = header_time,
	.sequence_step = sequence_step,
};
