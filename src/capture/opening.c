#include "capture/opening.h"

#include "capture/duplicates.h"
#include "capture/packet_ring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

void opening_clear(struct opening *o)
{
	memset(o, 0, sizeof *o);
	for (unsigned i = 0; i < OPENING_FDS; i++)
		o->fd[i] = -1;
}

void opening_close(struct opening *o)
{
	for (unsigned i = 0; i < OPENING_FDS; i++)
		if (o->fd[i] >= 0)
			close(opening_take(o, i));
}

int opening_take(struct opening *o, enum opening_fd which)
{
	int fd = o->fd[which];

	o->fd[which] = -1;
	return fd;
}

static bool fail(struct opening *o, const char *interface, const char *what)
{
	int error = errno;

	snprintf(o->why.text, sizeof o->why.text, "%s: %s: %s", interface, what, strerror(error));
	return false;
}

static bool open_socket(struct opening *o, const char *interface)
{
	o->fd[OPENING_SOCKET] = packet_ring_socket(o->interface, o->cooked);
	return o->fd[OPENING_SOCKET] >= 0 || fail(o, interface, "no packet socket");
}

static bool open_rest(struct opening *o, const char *interface)
{
	o->fd[OPENING_WAKE] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	o->fd[OPENING_ASK] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return (o->fd[OPENING_WAKE] >= 0 && o->fd[OPENING_ASK] >= 0) ||
	       fail(o, interface, "no descriptor");
}

static bool load_program(struct opening *o, struct duplicates *d, const char *interface)
{
	return duplicates_load(d, o->program.code, o->program.length, &o->fd[OPENING_PROGRAM],
		       &o->fd[OPENING_SUM]) ||
	       fail(o, interface, "the kernel refuses the program that leaves out duplicates");
}

static bool know_device(struct device *d, const struct opening_request *q, struct opening *o)
{
	return d->words || device_ask(d, q->interface, q->snaplen, &o->why) ||
	       (!q->watch && device_suppose(d, q->snaplen));
}

bool opening_make(struct device *d, struct duplicates *duplicates, const struct opening_request *q,
	struct opening *o)
{
	opening_clear(o);
	if (!know_device(d, q, o))
		return false;
	o->interface = d->interface;
	o->link_type = d->link_type;
	o->cooked = d->cooked;
	if (device_compile(d, q->filter, &o->program, &o->why) &&
		(!q->watch || open_socket(o, q->interface)) &&
		(!q->first || open_rest(o, q->interface)) &&
		(!q->leaves_out || load_program(o, duplicates, q->interface)))
		return true;
	opening_close(o);
	return false;
}
