# What the tests with collectors that others wrote share: nfcapd, whose file nfdump reads, and nfacctd.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"
have=0

# the line of /proc/net/udp for 127.0.0.1 and a port
udp_line() { grep -i " 0100007F:$(printf %04X "$1") " /proc/net/udp; }
# everything that was sent to the port has been read
all_read() { udp_line "$1" | awk '{ split($5, q, ":"); exit q[2] != "00000000" }'; }
none_dropped() { udp_line "$1" | awk '{ exit $13 != 0 }'; }

export_to() { # NAME PORT VERSION [WEIR-OPTION...]
	"$WEIR" -r "$TMP/in.pcap" -n "127.0.0.1:$2" -v "$3" "${@:4}" 2>"$TMP/err" || bad "$1: weir: $(cat "$TMP/err")"
	until_true 20 all_read "$2" || bad "$1: the collector does not read"
	none_dropped "$2" || bad "$1: the kernel dropped datagrams at the collector's socket"
}

# into_nfcapd NAME VERSION [WEIR-OPTION...]: leaves its log, and its file in $file
into_nfcapd() {
	local port pid
	port=$(free_port)
	rm -rf "$TMP/nf"
	mkdir "$TMP/nf"
	nfcapd -w "$TMP/nf" -b 127.0.0.1 -p "$port" -t 3600 -B 4000000 >"$TMP/nfcapd.log" 2>&1 &
	pid=$!
	cleanups+=("kill $pid 2>/dev/null")
	until_true 10 udp_line "$port" || { bad "$1: nfcapd does not listen: $(cat "$TMP/nfcapd.log")"; return; }
	export_to "$1" "$port" "${@:2}"
	stop $pid TERM 20 || bad "$1: nfcapd ended with $?: $(cat "$TMP/nfcapd.log")"
	file=$(find "$TMP/nf" -name 'nfcapd.2*' | head -1)
}

# nfcapd 1.7.1 leaves options data out of IPFIX's sequence, where RFC 7011 counts them (section 3.1); none are
# sent to it by its profile.
with_nfcapd() { # NAME VERSION bare|'' [WEIR-OPTION...]
	local file
	into_nfcapd "$1" "$2" --set 'exporters[0].profile=nfdump' "${@:4}"
	TZ=UTC nfdump -r "$file" -o json >"$TMP/nf.json" 2>"$TMP/err" || bad "$1: nfdump: $(cat "$TMP/err")"
	run "$1" python3 "$here/totals.py" "$TMP/truth" "$2" nfdump "$TMP/nf.json" $3
	grep -q 'Sequence Errors: 0, Bad Packets: 0' "$TMP/nfcapd.log" || bad "$1: $(grep Sequence "$TMP/nfcapd.log")"
}

all_stored() { awk -F, -v want="$1" '$8 ~ /^[0-9]+$/ { n += $8 } END { exit n < want }' "$TMP/pm.csv"; }

# into_nfacctd NAME VERSION PACKETS [WEIR-OPTION...]: leaves the flows in pm.csv; waits for so many packets
into_nfacctd() {
	local port pid
	port=$(free_port)
	rm -f "$TMP/pm.csv"
	cat >"$TMP/nfacctd.conf" <<-CONF
		daemonize: false
		nfacctd_ip: 127.0.0.1
		nfacctd_port: $port
		nfacctd_pipe_size: 4000000
		nfacctd_renormalize: true
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
	export_to "$1" "$port" "$2" "${@:4}"
	# what is in its last buffer comes when it ends
	until_true 5 all_stored "$3"
	stop $pid INT 20
}

with_nfacctd() { # NAME VERSION bare|'' [WEIR-OPTION...]
	local packets
	packets=$(awk -F'\t' -v v="$2" '!/^#/ && (v != 5 || $1 !~ /:/) { n += $7 } END { print n }' "$TMP/truth")
	into_nfacctd "$1" "$2" "$packets" "${@:4}"
	run "$1" python3 "$here/totals.py" "$TMP/truth" "$2" pmacct "$TMP/pm.csv" $3 && case $said in
	*'left out'*) echo "$1: ${said%%$'\n'*}" ;;
	esac
}

# metered TIMES: packets and octets that weir said it has metered, so many times
metered() { sed -En 's/.* packets seen: ([0-9]+) \(([0-9]+) octets\).*/\1 \2/p' "$TMP/err" | awk -v n="$1" '{ print n * $1, n * $2 }'; }
stored_nfcapd() { sed -En 's/.* Packets: ([0-9]+), Bytes: ([0-9]+),.*/\1 \2/p' "$TMP/nfcapd.log"; }
stored_nfacctd() { awk -F, '$8 ~ /^[0-9]+$/ { p += $8; b += $9 } END { print p, b }' "$TMP/pm.csv"; }

# sampled COLLECTOR VERSION TIMES WEIR-OPTION...
sampled() {
	local name="$1, one in ten, v$2 ${*:4}" wait=()
	# the sum that nfacctd writes is waited for: weir meters one frame in ten, of which a few are not IP
	[ "$1" = nfcapd ] || wait=($(($3 * 470)))
	into_$1 "$name" "$2" ${wait[@]+"${wait[@]}"} -s 10 "${@:4}"
	[ "$(stored_$1)" = "$(metered "$3")" ] || bad "$name: stored $(stored_$1), not $(metered "$3"), $3 times what was metered"
	have=$((have + 1))
}

