/* The socket that takes what another sends, found and looked at in the kernel: its buffer fills by
 * no more than receiver_cost() says for each datagram, and empties as it is read. */
#include "export/receiver.h"
#include "export/transport.h"
#include "suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define must(condition)                                                    \
	do {                                                               \
		if (!(condition))                                          \
			ck_abort_msg("line %d: %s", __LINE__, #condition); \
	} while (0)

enum { MOST = 9000, BUFFER = 1 << 20, MESSAGES = 32 };

/* How the collector hears and how it is sent to. */
static const struct {
	int family;
	const char *hears;
	const char *sent_to;
} pairs[] = {
	{AF_INET, "127.0.0.1", "127.0.0.1"},
	{AF_INET, "0.0.0.0", "127.0.0.1"},
	{AF_INET, "0.0.0.0", "127.1.2.3"},
	{AF_INET6, "::1", "::1"},
	{AF_INET6, "::", "::1"},
	{AF_INET6, "::", "127.0.0.1"},
};

static struct sockaddr_storage address(const char *text, uint16_t port, socklen_t *length)
{
	struct sockaddr_storage s = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&s;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;
	bool six = strchr(text, ':');

	s.ss_family = six ? AF_INET6 : AF_INET;
	if (six)
		v6->sin6_port = htons(port);
	else
		v4->sin_port = htons(port);
	must(inet_pton(s.ss_family, text, six ? (void *)&v6->sin6_addr : &v4->sin_addr) == 1);
	*length = six ? sizeof *v6 : sizeof *v4;
	return s;
}

/* A socket that hears there, and the port that it got where it is 0. */
static int hear(int family, const char *text, uint16_t *port)
{
	socklen_t length;
	struct sockaddr_storage s = address(text, *port, &length);
	int fd = socket(family, SOCK_DGRAM, 0), size = BUFFER / 2; /* the kernel doubles it */

	must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
	must(bind(fd, (struct sockaddr *)&s, length) == 0);
	must(getsockname(fd, (struct sockaddr *)&s, &length) == 0);
	*port = ntohs(family == AF_INET6 ? ((struct sockaddr_in6 *)&s)->sin6_port
					 : ((struct sockaddr_in *)&s)->sin_port);
	return fd;
}

static int send_to(const char *text, uint16_t port)
{
	socklen_t length;
	struct sockaddr_storage s = address(text, port, &length);
	int fd = socket(s.ss_family, SOCK_DGRAM, 0);

	must(fd >= 0 && connect(fd, (struct sockaddr *)&s, length) == 0);
	return fd;
}

/* Waits until the socket's buffer takes more than so much: where processors are short, the kernel
 * puts off what goes over the loopback interface. */
static void arrived(int fd, uint32_t taken)
{
	uint32_t memory[SK_MEMINFO_VARS];
	socklen_t length = sizeof memory;

	for (int tries = 0; tries < 5000; tries++) {
		must(getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length) == 0);
		if (memory[SK_MEMINFO_RMEM_ALLOC] > taken)
			return;
		usleep(1000);
	}
}

static uint32_t read_all(int fd)
{
	static char octets[MOST];
	uint32_t n = 0;

	while (recv(fd, octets, sizeof octets, MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

static struct receiver_room look(struct receiver *r)
{
	struct receiver_room room;

	must(receiver_look(r, &room));
	return room;
}

START_TEST(fills_and_empties)
{
	uint16_t port = 0;
	int far = hear(pairs[_i].family, pairs[_i].hears, &port);
	int near = send_to(pairs[_i].sent_to, port), size;
	socklen_t length = sizeof size;
	struct receiver *r = receiver_open(near);
	static const char octets[1400];
	uint32_t sum = 0;

	must(r && getsockopt(far, SOL_SOCKET, SO_RCVBUF, &size, &length) == 0);
	must(look(r).whole == (uint32_t)size && look(r).taken == 0);
	for (int n = 0; n < 20; n++) {
		uint32_t before = look(r).taken;
		must(send(near, octets, 1400, 0) == 1400);
		arrived(far, before);
		sum += receiver_cost(1400);
		must(look(r).taken >= (uint32_t)(n + 1) * 1400 && look(r).taken <= sum);
	}
	must(read_all(far) == 20 && look(r).taken == 0);
	receiver_close(r);
	close(near);
	close(far);
}
END_TEST

/* Each length alone, since the kernel's memory goes by steps. */
START_TEST(costs)
{
	static const char octets[MOST];
	uint16_t port = 0;
	int far = hear(AF_INET, "127.0.0.1", &port), near = send_to("127.0.0.1", port);
	struct receiver *r = receiver_open(near);

	must(r);
	for (size_t length = 1; length <= MOST; length++) {
		must(send(near, octets, length, 0) == (ssize_t)length);
		arrived(far, 0);
		uint32_t taken = look(r).taken;
		if (taken <= length || taken > receiver_cost((uint32_t)length))
			ck_abort_msg("%zu octets take %u, not %u at most", length, taken,
				receiver_cost((uint32_t)length));
		must(read_all(far) == 1);
	}
	receiver_close(r);
	close(near);
	close(far);
}
END_TEST

/* As weir sends them: in trains that the kernel cuts. */
START_TEST(trains)
{
	static const uint8_t octets[MOST];
	uint16_t port = 0;
	int far = hear(AF_INET, "127.0.0.1", &port);
	char service[8];
	struct transport_error why;
	struct transport_message m[MESSAGES];
	struct receiver_room room;

	snprintf(service, sizeof service, "%u", port);
	struct transport_path path = {
		.host = "127.0.0.1", .service = service, .source = "", .interface = ""};
	struct transport *t = transport_udp_open(&path, &why);
	must(t);
	for (uint32_t length = 1; length <= MOST; length += length < 3000 ? 1 : 13) {
		for (int i = 0; i < MESSAGES; i++)
			m[i] = (struct transport_message){.octets = octets, .length = length};
		must(t->ops->send(t, m, MESSAGES) == 0);
		arrived(far, MESSAGES * length);
		must(t->ops->look(t, &room));
		uint32_t most = MESSAGES * receiver_cost(length);
		if (room.taken <= MESSAGES * length || room.taken > most)
			ck_abort_msg("%u octets take %u, not %u at most", length,
				room.taken / MESSAGES, most / MESSAGES);
		must(read_all(far) == MESSAGES);
	}
	t->ops->close(t);
	close(far);
}
END_TEST

START_TEST(comes_and_goes)
{
	uint16_t port = 0, again;
	int far = hear(AF_INET, "127.0.0.1", &port), near = send_to("127.0.0.1", port);
	struct receiver *r = receiver_open(near);
	struct receiver_room room;

	must(r && receiver_look(r, &room));
	close(far);
	must(!receiver_look(r, &room));
	again = port;
	far = hear(AF_INET, "127.0.0.1", &again);
	must(receiver_look(r, &room) && room.taken == 0);
	receiver_close(r);
	close(near);
	close(far);
}
END_TEST

/* What has no far side, or none by UDP, has no receiver. */
START_TEST(none)
{
	int near = socket(AF_INET, SOCK_DGRAM, 0), pair[2];

	must(near >= 0 && !receiver_open(near) && !receiver_open(-1));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && !receiver_open(pair[0]));
	close(pair[0]);
	close(pair[1]);
	close(near);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("receiver");
	TCase *tcase = tcase_create("receiver");

	tcase_add_loop_test(tcase, fills_and_empties, 0, sizeof pairs / sizeof pairs[0]);
	tcase_add_test(tcase, costs);
	tcase_add_test(tcase, trains);
	tcase_add_test(tcase, comes_and_goes);
	tcase_add_test(tcase, none);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
