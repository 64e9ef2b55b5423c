/* A classic filter said again in eBPF means the same: the kernel runs it, by BPF_PROG_TEST_RUN, on
 * a frame of which is written down what the filter makes of it. Skipped where that is not allowed.
 */
#include "capture/duplicates.h"
#include "capture/ebpf.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SKIPPED = 77, ETHERNET = 14 };

/* libpcap's header has another struct bpf_insn; this is the part of a classic program that counts,
 * written with the names of linux/filter.h. What lies at the offsets is layer 3: BPF_PROG_TEST_RUN
 * takes the Ethernet header off. */
#define LD(size, at)   BPF_STMT(BPF_LD | (size) | BPF_ABS, at)
#define JEQ(k, jt, jf) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, jt, jf)
#define RET(k)         BPF_STMT(BPF_RET | BPF_K, k)

/* An IPv4 datagram with an option, 10.1.2.3 port 1000 to 10.4.5.6 port 2000, 6 octets of payload.
 */
static const uint8_t frame[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x08, 0x00, /* Ethernet */
	0x46, 0x10, 0, 38, 0x12, 0x34, 0, 0, 64, 17, 0, 0, 10, 1, 2, 3, 10, 4, 5, 6, 1, 1, 1,
	0,                                   /* IPv4 */
	0x03, 0xe8, 0x07, 0xd0, 0, 14, 0, 0, /* UDP */
	0xde, 0xad, 0xbe, 0xef, 0x01, 0x02};

static int run(const struct ebpf *e)
{
	int program = ebpf_load(e);
	ck_assert_msg(program >= 0, "the kernel refuses it: %s", strerror(errno));
	uint8_t out[sizeof frame]; /* nothing changes it */
	union bpf_attr how = {.test = {.prog_fd = (unsigned)program,
				      .data_in = (uintptr_t)frame,
				      .data_size_in = sizeof frame,
				      .data_out = (uintptr_t)out,
				      .data_size_out = sizeof out}};
	ck_assert_int_eq(syscall(SYS_bpf, BPF_PROG_TEST_RUN, &how, sizeof how), 0);
	close(program);
	return (int)how.test.retval;
}

static int translated(const struct sock_filter *filter, unsigned length)
{
	struct ebpf *e = calloc(1, sizeof *e);

	ebpf_put(e, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	ebpf_put_classic(e, filter, length);
	ck_assert(!e->failed);
	int result = run(e);
	free(e);
	return result;
}

/* Programs that end in their one result; A is what the rows below say it is. */
#define CASE(result, ...)                                                                         \
	{                                                                                         \
		result, sizeof((struct sock_filter[]){__VA_ARGS__}) / sizeof(struct sock_filter), \
		{                                                                                 \
			__VA_ARGS__                                                               \
		}                                                                                 \
	}
#define RET_A BPF_STMT(BPF_RET | BPF_A, 0)
#define A_OP_X(op)                                                        \
	BPF_STMT(BPF_LD | BPF_IMM, 100), BPF_STMT(BPF_MISC | BPF_TAX, 0), \
		BPF_STMT(BPF_LD | BPF_IMM, 2345), BPF_STMT(BPF_ALU | (op) | BPF_X, 0), RET_A
#define A_OP_K(op) BPF_STMT(BPF_LD | BPF_IMM, 2345), BPF_STMT(BPF_ALU | (op) | BPF_K, 3), RET_A

static const struct {
	int result;
	unsigned length;
	struct sock_filter program[16];
} cases[] = {
	CASE(262144, RET(262144)),
	CASE(17, LD(BPF_B, 9), RET_A),
	CASE(38, LD(BPF_H, 2), RET_A),
	CASE(0x0a010203, LD(BPF_W, 12), RET_A),
	CASE(0, LD(BPF_W, 1000), RET(1)), /* beyond the frame */
	CASE(2000, BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		RET_A),
	CASE(5, BPF_STMT(BPF_LD | BPF_IMM, 5), BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), RET_A),
	CASE(24, BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0), RET_A),
	CASE(7, BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_STMT(BPF_ST, 15), BPF_STMT(BPF_LD | BPF_IMM, 8),
		BPF_STMT(BPF_LDX | BPF_MEM, 15), BPF_STMT(BPF_MISC | BPF_TXA, 0), RET_A),
	CASE(9, BPF_STMT(BPF_LDX | BPF_IMM, 9), BPF_STMT(BPF_STX, 0), BPF_STMT(BPF_LD | BPF_MEM, 0),
		RET_A),
	CASE(0, BPF_STMT(BPF_LD | BPF_MEM, 3), RET_A), /* scratch memory begins as zeros */
	CASE(2445, A_OP_X(BPF_ADD)),
	CASE(2245, A_OP_X(BPF_SUB)),
	CASE(234500, A_OP_X(BPF_MUL)),
	CASE(23, A_OP_X(BPF_DIV)),
	CASE(45, A_OP_X(BPF_MOD)),
	CASE(2345 & 100, A_OP_X(BPF_AND)),
	CASE(2345 | 100, A_OP_X(BPF_OR)),
	CASE(2345 ^ 100, A_OP_X(BPF_XOR)),
	CASE(2348, A_OP_K(BPF_ADD)),
	CASE(2345 << 3, A_OP_K(BPF_LSH)),
	CASE(2345 >> 3, A_OP_K(BPF_RSH)),
	CASE(-2345, A_OP_K(BPF_NEG)),
	/* a division by zero lets nothing in */
	CASE(0, BPF_STMT(BPF_LD | BPF_IMM, 8), BPF_STMT(BPF_LDX | BPF_IMM, 0),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(1)),
	/* comparisons are without sign */
	CASE(1, BPF_STMT(BPF_LD | BPF_IMM, 0xfffffff0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 5, 0, 1), RET(1), RET(2)),
	CASE(2, BPF_STMT(BPF_LD | BPF_IMM, 5),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0xfffffff0, 0, 1), RET(1), RET(2)),
	CASE(1, BPF_STMT(BPF_LD | BPF_IMM, 6), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1),
		RET(1), RET(2)),
	CASE(1, BPF_STMT(BPF_LDX | BPF_IMM, 4), BPF_STMT(BPF_LD | BPF_IMM, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1), RET(1), RET(2)),
	/* over instructions that take several */
	CASE(4, LD(BPF_B, 9), JEQ(17, 3, 0), BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), RET(4),
		RET(5)),
	/* what the kernel says beside the frame */
	CASE(0x0800, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		RET_A),
	CASE(sizeof frame - ETHERNET, BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), RET_A),
	CASE(0,
		BPF_STMT(
			BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
		RET_A),
	CASE(3 /* PACKET_OTHERHOST */,
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)), RET_A),
};

START_TEST(same_result)
{
	ck_assert_int_eq(translated(cases[_i].program, cases[_i].length), cases[_i].result);
}
END_TEST

/* What cannot be said is refused and not guessed. */
START_TEST(unknown_ancillary)
{
	struct sock_filter random =
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
	struct ebpf *e = calloc(1, sizeof *e);

	ebpf_put_classic(e, &random, 1);
	ck_assert(e->failed);
	ck_assert_int_eq(ebpf_load(e), -1);
	ck_assert_int_eq(errno, EOPNOTSUPP);
	free(e);
}
END_TEST

START_TEST(longest_program)
{
	struct sock_filter *f = calloc(BPF_MAXINSNS + 1, sizeof *f);
	struct ebpf *e = calloc(1, sizeof *e);

	for (unsigned i = 0; i <= BPF_MAXINSNS; i++)
		f[i] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0);
	ebpf_put_classic(e, f, BPF_MAXINSNS);
	ck_assert(e->failed);
	e->failed = false;
	e->count = 0;
	ebpf_put_classic(e, f, BPF_MAXINSNS + 1);
	ck_assert(e->failed);
	free(e);
	free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("duplicates");
	TCase *all = tcase_create("duplicates");
	struct duplicates *d = duplicates_new();

	if (!d) {
		printf("the kernel allows no eBPF program here: %s\n", strerror(errno));
		return SKIPPED;
	}
	duplicates_free(d);
	tcase_add_loop_test(all, same_result, 0, sizeof cases / sizeof *cases);
	tcase_add_test(all, unknown_ancillary);
	tcase_add_test(all, longest_program);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
