#include "capture/source.h"

void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}

bool source_share(struct source *s, unsigned group, struct source_error *error)
{
	return !s->ops->share || s->ops->share(s, group, error);
}

bool source_start(struct source *s, struct source_error *error)
{
	return !s->ops->start || s->ops->start(s, error);
}

struct source_filter *source_prepare(
	struct source *s, const char *words, struct source_error *error)
{
	return s->ops->prepare(s, words, error);
}

bool source_refilter(struct source *s, struct source_filter *filter)
{
	return s->ops->refilter(s, filter);
}

enum source_status source_read(struct source *s, unsigned most, source_take *take, void *context)
{
	return s->ops->read(s, most, take, context);
}

void source_wake(struct source *s)
{
	if (s->ops->wake)
		s->ops->wake(s);
}

void source_stop_intake(struct source *s)
{
	if (s->ops->stop_intake)
		s->ops->stop_intake(s);
}

struct source_statistics source_statistics(struct source *s)
{
	return s->ops->statistics(s);
}

const char *source_failure(struct source *s)
{
	return s->ops->failure(s);
}
