/* log: one line per event on standard error.
 *
 * The first argument names the room that speaks. Under systemd (JOURNAL_STREAM
 * is set) each line begins with its journald priority. Lines are written with
 * one write(2), so threads do not mix them. Never called per packet.
 *
 * Nobody waits for a reader: where standard error is a pipe that is full, lines are left out,
 * and the next that has room says how many. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_ERROR_LEVEL, LOG_WARNING_LEVEL, LOG_INFO_LEVEL, LOG_DEBUG_LEVEL };

/* Before other threads start: lines above `level` are not written. */
void log_start(enum log_level level);
/* Any thread: from now on. */
void log_set_level(enum log_level level);

void log_error(const char *room, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(const char *room, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *room, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *room, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A text as it stands, in the end: what nobody reads within a second is left out. */
void log_text(const char *text, size_t length);

#endif
