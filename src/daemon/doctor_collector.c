#define _GNU_SOURCE
#include "daemon/doctor.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ANSWER_MILLISECONDS = 300, /* for an ICMP message from the far side */
	CONNECT_MILLISECONDS = 3000,
	UDP_HEADER = 8,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
};

/* A message of the protocol that has a header and nothing else; returns its length. */
static size_t empty_message(const struct config_exporter *x, uint8_t out[24])
{
	static const size_t lengths[] = {
		[CONFIG_NETFLOW5] = 24, [CONFIG_NETFLOW9] = 20, [CONFIG_IPFIX] = 16};
	uint32_t now = htonl((uint32_t)(clock_wall() / CLOCK_SECOND));
	size_t length = lengths[x->protocol];

	memset(out, 0, 24);
	out[1] = (uint8_t)x->protocol;
	if (x->protocol == CONFIG_IPFIX) {
		out[3] = (uint8_t)length; /* RFC 7011 section 3.1 */
		memcpy(out + 4, &now, sizeof now);
	} else {
		memcpy(out + 8, &now, sizeof now);
	}
	return length;
}

/* Whether a connection, which is closed at once, comes about; 0, or the errno. */
static int try_to_connect(const struct addrinfo *a)
{
	int s = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
	struct pollfd p = {s, POLLOUT, 0};
	socklen_t size = sizeof error;

	if (s < 0)
		return errno;
	if (connect(s, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS)
		error = errno;
	else if (poll(&p, 1, CONNECT_MILLISECONDS) != 1)
		error = ETIMEDOUT;
	else if (getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	close(s);
	return error;
}

/* Sends it and waits whether anybody objects; 0, or the errno. */
static int try_to_send(int s, const struct config_exporter *x)
{
	uint8_t message[24];
	size_t length = empty_message(x, message);
	struct pollfd p = {s, POLLIN, 0};
	int error = 0;
	socklen_t size = sizeof error;

	if (send(s, message, length, MSG_NOSIGNAL) < 0)
		return errno;
	(void)poll(&p, 1, ANSWER_MILLISECONDS);
	return getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

static void look_at_mtu(
	struct report *r, int s, const struct config_exporter *x, const char *name, int family)
{
	bool v6 = family == AF_INET6;
	int mtu = 0, headers = (v6 ? IPV6_HEADER : IPV4_HEADER) + UDP_HEADER;
	socklen_t size = sizeof mtu;

	if (getsockopt(s, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &size) != 0)
		return;
	if ((int)x->max_datagram + headers > mtu)
		report(r, FINDING_WRONG, name,
			"datagrams of %u octets do not fit the route's MTU of %d and are cut up; "
			"lower exporters[].max_datagram to %d",
			x->max_datagram, mtu, mtu - headers);
	else
		report(r, FINDING_GOOD, name, "datagrams fit the route's MTU of %d", mtu);
}

/* The address that weir would send to, too: the first. */
static void look_at_address(struct report *r, const struct config_exporter *x, const char *name,
	const struct addrinfo *a)
{
	int s = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0 || connect(s, a->ai_addr, a->ai_addrlen) != 0) {
		report(r, FINDING_WRONG, name, "no route: %s; see 'ip route get'", strerror(errno));
		if (s >= 0)
			close(s);
		return;
	}
	bool udp = x->transport == CONFIG_UDP;
	if (udp)
		look_at_mtu(r, s, x, name, a->ai_family);
	int error = udp ? try_to_send(s, x) : try_to_connect(a);
	close(s);
	if (error == ECONNREFUSED)
		report(r, FINDING_WRONG, name,
			"its host answers that nobody listens there; is the collector running, is "
			"that its port?");
	else if (error)
		report(r, FINDING_WRONG, name, "%s: %s",
			udp ? "an empty message did not get there" : "no connection",
			strerror(error));
	else
		report(r, FINDING_GOOD, name, "%s",
			udp ? "an empty message was not refused" : "it takes connections");
}

void doctor_collector(struct report *r, const struct config_exporter *x)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	char name[CONFIG_NAME + 40];

	snprintf(
		name, sizeof name, strchr(x->host, ':') ? "[%s]:%s" : "%s:%s", x->host, x->service);
	int e = getaddrinfo(x->host, x->service, &hints, &found);
	if (e) {
		report(r, FINDING_WRONG, name, "the name does not resolve: %s", gai_strerror(e));
		return;
	}
	look_at_address(r, x, name, found);
	freeaddrinfo(found);
}
