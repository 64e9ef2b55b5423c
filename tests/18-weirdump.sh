#!/bin/bash
# weirdump as users run it: hand-made messages over the loopback interface and from a file.
# Environment: WEIRDUMP, TMP.
set -eu
WEIRDUMP=${WEIRDUMP:-./weirdump} TMP=${TMP:-$(mktemp -d)}
listener=

finish() {
	[ -z "$listener" ] || kill "$listener" 2>/dev/null || true
}
trap finish EXIT

fail() {
	echo "failed: $*"
	head -n 50 "$TMP/out" "$TMP/err"
	exit 1
}

if [ ! -x "$WEIRDUMP" ]; then
	echo "$WEIRDUMP is not there"
	exit 77
fi

# octets HEX...: as octets on stdout.
octets() {
	local digits="$*"
	digits=${digits//[[:space:]]/}
	printf '%b' "$(sed 's/../\\x&/g' <<<"$digits")"
}

# start ARGUMENTS...: weirdump in the background, its port in $port.
start() {
	: >"$TMP/err" # the loop below may be quicker than the shell behind the &
	"$WEIRDUMP" -p 0 "$@" >"$TMP/out" 2>"$TMP/err" &
	listener=$!
	port=
	for _ in $(seq 200); do
		port=$(sed -n '1s/^weirdump: listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$TMP/err")
		[ -z "$port" ] || return 0
		sleep 0.05
	done
	fail "weirdump does not say where it listens"
}

# send HEX...: one datagram, in one write.
send() {
	octets "$@" >"$TMP/message"
	cat "$TMP/message" >"/dev/udp/127.0.0.1/$port"
}

# ends STATUS: weirdump leaves by itself with this status.
ends() {
	local status=0
	wait "$listener" || status=$?
	listener=
	[ "$status" = "$1" ] || fail "exit status $status, not $1"
}

printed() {
	grep -qF -- "$1" "$TMP/out" || fail "not printed: $1"
}

said() {
	grep -qF -- "$1" "$TMP/err" || fail "not said: $1"
}

v5() { # SEQUENCE
	echo "0005 0001 000186a0 65534f80 1dcd6500 $1 00000000" \
		"c0000201 c6336401 00000000 00010002 00000003 000000b4 00015f90 00017393" \
		"040001bb 001b0600 00640064 18100000"
}
template="0002 0014 0100 0003 0008 0004 0007 0002 0001 0004"
record="c0000202 0035 00000063"
ipfix() { # LENGTH SEQUENCE SETS...
	echo "000a $1 65534f80 $2 00000001 ${*:3}"
}

# The three versions as a table, with everything that can be complained about.
start -q 1
exec 3>"/dev/udp/127.0.0.1/$port"
tell() { # the same, all from one port
	octets "$@" >"$TMP/message"
	cat "$TMP/message" >&3
}
tell "$(v5 00000000)"
tell "$(v5 00000004)"
tell "0009 0001 000003e8 65534f80 00000001 00000005 0100 000c c0000203 0035 0000"
tell "0009 0003 000003e8 65534f80 00000002 00000005" \
	"0000 0010 0100 0002 0008 0004 0007 0002 0100 000c c0000203 0035 0000"
tell "$(ipfix 001e 00000000 0100 000e $record)"
tell "$(ipfix 0032 00000000 "$template" 0100 000e $record)"
tell "$(ipfix 001e 00000006 0100 000e $record)"
tell "$(ipfix 0020 00000007 0100 ffff $record 0000)"
tell "0007 0000 0000"
tell "00"
exec 3>&-
ends 0
[ "$(grep -c 'start (UTC)' "$TMP/out")" = 1 ] || fail "titles once"
printed '2023-11-14 10:44:06.500    5.123 tcp          192.0.2.1:1024 -> 198.51.100.1:443            3      180 SAPF   -'
printed '192.0.2.3:53'
printed '192.0.2.2:53'
said 'NetFlow v5 engine 0/0: first message'
said 'NetFlow v5 engine 0/0: gap: 3 flows lost before sequence number 4'
said 'NetFlow v9 source id 5: data without template 256'
said 'NetFlow v9 source id 5: count 3, but there are 2 records'
said 'IPFIX domain 1: data without template 256'
said 'IPFIX domain 1: gap: 5 data records lost before sequence number 6'
said 'IPFIX domain 1: malformed: set 256 of 65535 octets, where 16 are left'
said 'malformed: version 7 is not 5, 9 or 10'
said 'malformed: 1 octets are too few'
said 'weirdump: total: 10 messages, 5 records, 0 options records, 2 gaps, 8 lost, 2 sets without template, 3 malformed'

# JSON, templates, and a count after which it leaves.
start -j -t -n 2 -q 20
send "$(ipfix 0032 00000000 "$template" 0100 000e $record)"
send "$(ipfix 0032 00000000 "$template" 0100 000e $record)"
ends 0
printed '{"template":{"id":256,"scopes":0,"fields":[{"name":"sourceIPv4Address","pen":0,"id":8,"length":4},'
printed '{"sourceIPv4Address":"192.0.2.2","sourceTransportPort":53,"octetDeltaCount":99}'
if command -v python3 >/dev/null; then
	python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <"$TMP/out" ||
		fail "this is no JSON"
fi

# A signal ends it at once and in order, also while it is idle.
for signal in INT TERM; do
	start -c
	send "$(v5 00000000)"
	for _ in $(seq 200); do
		[ ! -s "$TMP/out" ] || break
		sleep 0.05
	done
	kill -s $signal "$listener"
	ends 0
	printed '2023-11-14T10:44:06.500Z,2023-11-14T10:44:11.623Z,,6,192.0.2.1,,1024,198.51.100.1,,443,'
	said 'weirdump: total: 1 messages, 1 records'
done

# Nothing comes: -q ends it.
start -q 0.2
ends 0

# run STATUS ARGUMENTS...: in the foreground.
run() {
	local wanted=$1 status=0
	shift
	"$WEIRDUMP" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null || status=$?
	[ "$status" = "$wanted" ] || fail "weirdump $*: exit status $status, not $wanted"
}

# Files: whole, from the standard input, broken off, of something else, not there.
octets "$(ipfix 0032 00000000 "$template" 0100 000e $record)" >"$TMP/file"
octets "$(ipfix 001e 00000001 0100 000e $record)" >>"$TMP/file"
run 0 -r "$TMP/file"
said 'total: 2 messages, 2 records, 0 options records, 0 gaps'
"$WEIRDUMP" -j -r - <"$TMP/file" >"$TMP/out" 2>"$TMP/err" || fail "from the standard input"
[ "$(wc -l <"$TMP/out")" = 2 ] || fail "two records"
said 'standard input IPFIX domain 1: first message'
head -c 79 "$TMP/file" >"$TMP/broken"
run 2 -r "$TMP/broken"
said 'octet 50: breaks off in a message'
said 'total: 1 messages, 1 records'
run 2 -r "$0"
said 'octet 0: is not an IPFIX message'
run 2 -r "$TMP/nowhere"
said 'nowhere: No such file'
run 0 -e IPV4_SRC_ADDR,octetDeltaCount -r "$TMP/file"
[ "$(head -n 2 "$TMP/out")" = $'sourceIPv4Address,octetDeltaCount\n192.0.2.2,99' ] || fail "columns"

# Usage.
run 1 -p 65536
said 'a port is a number from 0 to 65535'
run 1 -n 0
run 1 -q x
run 1 -e noSuchElement
said 'no element has this name'
run 1 -x
run 1 word
run 2 -l 192.0.2.77 -p 0
said 'cannot listen on 192.0.2.77'
run 0 -h
printed 'usage: weirdump'
run 0 -V
