#include "daemon/opener.h"

#include "base/clock.h"
#include "base/log.h"
#include "capture/duplicates.h"
#include "daemon/helper.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* It takes some milliseconds; a kernel that takes longer is asked again later. */
#define PATIENCE (5 * CLOCK_SECOND)

/* By its number an answer is known to be none to a question before, which nobody waited for. */
struct question {
	uint64_t number;
	struct opening_request request;
};

struct answer {
	uint64_t number;
	bool good;
	struct opening opening; /* its descriptors come beside it, those that are not -1 */
};

struct opener {
	struct opening_way way;
	pthread_mutex_t lock; /* one asks at a time */
	int socket;
	uint64_t asked;
	atomic_bool ended;
	struct question question;
	struct answer answer;
};

/* What comes and goes by a socket, and descriptors beside it. */
struct parcel {
	struct iovec content;
	_Alignas(struct cmsghdr) char beside[CMSG_SPACE(OPENING_FDS * sizeof(int))];
	struct msghdr message;
};

static void pack(struct parcel *p, struct answer *a)
{
	memset(p, 0, sizeof *p);
	p->content = (struct iovec){a, sizeof *a};
	p->message = (struct msghdr){
		.msg_iov = &p->content,
		.msg_iovlen = 1,
		.msg_control = p->beside,
		.msg_controllen = sizeof p->beside,
	};
}

/* ---- The process ---- */

static void put_descriptors(struct parcel *p, const struct opening *o)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&p->message);
	int fd[OPENING_FDS];
	unsigned count = 0;

	for (unsigned i = 0; i < OPENING_FDS; i++)
		if (o->fd[i] >= 0)
			fd[count++] = o->fd[i];
	p->message.msg_controllen = count ? CMSG_SPACE(count * sizeof *fd) : 0;
	if (!count)
		return;
	assert(c);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof *fd);
	memcpy(CMSG_DATA(c), fd, count * sizeof *fd);
}

static bool answer_one(
	int s, const struct opening_request *q, struct duplicates *duplicates, struct answer *a)
{
	struct device device = {0};
	struct parcel parcel;

	a->good = opening_make(&device, duplicates, q, &a->opening);
	device_free(&device);
	pack(&parcel, a);
	put_descriptors(&parcel, &a->opening);
	bool sent = sendmsg(s, &parcel.message, MSG_NOSIGNAL) == (ssize_t)sizeof *a;
	opening_close(&a->opening);
	return sent;
}

static void answer_all(int s, void *context)
{
	struct duplicates *duplicates = context;
	struct question question;
	struct answer *answer = calloc(1, sizeof *answer);

	while (answer && recv(s, &question, sizeof question, 0) == (ssize_t)sizeof question) {
		struct opening_request *q = &question.request;
		q->interface[sizeof q->interface - 1] = '\0';
		q->filter[sizeof q->filter - 1] = '\0';
		q->leaves_out &= duplicates != NULL;
		answer->number = question.number;
		if (!answer_one(s, q, duplicates, answer))
			break;
	}
	free(answer);
}

/* ---- Its client ---- */

/* The k-th of those that came is the k-th of those that were open there. */
static void take_descriptors(struct parcel *p, struct opening *o)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&p->message);
	int fd[OPENING_FDS];
	size_t count = 0, taken = 0;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fd;
	if (count)
		memcpy(fd, CMSG_DATA(c), count * sizeof *fd);
	for (unsigned i = 0; i < OPENING_FDS; i++)
		if (o->fd[i] >= 0)
			o->fd[i] = taken < count ? fd[taken++] : -1;
}

/* False: none has come in time, or none will. */
static bool hear_one(struct opener *o, int64_t until)
{
	struct pollfd p = {o->socket, POLLIN, 0};
	int64_t left = until - clock_steady();
	struct parcel parcel;

	if (left <= 0 || poll(&p, 1, (int)(left / CLOCK_MILLISECOND) + 1) <= 0)
		return false;
	pack(&parcel, &o->answer);
	if (recvmsg(o->socket, &parcel.message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) !=
		(ssize_t)sizeof o->answer) {
		o->answer.opening.lost = true;
		return false;
	}
	take_descriptors(&parcel, &o->answer.opening);
	return true;
}

static bool send_question(struct opener *o, const struct opening_request *q)
{
	o->question.number = ++o->asked;
	o->question.request = *q;
	if (send(o->socket, &o->question, sizeof o->question, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		(ssize_t)sizeof o->question)
		return true;
	o->answer.opening.lost = errno != EAGAIN;
	return false;
}

static bool hear_answer(struct opener *o)
{
	int64_t until = clock_steady() + PATIENCE;

	while (hear_one(o, until)) {
		if (o->answer.number == o->asked)
			return true;
		opening_close(&o->answer.opening);
		opening_clear(&o->answer.opening);
	}
	return false;
}

static bool ask(void *context, const struct opening_request *q, struct opening *opening)
{
	struct opener *o = context;
	struct answer *a = &o->answer;

	pthread_mutex_lock(&o->lock);
	opening_clear(&a->opening);
	bool heard = send_question(o, q) && hear_answer(o);
	if (!heard)
		snprintf(a->opening.why.text, sizeof a->opening.why.text,
			a->opening.lost ? "the process that opens interfaces has ended: only a "
					  "restart brings it back"
					: "the process that opens interfaces does not answer");
	*opening = a->opening;
	if (opening->lost)
		atomic_store(&o->ended, true);
	bool good = heard && a->good;
	pthread_mutex_unlock(&o->lock);
	return good;
}

struct opener *opener_new(
	const struct config *config, struct duplicates *duplicates, struct config_error *error)
{
	struct opener *o = calloc(1, sizeof *o);

	if (!o) {
		config_fail(error, "out of memory");
		return NULL;
	}
	o->way = (struct opening_way){ask, o};
	pthread_mutex_init(&o->lock, NULL);
	o->socket = helper_start(
		&(struct helper){
			.name = "weir-opener",
			.rights = PRIVILEGES_CAPTURE | (duplicates ? PRIVILEGES_LOAD : 0),
			.confine = confine_opener,
			.serve = answer_all,
			.context = duplicates,
			.keep = duplicates ? duplicates_fd(duplicates) : -1,
		},
		config, error);
	if (o->socket >= 0)
		return o;
	opener_free(o);
	return NULL;
}

/* It is not waited for, as the resolver is not. */
void opener_free(struct opener *o)
{
	if (!o)
		return;
	if (o->socket >= 0)
		close(o->socket);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

bool opener_has_ended(const struct opener *o)
{
	return atomic_load(&o->ended);
}

const struct opening_way *opener_way(const struct opener *o)
{
	return o ? &o->way : NULL;
}
