#!/bin/bash
# run.sh: computes
# Frames cut at each octet, and each octet of their headers changed, through the whole program in
# one process under the address and undefined sanitizers: the ledger adds up after each.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/damage.sh"
tools=$(dirname "$WEIR")/tests
[ -x "$GEN" ] || skip "there is no $GEN"
[ -x "$tools/tool_damage" ] || skip "there is no $tools/tool_damage, 'make asan' builds it"
damage "$tools/tool_damage" "$tools/tool_frames" 1
finish
