/* times: the first and last moment of a flow. */
#include "export/times.h"

#include "export/value.h"

/* What a record may say, until all its fields are seen. */
struct sayings {
	struct times times;
	bool has_uptimes[2], has_deltas[2], has_boot, has_duration;
	uint64_t uptimes[2], deltas[2]; /* of the first and the last packet */
	uint64_t duration;
	int64_t boot;
};

/* How far ahead of its message a time since boot may be before it is taken for
 * one that is nearly a whole turn of the 32 bits old, milliseconds. */
#define UPTIME_AHEAD 60000

static int64_t of_uptime(uint32_t time, const struct message_time *message)
{
	uint32_t age = message->uptime - time;

	if (age > UINT32_MAX - UPTIME_AHEAD)
		return message->milliseconds + (uint32_t)(time - message->uptime);
	return message->milliseconds - age;
}

static void hear_relative(struct sayings *s, const struct field *f)
{
	uint64_t number;

	if (f->id != 21 && f->id != 22 && (f->id < 158 || f->id > 162))
		return;
	if (!value_unsigned(f->octets, f->length, &number))
		return;
	switch (f->id) {
	case 21:
	case 22:
		s->uptimes[f->id == 21] = number;
		s->has_uptimes[f->id == 21] = true;
		break;
	case 158:
	case 159:
		s->deltas[f->id == 159] = number;
		s->has_deltas[f->id == 159] = true;
		break;
	case 161:
	case 162:
		s->duration = f->id == 161 ? number : number / 1000;
		s->has_duration = true;
		break;
	default: break;
	}
}

static void hear(struct sayings *s, const struct field *f)
{
	switch (f->id) {
	case 150:
	case 152:
	case 154:
	case 156:
		s->times.has_first |= value_time(f->ie, f->octets, f->length, &s->times.first);
		break;
	case 151:
	case 153:
	case 155:
	case 157:
		s->times.has_last |= value_time(f->ie, f->octets, f->length, &s->times.last);
		break;
	case 160: s->has_boot |= value_time(f->ie, f->octets, f->length, &s->boot); break;
	default: hear_relative(s, f); break;
	}
}

/* The best of the relative times for one end of the flow. */
static bool relative(
	const struct sayings *s, int end, const struct message_time *message, int64_t *milliseconds)
{
	if (s->has_uptimes[end] && message && message->has_uptime)
		*milliseconds = of_uptime((uint32_t)s->uptimes[end], message);
	else if (s->has_uptimes[end] && s->has_boot)
		*milliseconds = s->boot + (uint32_t)s->uptimes[end];
	else if (s->has_deltas[end] && message)
		*milliseconds = message->milliseconds - (uint32_t)s->deltas[end] / 1000;
	else
		return false;
	return true;
}

struct times times_of(const struct field *fields, size_t count, const struct message_time *message)
{
	struct sayings s = {0};
	struct times *t = &s.times;

	for (size_t i = 0; i < count; i++)
		if (fields[i].ie && fields[i].pen == 0)
			hear(&s, &fields[i]);
	if (!t->has_first)
		t->has_first = relative(&s, 0, message, &t->first);
	if (!t->has_last)
		t->has_last = relative(&s, 1, message, &t->last);
	s.duration = s.duration > UINT32_MAX ? UINT32_MAX : s.duration;
	if (s.has_duration && t->has_first && !t->has_last) {
		t->last = t->first + (int64_t)s.duration;
		t->has_last = true;
	} else if (s.has_duration && t->has_last && !t->has_first) {
		t->first = t->last - (int64_t)s.duration;
		t->has_first = true;
	}
	return s.times;
}
