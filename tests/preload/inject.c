/*
 * inject.so: a preload library in which one call of the program fails, once.
 *
 * INJECT_SEEN names a file of call sites, one a line. The first call from a site that is not in it
 * fails, and its site is added; every other call goes through. A driver runs a program with the
 * same file again and again until no line is added: each call site has then failed once, also those
 * that only come when another has failed. INJECT_ONLY, if set, is a part of the site's text.
 *
 * A site is the function and where it was called from, with the next place in the program that
 * leads there: the caller's caller if the call is the program's own, which so has several sites
 * where it goes through a function of its own, and the call of the library if the call is a
 * library's. Calls with nothing of the program above them, as the loader's, are left alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

enum { SITES = 1 << 13, DEEP = 64, LINE = 512 };

static struct {
	char seen[SITES][LINE];
	unsigned count;
	const char *path;           /* of that file */
	uintptr_t begin, end, base; /* of the program */
	const char *only;
	_Atomic bool ready, done;
} inject;

/* Set while a site is looked at, which may allocate. */
static __thread bool busy __attribute__((tls_model("initial-exec")));

static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) {
			inject.base = info->dlpi_addr;
			inject.begin = info->dlpi_addr + p->p_vaddr;
			inject.end = inject.begin + p->p_memsz;
		}
	}
	return 1; /* the first is the program */
}

static void read_seen(const char *path)
{
	FILE *f = fopen(path, "re");

	while (f && inject.count < SITES && fgets(inject.seen[inject.count], LINE, f)) {
		inject.seen[inject.count][strcspn(inject.seen[inject.count], "\n")] = '\0';
		inject.count++;
	}
	if (f)
		fclose(f);
}

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("INJECT_SEEN");

	if (!path)
		return;
	busy = true;
	inject.only = getenv("INJECT_ONLY");
	dl_iterate_phdr(find_program, NULL);
	read_seen(path);
	inject.path = path;
	busy = false;
	atomic_store(&inject.ready, inject.count < SITES);
}

struct climb {
	unsigned frames, found;
	uintptr_t own[2];
};

static _Unwind_Reason_Code climb(struct _Unwind_Context *context, void *data)
{
	struct climb *c = data;
	uintptr_t address = _Unwind_GetIP(context);

	if (address >= inject.begin && address < inject.end)
		c->own[c->found++] = address - inject.base;
	return c->found < 2 && ++c->frames < DEEP ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* The text of the site, or false: nothing of the program is above. */
static bool describe(char *line, const char *function, void *caller)
{
	struct climb c = {0};
	Dl_info info = {.dli_fname = "?"};

	_Unwind_Backtrace(climb, &c);
	if (c.found == 0)
		return false;
	dladdr(caller, &info);
	const char *slash = strrchr(info.dli_fname, '/');
	size_t at = (size_t)((uintptr_t)caller - (uintptr_t)info.dli_fbase);
	snprintf(line, LINE, "%s %s+%zx %zx", function, slash ? slash + 1 : info.dli_fname, at,
		(size_t)(c.own[0] == at ? c.own[1] : c.own[0]));
	return true;
}

static bool is_new(const char *line)
{
	if (inject.only && !strstr(line, inject.only))
		return false;
	for (unsigned i = 0; i < inject.count; i++)
		if (strcmp(inject.seen[i], line) == 0)
			return false;
	return true;
}

/* By a descriptor of its own: a child closes those that it knows nothing of. What is not written
 * down does not fail, or it would fail again and again. */
static bool note(const char *line)
{
	int fd = (int)syscall(
		SYS_openat, AT_FDCWD, inject.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	ssize_t length = (ssize_t)strlen(line);
	bool written = fd >= 0 && syscall(SYS_write, fd, line, length) == length;

	if (fd >= 0)
		syscall(SYS_close, fd);
	return written;
}

/* Shall this call fail? */
static bool fails(const char *function, void *caller)
{
	char line[LINE];
	bool fail = false;

	if (!atomic_load(&inject.ready) || atomic_load(&inject.done) || busy)
		return false;
	int before = errno;
	busy = true;
	if (describe(line, function, caller) && is_new(line) &&
		!atomic_exchange(&inject.done, true)) {
		strcat(line, "\n");
		fail = note(line);
	}
	busy = false;
	errno = before;
	return fail;
}

/* The next of the name; the first calls of all come before anything is set up. */
#define NEXT(name)                     \
	static __typeof__(name) *next; \
	if (!next)                     \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

#define WRAP(result, name, parameters, arguments, failure, error) \
	result name parameters                                    \
	{                                                         \
		NEXT(name);                                       \
		if (fails(#name, __builtin_return_address(0))) {  \
			errno = error;                            \
			return failure;                           \
		}                                                 \
		return next arguments;                            \
	}

#define NOBODY ((void *)0)

WRAP(void *, malloc, (size_t a), (a), NOBODY, ENOMEM)
WRAP(void *, realloc, (void *p, size_t a), (p, a), NOBODY, ENOMEM)
WRAP(void *, aligned_alloc, (size_t a, size_t b), (a, b), NOBODY, ENOMEM)
WRAP(int, posix_memalign, (void **p, size_t a, size_t b), (p, a, b), ENOMEM, ENOMEM)
WRAP(char *, strdup, (const char *s), (s), NOBODY, ENOMEM)
WRAP(char *, strndup, (const char *s, size_t n), (s, n), NOBODY, ENOMEM)
WRAP(int, vasprintf, (char **s, const char *f, va_list ap), (s, f, ap), -1, ENOMEM)
WRAP(void *, mmap, (void *p, size_t n, int a, int b, int c, off_t d), (p, n, a, b, c, d),
	MAP_FAILED, ENOMEM)
WRAP(int, madvise, (void *p, size_t n, int a), (p, n, a), -1, EAGAIN)

WRAP(int, socket, (int a, int b, int c), (a, b, c), -1, EMFILE)
WRAP(int, bind, (int f, const struct sockaddr *a, socklen_t n), (f, a, n), -1, EADDRINUSE)
WRAP(int, connect, (int f, const struct sockaddr *a, socklen_t n), (f, a, n), -1, ENETUNREACH)
WRAP(int, listen, (int f, int n), (f, n), -1, EADDRINUSE)
WRAP(int, accept4, (int f, struct sockaddr *a, socklen_t *n, int g), (f, a, n, g), -1, EMFILE)
WRAP(int, getsockname, (int f, struct sockaddr *a, socklen_t *n), (f, a, n), -1, ENOBUFS)
WRAP(int, getsockopt, (int f, int l, int o, void *v, socklen_t *n), (f, l, o, v, n), -1,
	ENOPROTOOPT)
WRAP(int, setsockopt, (int f, int l, int o, const void *v, socklen_t n), (f, l, o, v, n), -1,
	ENOMEM)
WRAP(int, shutdown, (int f, int h), (f, h), -1, ENOTCONN)
WRAP(ssize_t, send, (int f, const void *p, size_t n, int g), (f, p, n, g), -1, ENOBUFS)
WRAP(ssize_t, sendto,
	(int f, const void *p, size_t n, int g, const struct sockaddr *a, socklen_t l),
	(f, p, n, g, a, l), -1, ENOBUFS)
WRAP(ssize_t, sendmsg, (int f, const struct msghdr *m, int g), (f, m, g), -1, ENOBUFS)
WRAP(int, sendmmsg, (int f, struct mmsghdr *m, unsigned n, int g), (f, m, n, g), -1, ENOBUFS)
WRAP(ssize_t, recv, (int f, void *p, size_t n, int g), (f, p, n, g), -1, ECONNRESET)
WRAP(ssize_t, recvfrom, (int f, void *p, size_t n, int g, struct sockaddr *a, socklen_t *l),
	(f, p, n, g, a, l), -1, ENOBUFS)
WRAP(ssize_t, recvmsg, (int f, struct msghdr *m, int g), (f, m, g), -1, ENOBUFS)

WRAP(ssize_t, read, (int f, void *p, size_t n), (f, p, n), -1, EIO)
WRAP(ssize_t, pread, (int f, void *p, size_t n, off_t o), (f, p, n, o), -1, EIO)
WRAP(ssize_t, write, (int f, const void *p, size_t n), (f, p, n), -1, EIO)
WRAP(ssize_t, pwritev, (int f, const struct iovec *p, int n, off_t o), (f, p, n, o), -1, ENOSPC)
WRAP(int, ftruncate, (int f, off_t n), (f, n), -1, EIO)
WRAP(int, fstat, (int f, struct stat *s), (f, s), -1, EIO)
WRAP(int, stat, (const char *p, struct stat *s), (p, s), -1, EACCES)
WRAP(int, lstat, (const char *p, struct stat *s), (p, s), -1, EACCES)
WRAP(int, access, (const char *p, int m), (p, m), -1, EACCES)
WRAP(int, unlink, (const char *p), (p), -1, EPERM)
WRAP(int, chmod, (const char *p, mode_t m), (p, m), -1, EPERM)
WRAP(int, mkstemp, (char *p), (p), -1, EMFILE)
WRAP(int, renameat2, (int a, const char *p, int b, const char *q, unsigned g), (a, p, b, q, g), -1,
	EIO)
WRAP(int, dup, (int f), (f), -1, EMFILE)
WRAP(FILE *, fopen, (const char *p, const char *m), (p, m), NOBODY, EMFILE)
WRAP(FILE *, open_memstream, (char **p, size_t *n), (p, n), NOBODY, ENOMEM)
WRAP(size_t, fread, (void *p, size_t a, size_t b, FILE *f), (p, a, b, f), 0, EIO)
WRAP(size_t, fwrite, (const void *p, size_t a, size_t b, FILE *f), (p, a, b, f), 0, ENOSPC)
WRAP(int, fflush, (FILE * f), (f), EOF, ENOSPC)

WRAP(int, epoll_create1, (int g), (g), -1, EMFILE)
WRAP(int, epoll_ctl, (int e, int o, int f, struct epoll_event *v), (e, o, f, v), -1, ENOMEM)
WRAP(int, epoll_wait, (int e, struct epoll_event *v, int n, int t), (e, v, n, t), -1, EINTR)
WRAP(int, eventfd, (unsigned n, int g), (n, g), -1, EMFILE)
WRAP(int, signalfd, (int f, const sigset_t *s, int g), (f, s, g), -1, EMFILE)
WRAP(int, timerfd_create, (clockid_t c, int g), (c, g), -1, EMFILE)
WRAP(int, pipe2, (int f[2], int g), (f, g), -1, EMFILE)
WRAP(ssize_t, getrandom, (void *p, size_t n, unsigned g), (p, n, g), -1, EINTR)
WRAP(int, getaddrinfo,
	(const char *h, const char *s, const struct addrinfo *a, struct addrinfo **r), (h, s, a, r),
	EAI_MEMORY, ENOMEM)
WRAP(int, pthread_create, (pthread_t * t, const pthread_attr_t *a, void *(*f)(void *), void *c),
	(t, a, f, c), EAGAIN, EAGAIN)

/* dlsym() may ask for memory before calloc() is known: there is a little that is never freed. */
void *calloc(size_t count, size_t size)
{
	static _Alignas(16) char early[4096];
	static size_t used;
	static bool looking;
	static void *(*next)(size_t, size_t);

	if (!next && !looking) {
		looking = true;
		*(void **)&next = dlsym(RTLD_NEXT, "calloc");
		looking = false;
	}
	if (!next) {
		void *p = early + used;
		used += (count * size + 15) & ~(size_t)15;
		return used <= sizeof early ? p : NULL;
	}
	if (fails("calloc", __builtin_return_address(0))) {
		errno = ENOMEM;
		return NULL;
	}
	return next(count, size);
}

/* Those with a third argument of any kind. */
#define WRAP_OPEN(name, parameters, arguments)                                          \
	int name parameters                                                             \
	{                                                                               \
		NEXT(name);                                                             \
		va_list ap;                                                             \
		va_start(ap, flags);                                                    \
		mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0; \
		va_end(ap);                                                             \
		if (fails(#name, __builtin_return_address(0))) {                        \
			errno = EMFILE;                                                 \
			return -1;                                                      \
		}                                                                       \
		return next arguments;                                                  \
	}
WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))

int ioctl(int fd, unsigned long request, ...)
{
	NEXT(ioctl);
	va_list ap;

	va_start(ap, request);
	void *argument = va_arg(ap, void *);
	va_end(ap);
	if (fails("ioctl", __builtin_return_address(0))) {
		errno = ENODEV;
		return -1;
	}
	return next(fd, request, argument);
}
