#include "daemon/notify.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE = 512 };

/* A path, or an abstract name behind an @. */
static int connect_to(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || length >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The watchdog may be another process's, whose environment came down to this one. */
static int64_t watchdog_time(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long microseconds = time ? strtoll(time, NULL, 10) : 0;

	if (pid && strtoll(pid, NULL, 10) != getpid())
		return 0;
	return microseconds > 0 && microseconds <= INT64_MAX / 1000 ? microseconds * 1000 : 0;
}

struct notify notify_open(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct notify n = {.fd = name ? connect_to(name) : -1};

	if (n.fd >= 0)
		n.watchdog = watchdog_time();
	return n;
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

static void say(const struct notify *n, const char *text)
{
	if (n->fd >= 0)
		(void)!send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_ready(const struct notify *n)
{
	say(n, "READY=1");
}

/* MONOTONIC_USEC tells this reload from the one before (Type=notify-reload). */
void notify_reloading(const struct notify *n)
{
	char text[64];

	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_steady() / 1000);
	say(n, text);
}

void notify_stopping(const struct notify *n)
{
	say(n, "STOPPING=1");
}

void notify_alive(const struct notify *n)
{
	say(n, "WATCHDOG=1");
}

void notify_status(const struct notify *n, const char *format, ...)
{
	static const char name[] = "STATUS=";
	char text[LINE];
	va_list ap;

	memcpy(text, name, sizeof name);
	va_start(ap, format);
	(void)vsnprintf(text + sizeof name - 1, sizeof text - sizeof name + 1, format, ap);
	va_end(ap);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	say(n, text);
}
