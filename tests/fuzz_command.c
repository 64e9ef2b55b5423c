/* A request of any octets, to the control socket and to that of metrics, of a weir that has read a
 * capture: each is answered in the form that its protocol has, and the ledger adds up.
 *
 * The input is the request, without its end; server.h gives no longer ones on. */
#include "base/clock.h"
#include "base/log.h"
#include "capture/source.h"
#include "daemon/assembly.h"
#include "daemon/command.h"
#include "daemon/metrics.h"
#include "daemon/server.h"
#include "daemon/worker.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fault(const char *what, const char *answer)
{
	fprintf(stderr, "command: %s: %s\n", what, answer ? answer : "");
	abort();
}

/* A capture in memory: a header in this machine's order, and 60 octets of IPv4 and UDP from as many
 * ports as there are frames. */
static int capture(void)
{
	static const uint32_t head[] = {0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65535, 1};
	enum { FRAMES = 50, OCTETS = 60 };
	uint8_t frame[OCTETS] = {[12] = 8,
		[14] = 0x45,
		[17] = OCTETS - 14,
		[22] = 64,
		[23] = 17,
		[26] = 192,
		[28] = 2,
		[29] = 1,
		[30] = 198,
		[31] = 51,
		[32] = 100,
		[33] = 1,
		[36] = 53,
		[39] = OCTETS - 34};
	int fd = memfd_create("capture", 0);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (!f)
		abort();
	fwrite(head, sizeof head, 1, f);
	for (uint32_t i = 0; i < FRAMES; i++) {
		const uint32_t record[] = {1700000000, i, OCTETS, OCTETS};
		frame[34] = (uint8_t)i;
		fwrite(record, sizeof record, 1, f);
		fwrite(frame, sizeof frame, 1, f);
	}
	if (fclose(f) != 0)
		abort();
	return fd;
}

static void set(struct config *config, const char *assignment)
{
	struct config_error error;

	if (!config_set(config, assignment, &error))
		fault(assignment, error.text);
}

/* What a weir has that reads the capture and has a collector; its flows stay live. */
static struct view *view_new(void)
{
	static struct assembly parts; /* all as long as the process */
	static struct config config;
	static struct view view;
	struct config_error error;
	char file[64];

	snprintf(file, sizeof file, "inputs[0].file=/proc/self/fd/%d", capture());
	config_defaults(&config);
	set(&config, file);
	set(&config, "cache.entries=1024");
	set(&config, "exporters[0].collector=127.0.0.1:9");
	if (!config_check(&config, &error) || !assembly_make(&parts, &config, &error))
		fault("it does not begin", error.text);
	struct worker *worker = parts.crew->member[0].worker;
	while (worker_read(worker) == SOURCE_READY)
		;
	view = (struct view){
		.crew = parts.crew,
		.exporter = parts.exporter,
		.watch = watch_new(0),
		.timeouts = assembly_timeouts(&config),
		.sampling = 1,
		.links = -1,
	};
	return &view;
}

static void judge_line(const char *answer)
{
	const json_t *adds_up;

	if (!answer)
		fault("no answer", NULL);
	for (const signed char *c = (const signed char *)answer; *c; c++)
		if (*c < ' ')
			fault("not one line of ASCII", answer);
	json_t *all = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(all))
		fault("no JSON object", answer);
	adds_up = json_object_get(all, "adds_up");
	if (adds_up && !json_is_true(adds_up))
		fault("the ledger does not add up", answer);
	json_decref(all);
}

static void judge_http(const char *answer)
{
	const char *body = answer ? strstr(answer, "\r\n\r\n") : NULL;
	unsigned status = 0;
	size_t length = 0;

	if (!body || sscanf(answer, "HTTP/1.1 %3u %*[^\r]\r\nContent-Length: %zu", &status,
			     &length) != 2)
		fault("no HTTP answer", answer);
	if (strlen(body + 4) != length)
		fault("another length than it says", answer);
	if (status == 503)
		fault("not well", answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct view *view;
	size_t length = size < SERVER_REQUEST ? size : SERVER_REQUEST;
	char *request = malloc(length + 1), *answer;

	if (!view) {
		log_start(LOG_ERROR_LEVEL);
		view = view_new();
	}
	if (!request)
		abort();
	memcpy(request, data, length);
	request[length] = '\0';
	view->rest = 0; /* a look that took long makes others wait */
	answer = command_answer(view, request, length);
	judge_line(answer);
	free(answer);
	answer = metrics_answer(view, request, length);
	judge_http(answer);
	free(answer);
	free(request);
	log_set_level(LOG_ERROR_LEVEL, NULL); /* a request may have asked for more */
	return 0;
}
