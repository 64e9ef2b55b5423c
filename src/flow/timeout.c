#include "flow/timeout.h"

#include "base/clock.h"

const struct flow_timeouts flow_timeouts_default = {
	.active = 60 * CLOCK_SECOND,
	.idle = 15 * CLOCK_SECOND,
	.tcp_fin = 5 * CLOCK_SECOND,
	.tcp_rst = 5 * CLOCK_SECOND,
	.udp = -1,
	.icmp = -1,
};

struct flow_limits flow_limits_of(const struct flow_timeouts *t)
{
	return (struct flow_limits){
		.active = t->active,
		.idle =
			{
				[FLOW_OTHER] = t->idle,
				[FLOW_TCP_FIN] = t->tcp_fin,
				[FLOW_TCP_RST] = t->tcp_rst,
				[FLOW_UDP] = t->udp < 0 ? t->idle : t->udp,
				[FLOW_ICMP] = t->icmp < 0 ? t->idle : t->icmp,
			},
	};
}

enum flow_end_reason flow_end_reason_of(
	const struct flow_limits *limits, const struct flow_record *r)
{
	if (r->first + limits->active <= r->last + limits->idle[r->class])
		return FLOW_END_ACTIVE;
	return r->class == FLOW_TCP_FIN || r->class == FLOW_TCP_RST ? FLOW_END_DETECTED
								    : FLOW_END_IDLE;
}
