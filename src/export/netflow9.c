/* NetFlow version 9, RFC 3954. */
#include "base/clock.h"
#include "export/message.h"
#include "export/protocol.h"

/* The header has whole seconds only. They are rounded up, so that sysUptime
 * belongs to them exactly and no flow in the message ends after it. */
static int64_t header_time(int64_t time)
{
	int64_t second = -clock_floor(-time, CLOCK_SECOND) * CLOCK_SECOND;

	return second < PROTOCOL_END ? second : PROTOCOL_END - CLOCK_SECOND;
}

/* Section 5.1; count is of all records, templates too. */
static void put_header(uint8_t *at, const struct message *m, const struct protocol_header *h)
{
	int64_t seconds = clock_floor(h->time, CLOCK_SECOND);

	at = put16(at, 9);
	at = put16(at, m->records);
	at = put32(at, (uint32_t)(seconds * 1000 - h->boot));
	at = put32(at, (uint32_t)seconds);
	at = put32(at, h->sequence);
	put32(at, h->domain);
}

static uint32_t sequence_step(const struct message *m)
{
	(void)m;
	return 1;
}

const struct protocol protocol_netflow9 = {
	.version = 9,
	.name = "netflow9",
	.default_port = 2055,
	.header_octets = 20,
	.template_set = 0,
	.has_sets = true,
	.scopes_are_types = true,
	.relative_times = true,
	.largest_count = UINT64_MAX,
	.put_header = put_header,
	.header_time = header_time,
	.sequence_step = sequence_step,
};
