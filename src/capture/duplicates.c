#include "capture/duplicates.h"

#include "capture/ebpf.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif

/* A map and where its values lie in this process's memory. */
struct table {
	int fd;
	uint64_t *value;
	size_t octets;
};

struct duplicates {
	struct table flags; /* by ifIndex */
};

struct duplicates_count {
	struct table sum; /* one entry of these two */
};

enum { FRAMES, OCTETS, SUMS };

static bool table_open(struct table *t, unsigned entries, unsigned words)
{
	unsigned octets = words * (unsigned)sizeof *t->value;

	t->octets = (size_t)entries * octets;
	t->fd = ebpf_array(entries, octets);
	if (t->fd < 0)
		return false;
	void *at = mmap(NULL, t->octets, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	t->value = at == MAP_FAILED ? NULL : at;
	return t->value != NULL;
}

static void table_close(struct table *t)
{
	if (t->value)
		munmap(t->value, t->octets);
	if (t->fd >= 0)
		close(t->fd);
}

struct duplicates *duplicates_new(void)
{
	struct duplicates *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	if (table_open(&d->flags, DUPLICATES_INTERFACES, 1))
		return d;
	int error = errno;
	duplicates_free(d);
	errno = error;
	return NULL;
}

void duplicates_free(struct duplicates *d)
{
	if (!d)
		return;
	table_close(&d->flags);
	free(d);
}

void duplicates_mark(struct duplicates *d, unsigned interface, unsigned flags)
{
	if (interface < DUPLICATES_INTERFACES)
		__atomic_store_n(&d->flags.value[interface], flags, __ATOMIC_RELAXED);
}

/* Register 2 has an ifIndex; jumps where the flag is set. Returns the place of the jump. */
static unsigned put_test(struct ebpf *e, const struct duplicates *d, enum duplicates_flag flag)
{
	ebpf_look_up(e, d->flags.fd, 2);
	unsigned none = ebpf_put(e, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	ebpf_put(e, BPF_LDX | BPF_DW | BPF_MEM, 0, 0, 0, 0);
	unsigned set = ebpf_put(e, BPF_JMP | BPF_JSET | BPF_K, 0, 0, 0, (int)flag);
	ebpf_land(e, none);
	return set;
}

static void put_member(struct ebpf *e, unsigned to, size_t member)
{
	ebpf_put(e, BPF_LDX | BPF_W | BPF_MEM, to, 6, (int)member, 0);
}

/* Counts the frame and lets it go. */
static void put_leave_out(struct ebpf *e, const struct duplicates_count *count)
{
	const uint8_t add = BPF_STX | BPF_DW | BPF_XADD;

	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0);
	ebpf_look_up(e, count->sum.fd, 2);
	unsigned none = ebpf_put(e, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1);
	ebpf_put(e, add, 0, 1, FRAMES * sizeof(uint64_t), 0);
	put_member(e, 1, offsetof(struct __sk_buff, len));
	ebpf_put(e, add, 0, 1, OCTETS * sizeof(uint64_t), 0);
	ebpf_land(e, none);
	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	ebpf_put(e, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void put_program(struct ebpf *e, const struct duplicates *d,
	const struct duplicates_count *count, bool all_interfaces)
{
	unsigned covered = 0;

	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	if (all_interfaces) {
		put_member(e, 2, offsetof(struct __sk_buff, ifindex));
		covered = put_test(e, d, DUPLICATES_COVERED);
	}
	put_member(e, 2, offsetof(struct __sk_buff, pkt_type));
	unsigned coming = ebpf_put(e, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, PACKET_OUTGOING);
	put_member(e, 2, offsetof(struct __sk_buff, ingress_ifindex)); /* 0: of this host */
	unsigned own = ebpf_put(e, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 0, 0);
	unsigned forwarded = put_test(e, d, DUPLICATES_ENTRY);
	unsigned other = ebpf_put(e, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	if (all_interfaces)
		ebpf_land(e, covered);
	ebpf_land(e, forwarded);
	put_leave_out(e, count);
	ebpf_land(e, coming);
	ebpf_land(e, own);
	ebpf_land(e, other);
}

static bool attach(int fd, const struct ebpf *e)
{
	int program = ebpf_load(e);

	if (program < 0)
		return false;
	bool good = setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof program) == 0;
	close(program);
	return good;
}

struct duplicates_count *duplicates_attach(struct duplicates *d, int fd,
	const struct sock_filter *filter, unsigned length, bool all_interfaces)
{
	struct duplicates_count *count = calloc(1, sizeof *count);
	struct ebpf *e = calloc(1, sizeof *e);
	bool good = count && e && table_open(&count->sum, 1, SUMS);

	if (good) {
		put_program(e, d, count, all_interfaces);
		ebpf_put_classic(e, filter, length);
		good = attach(fd, e);
	}
	int error = errno;
	free(e);
	if (good)
		return count;
	if (e)
		duplicates_count_free(count);
	else
		free(count);
	errno = error;
	return NULL;
}

void duplicates_count_free(struct duplicates_count *count)
{
	if (!count)
		return;
	table_close(&count->sum);
	free(count);
}

struct source_count duplicates_count_read(const struct duplicates_count *count)
{
	const uint64_t *sum = count->sum.value;

	return (struct source_count){
		.frames = __atomic_load_n(&sum[FRAMES], __ATOMIC_RELAXED),
		.octets = __atomic_load_n(&sum[OCTETS], __ATOMIC_RELAXED),
	};
}
