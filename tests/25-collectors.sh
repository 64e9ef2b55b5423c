#!/bin/bash
# Collectors that others wrote, nfcapd and nfacctd, must have each flow's packets, octets and flags as the
# generator made them.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"
have=0

free_port() {
	python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# the line of /proc/net/udp for 127.0.0.1 and a port
udp_line() { grep -i " 0100007F:$(printf %04X "$1") " /proc/net/udp; }
# everything that was sent to the port has been read
all_read() { udp_line "$1" | awk '{ split($5, q, ":"); exit q[2] != "00000000" }'; }
none_dropped() { udp_line "$1" | awk '{ exit $13 != 0 }'; }

export_to() { # NAME PORT VERSION
	"$WEIR" -r "$TMP/in.pcap" -n "127.0.0.1:$2" -v "$3" 2>"$TMP/err" || bad "$1: weir: $(cat "$TMP/err")"
	until_true 20 all_read "$2" || bad "$1: the collector does not read"
	none_dropped "$2" || bad "$1: the kernel dropped datagrams at the collector's socket"
}

with_nfcapd() { # NAME VERSION
	local port pid file
	port=$(free_port)
	rm -rf "$TMP/nf"
	mkdir "$TMP/nf"
	nfcapd -w "$TMP/nf" -b 127.0.0.1 -p "$port" -t 3600 -B 4000000 >"$TMP/nfcapd.log" 2>&1 &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 udp_line "$port" || { bad "$1: nfcapd does not listen: $(cat "$TMP/nfcapd.log")"; return; }
	export_to "$1" "$port" "$2"
	stop $pid TERM 20 || bad "$1: nfcapd ended with $?: $(cat "$TMP/nfcapd.log")"
	file=$(find "$TMP/nf" -name 'nfcapd.2*' | head -1)
	TZ=UTC nfdump -r "$file" -o json >"$TMP/nf.json" 2>"$TMP/err" || bad "$1: nfdump: $(cat "$TMP/err")"
	run "$1" python3 "$here/totals.py" "$TMP/truth" "$2" nfdump "$TMP/nf.json"
	grep -q 'Sequence Errors: 0, Bad Packets: 0' "$TMP/nfcapd.log" || bad "$1: $(grep Sequence "$TMP/nfcapd.log")"
}

all_stored() { awk -F, -v want="$1" '$8 ~ /^[0-9]+$/ { n += $8 } END { exit n < want }' "$TMP/pm.csv"; }

with_nfacctd() { # NAME VERSION
	local port pid packets
	port=$(free_port)
	rm -f "$TMP/pm.csv"
	cat >"$TMP/nfacctd.conf" <<-CONF
		daemonize: false
		nfacctd_ip: 127.0.0.1
		nfacctd_port: $port
		nfacctd_pipe_size: 4000000
		plugins: print
		aggregate: src_host, dst_host, proto, src_port, dst_port, tos, tcpflags
		print_output: csv
		print_output_file: $TMP/pm.csv
		print_output_file_append: true
		print_refresh_time: 1
		print_cache_entries: 9973
	CONF
	nfacctd -f "$TMP/nfacctd.conf" >"$TMP/nfacctd.log" 2>&1 &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 udp_line "$port" || { bad "$1: nfacctd does not listen: $(cat "$TMP/nfacctd.log")"; return; }
	export_to "$1" "$port" "$2"
	packets=$(awk -F'\t' -v v="$2" '!/^#/ && (v != 5 || $1 !~ /:/) { n += $7 } END { print n }' "$TMP/truth")
	until_true 20 all_stored "$packets"
	stop $pid INT 20
	run "$1" python3 "$here/totals.py" "$TMP/truth" "$2" pmacct "$TMP/pm.csv" && case $said in
	*'left out'*) echo "$1: ${said%%$'\n'*}" ;;
	esac
}

for scenario in office timeouts fragments; do
	"$GEN" $scenario "$TMP/in.pcap" --truth "$TMP/truth" || bad "gen $scenario"
	for version in 5 9 10; do
		for collector in nfcapd nfacctd; do
			command -v $collector >/dev/null || continue
			have=$((have + 1))
			with_$collector "$collector, $scenario, v$version" $version
		done
	done
done
[ $have -gt 0 ] || skip 'neither nfcapd nor nfacctd is installed'
for collector in nfcapd nfacctd; do
	command -v $collector >/dev/null || echo "$collector: left out, not installed"
done
finish "$have collections agree"
