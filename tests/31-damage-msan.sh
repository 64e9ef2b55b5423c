#!/bin/bash
# run.sh: computes
# 30-damage.sh under the memory sanitizer: no octet that was never written decides anything, stands
# in a record, or is sent.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/damage.sh"
tools=$(dirname "$WEIR")/tests
[ -x "$GEN" ] || skip "there is no $GEN"
[ -x "$tools/tool_frames" ] || skip "there is no $tools/tool_frames, 'make asan' builds it"
command -v clang >/dev/null || skip "clang is not there"
echo 'int main(void) { return 0; }' >"$TMP/probe.c"
clang -fsanitize=memory -o "$TMP/probe" "$TMP/probe.c" 2>/dev/null && "$TMP/probe" ||
	skip "clang has no memory sanitizer here"
run 'make msan' make -s -C "$root" msan || exit 1
damage "$root/build/msan/tests/tool_damage" "$tools/tool_frames" 4 # it takes three times as long
finish
