# What run.sh and live.sh share: where things are, the sink, one measured run, the table. A run is
# a line of $results: case, program, CPU ns, peak KB, entries, records, packets accounted, packets.
set -u
bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bench/../.." && pwd)
BIN=${BIN:-${BUILD:-$root/build}/tests/bench}
WEIR=$(realpath "${WEIR:-$root/weir}")
PATH=$PATH:/usr/sbin:/sbin
QUICK=${QUICK:-}
LIMIT=${LIMIT:-$([ -n "$QUICK" ] && echo 20 || echo 120)} # seconds for one run
# Nothing of a benchmark's flows ends before its time: what is measured is the table.
FAR='-t active=1000d -t idle=1000d -t tcp.fin=1000d -t tcp.rst=1000d'

say() {
	echo "bench: $*" >&2
}

has() {
	command -v "$1" >/dev/null
}

value() { # NAME TEXT: of NAME=value in TEXT, 0 without one
	local found=" $2"
	case $found in
	*" $1="*)
		found=${found#*" $1="}
		echo "${found%%[^0-9]*}"
		;;
	*) echo 0 ;;
	esac
}

# start_sink [PREFIX...]: $sink and its $port; PREFIX is for namespaces.
start_sink() {
	local tries
	rm -f "$work/sink" "$work/port"
	"$@" "$BIN/sink" "$work/sink" >"$work/port" &
	sink=$!
	for ((tries = 0; tries < 100; tries++)); do
		[ ! -s "$work/port" ] || break
		sleep 0.02
	done
	port=$(cat "$work/port")
}

stop_sink() { # its result in $counted
	kill -TERM "$sink"
	wait "$sink"
	sink=
	counted=$(cat "$work/sink" 2>/dev/null)
}

record() { # CASE PROGRAM ENTRIES PACKETS COST COUNTED
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$(value cpu_ns "$5")" \
		"$(value peak_kb "$5")" "$3" "$(value records "$6")" "$(value packets "$6")" "$4" \
		>>"$results"
	[ "$(value drops "$6")" = 0 ] || say "$1, $2: the sink dropped $(value drops "$6") datagrams"
}

# table CASE...: their rows, once all rounds are there.
table() {
	python3 "$bench/table.py" "$results" "$@"
}

# Data go into memory where there is room: reading a disk is not what is measured.
choose_data() { # MEGABYTES
	local place=/dev/shm
	if [ -z "${BENCH_DATA:-}" ]; then
		[ -w $place ] && [ "$(df -m --output=avail $place | tail -n 1)" -gt $((2 * $1)) ] ||
			place=${TMPDIR:-/tmp}
		BENCH_DATA=$(mktemp -d "$place/weir-load.XXXXXX")
		[ -n "${KEEP:-}" ] || own_data=$BENCH_DATA
		[ -z "${KEEP:-}" ] || say "the captures stay in $BENCH_DATA"
	fi
	export BENCH_DATA
	mkdir -p "$BENCH_DATA"
}

# load NAME KIND PACKETS [FLOWS [SEED]]: the capture $file with $packets, made when it is not there.
load() {
	file=$BENCH_DATA/load-$1-$3${4:+-$4}.pcap
	if [ ! -s "$file.txt" ]; then
		"$BIN/load" "$2" "$file" "${@:3}" >"$file.txt" || exit 1
		[ -n "${KEEP:-}" ] || made+=("$file" "$file.txt")
	fi
	packets=$(value packets "$(cat "$file.txt")")
}

unload() {
	[ -n "${KEEP:-}" ] || rm -f "$file" "$file.txt"
}

own_data= made=() sink=
work=$(mktemp -d)
results=${results:-$work/results}
tidy() {
	[ -z "$sink" ] || kill -KILL "$sink" 2>/dev/null
	[ ${#made[@]} = 0 ] || rm -f "${made[@]}"
	[ -z "$own_data" ] || rm -rf "$own_data"
	rm -rf "$work"
}
trap tidy EXIT
trap 'exit 130' INT TERM HUP
