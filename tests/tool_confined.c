/* tool_confined USER FOLDER DEED [PATH]: gives up privileges as weir does, FOLDER being the place
 * of its socket, and then tries a deed in a thread that was there before. Ends with status 0 when
 * the deed was done, 1 with its errno on standard output when it was refused, and by SIGSYS when it
 * was not allowed; with
 * 4 when a core could be dumped. */
#include "daemon/confine.h"
#include "daemon/privileges.h"
#include "route/asn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const char *deed, *path;
static sem_t started, confined;

static int try_file(int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd < 0 ? errno : 0;
}

static int try_exec(void)
{
	char *arguments[] = {NULL};

	return execve(path, arguments, arguments) ? errno : 0;
}

/* A file of AS numbers, which is read again while weir runs. */
static int try_asn(void)
{
	char why[256];
	struct asn *asn = asn_open(path, why, sizeof why);

	asn_close(asn);
	return asn ? 0 : EACCES;
}

/* By whichever calls the C library that is there makes them. */
static int try_stat(void)
{
	struct stat found;

	if (fstat(STDOUT_FILENO, &found) != 0)
		return errno;
	return fstatat(STDOUT_FILENO, "", &found, AT_EMPTY_PATH) == 0 ? 0 : errno;
}

static int try_deed(void)
{
	if (strcmp(deed, "stat") == 0)
		return try_stat();
	if (strcmp(deed, "asn") == 0)
		return try_asn();
	if (strcmp(deed, "read") == 0)
		return try_file(O_RDONLY);
	if (strcmp(deed, "write") == 0)
		return try_file(O_WRONLY);
	if (strcmp(deed, "create") == 0)
		return try_file(O_WRONLY | O_CREAT);
	if (strcmp(deed, "unlink") == 0)
		return unlink(path) ? errno : 0;
	if (strcmp(deed, "packets") == 0)
		return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0;
	if (strcmp(deed, "exec") == 0)
		return try_exec();
	if (strcmp(deed, "fork") == 0)
		return fork() < 0 ? errno : 0;
	if (strcmp(deed, "trace") == 0)
		return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0;
	if (strcmp(deed, "root") == 0)
		return (int)syscall(SYS_setuid, 0) ? errno : 0;
	exit(2);
}

static void *run(void *context)
{
	(void)context;
	sem_post(&started);
	sem_wait(&confined);
	int error = try_deed();
	if (error)
		printf("%s\n", strerror(error));
	fflush(stdout);
	_exit(error != 0);
}

int main(int argc, char **argv)
{
	struct config_error error;
	struct confine_path paths[] = {
		{CONFINE_SOCKET, argc > 2 ? argv[2] : ""}, {CONFINE_READ, argc > 4 ? argv[4] : ""}};
	pthread_t thread;

	if (argc < 4)
		return 2;
	deed = argv[3];
	path = argv[4];
	if (!privileges_drop(&(struct privileges_options){.user = argv[1],
				     .confine = true,
				     .paths = paths,
				     .path_count = strcmp(deed, "asn") == 0 ? 2 : 1},
		    &error)) {
		fprintf(stderr, "%s\n", error.text);
		return 3;
	}
	if (prctl(PR_GET_DUMPABLE)) {
		puts("its memory may be dumped");
		return 4;
	}
	sem_init(&started, 0, 0);
	sem_init(&confined, 0, 0);
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		return 3;
	sem_wait(&started);
	if (!confine_calls(0, &error))
		return 3;
	sem_post(&confined);
	pthread_join(thread, NULL);
	return 3;
}
