#include "generator.h"

#include "base/clock.h"
#include "base/wire.h"

enum { FRAME = 60, ETHERNET = 1 };

static uint32_t scatter(uint32_t n)
{
	n = (n ^ n >> 16) * 0x7feb352d;
	n = (n ^ n >> 15) * 0x846ca68b;
	return n ^ n >> 16;
}

/* Ethernet, IPv4, UDP; ARP and cut frames in between. Returns the octets captured. */
static uint32_t put_frame(struct generator *g, uint32_t n, uint8_t *at)
{
	const struct traffic *t = &g->traffic;
	bool not_ip = t->not_ip && n % t->not_ip == 1;
	bool cut = !not_ip && t->malformed && n % t->malformed == 2;
	uint16_t length = (uint16_t)(28 + n % 1000);

	memset(at, 0, FRAME);
	put16(at + 12, not_ip ? 0x0806 : 0x0800);
	at[14] = 0x45;
	put16(at + 16, length);
	at[22] = 64;
	at[23] = 17;
	put32(at + 26, 0x0a000000 + scatter(n) % t->flows);
	put32(at + 30, 0x0a640001);
	put32(at + 34, 1024u << 16 | 53);
	g->kind[not_ip ? 1 : cut ? 2 : 0]++;
	if (not_ip || cut)
		return cut ? 20 : FRAME;
	g->octets += length;
	return FRAME;
}

static enum source_status generator_read(
	struct source *s, unsigned most, source_take *take, void *context)
{
	struct generator *g = (struct generator *)s;
	uint8_t octets[FRAME];

	for (unsigned i = 0; i < most && g->done < g->traffic.frames; i++, g->done++) {
		uint32_t captured = put_frame(g, g->done, octets);
		struct frame frame = {
			.data = octets,
			.time = GENERATOR_START * CLOCK_SECOND + (int64_t)g->done * g->traffic.pace,
			.captured = captured,
			.wire_octets = 1000,
			.link_type = ETHERNET,
		};
		take(context, &frame, 1);
	}
	if (atomic_exchange(&g->woken, false))
		return SOURCE_IDLE;
	return g->done < g->traffic.frames && !atomic_load(&g->stopped) ? SOURCE_READY : SOURCE_END;
}

static void generator_wake(struct source *s)
{
	atomic_store(&((struct generator *)s)->woken, true);
}

static void generator_stop_intake(struct source *s)
{
	atomic_store(&((struct generator *)s)->stopped, true);
}

static struct source_statistics generator_statistics(struct source *s)
{
	return (struct source_statistics){.kernel_received = ((struct generator *)s)->done};
}

static const char *generator_failure(struct source *s)
{
	(void)s;
	return "none";
}

static void generator_close(struct source *s)
{
	(void)s;
}

const struct source_ops generator_ops = {
	.read = generator_read,
	.wake = generator_wake,
	.stop_intake = generator_stop_intake,
	.statistics = generator_statistics,
	.failure = generator_failure,
	.close = generator_close,
};
