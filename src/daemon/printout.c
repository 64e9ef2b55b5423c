#define _GNU_SOURCE /* memrchr */
#include "daemon/printout.h"

#include "base/clock.h"
#include "base/log.h"
#include "export/output.h"
#include "export/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ROOM = 256 << 10, /* octets, and a record may go beyond */
	PIECE = 4096,     /* a pipe with any room has it for so many octets */
};

struct printout {
	struct output *output;
	int error; /* errno, once it could not be written */

	/* Live. */
	FILE *text; /* in memory; NULL: standard output itself */
	char *octets;
	size_t size;    /* of what `text` has put there, the library's */
	size_t printed; /* octets, when it was last looked at */
	size_t taken;   /* of these */
	int64_t moved;  /* steady clock: when some were, or there was nothing to take */
	bool left;      /* the reader takes none */
	uint64_t lost;
};

static enum print_format format_of(enum config_output output)
{
	return output == CONFIG_OUTPUT_JSON  ? PRINT_JSON
	       : output == CONFIG_OUTPUT_CSV ? PRINT_CSV
					     : PRINT_TEXT;
}

struct printout *printout_new(const struct config *config)
{
	struct printout *p = calloc(1, sizeof *p);
	bool live = !*config->inputs[0].file;

	if (!p)
		return NULL;
	if (live)
		p->text = open_memstream(&p->octets, &p->size);
	if (p->text || !live)
		p->output = output_new(format_of(config->output), live ? p->text : stdout,
			&(struct layout_options){.version = 10,
				.definition = &config->cache.definition,
				.biflow = config->cache.biflow,
				.inner = config->cache.decapsulate_inner},
			config->sampling.scale_output ? config->sampling.interval : 1);
	if (p->output) {
		p->moved = clock_steady();
		return p;
	}
	printout_free(p);
	return NULL;
}

void printout_free(struct printout *p)
{
	if (!p)
		return;
	output_free(p->output);
	if (p->text)
		fclose(p->text);
	free(p->octets);
	free(p);
}

bool printout_has_room(const struct printout *p)
{
	return !p || !p->text || p->left || p->error || ftello(p->text) < ROOM;
}

void printout_record(struct printout *p, const struct flow_record *r, const struct flow_path *path)
{
	if (!p || p->error)
		return;
	if (p->left)
		p->lost++;
	else
		output_record(p->output, r, path);
}

static bool fails(struct printout *p)
{
	p->error = errno ? errno : EIO;
	return false;
}

/* Whole lines, as far as they are no longer than that: should the reader stop, he has no half
 * of one. */
static size_t next_piece(const struct printout *p)
{
	size_t rest = p->printed - p->taken, most = rest < PIECE ? rest : PIECE;
	const char *first = p->octets + p->taken, *end = memrchr(first, '\n', most);

	return end ? (size_t)(end - first) + 1 : most;
}

/* Standard output stays as it is for others who have it, too: so it is asked for room. */
static bool write_piece(struct printout *p, int milliseconds)
{
	struct pollfd room = {STDOUT_FILENO, POLLOUT, 0};

	if (p->taken == p->printed || poll(&room, 1, milliseconds) <= 0)
		return false;
	ssize_t n = write(STDOUT_FILENO, p->octets + p->taken, next_piece(p));
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? false : fails(p);
	p->taken += (size_t)n;
	return n > 0;
}

static void heed_reader(struct printout *p, bool moved)
{
	int64_t now = clock_steady();

	if (moved || p->taken == p->printed)
		p->moved = now;
	if (p->left && moved)
		log_info("exporter", "event=output-read lost=%llu", (unsigned long long)p->lost);
	else if (!p->left && now - p->moved >= TRANSPORT_PATIENCE)
		log_warning("exporter",
			"event=output-unread note=\"nobody reads standard output: until somebody "
			"does, what is printed is lost\"");
	p->left = now - p->moved >= TRANSPORT_PATIENCE;
}

bool printout_work(struct printout *p, int milliseconds)
{
	bool moved = false;

	if (!p || p->error)
		return false;
	errno = 0;
	if (!output_flush(p->output))
		return fails(p);
	if (!p->text)
		return true;
	p->printed = (size_t)ftello(p->text);
	while (write_piece(p, moved ? 0 : milliseconds))
		moved = true;
	heed_reader(p, moved);
	if (p->taken == p->printed) {
		p->taken = p->printed = 0;
		(void)fseeko(p->text, 0, SEEK_SET);
	}
	return moved;
}

uint64_t printout_pending(const struct printout *p)
{
	return !p || p->left || p->error ? 0 : p->printed - p->taken;
}

/* A line is a record. */
void printout_end(struct printout *p)
{
	if (!p)
		return;
	for (; p->taken < p->printed; p->taken++)
		p->lost += p->octets[p->taken] == '\n';
	if (p->lost)
		log_warning("exporter",
			"event=output-lost records=%llu note=\"nobody read standard output\"",
			(unsigned long long)p->lost);
}

int printout_error(const struct printout *p)
{
	return p ? p->error : 0;
}

uint64_t printout_lost(const struct printout *p)
{
	return p ? p->lost : 0;
}
