#!/bin/bash
# run.sh: computes
# The model of the baton and the ring (model/baton_ring.c): no interleaving of the model loses, doubles or reorders a
# record, lets all threads wait, or lets one wait while others have the baton again and again; each fault that the
# model can be given is found; and the lines that the model stands for are still those of the sources.
. "$(dirname "$0")/common.sh"
need cc
run 'building the model' cc -std=gnu17 -O2 -Wall -Wextra -Werror -o "$TMP/model" "$here/model/baton_ring.c" || exit 1
run 'the model' "$TMP/model" && echo "$said"
while read -r fault expected; do
	said=$("$TMP/model" "$fault")
	[ $? -eq 1 ] && grep -q -- ": $expected" <<<"$said" || bad "the fault $fault is not found: $said"
	tail -n 1 <<<"$said"
done <<'F'
served-release all wait
next-first all wait
wake-one all wait
sleep-unseen all wait
no-tickets one waits
no-baton a record is
commit-first a record is read that was not written
tail-plain a record is read that was not written
release-first a record is
one-more a record is
tail-once all wait
F

# stands FILE LINE...: in this order, or the model is of something else and needs to be looked at again
stands() {
	local file=$1
	shift
	printf '%s\n' "$@" >"$TMP/model.lines"
	grep -Fo -f "$TMP/model.lines" "$root/$file" | cmp -s - "$TMP/model.lines" ||
		bad "$file has other accesses than the model: $(grep -Fo -f "$TMP/model.lines" "$root/$file" | diff - "$TMP/model.lines")"
	[ "$(grep -cE 'atomic_|futex\(&' "$root/$file")" = $# ] || bad "$file has more or fewer accesses than the model"
}
stands src/daemon/baton.c \
	'atomic_fetch_add_explicit(&b->next, 1, memory_order_seq_cst)' \
	'uint32_t served = atomic_load_explicit(&b->served, memory_order_acquire)' \
	'futex(&b->served, FUTEX_WAIT, served)' \
	'	served = atomic_load_explicit(&b->served, memory_order_acquire)' \
	'mine = atomic_load_explicit(&b->served, memory_order_relaxed)' \
	'atomic_store_explicit(&b->served, mine + 1, memory_order_seq_cst)' \
	'if (atomic_load_explicit(&b->next, memory_order_seq_cst) != mine + 1)' \
	'futex(&b->served, FUTEX_WAKE, INT_MAX)'
ring=src/base/ring.c
for line in 'r->seen_head = atomic_load_explicit(&r->head, memory_order_acquire)' \
	'tail - r->seen_head > r->mask && ring_room(r) == 0' \
	'atomic_store_explicit(&r->tail, tail + 1, memory_order_release)' \
	'r->seen_tail = atomic_load_explicit(&r->tail, memory_order_acquire)' \
	'atomic_store_explicit(&r->head, head + 1, memory_order_release)'; do
	grep -qF "$line" "$root/$ring" || bad "$ring no longer says: $line"
done
[ "$(grep -c atomic_store "$root/$ring")" = 2 ] || bad "$ring has more or fewer stores than the model"
finish
