#!/bin/bash
# Live, options data name the interfaces that there are and tell since when the exporter runs; nfdump shows
# the name of the interface that a flow came in by (1.7.1 that of the first interface only).
. "$(dirname "$0")/common.sh"
need python3
[ -x "$WEIRDUMP" ] || skip "there is no $WEIRDUMP"
two_hosts
WEIRDUMP=$(realpath "$WEIRDUMP")
started=$(date +%s)

# one UDP packet over IPv4: from va to vb, or over lo
send_to_vb() {
	ip netns exec $a python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("va", 0))
s.send(bytes.fromhex("020000000002020000000001" "0800" "4500001c000000004011f6cec0000201c0000202" "0035003500080000"))'
}
send_to_lo() {
	ip netns exec $b python3 -c '
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))'
}

listens() { ip netns exec $b grep -qi ":$(printf %04X "$1") " /proc/net/udp /proc/net/udp6; }
seen() { grep -q "threads=" "$TMP/weir.err"; }
has() { grep -qE -- "$1" "$TMP/out"; }

# run_weir VERSION PORT INTERFACE FILTER: captures one packet and ends
run_weir() {
	: >"$TMP/weir.err"
	ip netns exec $b "$WEIR" -i "$3" -n "127.0.0.1:$2" -v "$1" "$4" 2>"$TMP/weir.err" &
	weir_pid=$!
	cleanups+=("kill $weir_pid 2>/dev/null")
	until_true 20 seen || bad "v$1: weir does not start: $(cat "$TMP/weir.err")"
	send_to_$3
	stop $weir_pid INT 20 || bad "v$1: weir ended with $?: $(cat "$TMP/weir.err")"
}

index=$(ip -n $b -o link show vb | cut -d: -f1)
for version in 9 10; do
	ip netns exec $b "$WEIRDUMP" -p 4739 -j >"$TMP/out" 2>"$TMP/dump.err" &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 listens 4739 || bad "v$version: weirdump does not listen"
	run_weir $version 4739 vb udp
	until_true 10 has sourceIPv4Address || bad "v$version: no flow arrives"
	stop $pid INT 10
	scope=ingressInterface
	has "\"$scope\":$index,\"interfaceName\":\"vb\"" || bad "v$version: vb is not named: $(grep interfaceName "$TMP/out")"
	has "\"$scope\":1,\"interfaceName\":\"lo\"" || bad "v$version: lo is not named"
	has '"samplingInterval":1,' || bad "v$version: 1:1 is not told"
	has '"exporterIPv4Address":"127.0.0.1"' || bad "v$version: no address of the exporter"
	has "\"exportingProcessId\":$weir_pid" || bad "v$version: the exporting process is not $weir_pid"
	init=$(sed -En 's/.*"systemInitTimeMilliseconds":"([^"]*)".*/\1/p' "$TMP/out" | head -1)
	age=$(($(date -d "$init" +%s) - started))
	[ "$age" -ge 0 ] && [ "$age" -le 120 ] || bad "v$version: the exporter runs since $init"
	# options before the first flow, and the statistics at the end behind it
	awk '/"options"/ { n++ } /sourceIPv4Address/ { exit n < 7 }' "$TMP/out" || bad "v$version: flows before options data"
	tail -n 3 "$TMP/out" | grep -q '"exportedFlowRecordTotalCount":1,' || bad "v$version: $(tail -n 3 "$TMP/out")"
done

if command -v nfcapd >/dev/null; then
	mkdir "$TMP/nf"
	ip netns exec $b nfcapd -w "$TMP/nf" -b 127.0.0.1 -p 9995 -t 3600 -B 4000000 >"$TMP/nfcapd.log" 2>&1 &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 listens 9995 || bad "nfcapd does not listen: $(cat "$TMP/nfcapd.log")"
	run_weir 9 9995 lo 'udp dst port 9'
	stop $pid TERM 20 || bad "nfcapd ended with $?"
	nfdump -r "$(find "$TMP/nf" -name 'nfcapd.2*' | head -1)" -q -o 'fmt:%sa %inam' >"$TMP/out" 2>&1
	has '127.0.0.1 +lo *$' || bad "nfdump shows no interface name: $(cat "$TMP/out" "$TMP/nfcapd.log")"
else
	echo "nfcapd: left out, not installed"
fi
finish
