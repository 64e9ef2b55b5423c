#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOG_LINE = 1024 };

/* The program's only mutable global: `journal` is written once, before threads start. */
static struct {
	_Atomic int level;
	bool journal;
} log_state = {LOG_INFO_LEVEL, false};

void log_start(enum log_level level)
{
	log_set_level(level);
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_state.level, (int)level, memory_order_relaxed);
}

static void write_line(enum log_level level, const char *room, const char *format, va_list ap)
{
	static const char *const priority[] = {"<3>", "<4>", "<6>", "<7>"};
	static const char *const word[] = {"error: ", "warning: ", "", "debug: "};
	char line[LOG_LINE];

	if ((int)level > atomic_load_explicit(&log_state.level, memory_order_relaxed))
		return;
	int n = log_state.journal ? snprintf(line, sizeof line, "%s%s: ", priority[level], room)
				  : snprintf(line, sizeof line, "weir: %s: %s", room, word[level]);
	int m = vsnprintf(line + n, sizeof line - (size_t)n, format, ap);
	size_t length = (size_t)(n + (m < 0 ? 0 : m));
	if (length > sizeof line - 1)
		length = sizeof line - 1;
	line[length] = '\n';
	/* A closed or full stderr must not stop the exporter. */
	if (write(STDERR_FILENO, line, length + 1) < 0)
		return;
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
