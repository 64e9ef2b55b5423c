#include "weirctl_ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_SECONDS = 15,
	ANSWER_MOST = 16 << 20, /* octets: what is longer is no answer of weir's */
	PIECE = 65536,
	RETRY_MOST = 2000, /* milliseconds */
	RETRIES = 3,
};

static void explain(const char *path, int error)
{
	const char *advice = "";

	if (error == ENOENT)
		advice = ": is weir running, and is control.socket set in its configuration?";
	else if (error == ECONNREFUSED)
		advice = ": weir is not running any more";
	else if (error == EACCES)
		advice = ": only root and the group of weir may ask";
	fprintf(stderr, "weirctl: %s: %s%s\n", path, strerror(error), advice);
}

int weirctl_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {PATIENCE_SECONDS, 0};

	if (strlen(path) >= sizeof address.sun_path) {
		explain(path, ENAMETOOLONG);
		return -1;
	}
	strcpy(address.sun_path, path);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&address, sizeof address) != 0) {
		explain(path, errno);
		if (s >= 0)
			close(s);
		return -1;
	}
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return s;
}

static bool send_all(int s, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = send(s, text, length, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		length -= (size_t)n;
	}
	return true;
}

/* Octets up to the newline, which becomes the end. */
static char *take_line(int s)
{
	char *text = NULL, *end = NULL;
	size_t used = 0;

	while (!end && used < ANSWER_MOST) {
		char *more = realloc(text, used + PIECE + 1);
		if (!more)
			break;
		text = more;
		ssize_t n = recv(s, text + used, PIECE, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ECONNRESET;
			break;
		}
		end = memchr(text + used, '\n', (size_t)n);
		used += (size_t)n;
	}
	if (!end) {
		free(text);
		return NULL;
	}
	*end = '\0';
	return text;
}

static char *ask_once(int s, const json_t *request)
{
	char *line = json_dumps(request, JSON_COMPACT), *answer = NULL;

	if (!line) {
		fprintf(stderr, "weirctl: a word of the command is no text\n");
		return NULL;
	}
	/* Who is refused finds the answer there and the way back shut. */
	if (send_all(s, line, strlen(line)))
		send_all(s, "\n", 1);
	answer = take_line(s);
	if (!answer)
		fprintf(stderr, "weirctl: no answer: %s\n",
			errno == EAGAIN ? "weir took too long" : strerror(errno));
	free(line);
	return answer;
}

/* How long weir wants to be left alone, 0: the line is its answer. */
static json_int_t retry_of(const char *line)
{
	json_t *answer = json_loads(line, 0, NULL);
	json_int_t milliseconds = json_integer_value(json_object_get(answer, "retry_ms"));

	json_decref(answer);
	return milliseconds > RETRY_MOST ? RETRY_MOST : milliseconds;
}

char *weirctl_ask(int s, const json_t *request)
{
	char *line = ask_once(s, request);

	for (int i = 0; line && i < RETRIES; i++) {
		json_int_t wait = retry_of(line);
		if (wait <= 0)
			break;
		nanosleep(&(struct timespec){wait / 1000, wait % 1000 * 1000000}, NULL);
		free(line);
		line = ask_once(s, request);
	}
	return line;
}
