/* NetFlow version 5: a header of 24 octets and up to 30 records of 48. */
#include "base/clock.h"
#include "export/message.h"
#include "export/protocol.h"

enum { SAMPLING_SYSTEMATIC = 1 << 14, SAMPLING_RANDOM = 2 << 14, SAMPLING_LARGEST = (1 << 14) - 1 };

/* Rounded like the times of its records, none of which is then after it. */
static int64_t header_time(int64_t time)
{
	int64_t ms = clock_floor(time, CLOCK_MILLISECOND) * CLOCK_MILLISECOND;

	return ms < PROTOCOL_END ? ms : PROTOCOL_END - CLOCK_MILLISECOND;
}

static void put_header(uint8_t *at, const struct message *m, const struct protocol_header *h)
{
	int64_t ms = clock_floor(h->time, CLOCK_MILLISECOND);
	int64_t seconds = clock_floor(ms, 1000);
	uint32_t interval = h->sampling > SAMPLING_LARGEST ? SAMPLING_LARGEST : h->sampling;

	at = put16(at, 5);
	at = put16(at, m->data_records);
	at = put32(at, (uint32_t)(ms - h->boot));
	at = put32(at, (uint32_t)seconds);
	at = put32(at, (uint32_t)(ms - seconds * 1000) * 1000000);
	at = put32(at, h->sequence);
	at = put16(at, (uint16_t)h->domain); /* engine type and id */
	unsigned mode = h->random ? SAMPLING_RANDOM : SAMPLING_SYSTEMATIC;
	put16(at, interval > 1 ? (uint16_t)(mode | interval) : 0);
}

static uint32_t sequence_step(const struct message *m)
{
	return m->data_records;
}

const struct protocol protocol_netflow5 = {
	.version = 5,
	.name = "netflow5",
	.default_port = 2055,
	.header_octets = 24,
	.relative_times = true,
	.most_records = 30,
	.largest_count = UINT32_MAX,
	.put_header = put_header,
	.header_time = header_time,
	.sequence_step = sequence_step,
};
