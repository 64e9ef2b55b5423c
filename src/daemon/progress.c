#include "daemon/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Short runs end before they show anything. */
#define FIRST   (500 * CLOCK_MILLISECOND)
#define BETWEEN (250 * CLOCK_MILLISECOND)

struct progress {
	uint64_t size;
	int64_t started;
	int64_t due;
	size_t width; /* of the line that stands there */
};

enum { SHORT = 16 };

/* Three digits and a unit: 999, 1.20 k, 12.3 M. */
static const char *in_short(char text[SHORT], double number)
{
	static const char *const units[] = {"", " k", " M", " G", " T", " P"};
	size_t unit = 0;

	while (number >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
		number /= 1000;
		unit++;
	}
	snprintf(text, SHORT, "%.*f%s",
		unit == 0 || number >= 99.95 ? 0
		: number >= 9.995            ? 1
					     : 2,
		number, units[unit]);
	return text;
}

/* What is left at the pace so far, in seconds, minutes or hours. */
static int put_rest(char *out, size_t room, const struct progress_facts *f, double seconds)
{
	double done = (double)f->octets / (double)f->size;
	double left = done > 0 && done < 1 ? seconds / done - seconds : 0;

	if (left >= 7200)
		return snprintf(out, room, ", %.0f h to go", left / 3600);
	if (left >= 120)
		return snprintf(out, room, ", %.0f min to go", left / 60);
	return snprintf(out, room, ", %.0f s to go", left);
}

size_t progress_line(char line[PROGRESS_LINE], const struct progress_facts *f)
{
	char octets[SHORT], rate[SHORT], flows[SHORT];
	double seconds = (double)f->nanoseconds / (double)CLOCK_SECOND;
	bool sized = f->size >= f->octets && f->size > 0;
	size_t n = 0;

	if (sized)
		n = (size_t)snprintf(line, PROGRESS_LINE, "weir: %.0f %% of %sB",
			100 * ((double)f->octets / (double)f->size),
			in_short(octets, (double)f->size));
	else
		n = (size_t)snprintf(
			line, PROGRESS_LINE, "weir: %sB", in_short(octets, (double)f->octets));
	n += (size_t)snprintf(line + n, PROGRESS_LINE - n, ", %s packets/s, %s flows",
		in_short(rate, seconds > 0 ? (double)f->packets / seconds : 0),
		in_short(flows, (double)f->flows));
	if (sized)
		n += (size_t)put_rest(line + n, PROGRESS_LINE - n, f, seconds);
	return n < PROGRESS_LINE ? n : PROGRESS_LINE - 1;
}

static uint64_t size_of(const char *path)
{
	struct stat s;
	int error = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &s) : stat(path, &s);

	return error == 0 && S_ISREG(s.st_mode) && s.st_size > 0 ? (uint64_t)s.st_size : 0;
}

struct progress *progress_new(const char *path, bool prints)
{
	if (!isatty(STDERR_FILENO) || (prints && isatty(STDOUT_FILENO)))
		return NULL;
	struct progress *p = calloc(1, sizeof *p);
	if (p) {
		p->size = size_of(path);
		p->started = clock_steady();
		p->due = p->started + FIRST;
	}
	return p;
}

bool progress_due(struct progress *p)
{
	return p && clock_steady() >= p->due;
}

/* The line, blanks over what is left of the one before, and back to the margin, so that a
 * message of the log stands on a line of its own. */
static void put(struct progress *p, const char *line, size_t length)
{
	char text[2 * PROGRESS_LINE];
	size_t width = length > p->width ? length : p->width;

	memset(text, ' ', sizeof text);
	memcpy(text, line, length);
	text[width] = '\r';
	p->width = length;
	if (write(STDERR_FILENO, text, width + 1) < 0)
		p->due = INT64_MAX; /* nobody looks any more */
}

void progress_show(struct progress *p, struct progress_facts facts)
{
	char line[PROGRESS_LINE];
	int64_t now = clock_steady();

	facts.size = p->size;
	facts.nanoseconds = now - p->started;
	p->due = now + BETWEEN;
	put(p, line, progress_line(line, &facts));
}

void progress_end(struct progress *p)
{
	if (p && p->width)
		put(p, "", 0);
	free(p);
}
