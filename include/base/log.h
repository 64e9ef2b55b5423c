/* log: one line per event on standard error.
 *
 *   weir: capture: warning: event=gone interface=eth0 note="metered again when it is back"
 *
 * The first argument names the room that speaks, one of log_rooms(); then follows what
 * happened as words of the form key=value, event= first, texts in quotes: there a quote and
 * a backslash have a backslash before them, and a control character is \xHH. Under systemd
 * (standard error is the journal's) a line begins with its journald priority.
 *
 * A format is a kind of event. Of each kind so many lines are written in a minute; how
 * many were left out is said later in a line of its own, so that a flood of one kind
 * neither hides another nor is hidden. Nothing is locked and nothing is waited for: a line
 * for which standard error has no room is left out, too. Any thread; never per packet. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR_LEVEL, LOG_WARNING_LEVEL, LOG_INFO_LEVEL, LOG_DEBUG_LEVEL };

/* Lines of one kind in a minute. */
enum { LOG_BURST = 100 };

/* Before other threads start: lines above `level` are not written. */
void log_start(enum log_level level);

/* From now on, for rooms by name or the beginning of one, with commas between; NULL: all.
 * False: there is no such room, and nothing is changed. */
bool log_set_level(enum log_level level, const char *rooms);

/* Whether log_set_level() would take them. */
bool log_knows(const char *rooms);

/* The rooms' names, with commas between: constant. */
const char *log_rooms(void);

/* Says what was left out of the minutes that are over; `all`: of those that are not, too.
 * Every few seconds, and at the end. */
void log_settle(bool all);

/* The format has to last: a literal. */
void log_error(const char *room, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(const char *room, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *room, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *room, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A sentence for whoever has started the program, as "weir: SENTENCE"; not bounded. */
void log_sentence(const char *sentence);

/* A text as it stands, in the end: what nobody reads within a second is left out. */
void log_text(const char *text, size_t length);

#endif
