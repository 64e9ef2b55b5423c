/*
 * tool_story [FILE]: takes frames (see frames.h) from FILE or standard input, and reads each of
 * them in the three ways of story.h, which must agree. The frames of a capture go to the same
 * decoders, so fragments find their first ones.
 */
#include "frames.h"
#include "story.h"

#include <stdio.h>
#include <stdlib.h>

enum { FAULTS_MOST = 20 };

struct run {
	struct story story;
	char name[sizeof((struct frames_head *)0)->name];
	uint64_t captures, frames, entered, named, faults;
};

static void begin_capture(void *context, const char *name)
{
	const struct decoder_options options = {.details = true, .seed = 1};
	struct run *r = context;

	if (r->captures++ > 0)
		story_end(&r->story);
	story_begin(&r->story, &options);
	snprintf(r->name, sizeof r->name, "%s", name);
}

static void read_frame(void *context, const struct frame *frame, uint8_t *data)
{
	struct run *r = context;
	const char *fault = story_read(&r->story, frame);
	uint32_t facts = r->story.packet[STORY_FACTS].facts;

	(void)data;
	r->frames++;
	if (fault) {
		printf("%s: frame %llu of all: %s\n", r->name, (unsigned long long)r->frames,
			fault);
		if (++r->faults >= FAULTS_MOST)
			exit(1);
	}
	if (r->story.verdict[STORY_FACTS] != PACKET_OK)
		return;
	if (facts & PACKET_INNER)
		r->entered++;
	else if (facts & (PACKET_SEGMENT | PACKET_GRE_KEY | PACKET_GTPU_TEID))
		r->named++;
}

int main(int argc, char **argv)
{
	static struct run run;
	FILE *in = argc > 1 ? fopen(argv[1], "rb") : stdin;

	if (!in || !frames_each(in, &run, begin_capture, read_frame)) {
		fprintf(stderr, "story: these are no frames\n");
		return 1;
	}
	story_end(&run.story);
	printf("%llu captures, %llu frames, %llu with an inner packet, %llu with an identity only: "
	       "%llu faults\n",
		(unsigned long long)run.captures, (unsigned long long)run.frames,
		(unsigned long long)run.entered, (unsigned long long)run.named,
		(unsigned long long)run.faults);
	return run.faults > 0;
}
