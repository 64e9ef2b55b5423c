#!/bin/bash
# run.sh: what weir costs beside the floor (floor.c) and the exporters that are installed.
#
# Prints one table; README.md says how to read it. In the environment:
#   QUICK=1         1 M packets instead of 10 M, one round, a minute in all
#   ROUNDS=N        of each program, interleaved (3); other exporters run in the first one only
#                   (pmacctd, which takes long, not with QUICK)
#   PEERS=          (empty) leaves other exporters out
#   CASES='a b'     of: zipf few wide flood overflow survival growth crowd live sigterm holds; hour, which
#                   takes one (MINUTES=, RATE=, RING=), only when it is named
#   BENCH_DATA=DIR  where the captures are made (up to 1 GB at a time; by default in memory)
#   KEEP=1          leaves them there for the next time
# Always ends with status 0, unless it is interrupted: a slow machine is no fault of the tree.
. "$(dirname "$0")/common.sh"

M=$([ -n "$QUICK" ] && echo 100000 || echo 1000000) # a tenth of the common number of packets
ROUNDS=${ROUNDS:-$([ -n "$QUICK" ] && echo 1 || echo 3)}
CASES=${CASES:-zipf few wide flood overflow survival growth crowd live sigterm holds}

# measure CASE PROGRAM ENTRIES COMMAND...: once, with a sink of its own; {port} in COMMAND is its.
measure() {
	local case=$1 program=$2 entries=$3 cost
	shift 3
	start_sink
	timeout -k 5 "$LIMIT" "$BIN/cost" $((entries / 7000 + 32)) "${@//\{port\}/$port}" >"$work/out" 2>"$work/err"
	cost=$(tail -n 1 "$work/err")
	[ "$(value status "$cost")" = 0 ] || say "$case, $program: $(tail -n 2 "$work/err" | head -n 1)"
	stop_sink
	[ -z "${COUNT:-}" ] || counted=$($COUNT)
	record "$case" "$program" "$entries" "$packets" "$cost" "$counted"
}

weir() { # CASE PROGRAM ENTRIES OPTIONS...
	measure "$1" "$2" "$3" "$WEIR" -qq -r "$file" -n 127.0.0.1:{port} --set exporters[0].rate=0 -m "$3" $FAR "${@:4}"
}

nfdump_count() {
	nfdump -R "$work/nfpcapd" -I 2>/dev/null |
		awk '$1 == "Flows:" { printf "records=%s ", $2 } $1 == "Packets:" { printf "packets=%s ", $2 }'
}

peers() { # CASE FLOWS
	[ -n "${PEERS-1}" ] || return 0
	if has softflowd; then
		measure "$1" softflowd "$2" softflowd -r "$file" -v 9 -n 127.0.0.1:{port} -m "$2"
	fi
	if has nfpcapd && has nfdump; then
		mkdir "$work/nfpcapd"
		COUNT=nfdump_count measure "$1" nfpcapd "$2" nfpcapd -r "$file" -w "$work/nfpcapd" -B "$2"
		rm -rf "$work/nfpcapd"
	fi
	if has pmacctd && [ -z "$QUICK" ]; then
		cat >"$work/pmacctd.conf" <<-P
			pcap_savefile: $file
			aggregate: src_host, dst_host, src_port, dst_port, proto
			plugins: nfprobe
			plugin_pipe_size: 67108864
			plugin_buffer_size: 65536
			nfprobe_version: 9
			nfprobe_receiver: 127.0.0.1:PORT
			nfprobe_maxflows: $2
		P
		measure "$1" pmacctd "$2" sh -c \
			"sed -i s/PORT/{port}/ '$work/pmacctd.conf'; exec pmacctd -f '$work/pmacctd.conf'"
	fi
}

# offline CASE ENTRIES FLOWS: all programs over $file, round by round.
offline() {
	local round
	for ((round = 0; round < ROUNDS; round++)); do
		measure "$1" floor "$3" "$BIN/floor" "$file" {port} "$3"
		weir "$1" "weir v9" "$2" -v 9
		weir "$1" "weir v10" "$2" -v 10
		weir "$1" "weir v5" "$2" -v 5
		[ $round -gt 0 ] || peers "$1" "$2"
	done
	table "$1"
}

case_zipf() {
	load zipf zipf $((10 * M)) $M
	offline zipf $((2 * M)) $M
}

case_few() {
	load few few $((10 * M)) 1000
	offline few 65536 1000
	unload
}

# A record of 40 elements of one's own, 12 of them matched, beside the default one.
case_wide() {
	local round
	load few few $((10 * M)) 1000
	"$bench/../wide.sh" >"$work/wide.conf"
	for ((round = 0; round < ROUNDS; round++)); do
		weir wide "default" 65536 -v 9
		weir wide "40 elements" 65536 -v 9 -f "$work/wide.conf"
	done
	table wide
	unload
}

# What floods of new flows leave of those that were there: no times, but shares.
case_survival() {
	"$BIN/../check_flood" | grep live
}

case_flood() {
	load flood flood $((5 * M))
	offline flood $((6 * M)) $((5 * M))
}

case_overflow() {
	load flood flood $((5 * M))
	offline overflow 65536 $((5 * M))
	unload
}

# What a packet costs with so many live flows, that is without what a flow costs once: the
# difference between a capture where each flow comes once and one that goes on from there.
case_growth() {
	local flows most=$((8 * M)) round names=()
	for flows in 1000 10000 100000 1000000 $most; do
		[ "$flows" -le $most ] || continue
		names+=("growth-$flows")
		for ((round = 0; round < ROUNDS; round++)); do
			load growth few $most "$flows"
			weir growth "short" $((flows + flows / 4 + 1024)) -v 9
			load growth few $((2 * most)) "$flows"
			weir growth "long" $((flows + flows / 4 + 1024)) -v 9
			awk -F'\t' -v OFS='\t' -v name="growth-$flows" '
				{ before = line; line = $0 }
				END {
					split(before, a, FS)
					$0 = line
					print name, "weir v9", $3 - a[3], $4, $5, $6, $7 - a[7], $8 - a[8]
				}' "$results" >>"$results"
		done
		unload
		load growth few $most "$flows"
		unload
	done
	table "${names[@]}"
}

# Flows whose keys all fall into the same few sets under a seed that is not weir's cost what any
# flows cost; under its own seed, which nobody can know of a live one, the sets stay bounded.
case_crowd() {
	local flows=$((M / 50)) round kind
	for ((round = 0; round < ROUNDS; round++)); do
		for kind in none 0x123456789abcdef 0x77656972; do
			load crowd-$kind crowd $((2 * M)) $flows $kind
			case $kind in
			none) weir crowd "any keys" 65536 -v 9 ;;
			0x77*) weir crowd "seed known" 65536 -v 9 ;;
			*) weir crowd "seed guess" 65536 -v 9 ;;
			esac
		done
	done
	table crowd
}

live() {
	if [ "$(id -u)" = 0 ] && has ip && ip netns list >/dev/null 2>&1; then
		results=$results "$bench/live.sh" "$1"
	else
		say "$1: needs root and network namespaces, left out"
	fi
}

[ -x "$BIN/load" ] && [ -x "$WEIR" ] || { say "nothing is built here"; exit 0; }
has python3 || { say "needs python3"; exit 0; }
choose_data $((M / 1000))
export LIMIT QUICK BIN WEIR
for name in $CASES; do
	case $name in
	live | sigterm | holds | hour) live "$name" ;;
	zipf | few | wide | flood | overflow | survival | growth | crowd) case_"$name" ;;
	*) say "no case $name" ;;
	esac
	echo
done
exit 0
