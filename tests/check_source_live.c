/* Live sources on the loopback interface of a network namespace of their own: what is taken in and
 * what is not, how a group shares flows and who gets them when one of it fails, and an interface
 * that goes down. Every frame shows twice there; libpcap leaves one of the two out. */
#include "capture/sources.h"
#include "suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FLOWS = 200, SKIPPED = 77, FIRST_PORT = 20000 };

static struct source_error error;
static int listener;                 /* so that nobody answers with ICMP */
static struct sockaddr_in listening; /* where */

static void set_up(bool up)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

static int socket_at(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void setup(void)
{
	socklen_t length = sizeof listening;

	set_up(true);
	listener = socket_at(0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&listening, &length), 0);
}

static void teardown(void)
{
	close(listener);
}

/* A datagram from each of so many ports: each is a flow. */
static void send_flows(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int fd = socket_at((uint16_t)(FIRST_PORT + i));
		ck_assert_int_eq(
			sendto(fd, "x", 1, 0, (struct sockaddr *)&listening, sizeof listening), 1);
		close(fd);
	}
}

static struct source *open_lo(const char *filter)
{
	struct source *s = source_open(
		&(struct source_options){
			.interface = "lo",
			.filter = filter,
			.snaplen = 128,
			.buffer = 1 << 20,
		},
		&error);

	ck_assert_msg(s != NULL, "%s", error.text);
	return s;
}

static void start(struct source *s)
{
	ck_assert_msg(source_start(s, &error), "%s", error.text);
}

static void count(void *context, const struct frame *frames, unsigned frame_count)
{
	(void)frames;
	*(unsigned *)context += frame_count;
}

/* Reads until another status than READY has come so often in a row. */
static enum source_status read_on(struct source *s, unsigned *frames, int times)
{
	enum source_status status = SOURCE_READY, last = SOURCE_READY;

	for (int i = 0; i < times;) {
		last = source_read(s, 64, count, frames);
		if (last == SOURCE_READY)
			continue;
		i = last == status ? i + 1 : 1;
		status = last;
		if (status == SOURCE_END || status == SOURCE_FAILED)
			break;
	}
	return status;
}

START_TEST(nothing_before_the_start_and_after_the_stop)
{
	struct source *s = open_lo("");
	unsigned frames = 0;

	send_flows(FLOWS);
	ck_assert_int_eq(read_on(s, &frames, 4), SOURCE_IDLE);
	ck_assert_uint_eq(frames, 0);
	start(s);
	ck_assert_uint_eq(source_statistics(s).kernel_received, 0);
	send_flows(7);
	source_stop_intake(s);
	send_flows(FLOWS);
	ck_assert_int_eq(read_on(s, &frames, 100), SOURCE_END);
	ck_assert_uint_eq(frames, 7);
	ck_assert_uint_eq(source_statistics(s).kernel_received, 2 * 7);
	source_close(s);
}
END_TEST

START_TEST(a_filter_is_there_from_the_start)
{
	struct source *s = open_lo("udp src port 20003");
	unsigned frames = 0;

	start(s);
	send_flows(FLOWS);
	source_stop_intake(s);
	ck_assert_int_eq(read_on(s, &frames, 100), SOURCE_END);
	ck_assert_uint_eq(frames, 1);
	source_close(s);
}
END_TEST

/* Takes the packet socket from under the first source that was opened: the one that is bound for
 * all protocols, since libpcap's, by which the source asks, is bound for none. */
static void break_source(void)
{
	for (int fd = 3; fd < 64; fd++) {
		struct sockaddr_ll name = {0};
		socklen_t length = sizeof name;
		if (getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
			name.sll_family == AF_PACKET && name.sll_protocol == htons(ETH_P_ALL)) {
			close(fd);
			return;
		}
	}
	ck_abort_msg("there is no packet socket");
}

START_TEST(who_is_left_gets_all_flows)
{
	struct source *s[2] = {open_lo("udp"), open_lo("udp")};
	unsigned frames[2] = {0}, more = 0;
	unsigned group = (unsigned)getpid();

	for (int i = 0; i < 2; i++)
		ck_assert_msg(source_share(s[i], group, &error), "%s", error.text);
	for (int i = 0; i < 2; i++)
		start(s[i]);
	send_flows(FLOWS);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(read_on(s[i], &frames[i], 4), SOURCE_IDLE);
	ck_assert_uint_eq(frames[0] + frames[1], FLOWS);
	ck_assert_uint_gt(frames[0], FLOWS / 8);
	ck_assert_uint_gt(frames[1], FLOWS / 8);
	ck_assert_uint_eq(source_statistics(s[0]).kernel_received, 2 * frames[0]);
	break_source();
	ck_assert_int_eq(read_on(s[0], &more, 100), SOURCE_FAILED);
	ck_assert_uint_eq(more, 0);
	ck_assert_str_ne(source_failure(s[0]), "");
	ck_assert_uint_eq(source_statistics(s[0]).kernel_received, 2 * frames[0]);
	ck_assert_int_eq(source_read(s[0], 64, count, &more), SOURCE_FAILED);
	source_stop_intake(s[0]); /* harmless */
	source_wake(s[0]);
	frames[1] = 0;
	send_flows(FLOWS);
	source_stop_intake(s[1]);
	ck_assert_int_eq(read_on(s[1], &frames[1], 100), SOURCE_END);
	ck_assert_uint_eq(frames[1], FLOWS);
	source_close(s[0]);
	source_close(s[1]);
}
END_TEST

START_TEST(goes_on_after_it_was_down)
{
	struct source *s = open_lo("udp");
	unsigned frames = 0;

	start(s);
	send_flows(3);
	ck_assert_int_eq(read_on(s, &frames, 4), SOURCE_IDLE);
	ck_assert_uint_eq(frames, 3);
	set_up(false);
	ck_assert_int_eq(read_on(s, &frames, 4), SOURCE_DOWN);
	set_up(true);
	send_flows(4);
	ck_assert_int_eq(read_on(s, &frames, 4), SOURCE_IDLE);
	ck_assert_uint_eq(frames, 3 + 4);
	source_close(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source_live");
	TCase *cases = tcase_create("source_live");

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		printf("a network namespace cannot be made here: %s\n", strerror(errno));
		return SKIPPED;
	}
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, nothing_before_the_start_and_after_the_stop);
	tcase_add_test(cases, a_filter_is_there_from_the_start);
	tcase_add_test(cases, who_is_left_gets_all_flows);
	tcase_add_test(cases, goes_on_after_it_was_down);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
