#!/bin/bash
# Flows that are chosen to gather in a few sets of the table (2): who does not know the seed, which is new at each start,
# makes weir no slower, by count of instructions; who knew it, as here where a file is read, by a tenth; and each flow is
# one record all the same.
. "$(dirname "$0")/../common.sh"
WEIR_PLAIN=${WEIR_PLAIN:-$root/weir} LOAD=${LOAD:-$root/build/tests/bench/load}
need valgrind
[ -x "$LOAD" ] || skip "there is no $LOAD"

instructions() { # SEED that is believed in
	"$LOAD" crowd "$TMP/crowd.pcap" 100000 5000 "$1" >/dev/null || bad "load $1"
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$WEIR_PLAIN" -r "$TMP/crowd.pcap" -n 127.0.0.1:9 \
		--set privileges.confine=false --ledger "$TMP/ledger" 2>"$TMP/log" || bad "$1: $(cat "$TMP/log")"
	grep -q 'in 5000 flows, .* 5000 records in .*, lost 0, .*the ledger adds up' "$TMP/log" || bad "$1: $(cat "$TMP/log")"
	count=$(awk '/Collected/ { print $NF }' "$TMP/log")
}
instructions none
any=$count
instructions 0x123456789abcdef
guess=$count
instructions 0x77656972
known=$count
echo "instructions: $any for any flows, $guess against a seed that is guessed, $known against the one that files have"
[ $((guess * 100)) -le $((any * 102)) ] || bad "a guessed seed: $guess instructions, $any for any flows"
[ $((known * 100)) -gt $((any * 102)) ] || bad 'a known seed costs nothing: this shows nothing'
[ $((known * 100)) -le $((any * 130)) ] || bad "a known seed: $known instructions, $any for any flows"
finish
