#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LOG_LINE = 1024,
	PIECE = 4096,
	PATIENCE = 1000, /* milliseconds, with nobody who reads the summary */
};

/* The program's only mutable global: `journal` is written once, before threads start, and the
 * lock keeps what one thread found room for from another. */
static struct {
	_Atomic int level;
	bool journal;
	pthread_mutex_t lock;
	unsigned left_out; /* lines that standard error had no room for, since one went out */
} log_state = {.level = LOG_INFO_LEVEL, .lock = PTHREAD_MUTEX_INITIALIZER};

void log_start(enum log_level level)
{
	log_set_level(level);
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_state.level, (int)level, memory_order_relaxed);
}

/* Standard error would not keep us, be it because it is closed: a pipe with any room has it
 * for PIECE octets. */
static bool has_room(int patience)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&p, 1, patience) > 0;
}

/* The beginning of a line; returns its length. */
static int begin_line(char line[LOG_LINE], enum log_level level, const char *room)
{
	static const char *const priority[] = {"<3>", "<4>", "<6>", "<7>"};
	static const char *const word[] = {"error: ", "warning: ", "", "debug: "};

	return log_state.journal ? snprintf(line, LOG_LINE, "%s%s: ", priority[level], room)
				 : snprintf(line, LOG_LINE, "weir: %s: %s", room, word[level]);
}

/* A closed or full stderr must not stop the exporter. */
static void put(const char *text, size_t length)
{
	if (write(STDERR_FILENO, text, length) < 0)
		return;
}

static void put_left_out(void)
{
	char line[LOG_LINE];
	int n = begin_line(line, LOG_WARNING_LEVEL, "log");

	n += snprintf(line + n, sizeof line - (size_t)n,
		"%u lines were left out: nobody read them\n", log_state.left_out);
	put(line, (size_t)n);
	log_state.left_out = 0;
}

static void put_line(const char *line, size_t length)
{
	pthread_mutex_lock(&log_state.lock);
	if (log_state.left_out && has_room(0))
		put_left_out();
	if (has_room(0))
		put(line, length);
	else
		log_state.left_out++;
	pthread_mutex_unlock(&log_state.lock);
}

static void write_line(enum log_level level, const char *room, const char *format, va_list ap)
{
	char line[LOG_LINE];

	if ((int)level > atomic_load_explicit(&log_state.level, memory_order_relaxed))
		return;
	int n = begin_line(line, level, room);
	int m = vsnprintf(line + n, sizeof line - (size_t)n, format, ap);
	size_t length = (size_t)(n + (m < 0 ? 0 : m));
	if (length > sizeof line - 1)
		length = sizeof line - 1;
	line[length] = '\n';
	put_line(line, length + 1);
}

void log_text(const char *text, size_t length)
{
	while (length > 0 && has_room(PATIENCE)) {
		ssize_t n = write(STDERR_FILENO, text, length < PIECE ? length : PIECE);
		if (n <= 0)
			return;
		text += n;
		length -= (size_t)n;
	}
}

#define LOG_FUNCTION(name, level)                            \
	void name(const char *room, const char *format, ...) \
	{                                                    \
		va_list ap;                                  \
		va_start(ap, format);                        \
		write_line(level, room, format, ap);         \
		va_end(ap);                                  \
	}

LOG_FUNCTION(log_error, LOG_ERROR_LEVEL)
LOG_FUNCTION(log_warning, LOG_WARNING_LEVEL)
LOG_FUNCTION(log_info, LOG_INFO_LEVEL)
LOG_FUNCTION(log_debug, LOG_DEBUG_LEVEL)
