#include "weirctl_top.h"

#include "weirctl_ask.h"
#include "weirctl_show.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PACE_MILLISECONDS = 1000, LINES_LEAST = 5 };

#define HOME_AND_CLEAR "\033[H\033[J"

/* The terminal as it was, if there is one. */
struct terminal {
	bool output, input;
	struct termios before;
};

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

/* Waits for the next turn; false: q, Ctrl-C or Ctrl-D was pressed. */
static bool pause_or_quit(const struct terminal *t)
{
	struct pollfd input = {STDIN_FILENO, POLLIN, 0};
	char key;

	if (!t->input) {
		nanosleep(&(struct timespec){PACE_MILLISECONDS / 1000, 0}, NULL);
		return true;
	}
	if (poll(&input, 1, PACE_MILLISECONDS) <= 0)
		return true;
	return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 3 && key != 4;
}

/* One list. */
static bool show_once(int s, const json_t *request, const struct terminal *t)
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
		if (t->output)
			fputs(HOME_AND_CLEAR, stdout);
		struct winsize size = screen(t);
		weirctl_show_flows(answer, stdout, size.ws_row, size.ws_col);
	}
	json_decref(answer);
	return good;
}

bool weirctl_top(int s, json_t *request)
{
	json_int_t left = json_integer_value(json_object_get(request, "count"));
	bool bounded = left > 0, fixed = json_object_get(request, "limit") != NULL;
	struct terminal t = terminal_open();
	bool good = true;

	json_object_del(request, "count");
	json_object_set_new(request, "command", json_string("flows"));
	while (good) {
		if (t.output && !fixed)
			json_object_set_new(request, "limit", json_integer(screen(&t).ws_row));
		good = show_once(s, request, &t) && fflush(stdout) == 0;
		if (!good || (bounded && --left == 0) || !pause_or_quit(&t))
			break;
		if (!t.output)
			putchar('\n');
	}
	terminal_close(&t);
	return good;
}
