/* What the service manager hears, by the text of sd_notify(3). */
#include "daemon/notify.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int manager;
static char name[108];
static struct notify notify;

/* An abstract name: nothing to clean up. */
static void setup(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length;

	snprintf(name, sizeof name, "@weir-check-notify-%d", getpid());
	strcpy(address.sun_path, name);
	address.sun_path[0] = '\0';
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, length), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	notify = notify_open();
}

static void teardown(void)
{
	notify_close(&notify);
	close(manager);
}

static const char *heard(void)
{
	static char text[4096];
	ssize_t n = recv(manager, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(says_each_state)
{
	ck_assert_int_ge(notify.fd, 0);
	notify_ready(&notify);
	ck_assert_str_eq(heard(), "READY=1");
	notify_alive(&notify);
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	notify_stopping(&notify);
	ck_assert_str_eq(heard(), "STOPPING=1");
	notify_status(&notify, "%d packets\nREADY=0", 7);
	ck_assert_str_eq(heard(), "STATUS=7 packets?READY=0");
	notify_status(&notify, "%2000d", 1);
	ck_assert_uint_eq(strlen(heard()), 511);
}
END_TEST

START_TEST(tells_reloads_apart)
{
	struct timespec t;
	long long said, now;
	char rest;

	notify_reloading(&notify);
	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec * 1000000LL + t.tv_nsec / 1000;
	ck_assert_int_eq(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lld%c", &said, &rest), 1);
	ck_assert_int_le(said, now);
	ck_assert_int_gt(said, now - 60000000);
}
END_TEST

START_TEST(watchdog_is_this_process_only)
{
	char pid[16];

	ck_assert_int_eq(notify.watchdog, 0);
	notify_close(&notify);
	setenv("WATCHDOG_USEC", "30000000", 1);
	notify = notify_open();
	ck_assert_int_eq(notify.watchdog, INT64_C(30000000000));
	notify_close(&notify);
	setenv("WATCHDOG_PID", "1", 1);
	notify = notify_open();
	ck_assert_int_eq(notify.watchdog, 0);
	notify_close(&notify);
	snprintf(pid, sizeof pid, "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	notify = notify_open();
	ck_assert_int_eq(notify.watchdog, INT64_C(30000000000));
}
END_TEST

/* One that does not read must not be waited for; one that is not there, not asked. */
START_TEST(never_waits)
{
	for (int i = 0; i < 5000; i++)
		notify_status(&notify, "%d", i);
	ck_assert_str_eq(heard(), "STATUS=0");
	notify_close(&notify);
	notify_ready(&notify);
	setenv("NOTIFY_SOCKET", "@weir-check-nobody", 1);
	notify = notify_open();
	ck_assert_int_eq(notify.fd, -1);
	setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
	notify = notify_open();
	ck_assert_int_eq(notify.fd, -1);
	unsetenv("NOTIFY_SOCKET");
	notify = notify_open();
	ck_assert_int_eq(notify.fd, -1);
	notify_ready(&notify);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notify");
	TCase *all = tcase_create("notify");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, says_each_state);
	tcase_add_test(all, tells_reloads_apart);
	tcase_add_test(all, watchdog_is_this_process_only);
	tcase_add_test(all, never_waits);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
