#include "daemon/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct control {
	struct control_options options;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct stat bound; /* the socket's place in the file system */
	int socket;
	struct server *server; /* NULL: not started */
};

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
		return config_fail(error, "control.socket: %s: %s%s", k->path, strerror(errno),
			errno == ENOENT ? ": its folder must be there" : "");
	if (lstat(k->path, &k->bound) != 0 || chmod(k->path, 0660) != 0 ||
		listen(k->socket, SERVER_CLIENTS) != 0)
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
	k->server = server_new(
		&(struct server_options){
			.room = "control",
			.socket = k->socket,
			.end = "\n",
			.answer = k->options.answer,
			.context = k->options.context,
			.after = "\n",
			.too_long = "{\"error\": \"a request has 4096 octets at most\"}\n",
			.too_many = "{\"error\": \"too many clients\"}\n",
			.patience = k->options.patience,
		},
		base);
	return k->server != NULL;
}

void control_stop(struct control *k)
{
	server_free(k->server);
	k->server = NULL;
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
