/* ebpf: a program for the kernel, put together instruction by instruction.
 *
 * Just what duplicates.h needs: a few instructions in front, and behind them a classic
 * filter, said again in eBPF. Registers are the kernel's numbers, 0 to 10. */
#ifndef CAPTURE_EBPF_H
#define CAPTURE_EBPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

struct sock_filter;

enum { EBPF_MOST = 8192 }; /* instructions; a classic filter has 4096 at most */

struct ebpf {
	unsigned count;
	bool failed; /* sticky: too long, or something that cannot be said */
	struct bpf_insn code[EBPF_MOST];
};

/* Appends an instruction and returns its place. */
unsigned ebpf_put(struct ebpf *e, uint8_t code, unsigned to, unsigned from, int offset, int value);

/* Lets the jump at `at` go to the next instruction that is put. */
void ebpf_land(struct ebpf *e, unsigned at);

/* Looks up in an array map what `key`, a register, stands for: register 0 is where it lies or
 * NULL. Takes registers 1 to 5 and four octets of the stack. */
void ebpf_look_up(struct ebpf *e, int map, unsigned key);

/* Appends the classic filter; register 6 must have the context. */
void ebpf_put_classic(struct ebpf *e, const struct sock_filter *filter, unsigned length);

/* Loads it as a socket filter; the descriptor, or -1 and errno. */
int ebpf_load(const struct ebpf *e);

/* An array of `entries` values of `octets` each that can be mapped; or -1 and errno. */
int ebpf_array(unsigned entries, unsigned octets);

#endif
