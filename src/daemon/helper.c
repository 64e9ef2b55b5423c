#define _GNU_SOURCE
#include "daemon/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* It has no use for weir's descriptors; and those that are closed when weir closes them, such as
 * a control socket's connections, would stay open by it. */
static void close_others(int s, int keep)
{
	int most = s > keep ? s : keep;

	if (most < STDERR_FILENO)
		most = STDERR_FILENO;
	for (int fd = STDERR_FILENO + 1; fd < most; fd++)
		if (fd != s && fd != keep)
			close(fd);
	(void)close_range((unsigned)most + 1, ~0U, 0);
}

/* A terminal's and a service manager's signals are for weir, whose end is this one's. */
static void ignore_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
}

__attribute__((noreturn)) static void be_helper(
	const struct helper *h, int s, const struct config *config, pid_t parent)
{
	struct config_error error;
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	close_others(s, h->keep);
	if (nowhere >= 0) {
		dup2(nowhere, STDIN_FILENO);
		dup2(nowhere, STDOUT_FILENO);
	}
	ignore_signals();
	prctl(PR_SET_NAME, h->name);
	if (!privileges_drop(&(struct privileges_options){.user = config->privileges.user,
				     .confine = config->privileges.confine,
				     .rights = h->rights,
				     .interfaces_only = !h->files,
				     .is_file = true},
		    &error))
		_exit(1);
	/* another user's process forgets it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent ||
		(h->confine && config->privileges.confine && !h->confine(&error)))
		_exit(1);
	h->serve(s, h->context);
	_exit(0);
}

int helper_start(const struct helper *h, const struct config *config, struct config_error *error)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
		config_fail(error, "%s: %s", h->name, strerror(errno));
		return -1;
	}
	pid_t parent = getpid(), child = fork();
	if (child == 0)
		be_helper(h, ends[1], config, parent);
	close(ends[1]);
	if (child > 0)
		return ends[0];
	config_fail(error, "%s: no process: %s", h->name, strerror(errno));
	close(ends[0]);
	return -1;
}
