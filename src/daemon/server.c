#include "daemon/server.h"

#include "base/clock.h"
#include "base/log.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { TURN_MILLISECONDS = 50, TURN = SERVER_RATE * TURN_MILLISECONDS / 1000 };

struct client {
	struct server *server;
	struct bufferevent *stream; /* NULL: the place is free */
	struct event *deadline;
	bool ended;   /* it has said all that it wants to say */
	bool closing; /* when its answer has gone */
};

struct server {
	struct server_options options;
	size_t most; /* octets of a request and its end */
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *turn; /* pending while the answers of a turn are used up */
	unsigned budget;
	struct client clients[SERVER_CLIENTS];
};

static void drop(struct client *c)
{
	if (c->stream)
		bufferevent_free(c->stream);
	if (c->deadline)
		event_free(c->deadline);
	*c = (struct client){.server = c->server};
}

static bool unsent(struct client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->stream)) > 0;
}

static void grant_time(struct client *c)
{
	int64_t n = c->server->options.patience;
	struct timeval patience = {n / CLOCK_SECOND, n % CLOCK_SECOND / 1000};

	event_add(c->deadline, &patience);
}

static void say(struct client *c, const char *text)
{
	bufferevent_write(c->stream, text, strlen(text));
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

static void answer(struct client *c, const char *request, size_t length)
{
	char *text = c->server->options.answer(c->server->options.context, request, length);

	if (!text) {
		drop(c);
		return;
	}
	grant_time(c);
	say(c, text);
	say(c, c->server->options.after);
	free(text);
	if (c->server->options.once)
		close_after(c);
}

/* False when the answers of this turn are used up; then the next turn goes on. */
static bool take_budget(struct server *s)
{
	struct timeval turn = {0, TURN_MILLISECONDS * 1000};

	if (!event_pending(s->turn, EV_TIMEOUT, NULL)) {
		s->budget = TURN;
		event_add(s->turn, &turn);
	}
	if (s->budget == 0)
		return false;
	s->budget--;
	return true;
}

/* Answers the client's next request if it is whole and the last answer has gone. */
static void serve(struct client *c)
{
	const struct server_options *o = &c->server->options;
	struct evbuffer *in = bufferevent_get_input(c->stream);
	char request[SERVER_REQUEST + 1];

	if (c->closing || unsent(c))
		return;
	struct evbuffer_ptr end = evbuffer_search(in, o->end, strlen(o->end), NULL);
	if (end.pos < 0 ? evbuffer_get_length(in) >= SERVER_REQUEST + strlen(o->end)
			: end.pos > SERVER_REQUEST) {
		say(c, o->too_long);
		evbuffer_drain(in, evbuffer_get_length(in));
		close_after(c);
		return;
	}
	if (end.pos < 0) {
		if (c->ended)
			drop(c);
		return;
	}
	if (!take_budget(c->server))
		return;
	evbuffer_remove(in, request, (size_t)end.pos);
	evbuffer_drain(in, strlen(o->end));
	request[end.pos] = '\0';
	answer(c, request, (size_t)end.pos);
}

/* Serves the client, and reads on while no whole request is waiting. (A high watermark would stop
 * the reading too, but libevent does not look whether it got the memory for one.) */
static void serve_bounded(struct client *c)
{
	serve(c);
	if (!c->stream || c->ended)
		return;
	if (evbuffer_get_length(bufferevent_get_input(c->stream)) >= c->server->most)
		bufferevent_disable(c->stream, EV_READ);
	else
		bufferevent_enable(c->stream, EV_READ);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;

	(void)fd;
	(void)what;
	evconnlistener_enable(s->listener);
	for (unsigned i = 0; i < SERVER_CLIENTS; i++)
		if (s->clients[i].stream)
			serve_bounded(&s->clients[i]);
}

static void on_read(struct bufferevent *stream, void *context)
{
	(void)stream;
	serve_bounded(context);
}

/* The answer has gone. */
static void on_sent(struct bufferevent *stream, void *context)
{
	struct client *c = context;

	(void)stream;
	if (c->closing)
		drop(c);
	else
		serve_bounded(c);
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

static struct client *free_client(struct server *s)
{
	for (unsigned i = 0; i < SERVER_CLIENTS; i++)
		if (!s->clients[i].stream)
			return &s->clients[i];
	return NULL;
}

static void refuse(const struct server_options *o, evutil_socket_t fd)
{
	if (send(fd, o->too_many, strlen(o->too_many), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug(o->room, "a client was refused: there are too many");
	evutil_closesocket(fd);
}

static void on_client(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
	int length, void *context)
{
	struct server *s = context;
	struct client *c = free_client(s);

	(void)listener;
	(void)address;
	(void)length;
	if (!c) {
		refuse(&s->options, fd);
		return;
	}
	c->stream = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->stream) {
		evutil_closesocket(fd);
		return;
	}
	c->deadline = evtimer_new(s->base, on_deadline, c);
	if (!c->deadline) {
		drop(c);
		return;
	}
	bufferevent_setcb(c->stream, on_read, on_sent, on_end, c);
	bufferevent_set_max_single_read(c->stream, s->most);
	bufferevent_enable(c->stream, EV_READ | EV_WRITE);
	grant_time(c);
}

/* No descriptor was left for a client: it is tried again, but not at once. */
static void on_refusal(struct evconnlistener *listener, void *context)
{
	struct server *s = context;
	struct timeval turn = {0, TURN_MILLISECONDS * 1000};

	evconnlistener_disable(listener);
	event_add(s->turn, &turn);
}

struct server *server_new(const struct server_options *options, struct event_base *base)
{
	struct server *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->options = *options;
	s->most = SERVER_REQUEST + strlen(options->end);
	s->base = base;
	for (unsigned i = 0; i < SERVER_CLIENTS; i++)
		s->clients[i].server = s;
	s->turn = evtimer_new(base, on_turn, s);
	s->listener =
		evconnlistener_new(base, on_client, s, LEV_OPT_CLOSE_ON_EXEC, 0, options->socket);
	if (!s->turn || !s->listener) {
		server_free(s);
		return NULL;
	}
	evconnlistener_set_error_cb(s->listener, on_refusal);
	return s;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < SERVER_CLIENTS; i++)
		drop(&s->clients[i]);
	if (s->listener)
		evconnlistener_free(s->listener);
	if (s->turn)
		event_free(s->turn);
	free(s);
}
