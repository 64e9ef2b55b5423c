#define _GNU_SOURCE
#include "daemon/doctor.h"

#include "base/clock.h"
#include "daemon/nat.h"
#include "daemon/present.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

enum {
	ENTRY = 114, /* octets of a flow in the cache, all in */
	SEND_BUFFER = 4 << 20,
};

void report(struct report *r, enum finding finding, const char *what, const char *format, ...)
{
	static const char *const words[] = {"good", "note", "WRONG"};
	va_list ap;

	r->count[finding]++;
	fprintf(r->out, "%-5s  %s: ", words[finding], what);
	va_start(ap, format);
	vfprintf(r->out, format, ap);
	va_end(ap);
	fputc('\n', r->out);
}

long long doctor_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long long number = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%lld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

static void look_at_capabilities(struct report *r)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	(void)syscall(SYS_capget, &header, data);
	if (data[0].effective & 1U << CAP_NET_RAW)
		report(r, FINDING_GOOD, "capabilities", "packet sockets may be opened");
	else
		report(r, FINDING_WRONG, "capabilities",
			"no CAP_NET_RAW, so nothing can be captured; run as root, by systemd, or "
			"after 'setcap cap_net_raw=ep' on the program");
}

static void look_at_user(struct report *r, const struct config_privileges *p)
{
	if (geteuid() != 0)
		return;
	if (!*p->user)
		report(r, FINDING_NOTE, "user", "it stays root; set privileges.user");
	else if (!getpwnam(p->user))
		report(r, FINDING_NOTE, "user", "there is no user %s; systemd-sysusers makes weir",
			p->user);
	else
		report(r, FINDING_GOOD, "user", "it becomes %s", p->user);
}

/* "MemAvailable: N kB" of /proc/meminfo, in octets; 0: not there. */
static uint64_t memory_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kilobytes = 0;
	char line[128];

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "MemAvailable: %llu", &kilobytes) == 1)
			break;
	if (file)
		fclose(file);
	return kilobytes << 10;
}

static void look_at_memory(struct report *r, const struct config *c)
{
	uint64_t need = 0, there = memory_available();

	for (unsigned i = 0; i < c->input_count; i++)
		need += c->inputs[i].workers *
			(c->inputs[i].buffer + (uint64_t)c->cache.entries * ENTRY);
	if (!there)
		return;
	report(r, need > there ? FINDING_WRONG : FINDING_GOOD, "memory",
		"caches and rings take %" PRIu64 " MB of %" PRIu64 " MB%s", need >> 20, there >> 20,
		need > there ? "; lower cache.entries or inputs[].buffer" : "");
}

static void look_at_huge_pages(struct report *r)
{
	FILE *file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
	char line[128] = "";

	if (file && !fgets(line, sizeof line, file))
		*line = '\0';
	if (file)
		fclose(file);
	if (strstr(line, "[never]") || !*line)
		report(r, FINDING_NOTE, "huge pages",
			"the kernel gives none, so large caches are slower; 'echo madvise "
			">/sys/kernel/mm/transparent_hugepage/enabled'");
	else
		report(r, FINDING_GOOD, "huge pages", "the cache may have them");
}

static void look_at_clock(struct report *r)
{
	struct timex t = {0};
	int state = adjtimex(&t);

	if (clock_wall() < INT64_C(1700000000) * CLOCK_SECOND)
		report(r, FINDING_WRONG, "clock", "it says a time long past; set it");
	else if (state < 0 || t.status & STA_UNSYNC)
		report(r, FINDING_WRONG, "clock",
			"it is not synchronised, so times of records drift; run an NTP client");
	else
		report(r, FINDING_GOOD, "clock", "synchronised, %.3f ms off at most",
			(double)t.maxerror / 1000);
}

static void look_at_buffers(struct report *r, const struct config *c)
{
	long long most = doctor_number("/proc/sys/net/core/wmem_max");

	if (most < 0 || c->exporter_count == 0)
		return;
	if (most < SEND_BUFFER)
		report(r, FINDING_NOTE, "send buffer",
			"%lld octets at most, %d are wanted for bursts; 'sysctl -w "
			"net.core.wmem_max=%d'",
			most, SEND_BUFFER, SEND_BUFFER);
	else
		report(r, FINDING_GOOD, "send buffer", "%lld octets at most", most);
}

/* With nf_conntrack_events at 2 the kernel tells of connections that began while somebody
 * listened. */
static void look_at_nat(struct report *r, const struct config *c)
{
	long long events = doctor_number("/proc/sys/net/netfilter/nf_conntrack_events");
	struct config_error error;
	struct nat *nat = c->nat ? nat_new(c, &error) : NULL;

	if (!c->nat)
		return;
	if (!nat)
		report(r, FINDING_WRONG, "NAT", "%s", error.text);
	else if (events < 0)
		report(r, FINDING_WRONG, "NAT",
			"no connection is tracked here; 'modprobe nf_conntrack', and rules that "
			"translate");
	else if (events == 0)
		report(r, FINDING_WRONG, "NAT",
			"connections are tracked but not told; 'sysctl -w "
			"net.netfilter.nf_conntrack_events=1'");
	else
		report(r, FINDING_GOOD, "NAT", "%llu translated connections are there%s",
			(unsigned long long)nat_statistics(nat).entries,
			events == 1 ? "" : ", of which no end is told where they were before");
	nat_free(nat);
}

/* Counters now, and those of a second later beside them. */
static void look_at_inputs(struct report *r, const struct config *c)
{
	struct doctor_traffic before[CONFIG_INPUTS] = {0};
	struct timespec second = {1, 0};
	int64_t began = clock_steady();

	for (unsigned i = 0; i < c->input_count; i++)
		(void)doctor_traffic(c->inputs[i].interface, &before[i]);
	nanosleep(&second, NULL);
	double passed = (double)(clock_steady() - began) / (double)CLOCK_SECOND;
	for (unsigned i = 0; i < c->input_count; i++)
		if (!*c->inputs[i].file)
			doctor_input(r, &c->inputs[i], &before[i], passed);
}

/* An input for each interface that patterns stand for now. */
static void look_at_patterns(struct report *r, struct config *now, const struct config *given)
{
	struct config_error error;
	struct present *present = present_new(&error);
	unsigned matching = 0;

	if (present)
		(void)present_expand(present, given, NULL, now);
	else
		report(r, FINDING_WRONG, "patterns", "%s", error.text);
	for (unsigned i = 0; present && i < now->input_count; i++)
		matching += now->inputs[i].index != 0;
	if (present)
		report(r, matching ? FINDING_GOOD : FINDING_NOTE, "patterns",
			"%u interfaces that are up are like one%s", matching,
			matching ? "" : "; 'ip -br link' lists all");
	present_free(present);
}

static bool examine(struct report *r, const struct config *c)
{
	look_at_capabilities(r);
	look_at_user(r, &c->privileges);
	look_at_memory(r, c);
	look_at_huge_pages(r);
	look_at_clock(r);
	look_at_inputs(r, c);
	look_at_nat(r, c);
	look_at_buffers(r, c);
	for (unsigned i = 0; i < c->exporter_count; i++)
		if (c->exporters[i].transport != CONFIG_FILE)
			doctor_collector(r, &c->exporters[i]);
	fprintf(r->out, "%u good, %u to note, %u wrong\n", r->count[FINDING_GOOD],
		r->count[FINDING_NOTE], r->count[FINDING_WRONG]);
	return r->count[FINDING_WRONG] == 0;
}

bool doctor(const struct config *given, FILE *out)
{
	struct report r = {.out = out};
	struct config *now = malloc(sizeof *now);

	if (!now)
		return false;
	memcpy(now, given, sizeof *now);
	if (given->patterns)
		look_at_patterns(&r, now, given);
	bool good = examine(&r, now);
	free(now);
	return good;
}
