/* The control socket: lines in and out, and clients that mean no good. The loop is turned by
 * the test itself, in its one thread. */
#include "base/clock.h"
#include "daemon/control.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)

static char folder[64], path[96];
static struct config_error error;
static struct control *control;
static struct event_base *base;
static unsigned asked;

/* Says the request back, or a long answer. */
static char *echo(void *context, const char *line, size_t length)
{
	char *text;

	(void)context;
	asked++;
	if (length == 4 && memcmp(line, "long", 4) == 0) {
		text = malloc(4000001);
		memset(text, 'x', 4000000);
		text[4000000] = '\0';
		return text;
	}
	if (length == 4 && memcmp(line, "none", 4) == 0)
		return NULL;
	text = malloc(length + 3);
	snprintf(text, length + 3, "<%.*s>", (int)length, line);
	return text;
}

static void open_control(int64_t patience)
{
	control = control_new(
		&(struct control_options){.path = path, .answer = echo, .patience = patience},
		&error);
	ck_assert_msg(control != NULL, "%s", error.text);
	base = event_base_new();
	ck_assert(control_start(control, base));
}

static void setup(void)
{
	strcpy(folder, "/tmp/check_control.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/socket", folder);
	asked = 0;
	open_control(30000 * MILLISECOND);
}

static void close_control(void)
{
	if (control)
		control_stop(control);
	if (base)
		event_base_free(base);
	control_free(control);
	control = NULL;
	base = NULL;
}

static void teardown(void)
{
	close_control();
	ck_assert_int_eq(rmdir(folder), 0); /* the socket is gone */
}

static int try_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	if (connect(s, (struct sockaddr *)&address, sizeof address) != 0) {
		close(s);
		return -1;
	}
	return s;
}

static int client(void)
{
	int s = try_connect();

	ck_assert_int_ge(s, 0);
	return s;
}

static void turn(int milliseconds)
{
	struct timeval wait = {0, milliseconds * 1000};

	event_base_loopexit(base, &wait);
	event_base_dispatch(base);
}

static void say(int s, const char *text)
{
	ck_assert_int_eq(send(s, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Turns the loop until the first request has been answered, which takes its time where there is
 * much to do. */
static void turn_until_asked(int milliseconds)
{
	for (int i = 0; i < 100 && !asked; i++)
		turn(milliseconds);
}

/* Turns the loop until a line is there, or the end, which is "". */
static const char *hear(int s)
{
	static char text[8192];
	size_t used = 0;

	for (int i = 0; i < 2000 && used < sizeof text - 1;) {
		ssize_t n = recv(s, text + used, 1, 0);
		if (n == 0)
			return "";
		if (n < 0) {
			turn(5);
			i++;
			continue;
		}
		if (text[used] == '\n') {
			text[used] = '\0';
			return text;
		}
		used++;
	}
	return "nothing came";
}

/* Whether the other side closes; what it sends before is thrown away. */
static bool closed(int s, int milliseconds)
{
	char room[65536];

	for (int i = 0; i < milliseconds / 10; i++) {
		ssize_t n = recv(s, room, sizeof room, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
		if (n < 0)
			turn(10);
	}
	return false;
}

START_TEST(answers_lines)
{
	int s = client();

	say(s, "one\n");
	ck_assert_str_eq(hear(s), "<one>");
	say(s, "two\nthree\n\n");
	ck_assert_str_eq(hear(s), "<two>");
	ck_assert_str_eq(hear(s), "<three>");
	ck_assert_str_eq(hear(s), "<>");
	close(s);
	turn(10);
}
END_TEST

START_TEST(joins_split_lines)
{
	static const char text[] = "octet by octet\n";
	int s = client();

	for (size_t i = 0; text[i]; i++) {
		ck_assert_int_eq(send(s, text + i, 1, MSG_NOSIGNAL), 1);
		turn(1);
	}
	ck_assert_str_eq(hear(s), "<octet by octet>");
	close(s);
}
END_TEST

START_TEST(half_open_client_gets_its_answers)
{
	int s = client(), silent = client();

	say(s, "one\ntwo\nhalf a li");
	shutdown(s, SHUT_WR);
	shutdown(silent, SHUT_WR);
	ck_assert_str_eq(hear(s), "<one>");
	ck_assert_str_eq(hear(s), "<two>");
	ck_assert_str_eq(hear(s), "");
	ck_assert_str_eq(hear(silent), "");
	close(s);
	close(silent);
}
END_TEST

START_TEST(longest_line_and_longer)
{
	char text[SERVER_REQUEST + 3];
	int s = client();

	memset(text, 'a', sizeof text);
	strcpy(text + SERVER_REQUEST, "\n");
	say(s, text);
	ck_assert_uint_eq(strlen(hear(s)), SERVER_REQUEST + 2);
	strcpy(text + SERVER_REQUEST, "a\n");
	say(s, text);
	ck_assert_ptr_nonnull(strstr(hear(s), "4096"));
	ck_assert_str_eq(hear(s), "");
	ck_assert_uint_eq(asked, 1);
	close(s);
}
END_TEST

/* A line without an end is cut off at the bound, not collected. */
START_TEST(a_megabyte_without_an_end)
{
	char room[4096];
	size_t taken = 0;
	int s = client(), other = client();

	memset(room, 'm', sizeof room);
	for (int i = 0; i < 256; i++) {
		ssize_t n = send(s, room, sizeof room, MSG_NOSIGNAL);
		if (n > 0)
			taken += (size_t)n;
		else if (errno != EAGAIN)
			break;
		turn(1);
	}
	ck_assert_uint_lt(taken, 1 << 20);
	ck_assert_uint_eq(asked, 0);
	say(other, "still there?\n");
	ck_assert_str_eq(hear(other), "<still there?>");
	close(s);
	close(other);
}
END_TEST

START_TEST(garbage_is_the_answering_functions_business)
{
	static const char garbage[] = "\0\xff\xfe{[\r\0\n";
	int s = client();

	ck_assert_int_eq(
		send(s, garbage, sizeof garbage - 1, MSG_NOSIGNAL), (ssize_t)sizeof garbage - 1);
	ck_assert_str_eq(hear(s), "<>"); /* the echo ends at the first zero */
	ck_assert_uint_eq(asked, 1);
	close(s);
}
END_TEST

START_TEST(no_answer_drops_the_client)
{
	int s = client();

	say(s, "none\n");
	ck_assert_str_eq(hear(s), "");
	close(s);
}
END_TEST

START_TEST(idle_and_dribbling_clients_are_dropped)
{
	bool gone = false;

	close_control();
	open_control(300 * MILLISECOND);
	int idle = client(), dribbling = client();

	for (int i = 0; i < 100 && !gone; i++) {
		gone = send(dribbling, "x", 1, MSG_NOSIGNAL) < 0;
		turn(10);
	}
	ck_assert(gone);
	ck_assert(closed(idle, 500));
	close(idle);
	close(dribbling);
}
END_TEST

/* Who does not take the answer is dropped, and meanwhile asks for no more. */
START_TEST(slow_readers_are_dropped)
{
	close_control();
	open_control(300 * MILLISECOND);
	int s = client();
	say(s, "long\nlong\nlong\n");
	turn_until_asked(50);
	ck_assert_uint_eq(asked, 1);
	int other = client();
	say(other, "quick\n");
	ck_assert_str_eq(hear(other), "<quick>");
	turn(600);
	ck_assert_uint_eq(asked, 2);
	ck_assert(closed(s, 500));
	ck_assert_uint_eq(asked, 2);
	close(s);
	close(other);
}
END_TEST

START_TEST(a_hundred_clients)
{
	int s[100];
	unsigned served = 0, refused = 0;

	for (int i = 0; i < 100; i++) {
		s[i] = try_connect();
		turn(1);
	}
	for (int i = 0; i < 100; i++) {
		ck_assert_int_ge(s[i], 0);
		if (send(s[i], "hello\n", 6, MSG_NOSIGNAL) < 0)
			ck_assert_int_eq(errno, EPIPE);
		const char *heard = hear(s[i]);
		served += strcmp(heard, "<hello>") == 0;
		refused += strstr(heard, "too many") != NULL;
	}
	ck_assert_uint_eq(served, SERVER_CLIENTS);
	ck_assert_uint_eq(refused, 100 - SERVER_CLIENTS);
	for (int i = 0; i < 100; i++)
		close(s[i]);
	turn(10);
	s[0] = client(); /* their places are free again */
	say(s[0], "again\n");
	ck_assert_str_eq(hear(s[0]), "<again>");
	close(s[0]);
}
END_TEST

/* A flood of requests is answered at the rate, not faster. */
START_TEST(answers_have_a_rate)
{
	char flood[2001];
	int s = client();
	int64_t began = clock_steady();

	for (int i = 0; i < 2000; i += 2)
		memcpy(flood + i, "q\n", 3);
	say(s, flood);
	turn_until_asked(20);
	ck_assert_uint_ge(asked, 1);
	ck_assert_int_le(asked,
		2 * SERVER_RATE / 20 + SERVER_RATE * (clock_steady() - began) / CLOCK_SECOND);
	say(s, "");
	close(s);
	turn(10);
}
END_TEST

START_TEST(mode_and_place)
{
	struct stat found;

	ck_assert_int_eq(stat(path, &found), 0);
	ck_assert(S_ISSOCK(found.st_mode));
	ck_assert_uint_eq(found.st_mode & 07777, 0660);
}
END_TEST

static struct control *another(void)
{
	return control_new(
		&(struct control_options){.path = path, .answer = echo, .patience = MILLISECOND},
		&error);
}

START_TEST(a_socket_in_use_is_left_alone)
{
	ck_assert_ptr_null(another());
	ck_assert_ptr_nonnull(strstr(error.text, "another process listens"));
	int s = client();
	say(s, "alive\n");
	ck_assert_str_eq(hear(s), "<alive>");
	close(s);
}
END_TEST

START_TEST(a_socket_left_behind_is_replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	close_control();
	int left = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(left, (struct sockaddr *)&address, sizeof address), 0);
	close(left);
	open_control(30000 * MILLISECOND);
	int s = client();
	say(s, "new\n");
	ck_assert_str_eq(hear(s), "<new>");
	close(s);
}
END_TEST

START_TEST(what_is_no_socket_stays)
{
	close_control();
	FILE *file = fopen(path, "w");
	fclose(file);
	ck_assert_ptr_null(another());
	ck_assert_ptr_nonnull(strstr(error.text, "no socket"));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_ptr_null(another());
	ck_assert_ptr_nonnull(strstr(error.text, "No such file"));
	ck_assert_int_eq(mkdir(folder, 0700), 0);
}
END_TEST

/* The path of whoever came after is not ours to take away. */
START_TEST(a_successors_path_stays)
{
	ck_assert_int_eq(unlink(path), 0);
	struct control *next = another();
	ck_assert_ptr_nonnull(next);
	control_free(control);
	control = NULL;
	ck_assert_int_eq(access(path, F_OK), 0);
	control_free(next);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		answers_lines,
		joins_split_lines,
		half_open_client_gets_its_answers,
		longest_line_and_longer,
		a_megabyte_without_an_end,
		garbage_is_the_answering_functions_business,
		no_answer_drops_the_client,
		idle_and_dribbling_clients_are_dropped,
		slow_readers_are_dropped,
		a_hundred_clients,
		answers_have_a_rate,
		mode_and_place,
		a_socket_in_use_is_left_alone,
		a_socket_left_behind_is_replaced,
		what_is_no_socket_stays,
		a_successors_path_stays,
	};
	signal(SIGPIPE, SIG_IGN); /* as weir does: a client may have gone */
	Suite *suite = suite_create("control");
	TCase *all = tcase_create("socket");

	tcase_add_checked_fixture(all, setup, teardown);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
