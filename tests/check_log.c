/* The log: what a line looks like, which rooms speak, and that a flood of one kind hides no
 * other (threads: tsan). Standard error is a file, a pipe that is full, or said to be the
 * journal's. */
#include "base/log.h"
#include "suite.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 4, EACH = 1000 };

static int file, before;
static char text[1 << 20];

/* In a process of its own for each test, as check(3) forks: the log is new. */
static void setup(void)
{
	char name[] = "/tmp/check_log.XXXXXX";

	file = mkstemp(name);
	unlink(name);
	before = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(file, STDERR_FILENO), STDERR_FILENO);
	unsetenv("JOURNAL_STREAM");
	log_start(LOG_INFO_LEVEL);
}

static void teardown(void)
{
	dup2(before, STDERR_FILENO);
	close(before);
	close(file);
}

static const char *said(void)
{
	ssize_t n = pread(file, text, sizeof text - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	ck_assert_int_eq(ftruncate(file, 0), 0);
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return text;
}

static unsigned lines_with(const char *all, const char *word)
{
	unsigned n = 0;

	for (const char *at = all; (at = strstr(at, word)); at++)
		n++;
	return n;
}

START_TEST(a_line_is_an_event)
{
	log_info("capture", "event=back interface=\"%s\"", "eth0");
	ck_assert_str_eq(said(), "weir: capture: event=back interface=\"eth0\"\n");
	log_warning("cache", "event=pressure used=%d", 7);
	ck_assert_str_eq(said(), "weir: cache: warning: event=pressure used=7\n");
	log_error("main", "event=killed");
	ck_assert_str_eq(said(), "weir: main: error: event=killed\n");
	log_debug("main", "event=nothing");
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(no_text_begins_a_line)
{
	char longest[5000];

	log_info("main", "event=text text=\"%s\"", "a\nweir: main: forged\033[2J\177\t\xc3\xa9");
	ck_assert_str_eq(said(), "weir: main: event=text text=\"a\\x0aweir: main: "
				 "forged\\x1b[2J\\x7f\\x09\xc3\xa9\"\n");
	log_info("main", "group %s: no quotes", "\"a\nb\"");
	ck_assert_str_eq(said(), "weir: main: group \"a?b\": no quotes\n");
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	log_info("main", "event=long text=\"%s\"", longest);
	ck_assert_uint_eq(strlen(said()), 1024);
	ck_assert_uint_eq(lines_with(text, "\n"), 1);
}
END_TEST

/* Values, and how they stand in the line: a value ends where its quote does. */
static const struct {
	const char *value, *line;
} values[] = {
	{"", ""},
	{"eth0", "eth0"},
	{"say \"no\"", "say \\\"no\\\""},
	{"C:\\tmp\\", "C:\\\\tmp\\\\"},
	{"x\" error=\"forged", "x\\\" error=\\\"forged"},
	{"\x01\x02", "\\x01\\x02"},
	{"\r\n", "\\x0d\\x0a"},
	{"100 %s", "100 %s"},
};

START_TEST(values_are_escaped)
{
	char line[256];

	log_info("main", "event=value a=\"%s\" n=%u b=\"of %s\"", values[_i].value, 7,
		values[_i].value);
	snprintf(line, sizeof line, "weir: main: event=value a=\"%s\" n=7 b=\"of %s\"\n",
		values[_i].line, values[_i].line);
	ck_assert_str_eq(said(), line);
}
END_TEST

/* However long it is, a line has room for its last quote, and no half of what is escaped. */
START_TEST(a_cut_line_is_whole)
{
	char value[2000];

	for (unsigned first = 900; first < 980; first++) {
		memset(value, 'x', sizeof value);
		memset(value + first, _i ? '\n' : '"', sizeof value - first);
		value[sizeof value - 1] = '\0';
		log_info("main", "event=long text=\"%s\" more=\"%s\"", value, "x");
		size_t length = strlen(said());
		ck_assert_uint_le(length, 1024);
		ck_assert_uint_gt(length, 1024 - 5);
		ck_assert_str_eq(text + length - 2, "\"\n");
		ck_assert_str_eq(text + length - (_i ? 6 : 4), _i ? "\\x0a\"\n" : "\\\"\"\n");
	}
}
END_TEST

START_TEST(the_journal_is_told_priorities)
{
	struct stat st;
	char stream[64];

	ck_assert_int_eq(fstat(file, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_start(LOG_DEBUG_LEVEL);
	log_error("main", "event=a");
	log_warning("main", "event=b");
	log_info("main", "event=c");
	log_debug("main", "event=d");
	log_sentence("no");
	ck_assert_str_eq(said(),
		"<3>main: event=a\n<4>main: event=b\n<6>main: event=c\n<7>main: event=d\n<3>no\n");
	/* standard error was led elsewhere */
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	log_start(LOG_INFO_LEVEL);
	log_error("main", "event=a");
	ck_assert_str_eq(said(), "weir: main: error: event=a\n");
}
END_TEST

START_TEST(rooms_speak_by_themselves)
{
	ck_assert(log_set_level(LOG_DEBUG_LEVEL, "export,cap"));
	log_debug("exporter", "event=a");
	log_debug("capture", "event=b");
	log_debug("cache", "event=c");
	ck_assert_str_eq(said(), "weir: exporter: debug: event=a\nweir: capture: debug: event=b\n");
	ck_assert(log_set_level(LOG_ERROR_LEVEL, "cache"));
	log_warning("cache", "event=d");
	log_warning("control", "event=e");
	ck_assert_str_eq(said(), "weir: control: warning: event=e\n");
	ck_assert(log_set_level(LOG_WARNING_LEVEL, NULL));
	log_warning("cache", "event=d");
	log_info("exporter", "event=f");
	log_info("of no name", "event=g");
	ck_assert_str_eq(said(), "weir: cache: warning: event=d\n");
}
END_TEST

START_TEST(rooms_have_names)
{
	static const char *const wrong[] = {"", ",", "kitchen", "capture,", ",capture",
		"capture,kitchen", "captures", "capture cache"};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_msg(!log_knows(wrong[i]), "%s", wrong[i]);
		ck_assert(!log_set_level(LOG_DEBUG_LEVEL, wrong[i]));
	}
	log_debug("capture", "event=a");
	ck_assert_str_eq(said(), "");
	ck_assert(log_knows(log_rooms()));
	ck_assert(log_knows("main"));
	/* none is the beginning of another, by which levels are looked up */
	char all[256], *at = all;
	snprintf(all, sizeof all, "%s", log_rooms());
	for (char *name; (name = strsep(&at, ","));) {
		ck_assert(log_set_level(LOG_INFO_LEVEL, NULL));
		ck_assert(log_set_level(LOG_DEBUG_LEVEL, name));
		log_debug(name, "event=a");
		ck_assert_msg(lines_with(said(), "event=a") == 1, "%s", name);
	}
}
END_TEST

static void flood(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		log_warning("exporter", "event=flood number=%u", i);
}

START_TEST(a_flood_hides_no_other)
{
	flood(LOG_BURST + 50);
	log_info("main", "event=other");
	ck_assert_uint_eq(lines_with(said(), "event=flood"), LOG_BURST);
	ck_assert_uint_eq(lines_with(text, "event=other"), 1);
	log_settle(false); /* its minute is not over */
	ck_assert_str_eq(said(), "");
	log_settle(true);
	ck_assert_str_eq(
		said(), "weir: exporter: warning: event=left-out lines=50 of=\"event=flood\"\n");
	log_settle(true); /* once */
	ck_assert_str_eq(said(), "");
	flood(1);
	ck_assert_uint_eq(lines_with(said(), "event=flood"), 1);
}
END_TEST

static void *speak(void *context)
{
	(void)context;
	flood(EACH);
	return NULL;
}

/* What was said and what was left out are all that there was. */
START_TEST(threads_lose_no_count)
{
	pthread_t thread[THREADS];
	unsigned long long left_out = 0;

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, speak, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	unsigned lines = lines_with(said(), "event=flood number=");
	ck_assert_uint_ge(lines, LOG_BURST);
	log_settle(true);
	ck_assert_int_eq(
		sscanf(said(), "weir: exporter: warning: event=left-out lines=%llu", &left_out), 1);
	ck_assert_uint_eq(lines + left_out, THREADS * EACH);
}
END_TEST

/* Nobody reads: the caller is not held up, and what could not be said is counted. */
START_TEST(a_full_pipe_is_not_waited_for)
{
	int ends[2];
	char octets[4096] = {0};

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	while (write(ends[1], octets, sizeof octets) > 0)
		;
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	log_error("main", "event=unread");
	log_settle(true);
	ck_assert_int_eq(dup2(file, STDERR_FILENO), STDERR_FILENO);
	log_settle(true);
	ck_assert_str_eq(said(), "weir: main: error: event=left-out lines=1 of=\"event=unread\"\n");
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *cases = tcase_create("log");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_line_is_an_event);
	tcase_add_test(cases, no_text_begins_a_line);
	tcase_add_loop_test(cases, values_are_escaped, 0, sizeof values / sizeof *values);
	tcase_add_loop_test(cases, a_cut_line_is_whole, 0, 2);
	tcase_add_test(cases, the_journal_is_told_priorities);
	tcase_add_test(cases, rooms_speak_by_themselves);
	tcase_add_test(cases, rooms_have_names);
	tcase_add_test(cases, a_flood_hides_no_other);
	tcase_add_test(cases, threads_lose_no_count);
	tcase_add_test(cases, a_full_pipe_is_not_waited_for);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
