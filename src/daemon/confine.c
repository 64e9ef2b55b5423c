#define _GNU_SOURCE
#include "daemon/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Headers are often older than the kernel. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

/* ---- Files ---- */

/* Rights by the version of Landlock that first knew them. */
enum { FIRST_RIGHTS = 13, ABI_REFER = 2, ABI_TRUNCATE = 3 };

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define SOCKET                                                           \
	(LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
		LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                 \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
		LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REFER |   \
		LANDLOCK_ACCESS_FS_TRUNCATE)

/* Names and certificates, interfaces' counters, hosts: what libraries read at any time. */
static const char *const readable[] = {
	"/sys", "/etc", "/lib", "/lib64", "/proc", "/run", "/usr", "/dev/urandom"};
enum { INTERFACES = 1, READABLE = sizeof readable / sizeof *readable };

static uint64_t rights_of(int abi)
{
	uint64_t rights = (UINT64_C(1) << FIRST_RIGHTS) - 1;

	if (abi >= ABI_REFER)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= ABI_TRUNCATE)
		rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
	return rights;
}

/* A file that is none of a folder's has fewer rights to give. What is not there needs no
 * rule, nor what this user may not read anyway. */
static bool allow(int set, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights};

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || (errno == EACCES && !(rights & ~READ));
	bool good = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	close(rule.parent_fd);
	return good;
}

static bool allow_path(int set, const struct confine_path *p, uint64_t known)
{
	static const uint64_t rights[] = {[CONFINE_SOCKET] = SOCKET,
		[CONFINE_WRITE] = WRITE,
		[CONFINE_FILE] = WRITE,
		[CONFINE_READ] = READ};
	char folder[4096];
	char *slash;

	if (p->use == CONFINE_WRITE)
		return allow(set, p->path, rights[p->use] & known);
	snprintf(folder, sizeof folder, "%s", p->path);
	slash = strrchr(folder, '/');
	if (!slash)
		strcpy(folder, ".");
	else
		slash[slash == folder] = '\0';
	return allow(set, folder, rights[p->use] & known);
}

static bool allow_all(
	int set, unsigned system, const struct confine_path *paths, unsigned count, uint64_t known)
{
	for (unsigned i = 0; i < system; i++) {
		bool is_file = strncmp(readable[i], "/dev/", 5) == 0;
		if (!allow(set, readable[i], is_file ? LANDLOCK_ACCESS_FS_READ_FILE : READ))
			return false;
	}
	for (unsigned i = 0; i < count; i++)
		if (!allow_path(set, &paths[i], known))
			return false;
	return true;
}

bool confine_files(bool interfaces_only, const struct confine_path *paths, unsigned count, int *abi,
	struct config_error *error)
{
	unsigned system = interfaces_only ? INTERFACES : READABLE;
	struct landlock_ruleset_attr attributes = {0};

	*abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (*abi < 1) {
		*abi = 0;
		return true;
	}
	attributes.handled_access_fs = rights_of(*abi);
	int set = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	bool good = set >= 0 &&
		    allow_all(set, system, paths, count, attributes.handled_access_fs) &&
		    syscall(SYS_landlock_restrict_self, set, 0) == 0;
	if (!good)
		config_fail(error, "privileges: Landlock: %s", strerror(errno));
	if (set >= 0)
		close(set);
	return good;
}

/* ---- Calls ---- */

struct call {
	const char *name;
	const char *elsewhere; /* its name on machines that lack the first one */
	unsigned need;         /* one of these of enum confine_need, 0: always */
	const char *since;     /* the C library of this version, NULL: any */
};

/* What follows the start, when all threads are there: capture, export, control, metrics, and
 * the end of it all. As glibc makes them. */
#define CONFINE_SOCKETS (CONFINE_STREAMS | CONFINE_RELOAD)

/* clang-format off */
static const struct call calls[] = {
	/* files, pipes and connections */
	{.name = "read"}, {.name = "readv"}, {.name = "write"}, {.name = "writev"},
	{.name = "close"}, {.name = "openat"}, {.name = "lseek"},
	{.name = "newfstatat"}, {.name = "fstat", .since = "2.39"},
	{.name = "ioctl"}, {.name = "unlink", .elsewhere = "unlinkat"},
	{.name = "accept4"}, {.name = "setsockopt"}, {.name = "getsockopt"},
	{.name = "sendto"}, {.name = "sendmmsg"}, {.name = "recvmsg"},
	/* memory */
	{.name = "mmap"}, {.name = "munmap"}, {.name = "mremap"},
	{.name = "madvise"}, {.name = "brk"},
	/* threads and waiting, also where a stop and a continuation came in between */
	{.name = "rt_sigprocmask"}, {.name = "futex"}, {.name = "membarrier"},
	{.name = "epoll_ctl"}, {.name = "epoll_wait", .elsewhere = "epoll_pwait"},
	{.name = "poll", .elsewhere = "ppoll"},
	{.name = "restart_syscall"}, {.name = "exit"}, {.name = "exit_group"},
	{.name = "clock_gettime"}, /* where the kernel's page has no clock */
	/* what only some configurations need */
	{.name = "socket", .need = CONFINE_SOCKETS}, {.name = "connect", .need = CONFINE_SOCKETS},
	{.name = "bind", .need = CONFINE_SOCKETS},
	{.name = "getsockname", .need = CONFINE_RELOAD}, {.name = "shutdown", .need = CONFINE_STREAMS},
	{.name = "getpid", .need = CONFINE_TLS | CONFINE_RELOAD}, {.name = "getrandom", .need = CONFINE_TLS | CONFINE_RELOAD | CONFINE_FILES | CONFINE_INPUTS},
	{.name = "ftruncate", .need = CONFINE_FILES}, {.name = "renameat2", .need = CONFINE_FILES},
};
/* clang-format on */
#define CALLS (sizeof calls / sizeof *calls)
_Static_assert(CALLS <= 41, "few enough, with everything configured; 40 before glibc 2.39");

/* What opening an interface takes, as libpcap and glibc make it. */
/* clang-format off */
static const struct call opener_calls[] = {
	/* what a card, its driver and its kind are called, below /sys */
	{.name = "read"}, {.name = "write"}, {.name = "close"}, {.name = "openat"},
	{.name = "newfstatat"}, {.name = "fstat", .since = "2.39"}, {.name = "lseek"}, {.name = "fcntl"},
	{.name = "readlink", .elsewhere = "readlinkat"},
	{.name = "access", .elsewhere = "faccessat"},
	/* packet sockets, netlink, and the socket to weir */
	{.name = "socket"}, {.name = "bind"}, {.name = "getsockname"}, {.name = "ioctl"},
	{.name = "setsockopt"}, {.name = "getsockopt"},
	{.name = "sendto"}, {.name = "sendmsg"}, {.name = "recvfrom"}, {.name = "recvmsg"},
	{.name = "poll", .elsewhere = "ppoll"}, {.name = "eventfd2"}, {.name = "bpf"},
	/* memory and the process itself */
	{.name = "mmap"}, {.name = "munmap"}, {.name = "mremap"}, {.name = "madvise"},
	{.name = "brk"}, {.name = "futex"}, {.name = "rt_sigprocmask"},
	{.name = "restart_syscall"}, {.name = "clock_gettime"}, {.name = "getrandom"},
	{.name = "getpid"}, {.name = "uname"}, {.name = "exit"}, {.name = "exit_group"},
};
/* clang-format on */
#define OPENER_CALLS (sizeof opener_calls / sizeof *opener_calls)
_Static_assert(OPENER_CALLS <= 40, "few enough");

/* Names stand for one number each; below zero: this machine lacks it. */
static int number_of(const struct call *c)
{
	int number = seccomp_syscall_resolve_name(c->name);

	return number < 0 && c->elsewhere ? seccomp_syscall_resolve_name(c->elsewhere) : number;
}

/* Here and now: the library that is there may be newer than the one this was built with. */
static bool is_needed(const struct call *c, unsigned needs)
{
	return (!c->need || c->need & needs) &&
	       (!c->since || strverscmp(gnu_get_libc_version(), c->since) >= 0);
}

static bool load(const struct call *call, size_t count, unsigned needs, struct config_error *error)
{
	if (!CONFINE_POSSIBLE)
		return true;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int failed = filter ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;

	for (size_t i = 0; i < count && failed == 0; i++) {
		int number = number_of(&call[i]);
		if (is_needed(&call[i], needs) && number >= 0)
			failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	if (failed == 0)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	return failed == 0 || config_fail(error, "privileges: seccomp: %s", strerror(-failed));
}

bool confine_calls(unsigned needs, struct config_error *error)
{
	return load(calls, CALLS, needs, error);
}

bool confine_opener(struct config_error *error)
{
	return load(opener_calls, OPENER_CALLS, 0, error);
}
