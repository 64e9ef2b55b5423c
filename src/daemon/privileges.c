#define _GNU_SOURCE
#include "daemon/privileges.h"

#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The conf key's default: that it does not exist is no mistake of the operator's. */
#define USUAL_USER "weir"

enum { BPF = 39 }; /* CAP_BPF, which older headers lack */

static bool fail(struct config_error *error, const char *what)
{
	return config_fail(error, "privileges: %s: %s", what, strerror(errno));
}

/* The files that come of a capture file are the caller's, in folders of his. */
static bool writes_as_itself(const struct privileges_options *o)
{
	return o->is_file && o->path_count > 0;
}

/* Root may switch; whoever was started as somebody else stays that. NULL in *who: stay. */
static bool find_user(
	const struct privileges_options *o, const struct passwd **who, struct config_error *error)
{
	const char *name = o->user;

	*who = NULL;
	if (geteuid() != 0 || !*name || writes_as_itself(o))
		return true;
	errno = 0;
	*who = getpwnam(name);
	if (*who)
		return true;
	if (strcmp(name, USUAL_USER) != 0)
		return config_fail(error, "privileges.user: %s: no such user", name);
	if (!o->is_file)
		log_warning("privileges",
			"event=no-user user=%s note=\"root runs on, without capabilities\"", name);
	return true;
}

/* The user shall be able to let others in, and to take its socket away. */
static void hand_over(const struct privileges_options *o, const struct passwd *who)
{
	for (unsigned i = 0; i < o->path_count; i++)
		if (o->paths[i].use == CONFINE_SOCKET)
			(void)!lchown(o->paths[i].path, (uid_t)-1, who->pw_gid);
}

static bool switch_user(const struct passwd *who, struct config_error *error)
{
	if (prctl(PR_SET_KEEPCAPS, 1) != 0 || initgroups(who->pw_name, who->pw_gid) != 0 ||
		setresgid(who->pw_gid, who->pw_gid, who->pw_gid) != 0 ||
		setresuid(who->pw_uid, who->pw_uid, who->pw_uid) != 0)
		return config_fail(error,
			"privileges.user: cannot become %s: %s; that takes CAP_SETUID and "
			"CAP_SETGID, or "
			"\"\" to go on without",
			who->pw_name, strerror(errno));
	return true;
}

/* The bounding set can only be made smaller with a capability that not everyone has; then
 * no_new_privs has to be enough. */
static void narrow_bounds(uint64_t kept)
{
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c) >= 0; c++)
		if (!(c < 64 && kept & UINT64_C(1) << c) && prctl(PR_CAPBSET_DROP, c) != 0)
			return;
}

static uint64_t kept_capabilities(const struct privileges_options *o)
{
	return (o->rights & PRIVILEGES_CAPTURE ? UINT64_C(1) << CAP_NET_RAW : 0) |
	       (o->rights & PRIVILEGES_LOAD ? UINT64_C(1) << BPF : 0) |
	       (writes_as_itself(o) ? UINT64_C(1) << CAP_DAC_OVERRIDE : 0);
}

static bool drop_capabilities(uint64_t wanted, struct config_error *error)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) != 0)
		return fail(error, "capget");
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t kept = data[i].permitted & (uint32_t)(wanted >> 32 * i);
		data[i] = (struct __user_cap_data_struct){.permitted = kept, .effective = kept};
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
		return fail(error, "ambient capabilities");
	if (syscall(SYS_capset, &header, data) != 0)
		return fail(error, "capset");
	return true;
}

bool privileges_drop(const struct privileges_options *o, struct config_error *error)
{
	const struct passwd *who;
	int landlock = 0;

	if (!CONFINE_POSSIBLE)
		return true;
	/* Threads with heaps of their own would call mprotect(2) to let these grow. */
	(void)mallopt(M_ARENA_MAX, 1);
	if (!find_user(o, &who, error))
		return false;
	if (who)
		hand_over(o, who);
	narrow_bounds(kept_capabilities(o));
	if ((who && !switch_user(who, error)) || !drop_capabilities(kept_capabilities(o), error))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
		return fail(error, "no_new_privs");
	if (o->confine &&
		!confine_files(o->interfaces_only, o->paths, o->path_count, &landlock, error))
		return false;
	if (o->confine && landlock == 0 && !o->is_file)
		log_warning("privileges",
			"event=no-landlock note=\"the kernel has none: files are not confined\"");
	if (!o->is_file)
		log_info("privileges",
			"event=dropped user=%u capabilities=none landlock=%d seccomp=%s",
			(unsigned)geteuid(), landlock, o->confine ? "yes" : "no");
	return true;
}
