/*
 * cost MEGABYTES COMMAND...: runs it and says on standard error what it cost with all its
 * processes: cpu_ns=N wall_ns=N peak_kb=N status=N. Peak memory is the sum over the processes of
 * each one's largest resident set. A command that puts itself into the background is waited for
 * too. SIGTERM and SIGINT are passed on to the command.
 *
 * So much memory is touched and given back before: a virtual machine whose host has taken free
 * pages away would otherwise charge their return to whoever comes first.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t child;

static void pass_on(int number)
{
	if (child > 0)
		kill((pid_t)child, number);
}

static long long nanoseconds(const struct timeval *t)
{
	return (long long)t->tv_sec * 1000000000 + (long long)t->tv_usec * 1000;
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void warm(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	madvise(p, octets, MADV_HUGEPAGE);
	memset(p, 1, octets);
	munmap(p, octets);
}

int main(int argc, char **argv)
{
	long long began, cpu = 0, peak = 0;
	int result = 0, status;
	struct rusage used;
	pid_t pid;

	if (argc < 3)
		return 2;
	warm((size_t)strtoul(argv[1], NULL, 10) << 20 | 1);
	began = now();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGTERM, pass_on);
	signal(SIGINT, pass_on);
	child = pid = fork();
	if (pid == 0) {
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	while ((pid = wait4(-1, &status, 0, &used)) > 0) {
		/* What a waited-for child waited for itself is in its times already. */
		cpu += nanoseconds(&used.ru_utime) + nanoseconds(&used.ru_stime);
		peak += used.ru_maxrss;
		if (pid == child)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	fprintf(stderr, "cpu_ns=%lld wall_ns=%lld peak_kb=%lld status=%d\n", cpu, now() - began,
		peak, result);
	return result;
}
