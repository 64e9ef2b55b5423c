#!/bin/bash
# run.sh: computes
# What a packet costs, by count instead of by clock, so that a shared machine gives the same answer:
# instructions (callgrind), heap blocks and system calls. Each is taken over a short and a long
# capture of the same flows: the difference is what the packets cost, without start and flows.
. "$(dirname "$0")/common.sh"
WEIR_PLAIN=${WEIR_PLAIN:-$root/weir}
need valgrind
[ -x "$GEN" ] || skip "there is no $GEN"
[ -x "$WEIR_PLAIN" ] || skip "there is no $WEIR_PLAIN"

# 1.35 times what was counted on x86-64 with gcc -O2 when this was last written: 417 instructions
# a packet, and 1031 for each flow that is opened, closed and sent as NetFlow v9. Compilers and
# libraries differ by a tenth; a lock, a copy or a formatted number for each packet would go beyond.
MOST_PER_PACKET=560
MOST_PER_FLOW=1390

# A record of 40 elements of a user's own beside the default, in percent; 159 when this was written.
MOST_OF_WIDE=172

FLOWS=2000 PACKETS=10 # of each flow in the short capture, twice as many in the long one
more=$((FLOWS * PACKETS))
run short "$GEN" many "$TMP/short.pcap" --flows $FLOWS --packets $PACKETS
run long "$GEN" many "$TMP/long.pcap" --flows $FLOWS --packets $((2 * PACKETS))
run wide "$GEN" many "$TMP/wide.pcap" --flows $((2 * FLOWS)) --packets $PACKETS

"${0%/*}/wide.sh" >"$TMP/wide.conf"
record=default

# valgrind makes calls of its own: so nothing is confined
meter() { # CAPTURE [COMMAND...]: weir over it, under COMMAND; nobody listens on the discard port
	local capture=$1
	shift
	"$@" "$WEIR_PLAIN" -qq -f "$TMP/wide.conf" --set cache.record=$record -r "$TMP/$capture.pcap" -v 9 \
		-n 127.0.0.1:9 -m 8192 -t active=1000d -t idle=1000d -t udp=1000d --set privileges.confine=false
}

instructions() {
	local name=$1
	if ! meter "$name" valgrind --tool=callgrind --callgrind-out-file=/dev/null >"$TMP/$name.ir" 2>&1; then
		bad "$name: weir failed under callgrind: $(tail -n 3 "$TMP/$name.ir")"
	fi
	awk '/Collected/ { print $NF }' "$TMP/$name.ir"
}

blocks() {
	meter "$1" valgrind --tool=memcheck --leak-check=no --undef-value-errors=no >"$TMP/$1.heap" 2>&1
	awk '/total heap usage/ { gsub(",", ""); print $5 }' "$TMP/$1.heap"
}

system_calls() {
	meter "$1" strace -f -c -o "$TMP/$1.calls" >/dev/null 2>&1
	awk '$NF == "total" { print $4 }' "$TMP/$1.calls"
}

short=$(instructions short) long=$(instructions long) wide=$(instructions wide)
if [ -z "$short" ] || [ -z "$long" ] || [ -z "$wide" ]; then
	bad "no count of instructions: $(tail -n 3 "$TMP/short.ir")"
	finish
fi
packet=$(((long - short) / more))
flow=$(((wide - short - packet * more) / FLOWS))
echo "instructions: $packet a packet (at most $MOST_PER_PACKET), $flow a flow (at most $MOST_PER_FLOW)"
[ $packet -le $MOST_PER_PACKET ] || bad "a packet takes $packet instructions, more than $MOST_PER_PACKET"
[ $flow -le $MOST_PER_FLOW ] || bad "a flow takes $flow instructions, more than $MOST_PER_FLOW"
[ $packet -gt 0 ] || bad "packets that take no instructions: nothing was metered"

record=wide
wide_packet=$((($(instructions long) - $(instructions short)) / more))
record=default
echo "with a record of 40 elements: $wide_packet a packet, $((100 * wide_packet / packet)) % (at most $MOST_OF_WIDE)"
[ $((100 * wide_packet)) -le $((MOST_OF_WIDE * packet)) ] ||
	bad "a packet takes $wide_packet instructions with a record of 40 elements, $packet with the default"
[ $wide_packet -gt $packet ] || bad "40 elements cost nothing: they were not metered"

# Keys chosen to meet in one place of a table hashed with a seed that is not weir's cost what any
# keys cost. That they do meet is seen with the seed that files are read with: few sets then hold
# few of them, and the others displace each other.
if [ -x "$LOAD" ]; then
	for kind in any:none guess:0x123456789abcdef known:0x77656972; do
		run load "$LOAD" crowd "$TMP/${kind%:*}.pcap" 40000 4000 "${kind#*:}"
	done
	any=$(instructions any) guess=$(instructions guess) known=$(instructions known)
	echo "instructions for 4000 flows: $any, $((100 * guess / any)) % with a guessed seed," \
		"$((100 * known / any)) % with the known one"
	[ $((100 * guess)) -le $((110 * any)) ] || bad "keys chosen for another seed cost more than 110 %"
	[ $((100 * known)) -gt $((105 * any)) ] || bad "keys chosen for the seed do not meet: the test shows nothing"
else
	bad "there is no $LOAD"
fi

# A prefetch that the compiler drops saves instructions and costs a fifth of the time: sets, and of
# records two lines each, are fetched ahead in the function that sees a batch.
if command -v objdump >/dev/null && [ "$(uname -m)" = x86_64 ]; then
	fetches=$(objdump -d "$WEIR_PLAIN" | awk '/<cache_see>:/, /^$/' | grep -c prefetch)
	echo "prefetches in cache_see: $fetches"
	[ "$fetches" -ge 4 ] || bad "cache_see fetches too little ahead: $fetches prefetches in it"
fi

short=$(blocks short) long=$(blocks long) wide=$(blocks wide)
echo "heap blocks: $short, twice the packets $long, twice the flows $wide"
[ -n "$short" ] && [ "$short" = "$long" ] && [ "$short" = "$wide" ] ||
	bad "heap blocks grow with the capture: $short, $long with twice the packets, $wide with twice the flows"

# libpcap reads files 4 KB at a time, some thirty packets, and a datagram has some thirty records:
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	short=$(system_calls short) long=$(system_calls long)
	echo "system calls: $short, with $more packets more $long"
	if [ -z "$short" ] || [ -z "$long" ] || [ "$short" -eq 0 ]; then
		bad "no count of system calls: $(tail -n 3 "$TMP/short.calls")"
	elif [ $(((long - short) * 20)) -gt $more ]; then
		bad "$((long - short)) system calls for $more packets"
	fi
else
	echo "system calls are not counted: strace is not installed or may not trace"
fi
finish
