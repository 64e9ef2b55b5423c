/* threads: tsan
 *
 * Which packets are weir's own: by the addresses that collectors have at the start, and by those
 * that names are found to have while packets are looked at. */
#include "suite.h"

#include "daemon/own.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PORT = 4005 };

/* `text` is as exporters are written in the file. */
static struct config *config_with(const char *text)
{
	struct config *c = malloc(sizeof *c);
	struct config_error error = {.text = ""};

	config_defaults(c);
	ck_assert_msg(config_parse(c, text, "test", &error), "%s", error.text);
	return c;
}

static struct packet packet_of(
	const char *from, uint16_t from_port, const char *to, uint16_t to_port, uint8_t protocol)
{
	struct packet p = {.ip_version = strchr(from, ':') ? 6 : 4, .protocol = protocol};
	int family = p.ip_version == 6 ? AF_INET6 : AF_INET;

	ck_assert_int_eq(inet_pton(family, from, p.source_address), 1);
	ck_assert_int_eq(inet_pton(family, to, p.destination_address), 1);
	p.source_port = from_port;
	p.destination_port = to_port;
	return p;
}

static bool is_own(const struct own *own, const char *from, const char *to, uint8_t protocol)
{
	struct packet there = packet_of(from, 5000, to, PORT, protocol);
	struct packet back = packet_of(to, PORT, from, 5000, protocol);
	struct packet beside = packet_of(from, 5000, to, PORT + 1, protocol);

	ck_assert(own_is(own, &there) == own_is(own, &back));
	ck_assert(!own_is(own, &beside));
	return own_is(own, &there);
}

/* What the resolver says of `host`, of which this host's address is `here`. */
static struct resolver_answer answer_of(
	const char *host, const char *address, const char *here, int type)
{
	struct resolver_answer a = {.question = {.type = type, .service = "4005"}, .found = true};
	struct sockaddr_in *to = (void *)&a.addresses.list[0].to, *from = (void *)&a.here[0];

	snprintf(a.question.host, sizeof a.question.host, "%s", host);
	a.addresses.count = 1;
	a.addresses.list[0].length = sizeof *to;
	to->sin_family = AF_INET;
	to->sin_port = htons(PORT);
	ck_assert_int_eq(inet_pton(AF_INET, address, &to->sin_addr), 1);
	from->sin_family = here ? AF_INET : AF_UNSPEC;
	ck_assert(!here || inet_pton(AF_INET, here, &from->sin_addr) == 1);
	return a;
}

static const char named[] = "exporters = ( { collector = \"moves.test:4005\"; },"
			    "  { collector = \"127.0.0.1:4005\"; transport = \"tcp\"; } );";

START_TEST(known_at_the_start)
{
	struct config *c =
		config_with("exporters = ( { collector = \"127.0.0.1:4005\"; },"
			    " { collector = \"[::1]:4005\"; transport = \"tcp\"; },"
			    " { collector = \"192.0.2.9:4005\"; source = \"192.0.2.1\"; },"
			    " { file = { path = \"/tmp/x\"; }; } );");
	struct own *own = own_new(c, _i);

	ck_assert_ptr_nonnull(own);
	ck_assert(is_own(own, "127.0.0.1", "127.0.0.1", IPPROTO_UDP));
	ck_assert(!is_own(own, "127.0.0.1", "127.0.0.1", IPPROTO_TCP));
	ck_assert(!is_own(own, "127.0.0.2", "127.0.0.1", IPPROTO_UDP));
	ck_assert(is_own(own, "::1", "::1", IPPROTO_TCP));
	ck_assert(is_own(own, "192.0.2.1", "192.0.2.9", IPPROTO_UDP));
	own_free(own);
	c->exporter_count = 0;
	ck_assert_ptr_null(own_new(c, _i));
	free(c);
}
END_TEST

START_TEST(learns_where_a_name_leads)
{
	struct config *c = config_with(named);
	struct own *own = own_new(c, true);
	struct resolver_answer first = answer_of(
				       "moves.test", "192.0.2.9", "192.0.2.1", SOCK_DGRAM),
			       next = answer_of("moves.test", "192.0.2.8", "192.0.2.2", SOCK_DGRAM),
			       nowhere = answer_of("moves.test", "192.0.2.7", NULL, SOCK_DGRAM),
			       other = answer_of(
				       "stays.test", "192.0.2.6", "192.0.2.1", SOCK_DGRAM),
			       stream = answer_of(
				       "moves.test", "192.0.2.5", "192.0.2.1", SOCK_STREAM);

	ck_assert(!is_own(own, "192.0.2.1", "192.0.2.9", IPPROTO_UDP));
	own_learn(own, &first);
	own_learn(own, &first);
	own_learn(own, &nowhere);
	own_learn(own, &other);
	own_learn(own, &stream);
	ck_assert_uint_eq(own->count, 2);
	ck_assert(is_own(own, "192.0.2.1", "192.0.2.9", IPPROTO_UDP));
	own_learn(own, &next);
	ck_assert(is_own(own, "192.0.2.2", "192.0.2.8", IPPROTO_UDP));
	ck_assert(!is_own(own, "192.0.2.1", "192.0.2.8", IPPROTO_UDP));
	ck_assert(is_own(own, "192.0.2.1", "192.0.2.9", IPPROTO_UDP)); /* some are on their way */

	struct own *after = own_new(c, true);
	own_keep(after, own);
	own_keep(after, NULL);
	ck_assert_uint_eq(after->count, own->count);
	ck_assert(is_own(after, "192.0.2.2", "192.0.2.8", IPPROTO_UDP));
	own_free(own);
	own_free(after);
	free(c);
}
END_TEST

/* Whatever names lead to, there is an end to it. */
START_TEST(has_room_for_so_many)
{
	struct config *c = config_with(named);
	struct own *own = own_new(c, true);

	for (unsigned i = 1; i < OWN_PAIRS + 3; i++) {
		char address[32];
		snprintf(address, sizeof address, "198.51.%u.%u", i / 256, i % 256);
		struct resolver_answer a =
			answer_of("moves.test", address, "192.0.2.1", SOCK_DGRAM);
		own_learn(own, &a);
		ck_assert(is_own(own, "192.0.2.1", address, IPPROTO_UDP) == (i < OWN_PAIRS));
	}
	ck_assert(is_own(own, "192.0.2.1", "198.51.0.1", IPPROTO_UDP));
	own_free(own);
	free(c);
}
END_TEST

/* What a capture thread does, until the last one is known. */
static void *look(void *context)
{
	const struct packet first = packet_of("192.0.2.1", 1, "198.51.100.1", PORT, IPPROTO_UDP),
			    last = packet_of("192.0.2.1", 1, "198.51.100.99", PORT, IPPROTO_UDP);
	const struct own *own = context;

	while (!own_is(own, &last))
		;
	return own_is(own, &first) ? context : NULL;
}

START_TEST(learns_while_packets_are_looked_at)
{
	struct config *c = config_with(named);
	struct own *own = own_new(c, true);
	pthread_t thread;
	void *knew_first;

	ck_assert_int_eq(pthread_create(&thread, NULL, look, own), 0);
	for (unsigned i = 1; i < 100; i++) {
		char address[32];
		snprintf(address, sizeof address, "198.51.100.%u", i);
		struct resolver_answer a =
			answer_of("moves.test", address, "192.0.2.1", SOCK_DGRAM);
		own_learn(own, &a);
	}
	pthread_join(thread, &knew_first);
	ck_assert_ptr_nonnull(knew_first);
	own_free(own);
	free(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("own");
	TCase *cases = tcase_create("own");

	tcase_add_loop_test(cases, known_at_the_start, 0, 2);
	tcase_add_test(cases, learns_where_a_name_leads);
	tcase_add_test(cases, has_room_for_so_many);
	tcase_add_test(cases, learns_while_packets_are_looked_at);
	suite_add_tcase(suite, cases);
	return suite_run(suite);
}
