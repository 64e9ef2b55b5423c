#include "base/log.h"

#include "base/clock.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE = 1024,
	KINDS = 128,
	PIECE = 4096,    /* a pipe with any room has it for so many octets */
	PATIENCE = 1000, /* milliseconds, with nobody who reads the summary */
};

#define WINDOW (60 * CLOCK_SECOND)

#define ROOMS "capture,cache,control,exporter,ledger,main,metrics,privileges,routes"
enum { ROOM_COUNT = 9 };

/* A format, from its first line on. Counts may be off by a few where threads meet at the
 * end of a minute. */
struct kind {
	_Atomic(const char *) format;
	_Atomic(const char *) room;
	_Atomic int level;
	_Atomic int64_t until; /* steady clock: the end of its minute */
	_Atomic uint32_t said;
	_Atomic uint64_t left_out;
};

/* The program's only mutable global: `journal` is written once, before threads start. */
static struct {
	bool journal;
	_Atomic int level[ROOM_COUNT + 1]; /* the last one: of any other room */
	struct kind kind[KINDS];           /* the last one: all for which there was no room */
} log_state = {
	.level = {LOG_INFO_LEVEL, LOG_INFO_LEVEL, LOG_INFO_LEVEL, LOG_INFO_LEVEL, LOG_INFO_LEVEL,
		LOG_INFO_LEVEL, LOG_INFO_LEVEL, LOG_INFO_LEVEL, LOG_INFO_LEVEL, LOG_INFO_LEVEL}};

/* ---- Rooms ---- */

const char *log_rooms(void)
{
	return ROOMS;
}

/* The names of ROOMS that begin so, as bits. */
static unsigned rooms_like(const char *name, size_t length)
{
	unsigned found = 0, index = 0;

	for (const char *at = ROOMS; at; index++) {
		if (length > 0 && strncmp(at, name, length) == 0)
			found |= 1U << index;
		at = strchr(at, ',');
		if (at)
			at++;
	}
	return found;
}

/* 0: one of them is none. */
static unsigned rooms_of(const char *list)
{
	unsigned all = 0;

	for (size_t length; list; list = list[length] ? list + length + 1 : NULL) {
		length = strcspn(list, ",");
		unsigned found = rooms_like(list, length);
		if (!found)
			return 0;
		all |= found;
	}
	return all;
}

/* Names of ROOMS are whole: none is the beginning of another. */
static unsigned index_of(const char *room)
{
	unsigned found = rooms_like(room, strlen(room));

	return found ? (unsigned)__builtin_ctz(found) : ROOM_COUNT;
}

bool log_knows(const char *rooms)
{
	return rooms_of(rooms) != 0;
}

bool log_set_level(enum log_level level, const char *rooms)
{
	unsigned which = rooms ? rooms_of(rooms) : UINT32_MAX;

	for (unsigned i = 0; i <= ROOM_COUNT; i++)
		if (which & 1U << i)
			atomic_store_explicit(
				&log_state.level[i], (int)level, memory_order_relaxed);
	return which != 0;
}

/* ---- Lines ---- */

/* Whether standard error is the stream that systemd speaks of (systemd.exec(5)), and not
 * some file that it was led to meanwhile. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_start(enum log_level level)
{
	log_set_level(level, NULL);
	log_state.journal = is_journal();
}

/* What came from elsewhere cannot begin a line of its own, nor speak to a terminal: between
 * quotes that is escaped. */
static void make_plain(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 127)
			text[i] = '?';
}

/* One write(2), so that threads do not mix. A full stderr must not stop the exporter: where
 * there is no room for a line, it is not waited for. */
static bool put(char *line, size_t length)
{
	struct pollfd room = {STDERR_FILENO, POLLOUT, 0};

	make_plain(line, length);
	line[length] = '\n';
	return poll(&room, 1, 0) == 1 && write(STDERR_FILENO, line, length + 1) > 0;
}

static size_t begin(char line[LINE], enum log_level level, const char *room)
{
	static const char *const priority[] = {"<3>", "<4>", "<6>", "<7>"};
	static const char *const word[] = {"error: ", "warning: ", "", "debug: "};
	int n = log_state.journal ? snprintf(line, LINE, "%s%.32s: ", priority[level], room)
				  : snprintf(line, LINE, "weir: %.32s: %s", room, word[level]);

	return (size_t)n;
}

static size_t end_of(size_t before, int printed)
{
	size_t length = before + (printed < 0 ? 0 : (size_t)printed);

	return length > LINE - 1 ? LINE - 1 : length;
}

/* The format with another octet for each of its quotes, and its values in their places. */
static size_t render(char text[LINE], char quote, const char *format, va_list ap)
{
	char marked[LINE];
	size_t n = 0;

	for (; n < LINE - 1 && format[n]; n++)
		marked[n] = format[n];
	marked[n] = '\0';
	for (char *at = marked; (at = strchr(at, '"'));)
		*at++ = quote;
	return end_of(0, vsnprintf(text, LINE, marked, ap));
}

/* An octet between quotes; returns how many it takes. */
static size_t escape(char c, char to[4])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char octet = (unsigned char)c;

	to[0] = c;
	if (c == '"' || c == '\\') {
		to[0] = '\\';
		to[1] = c;
		return 2;
	}
	if (octet >= ' ' && octet != 127)
		return 1;
	memcpy(to, "\\x", 2);
	to[2] = hex[octet / 16];
	to[3] = hex[octet % 16];
	return 4;
}

/* Values may have quotes, too. Rendered with one mark for the format's and with another, the
 * text differs where a quote is the format's. A quote that is open is closed, also where
 * there is no room for all. */
static size_t put_words(char line[LINE], size_t n, const char *format, va_list ap)
{
	char one[LINE], other[LINE], octets[4];
	bool open = false;
	va_list again;

	va_copy(again, ap);
	size_t length = render(one, 1, format, ap);
	(void)render(other, 2, format, again);
	va_end(again);
	for (size_t i = 0; i < length; i++) {
		bool quote = one[i] != other[i], still = open != quote;
		size_t count = open && !quote ? escape(one[i], octets) : 1;
		if (count == 1)
			octets[0] = quote ? '"' : one[i];
		if (n + count + still > LINE - 1)
			break;
		memcpy(line + n, octets, count);
		n += count;
		open = still;
	}
	if (open)
		line[n++] = '"';
	return n;
}

void log_sentence(const char *sentence)
{
	fprintf(stderr, "%s%s\n", log_state.journal ? "<3>" : "weir: ", sentence);
}

void log_text(const char *text, size_t length)
{
	struct pollfd room = {STDERR_FILENO, POLLOUT, 0};

	while (length > 0 && poll(&room, 1, PATIENCE) > 0) {
		ssize_t n = write(STDERR_FILENO, text, length < PIECE ? length : PIECE);
		if (n <= 0)
			return;
		text += n;
		length -= (size_t)n;
	}
}

/* ---- Kinds ---- */

static struct kind *kind_of(const char *format)
{
	size_t start = (size_t)((uintptr_t)format / 8 % (KINDS - 1));

	for (size_t i = 0; i < KINDS - 1; i++) {
		struct kind *k = &log_state.kind[(start + i) % (KINDS - 1)];
		const char *there = NULL;
		if (atomic_compare_exchange_strong(&k->format, &there, format) || there == format)
			return k;
	}
	return &log_state.kind[KINDS - 1];
}

/* "event=gone" of a format; without an event, how it begins. */
static void say_left_out(struct kind *k, uint64_t count)
{
	const char *format = atomic_load(&k->format), *room = atomic_load(&k->room);
	char line[LINE];
	size_t n = begin(line, (enum log_level)atomic_load(&k->level), room ? room : "main");
	int length = format ? (int)strcspn(format, format[0] == 'e' ? " %" : "%") : 0;

	n = end_of(n, snprintf(line + n, LINE - n, "event=left-out lines=%llu of=\"%.*s\"",
			      (unsigned long long)count, length, format ? format : ""));
	if (!put(line, n))
		atomic_fetch_add(&k->left_out, count);
}

/* Ends its minute if that is over, with what there is to say; whoever comes first does it. */
static void settle(struct kind *k, int64_t now, bool all)
{
	int64_t until = atomic_load(&k->until);

	if ((!all && now < until) ||
		!atomic_compare_exchange_strong(&k->until, &until, now + WINDOW))
		return;
	atomic_store(&k->said, 0);
	uint64_t left_out = atomic_exchange(&k->left_out, 0);
	if (left_out)
		say_left_out(k, left_out);
}

void log_settle(bool all)
{
	int64_t now = clock_steady();

	for (unsigned i = 0; i < KINDS; i++)
		if (atomic_load(&log_state.kind[i].left_out))
			settle(&log_state.kind[i], now, all);
}

static bool may_say(struct kind *k, enum log_level level, const char *room)
{
	atomic_store_explicit(&k->room, room, memory_order_relaxed);
	atomic_store_explicit(&k->level, (int)level, memory_order_relaxed);
	settle(k, clock_steady(), false);
	if (atomic_fetch_add(&k->said, 1) < LOG_BURST)
		return true;
	atomic_fetch_add(&k->left_out, 1);
	return false;
}

static void write_line(enum log_level level, const char *room, const char *format, va_list ap)
{
	char line[LINE];

	if ((int)level >
		atomic_load_explicit(&log_state.level[index_of(room)], memory_order_relaxed))
		return;
	struct kind *kind = kind_of(format);
	if (!may_say(kind, level, room))
		return;
	size_t n = begin(line, level, room);
	if (!put(line, put_words(line, n, format, ap)))
		atomic_fetch_add(&kind->left_out, 1);
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
