#include "daemon/resolver.h"

#include "base/clock.h"
#include "base/receive.h"
#include "daemon/helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After which time a name is asked for again where the usual one is longer. */
#define UNKNOWN (5 * CLOCK_SECOND)
#define TROUBLE (30 * CLOCK_SECOND)
/* After which an answer will not come any more. */
#define LOST (5 * 60 * CLOCK_SECOND)

struct resolver {
	int socket;
};

/* ---- The process ---- */

static void answer_all(int s, void *context)
{
	struct resolver_question question;
	struct resolver_answer answer;

	(void)context;
	while (recv(s, &question, sizeof question, 0) == (ssize_t)sizeof question) {
		memset(&answer, 0, sizeof answer);
		question.host[sizeof question.host - 1] = '\0';
		question.service[sizeof question.service - 1] = '\0';
		answer.question = question;
		answer.found = socket_resolve(question.host, question.service, question.type,
			&answer.addresses, &answer.error);
		for (unsigned i = 0; i < answer.addresses.count; i++)
			if (!socket_here(&answer.addresses.list[i], &answer.here[i]))
				answer.here[i].ss_family = AF_UNSPEC;
		if (send(s, &answer, sizeof answer, MSG_NOSIGNAL) < 0)
			return;
	}
}

/* ---- Its client ---- */

struct resolver *resolver_new(const struct config *config, struct config_error *error)
{
	struct resolver *r = malloc(sizeof *r);

	if (!r) {
		config_fail(error, "out of memory");
		return NULL;
	}
	r->socket = helper_start(
		&(struct helper){
			.name = "weir-names", .files = true, .serve = answer_all, .keep = -1},
		config, error);
	if (r->socket >= 0)
		return r;
	free(r);
	return NULL;
}

/* It is not waited for: that call is one more, and who waits for weir's end waits for this. */
void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	close(r->socket);
	free(r);
}

bool resolver_ask(struct resolver *r, const struct resolver_question *question)
{
	return send(r->socket, question, sizeof *question, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)sizeof *question;
}

bool resolver_hear(struct resolver *r, struct resolver_answer *answer)
{
	return receive(r->socket, answer, sizeof *answer, MSG_DONTWAIT) == (ssize_t)sizeof *answer;
}

/* ---- Names ---- */

struct resolver_name resolver_name_of(
	const char *host, const char *service, int type, int64_t refresh, bool known, int64_t now)
{
	struct resolver_name n = {.question = {.type = type},
		.refresh = socket_is_address(host) ? 0 : refresh,
		.asked = known ? now : 0,
		.known = known};

	snprintf(n.question.host, sizeof n.question.host, "%s", host);
	snprintf(n.question.service, sizeof n.question.service, "%s", service);
	return n;
}

bool resolver_name_due(const struct resolver_name *n, bool trouble, int64_t now)
{
	int64_t wait = n->refresh;

	if (!n->known && wait > UNKNOWN)
		wait = UNKNOWN;
	if (trouble && wait > TROUBLE)
		wait = TROUBLE;
	if (n->waiting)
		wait = LOST;
	return n->refresh && (!n->asked || now - n->asked >= wait);
}

bool resolver_name_heard(struct resolver_name *n, const struct resolver_answer *a)
{
	if (!n->refresh || a->question.type != n->question.type ||
		strcmp(a->question.host, n->question.host) != 0 ||
		strcmp(a->question.service, n->question.service) != 0)
		return false;
	n->waiting = false;
	n->known = a->found;
	return true;
}
