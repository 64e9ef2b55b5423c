/* The translation follows the kernel's own, which it does for each classic filter: A and X
 * in registers, the scratch memory on the stack. */
#include "capture/ebpf.h"

#include <errno.h>
#include <linux/filter.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	A = 0,
	KEPT = 8, /* A, while A is needed */
	CONTEXT = 6,
	X = 7,
	FRAME = 10,
	KEY = -4, /* places on the stack */
	SCRATCH = -8,
	LOOK_UP = 1, /* bpf_map_lookup_elem() */
};

enum { RETURN = BPF_JMP | BPF_EXIT, WORD = BPF_LDX | BPF_W | BPF_MEM };

unsigned ebpf_put(struct ebpf *e, uint8_t code, unsigned to, unsigned from, int offset, int value)
{
	if (e->count == EBPF_MOST || offset > INT16_MAX || offset < INT16_MIN) {
		e->failed = true;
		return 0;
	}
	e->code[e->count] = (struct bpf_insn){
		.code = code,
		.dst_reg = to & 15,
		.src_reg = from & 15,
		.off = (int16_t)offset,
		.imm = value,
	};
	return e->count++;
}

static void jump_to(struct ebpf *e, unsigned at, unsigned target)
{
	int distance = (int)target - (int)at - 1;

	if (distance > INT16_MAX)
		e->failed = true;
	else
		e->code[at].off = (int16_t)distance;
}

void ebpf_land(struct ebpf *e, unsigned at)
{
	jump_to(e, at, e->count);
}

void ebpf_look_up(struct ebpf *e, int map, unsigned key)
{
	ebpf_put(e, BPF_STX | BPF_W | BPF_MEM, FRAME, key, KEY, 0);
	ebpf_put(e, BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map);
	ebpf_put(e, 0, 0, 0, 0, 0); /* the upper half of the immediate */
	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_X, 2, FRAME, 0, 0);
	ebpf_put(e, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, KEY);
	ebpf_put(e, BPF_JMP | BPF_CALL, 0, 0, 0, LOOK_UP);
}

/* What a classic filter reads at these negative offsets is in the context. */
static void put_ancillary(struct ebpf *e, uint32_t k)
{
	size_t at;
	bool swap = false;

	switch ((int32_t)k - SKF_AD_OFF) {
	case SKF_AD_PROTOCOL:
		at = offsetof(struct __sk_buff, protocol);
		swap = true;
		break;
	case SKF_AD_PKTTYPE: at = offsetof(struct __sk_buff, pkt_type); break;
	case SKF_AD_IFINDEX: at = offsetof(struct __sk_buff, ifindex); break;
	case SKF_AD_MARK: at = offsetof(struct __sk_buff, mark); break;
	case SKF_AD_VLAN_TAG: at = offsetof(struct __sk_buff, vlan_tci); break;
	case SKF_AD_VLAN_TAG_PRESENT: at = offsetof(struct __sk_buff, vlan_present); break;
	case SKF_AD_VLAN_TPID:
		at = offsetof(struct __sk_buff, vlan_proto);
		swap = true;
		break;
	default: e->failed = true; return;
	}
	ebpf_put(e, WORD, A, CONTEXT, (int)at, 0);
	if (swap)
		ebpf_put(e, BPF_ALU | BPF_END | BPF_TO_BE, A, 0, 0, 16);
}

static int scratch(uint32_t k)
{
	return SCRATCH - 4 * (int)(k & (BPF_MEMWORDS - 1));
}

static void put_load(struct ebpf *e, const struct sock_filter *f, unsigned to)
{
	int k = (int)f->k;

	switch (BPF_MODE(f->code)) {
	case BPF_IMM: ebpf_put(e, BPF_ALU | BPF_MOV | BPF_K, to, 0, 0, k); break;
	case BPF_MEM: ebpf_put(e, WORD, to, FRAME, scratch(f->k), 0); break;
	case BPF_LEN: ebpf_put(e, WORD, to, CONTEXT, offsetof(struct __sk_buff, len), 0); break;
	case BPF_ABS:
		if (k < 0 && k >= SKF_AD_OFF)
			put_ancillary(e, f->k);
		else
			ebpf_put(e, (uint8_t)f->code, 0, 0, 0, k);
		break;
	case BPF_IND: ebpf_put(e, (uint8_t)f->code, 0, X, 0, k); break;
	case BPF_MSH: /* X: four times the lower half of an octet; A stays */
		ebpf_put(e, BPF_ALU | BPF_MOV | BPF_X, KEPT, A, 0, 0);
		ebpf_put(e, BPF_LD | BPF_B | BPF_ABS, 0, 0, 0, k);
		ebpf_put(e, BPF_ALU | BPF_AND | BPF_K, A, 0, 0, 15);
		ebpf_put(e, BPF_ALU | BPF_LSH | BPF_K, A, 0, 0, 2);
		ebpf_put(e, BPF_ALU | BPF_MOV | BPF_X, X, A, 0, 0);
		ebpf_put(e, BPF_ALU | BPF_MOV | BPF_X, A, KEPT, 0, 0);
		break;
	default: e->failed = true;
	}
}

/* A classic filter that divides by zero lets nothing in. */
static void put_arithmetic(struct ebpf *e, const struct sock_filter *f)
{
	bool by_x = BPF_SRC(f->code) == BPF_X;

	if (by_x && (BPF_OP(f->code) == BPF_DIV || BPF_OP(f->code) == BPF_MOD)) {
		unsigned good = ebpf_put(e, BPF_JMP32 | BPF_JNE | BPF_K, X, 0, 0, 0);
		ebpf_put(e, BPF_ALU | BPF_MOV | BPF_K, A, 0, 0, 0);
		ebpf_put(e, RETURN, 0, 0, 0, 0);
		ebpf_land(e, good);
	}
	ebpf_put(e, (uint8_t)f->code, A, by_x ? X : 0, 0,
		by_x || BPF_OP(f->code) == BPF_NEG ? 0 : (int)f->k);
}

/* Where its jumps go is filled in when the place of each instruction is known. */
static void put_one(struct ebpf *e, const struct sock_filter *f)
{
	bool by_x = BPF_SRC(f->code) == BPF_X;

	switch (BPF_CLASS(f->code)) {
	case BPF_LD: put_load(e, f, A); break;
	case BPF_LDX: put_load(e, f, X); break;
	case BPF_ST: ebpf_put(e, BPF_STX | BPF_W | BPF_MEM, FRAME, A, scratch(f->k), 0); break;
	case BPF_STX: ebpf_put(e, BPF_STX | BPF_W | BPF_MEM, FRAME, X, scratch(f->k), 0); break;
	case BPF_ALU: put_arithmetic(e, f); break;
	case BPF_JMP:
		if (BPF_OP(f->code) != BPF_JA)
			ebpf_put(e, (uint8_t)(BPF_JMP32 | BPF_OP(f->code) | BPF_SRC(f->code)), A,
				by_x ? X : 0, 0, by_x ? 0 : (int)f->k);
		ebpf_put(e, BPF_JMP | BPF_JA, 0, 0, 0, 0);
		break;
	case BPF_RET:
		if (BPF_RVAL(f->code) == BPF_K)
			ebpf_put(e, BPF_ALU | BPF_MOV | BPF_K, A, 0, 0, (int)f->k);
		ebpf_put(e, RETURN, 0, 0, 0, 0);
		break;
	case BPF_MISC:
		if (BPF_MISCOP(f->code) == BPF_TAX)
			ebpf_put(e, BPF_ALU | BPF_MOV | BPF_X, X, A, 0, 0);
		else
			ebpf_put(e, BPF_ALU | BPF_MOV | BPF_X, A, X, 0, 0);
		break;
	}
}

void ebpf_put_classic(struct ebpf *e, const struct sock_filter *f, unsigned length)
{
	uint16_t place[BPF_MAXINSNS];

	if (length > BPF_MAXINSNS) {
		e->failed = true;
		return;
	}
	ebpf_put(e, BPF_ALU | BPF_MOV | BPF_K, A, 0, 0, 0);
	ebpf_put(e, BPF_ALU | BPF_MOV | BPF_K, X, 0, 0, 0);
	for (unsigned i = 0; i < BPF_MEMWORDS; i++)
		ebpf_put(e, BPF_ST | BPF_W | BPF_MEM, FRAME, 0, scratch(i), 0);
	for (unsigned i = 0; i < length; i++) {
		place[i] = (uint16_t)e->count;
		put_one(e, &f[i]);
	}
	for (unsigned i = 0; i < length && !e->failed; i++) {
		if (BPF_CLASS(f[i].code) != BPF_JMP)
			continue;
		if (BPF_OP(f[i].code) == BPF_JA) {
			jump_to(e, place[i], place[i + 1 + f[i].k]);
			continue;
		}
		jump_to(e, place[i], place[i + 1 + f[i].jt]);
		jump_to(e, place[i] + 1U, place[i + 1 + f[i].jf]);
	}
}

static int ask(enum bpf_cmd command, union bpf_attr *how)
{
	return (int)syscall(SYS_bpf, command, how, sizeof *how);
}

int ebpf_load(const struct ebpf *e)
{
	union bpf_attr how = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)e->code,
		.insn_cnt = e->count,
		.license = (uintptr_t) "BSD", /* calls nothing that asks for another one */
	};

	if (!e->failed)
		return ask(BPF_PROG_LOAD, &how);
	errno = EOPNOTSUPP;
	return -1;
}

int ebpf_array(unsigned entries, unsigned octets)
{
	union bpf_attr how = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = octets,
		.max_entries = entries,
		.map_flags = BPF_F_MMAPABLE,
	};

	return ask(BPF_MAP_CREATE, &how);
}
