#include "weirctl_top.h"

#include "weirctl_ask.h"
#include "weirctl_flows.h"
#include "weirctl_member.h"
#include "weirctl_show.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PACE_MILLISECONDS = 1000, LINES_LEAST = 6 };

#define SECOND INT64_C(1000000000)

/* Lines that are too long are cut, not broken, until the list is there. */
#define HOME_AND_CLEAR "\033[H\033[J\033[?7l"
#define WRAP_AGAIN     "\033[?7h"

/* What was there at the last list, for rates. */
struct totals {
	json_int_t packets, octets;
	int64_t time; /* steady clock, nanoseconds; 0: there was none */
};

/* The terminal as it was, if there is one. */
struct terminal {
	bool output, input;
	struct termios before;
};

/* That there is one ends the pause when the size changes. */
static void on_resize(int signal)
{
	(void)signal;
}

/* Keys come at once and are not shown; Ctrl-C is a key like q, so that the terminal
 * is left as it was. */
static struct terminal terminal_open(void)
{
	struct terminal t = {.output = isatty(STDOUT_FILENO), .input = isatty(STDIN_FILENO)};

	t.input = t.output && t.input && tcgetattr(STDIN_FILENO, &t.before) == 0;
	if (t.input) {
		struct termios now = t.before;
		now.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
		tcsetattr(STDIN_FILENO, TCSANOW, &now);
		sigaction(SIGWINCH, &(struct sigaction){.sa_handler = on_resize}, NULL);
	}
	return t;
}

static void terminal_close(const struct terminal *t)
{
	if (t->input)
		tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
}

/* Without a terminal there are as many lines as it takes. */
static struct winsize screen(const struct terminal *t)
{
	struct winsize size = {.ws_row = USHRT_MAX, .ws_col = 80};

	if (t->output)
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (size.ws_row < LINES_LEAST)
		size.ws_row = LINES_LEAST;
	return size;
}

/* A key for another order. */
static void take_key(char key, json_t *request)
{
	static const struct {
		char key;
		const char *by;
	} orders[] = {{'o', "octets"}, {'p', "packets"}, {'r', "rate"}, {'n', "recent"}};

	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		if (orders[i].key == key)
			json_object_set_new(request, "by", json_string(orders[i].by));
}

/* Waits for the next turn; false: q, Ctrl-C or Ctrl-D was pressed. */
static bool pause_or_quit(const struct terminal *t, json_t *request)
{
	struct pollfd input = {STDIN_FILENO, POLLIN, 0};
	char key;

	if (!t->input) {
		nanosleep(&(struct timespec){PACE_MILLISECONDS / 1000, 0}, NULL);
		return true;
	}
	if (poll(&input, 1, PACE_MILLISECONDS) <= 0)
		return true;
	if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 3 || key == 4)
		return false;
	take_key(key, request);
	return true;
}

static int64_t steady(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static json_int_t per_second(json_int_t now, json_int_t before, int64_t time)
{
	return time > 0 && now > before
		       ? (json_int_t)((double)(now - before) * SECOND / (double)time)
		       : 0;
}

/* All inputs together since the last list, the cache, and what is to be seen. The line is
 * written where it fits. */
static bool show_totals(int s, const json_t *request, struct totals *last, int columns)
{
	json_t *question = json_pack("{ss}", "command", "status");
	char *line = question ? weirctl_ask(s, question) : NULL;
	json_t *answer = line ? json_loads(line, 0, NULL) : NULL;
	const json_t *inputs = json_object_get(answer, "inputs"), *input;
	const json_t *cache = json_object_get(answer, "cache");
	const char *by = json_string_value(json_object_get(request, "by"));
	struct totals now = {.time = steady()};
	char n[3][WEIRCTL_NUMBER], text[256];
	size_t i;

	free(line);
	json_decref(question);
	json_array_foreach(inputs, i, input)
	{
		now.packets += json_integer_value(json_object_get(input, "frames"));
		now.octets += json_integer_value(json_object_get(input, "octets"));
	}
	int64_t time = last->time ? now.time - last->time : 0;
	snprintf(text, sizeof text,
		"%s packets/s  %s octets/s  %s flows  by %s  o p r n: order  q: quit",
		weirctl_number(n[0], per_second(now.packets, last->packets, time)),
		weirctl_number(n[1], per_second(now.octets, last->octets, time)),
		weirctl_number(n[2], json_integer_value(json_object_get(cache, "live"))),
		by ? by : "octets");
	printf("%.*s\n", columns, text);
	*last = now;
	bool good = answer != NULL;
	json_decref(answer);
	return good;
}

/* One list. */
static bool show_once(int s, const json_t *request, const struct terminal *t, struct totals *last)
{
	char *line = weirctl_ask(s, request);
	json_t *answer = line ? json_loads(line, 0, NULL) : NULL;
	const char *error = json_string_value(json_object_get(answer, "error"));

	free(line);
	if (!answer)
		return false;
	bool good = !error;
	if (error) {
		fprintf(stderr, "weirctl: %s\n", error);
	} else {
		struct winsize size = screen(t);
		if (t->output) {
			fputs(HOME_AND_CLEAR, stdout);
			good = show_totals(s, request, last, size.ws_col);
			size.ws_row--;
		}
		weirctl_flows(answer, stdout, size.ws_row, size.ws_col);
		if (t->output)
			fputs(WRAP_AGAIN, stdout);
	}
	json_decref(answer);
	return good;
}

bool weirctl_top(int s, json_t *request)
{
	json_int_t left = json_integer_value(json_object_get(request, "count"));
	bool bounded = left > 0, fixed = json_object_get(request, "limit") != NULL;
	struct terminal t = terminal_open();
	struct totals last = {.time = 0};
	bool good = true;

	json_object_del(request, "count");
	json_object_set_new(request, "command", json_string("flows"));
	while (good) {
		if (t.output && !fixed)
			json_object_set_new(request, "limit", json_integer(screen(&t).ws_row));
		good = show_once(s, request, &t, &last) && fflush(stdout) == 0;
		if (!good || (bounded && --left == 0) || !pause_or_quit(&t, request))
			break;
		if (!t.output)
			putchar('\n');
	}
	terminal_close(&t);
	return good;
}
