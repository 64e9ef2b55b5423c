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

struct duplicates_program {
	int fd;
	struct table sum; /* of what was left out: one entry of these two */
};

enum { FRAMES, OCTETS, SUMS };

/* Takes over the map. */
static bool table_map(struct table *t, int fd, size_t octets)
{
	*t = (struct table){.fd = fd, .octets = octets};
	if (fd < 0)
		return false;
	void *at = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
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
	if (table_map(&d->flags, ebpf_array(DUPLICATES_INTERFACES, sizeof *d->flags.value),
		    DUPLICATES_INTERFACES * sizeof *d->flags.value))
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

int duplicates_fd(const struct duplicates *d)
{
	return d->flags.fd;
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
static void put_leave_out(struct ebpf *e, int sum)
{
	const uint8_t add = BPF_STX | BPF_DW | BPF_XADD;

	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0);
	ebpf_look_up(e, sum, 2);
	unsigned none = ebpf_put(e, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0, 0);
	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1);
	ebpf_put(e, add, 0, 1, FRAMES * sizeof(uint64_t), 0);
	put_member(e, 1, offsetof(struct __sk_buff, len));
	ebpf_put(e, add, 0, 1, OCTETS * sizeof(uint64_t), 0);
	ebpf_land(e, none);
	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	ebpf_put(e, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void put_program(struct ebpf *e, const struct duplicates *d, int sum)
{
	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	put_member(e, 2, offsetof(struct __sk_buff, ifindex));
	unsigned covered = put_test(e, d, DUPLICATES_COVERED);
	put_member(e, 2, offsetof(struct __sk_buff, pkt_type));
	unsigned coming = ebpf_put(e, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, PACKET_OUTGOING);
	put_member(e, 2, offsetof(struct __sk_buff, ingress_ifindex)); /* 0: of this host */
	unsigned own = ebpf_put(e, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 0, 0);
	unsigned forwarded = put_test(e, d, DUPLICATES_ENTRY);
	unsigned other = ebpf_put(e, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	ebpf_land(e, covered);
	ebpf_land(e, forwarded);
	put_leave_out(e, sum);
	ebpf_land(e, coming);
	ebpf_land(e, own);
	ebpf_land(e, other);
}

bool duplicates_load(struct duplicates *d, const struct sock_filter *filter, unsigned length,
	int *program, int *sum)
{
	struct ebpf *e = calloc(1, sizeof *e);

	*program = -1;
	*sum = e ? ebpf_array(1, SUMS * sizeof(uint64_t)) : -1;
	if (*sum >= 0) {
		put_program(e, d, *sum);
		ebpf_put_classic(e, filter, length);
		*program = ebpf_load(e);
	}
	int error = errno;
	free(e);
	if (*program >= 0)
		return true;
	if (*sum >= 0)
		close(*sum);
	*sum = -1;
	errno = error;
	return false;
}

struct duplicates_program *duplicates_take(int program, int sum)
{
	struct duplicates_program *p = malloc(sizeof *p);

	if (!p) {
		close(program);
		close(sum);
		return NULL;
	}
	p->fd = program;
	if (table_map(&p->sum, sum, SUMS * sizeof *p->sum.value))
		return p;
	duplicates_unload(p);
	return NULL;
}

void duplicates_unload(struct duplicates_program *p)
{
	if (!p)
		return;
	table_close(&p->sum);
	close(p->fd);
	free(p);
}

bool duplicates_attach(const struct duplicates_program *p, int fd)
{
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &p->fd, sizeof p->fd) == 0;
}

struct source_count duplicates_left_out(const struct duplicates_program *p)
{
	const uint64_t *sum = p->sum.value;

	return (struct source_count){
		.frames = __atomic_load_n(&sum[FRAMES], __ATOMIC_RELAXED),
		.octets = __atomic_load_n(&sum[OCTETS], __ATOMIC_RELAXED),
	};
}
