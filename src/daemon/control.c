#include "daemon/control.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { TURN_MILLISECONDS = 50, TURN = CONTROL_RATE * TURN_MILLISECONDS / 1000 };

struct client {
	struct control *control;
	struct bufferevent *stream; /* NULL: the place is free */
	struct event *deadline;
	bool ended;   /* it has said all that it wants to say */
	bool closing; /* when its answer has gone */
};

struct control {
	struct control_options options;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct stat bound; /* the socket's place in the file system */
	int socket;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *turn; /* pending while the answers of a turn are used up */
	unsigned budget;
	struct client clients[CONTROL_CLIENTS];
};

static void drop(struct client *c)
{
	if (c->stream)
		bufferevent_free(c->stream);
	if (c->deadline)
		event_free(c->deadline);
	*c = (struct client){.control = c->control};
}

static bool unsent(struct client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->stream)) > 0;
}

static void grant_time(struct client *c)
{
	int64_t n = c->control->options.patience;
	struct timeval patience = {n / CLOCK_SECOND, n % CLOCK_SECOND / 1000};

	event_add(c->deadline, &patience);
}

static void send_line(struct client *c, const char *text)
{
	bufferevent_write(c->stream, text, strlen(text));
	bufferevent_write(c->stream, "\n", 1);
}

static void close_after(struct client *c)
{
	if (unsent(c)) {
		c->closing = true;
		bufferevent_disable(c->stream, EV_READ);
	} else {
		drop(c);
	}
}

static void answer(struct client *c, const char *line, size_t length)
{
	char *text = c->control->options.answer(c->control->options.context, line, length);

	if (!text) {
		drop(c);
		return;
	}
	grant_time(c);
	send_line(c, text);
	free(text);
}

/* False when the answers of this turn are used up; then the next turn goes on. */
static bool take_budget(struct control *k)
{
	struct timeval turn = {0, TURN_MILLISECONDS * 1000};

	if (!event_pending(k->turn, EV_TIMEOUT, NULL)) {
		k->budget = TURN;
		event_add(k->turn, &turn);
	}
	if (k->budget == 0)
		return false;
	k->budget--;
	return true;
}

/* Answers the client's next request if it is whole and the last answer has gone. */
static void serve(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->stream);
	size_t length;

	if (c->closing || unsent(c))
		return;
	struct evbuffer_ptr end = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF);
	if (end.pos < 0 ? evbuffer_get_length(in) > CONTROL_LINE : end.pos > CONTROL_LINE) {
		send_line(c, "{\"error\": \"a request has 4096 octets at most\"}");
		evbuffer_drain(in, evbuffer_get_length(in));
		close_after(c);
		return;
	}
	if (end.pos < 0) {
		if (c->ended)
			drop(c);
		return;
	}
	if (!take_budget(c->control))
		return;
	char *line = evbuffer_readln(in, &length, EVBUFFER_EOL_LF);
	if (!line) {
		drop(c);
		return;
	}
	answer(c, line, length);
	free(line);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
	struct control *k = context;

	(void)fd;
	(void)what;
	evconnlistener_enable(k->listener);
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (k->clients[i].stream)
			serve(&k->clients[i]);
}

static void on_read(struct bufferevent *stream, void *context)
{
	(void)stream;
	serve(context);
}

/* The answer has gone. */
static void on_sent(struct bufferevent *stream, void *context)
{
	struct client *c = context;

	(void)stream;
	if (c->closing)
		drop(c);
	else
		serve(c);
}

/* A client that has said all may still read its answer. */
static void on_end(struct bufferevent *stream, short what, void *context)
{
	struct client *c = context;

	(void)stream;
	if (what & BEV_EVENT_EOF) {
		c->ended = true;
		serve(c);
	} else {
		drop(c);
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	drop(context);
}

static struct client *free_client(struct control *k)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		if (!k->clients[i].stream)
			return &k->clients[i];
	return NULL;
}

static void refuse(evutil_socket_t fd)
{
	static const char text[] = "{\"error\": \"too many clients\"}\n";

	if (send(fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("control", "a client was refused: there are too many");
	evutil_closesocket(fd);
}

static void on_client(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
	int length, void *context)
{
	struct control *k = context;
	struct client *c = free_client(k);

	(void)listener;
	(void)address;
	(void)length;
	if (!c) {
		refuse(fd);
		return;
	}
	c->stream = bufferevent_socket_new(k->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->stream) {
		evutil_closesocket(fd);
		return;
	}
	c->deadline = evtimer_new(k->base, on_deadline, c);
	if (!c->deadline) {
		drop(c);
		return;
	}
	bufferevent_setcb(c->stream, on_read, on_sent, on_end, c);
	bufferevent_setwatermark(c->stream, EV_READ, 0, CONTROL_LINE + 1);
	bufferevent_enable(c->stream, EV_READ | EV_WRITE);
	grant_time(c);
}

/* No descriptor was left for a client: it is tried again, but not at once. */
static void on_refusal(struct evconnlistener *listener, void *context)
{
	struct control *k = context;
	struct timeval turn = {0, TURN_MILLISECONDS * 1000};

	evconnlistener_disable(listener);
	event_add(k->turn, &turn);
}

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Takes a socket away that its owner left behind. */
static bool clear_path(const struct sockaddr_un *address, struct config_error *error)
{
	struct stat found;
	int s, refused;

	if (lstat(address->sun_path, &found) != 0)
		return errno == ENOENT || config_fail(error, "control.socket: %s: %s",
						  address->sun_path, strerror(errno));
	if (!S_ISSOCK(found.st_mode))
		return config_fail(error,
			"control.socket: %s: there is something that is no socket",
			address->sun_path);
	s = open_socket();
	if (s < 0)
		return config_fail(error, "control.socket: %s", strerror(errno));
	refused = connect(s, (const struct sockaddr *)address, sizeof *address) != 0 &&
		  errno == ECONNREFUSED;
	close(s);
	if (!refused)
		return config_fail(error, "control.socket: %s: another process listens there",
			address->sun_path);
	if (unlink(address->sun_path) != 0 && errno != ENOENT)
		return config_fail(
			error, "control.socket: %s: %s", address->sun_path, strerror(errno));
	return true;
}

/* Nobody can connect before listen(), so nobody does before the mode is set. */
static bool bind_socket(struct control *k, struct config_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, k->path, sizeof k->path);
	if (!clear_path(&address, error))
		return false;
	k->socket = open_socket();
	if (k->socket < 0 || bind(k->socket, (struct sockaddr *)&address, sizeof address) != 0)
		return config_fail(error, "control.socket: %s: %s", k->path, strerror(errno));
	if (lstat(k->path, &k->bound) != 0 || chmod(k->path, 0660) != 0 ||
		listen(k->socket, CONTROL_CLIENTS) != 0)
		return config_fail(error, "control.socket: %s: %s", k->path, strerror(errno));
	return true;
}

struct control *control_new(const struct control_options *options, struct config_error *error)
{
	struct control *k = calloc(1, sizeof *k);

	if (!k) {
		config_fail(error, "control.socket: out of memory");
		return NULL;
	}
	k->options = *options;
	k->socket = -1;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		k->clients[i].control = k;
	if (strlen(options->path) >= sizeof k->path) {
		config_fail(error, "control.socket: the path is too long, allowed: %zu octets",
			sizeof k->path - 1);
		free(k);
		return NULL;
	}
	strcpy(k->path, options->path);
	if (!bind_socket(k, error)) {
		control_free(k);
		return NULL;
	}
	return k;
}

bool control_start(struct control *k, struct event_base *base)
{
	k->base = base;
	k->turn = evtimer_new(base, on_turn, k);
	k->listener = evconnlistener_new(base, on_client, k, LEV_OPT_CLOSE_ON_EXEC, 0, k->socket);
	if (!k->turn || !k->listener)
		return false;
	evconnlistener_set_error_cb(k->listener, on_refusal);
	return true;
}

void control_stop(struct control *k)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		drop(&k->clients[i]);
	if (k->listener)
		evconnlistener_free(k->listener);
	if (k->turn)
		event_free(k->turn);
	k->listener = NULL;
	k->turn = NULL;
}

void control_free(struct control *k)
{
	struct stat now;

	if (!k)
		return;
	control_stop(k);
	if (k->socket >= 0)
		close(k->socket);
	if (k->bound.st_ino && lstat(k->path, &now) == 0 && now.st_ino == k->bound.st_ino &&
		now.st_dev == k->bound.st_dev)
		unlink(k->path);
	free(k);
}
