#!/bin/bash
# A file's flows reach a collector on the same host as fast as that reads and no faster: nfcapd and nfacctd
# with the buffers that their sockets come with, and one that stops reading now and then. What another
# host's collector gets does not depend on who hears on that port here.
. "$(dirname "$0")/common.sh"
need python3
LOAD=${LOAD:-$root/build/tests/bench/load}
[ -x "$LOAD" ] || skip "there is no $LOAD"
WEIR=${WEIR_PLAIN:-$WEIR} # the sanitizer's is too slow for anybody
FLOWS=600000
many=(-m 16384 --set cache.timeouts.active=1000d)
have=0

"$LOAD" flood "$TMP/in.pcap" $FLOWS >"$TMP/truth" || bad load

udp_line() { grep -i " 0100007F:$(printf %04X "$1") " /proc/net/udp; }
all_read() { udp_line "$1" | awk '{ split($5, q, ":"); exit q[2] != "00000000" }'; }
dropped() { udp_line "$1" | awk '{ print $13 }'; }

export_to() { # NAME PORT VERSION [WEIR-OPTION...]
	"$WEIR" -r "$TMP/in.pcap" -n "127.0.0.1:$2" -v "$3" "${@:4}" 2>"$TMP/err" || bad "$1: weir: $(cat "$TMP/err")"
	grep -q "$FLOWS records in .* lost 0; the ledger adds up" "$TMP/err" || bad "$1: $(cat "$TMP/err")"
	! grep -q warning "$TMP/err" || bad "$1: $(cat "$TMP/err")"
	until_true 60 all_read "$2" || bad "$1: the collector does not read"
}

none_dropped() { # NAME PORT
	[ "$(dropped "$2")" = 0 ] || bad "$1: the kernel dropped $(dropped "$2") datagrams at the collector's socket"
}

with_nfcapd() { # VERSION
	local name="nfcapd, v$1" port pid
	port=$(free_port)
	rm -rf "$TMP/nf" && mkdir "$TMP/nf"
	nfcapd -w "$TMP/nf" -b 127.0.0.1 -p "$port" -t 3600 >"$TMP/log" 2>&1 &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 udp_line "$port" || { bad "$name: does not listen: $(cat "$TMP/log")"; return; }
	export_to "$name" "$port" "$1" "${many[@]}"
	none_dropped "$name" "$port"
	stop $pid TERM 20 || bad "$name: ended with $?"
	grep -q "Flows: $FLOWS, Packets: $FLOWS,.* Sequence Errors: 0, Bad Packets: 0" "$TMP/log" || bad "$name: $(cat "$TMP/log")"
}

stored() { awk -F, '$2 ~ /^[0-9]+$/ { n += $2 } END { print n + 0 }' "$TMP/pm.csv"; }
# what is in its last buffer comes at the end; the pipe has room for all, since nfacctd reads its socket
# faster than its plugin takes what it has read, and drops the rest
nearly_all_stored() { [ "$(stored)" -ge $((FLOWS - 4000)) ]; }

with_nfacctd() { # VERSION
	local name="nfacctd, v$1" port pid
	port=$(free_port)
	rm -f "$TMP/pm.csv"
	cat >"$TMP/nfacctd.conf" <<-CONF
		daemonize: false
		nfacctd_ip: 127.0.0.1
		nfacctd_port: $port
		plugins: print
		aggregate: proto
		print_output: csv
		print_output_file: $TMP/pm.csv
		print_output_file_append: true
		print_refresh_time: 1
		plugin_pipe_size: 400000000
		plugin_buffer_size: 65536
	CONF
	nfacctd -f "$TMP/nfacctd.conf" >"$TMP/log" 2>&1 &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 udp_line "$port" || { bad "$name: does not listen: $(cat "$TMP/log")"; return; }
	export_to "$name" "$port" "$1" "${many[@]}"
	none_dropped "$name" "$port"
	until_true 20 nearly_all_stored
	stop $pid INT 20
	[ "$(stored)" = "$FLOWS" ] || bad "$name: $(stored) packets of $FLOWS"
}

# Reads datagrams until SIGTERM, and stops for 300 ms after each 2,000.
cat >"$TMP/slow.py" <<'P'
import signal, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', int(sys.argv[1])))
signal.signal(signal.SIGTERM, lambda *_: (print(n, flush=True), sys.exit()))
n = 0
while True:
    s.recv(65536)
    n += 1
    if n % 2000 == 0:
        time.sleep(0.3)
P

with_slow() { # VERSION [WEIR-OPTION...]: leaves how many were dropped in $drops
	local name="a slow collector, v$1 ${*:2}" port pid
	port=$(free_port)
	python3 "$TMP/slow.py" "$port" >"$TMP/log" 2>&1 &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 udp_line "$port" || { bad "$name: does not listen: $(cat "$TMP/log")"; return; }
	export_to "$name" "$port" "$1" "${many[@]}" "${@:2}"
	drops=$(dropped "$port")
	stop $pid TERM 20
	have=$((have + 1))
}

for version in 9 10; do
	for collector in nfcapd nfacctd; do
		command -v $collector >/dev/null || { echo "$collector: left out, not installed"; continue; }
		with_$collector $version
		have=$((have + 1))
	done
	with_slow $version
	[ "$drops" = 0 ] || bad "a slow collector, v$version: the kernel dropped $drops datagrams at its socket"
done
# the test must be able to fail: at any rate, or at a fixed one, that collector loses
for rate in 0 25000; do
	with_slow 10 --set "exporters[0].rate=$rate"
	[ "$drops" -gt 0 ] || bad "a slow collector loses nothing at the rate $rate"
done

# ---- A collector on another host, and a socket of this one that hears on its port and is full ----

if [ "$(id -u)" -eq 0 ]; then
	two_hosts
	ip -n $a addr add 192.0.2.1/24 dev va
	ip -n $b addr add 192.0.2.2/24 dev vb
	cat >"$TMP/full.py" <<-'P'
		import signal, socket
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(('0.0.0.0', 2055))
		t = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		for _ in range(1000):
		    t.sendto(bytes(1000), ('127.0.0.1', 2055))
		print('ready', flush=True)
		signal.pause()
	P
	ip netns exec $a python3 "$TMP/full.py" >"$TMP/full" &
	cleanups+=("kill $! 2>/dev/null")
	ip netns exec $b python3 "$here/udp.py" sink 192.0.2.2 2055 >"$TMP/sink" &
	cleanups+=("kill $! 2>/dev/null")
	until_true 10 grep -q ready "$TMP/full" && until_true 10 grep -q ready "$TMP/sink" || bad "another host: $(cat "$TMP/full" "$TMP/sink")"
	ip netns exec $a "$WEIR" -r "$TMP/in.pcap" -n 192.0.2.2:2055 "${many[@]}" 2>"$TMP/err" || bad "another host: $(cat "$TMP/err")"
	! grep -q warning "$TMP/err" || bad "another host: $(cat "$TMP/err")"
	grep -q "$FLOWS records in .* lost 0; the ledger adds up" "$TMP/err" || bad "another host: $(cat "$TMP/err")"
	# this very socket does hold weir up where it is the one that receives
	ip netns exec $a "$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1:2055 "${many[@]}" 2>"$TMP/err" || bad "a full socket: $(cat "$TMP/err")"
	grep -q 'warning: the collector.s socket on this host is full' "$TMP/err" || bad "a full socket: $(cat "$TMP/err")"
else
	echo 'a collector on another host: left out, needs root'
fi
finish "$have collections, the buffers as they come"
