#include "daemon/health.h"

#include "base/clock.h"

/* The kernel asks for a neighbour three seconds long before it says that there is none, and
 * answers one datagram a second at most with an error. */
#define ASK     CLOCK_SECOND
#define SILENCE (5 * CLOCK_SECOND)
#define UNASKED (60 * CLOCK_SECOND)
#define MARK    (5 * CLOCK_SECOND)

static struct session_tally since(const struct session_tally *now, const struct session_tally *then)
{
	return (struct session_tally){
		now->flows - then->flows, now->packets - then->packets, now->octets - then->octets};
}

static void mark(struct health *h, const struct session_tally *sent, int64_t now)
{
	h->earlier = h->recent;
	h->recent = *sent;
	h->marked = now;
}

void health_init(struct health *h, bool connects, bool asks, int64_t now)
{
	*h = (struct health){.connects = connects, .asks = asks, .well = !connects, .marked = now};
}

static void fall_ill(struct health *h)
{
	h->well = false;
	h->from = h->earlier;
}

static void recover(struct health *h, const struct session_tally *sent, int64_t now)
{
	struct session_tally doubt = since(sent, &h->from);

	session_tally_add(&h->in_doubt, doubt.flows, doubt.packets, doubt.octets);
	h->well = true;
	mark(h, sent, now);
	mark(h, sent, now);
}

bool health_look(struct health *h, const struct session_statistics *s, int64_t now)
{
	/* One that was too long says nothing of whoever should have had it. */
	uint64_t troubles = s->refusals + s->lost_messages - s->dropped_messages;

	if (h->connects) {
		h->well = !s->away;
		return false;
	}
	if (troubles != h->troubles) {
		h->troubles = troubles;
		h->troubled = now;
		if (h->well)
			fall_ill(h);
	} else if (!h->well && now - h->troubled >= (h->asks ? SILENCE : UNASKED)) {
		recover(h, &s->sent, now);
	} else if (h->well && now - h->marked >= MARK) {
		mark(h, &s->sent, now);
	}
	if (h->well || !h->asks || now - h->asked < ASK)
		return false;
	h->asked = now;
	return true;
}

struct session_tally health_in_doubt(const struct health *h, const struct session_statistics *s)
{
	struct session_tally all = h->in_doubt;

	if (!h->well && !h->connects) {
		struct session_tally doubt = since(&s->sent, &h->from);
		session_tally_add(&all, doubt.flows, doubt.packets, doubt.octets);
	}
	return all;
}
