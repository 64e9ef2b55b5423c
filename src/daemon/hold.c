#include "daemon/hold.h"

enum { MICROSECOND = 1000 };

static unsigned class_of(int64_t nanoseconds)
{
	unsigned class = 0;

	for (int64_t us = nanoseconds / MICROSECOND; us > 0 && class < HOLD_CLASSES - 1; us /= 2)
		class ++;
	return class;
}

void hold_note(struct hold *h, int64_t nanoseconds)
{
	h->turns++;
	h->class[class_of(nanoseconds)]++;
	if (nanoseconds > h->longest)
		h->longest = nanoseconds;
}

void hold_add(struct hold *sum, const struct hold *h)
{
	sum->turns += h->turns;
	for (int i = 0; i < HOLD_CLASSES; i++)
		sum->class[i] += h->class[i];
	if (h->longest > sum->longest)
		sum->longest = h->longest;
}

int64_t hold_below(const struct hold *h, unsigned per_mille)
{
	int64_t longest = (h->longest + MICROSECOND - 1) / MICROSECOND;
	uint64_t turns = 0;

	for (int i = 0; i < HOLD_CLASSES - 1; i++) {
		turns += h->class[i];
		if (turns * 1000 >= h->turns * per_mille)
			return INT64_C(1) << i < longest ? INT64_C(1) << i : longest;
	}
	return longest;
}
