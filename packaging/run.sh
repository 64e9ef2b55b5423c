#!/bin/bash
# run.sh: show weir at work, as `make run` does.
#
# Starts weirdump as the collector on a free port of the loopback interface, lets weir read a
# capture and export it there as IPFIX, prints the records that arrive as a table and then weir's
# summary with its ledger. Ends by itself. Environment:
#   WEIR WEIRDUMP  the programs (./weir, ./weirdump)
#   PCAP           a capture file to read; else a sample office hour is made
#   IFACE          a live interface to watch instead, until Ctrl-C
#   GEN            the generator of the sample (build/tests/gen)
set -eu

WEIR=${WEIR:-./weir} WEIRDUMP=${WEIRDUMP:-./weirdump} GEN=${GEN:-build/tests/gen}
scratch=$(mktemp -d)
collector=

finish() {
	[ -z "$collector" ] || kill "$collector" 2>/dev/null || true
	rm -rf "$scratch"
}
trap finish EXIT

die() {
	echo "run: $*" >&2
	exit 2
}

# start_collector ARGUMENTS...: weirdump in the background, its port in $port. In a session of its
# own, so that the Ctrl-C that ends weir leaves it there for weir's last records.
start_collector() {
	: >"$scratch/collector" # is looked at before the background process may have opened it
	setsid "$WEIRDUMP" -p 0 "$@" 2>"$scratch/collector" &
	collector=$!
	for _ in $(seq 100); do
		port=$(sed -n 's/^weirdump: listening on 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$scratch/collector")
		[ -z "$port" ] || return 0
		kill -0 "$collector" 2>/dev/null || break
		sleep 0.05
	done
	cat "$scratch/collector" >&2
	die "the collector did not start"
}

# export_to PORT INPUT...: without what only a collector reads, sampling, names and statistics, which would stand
# between the flows.
export_to() {
	"$WEIR" "${@:2}" -n "127.0.0.1:$1" -v ipfix --set exporters[0].options_data=false
}

live() {
	trap : INT
	start_collector
	echo "Watching $IFACE; Ctrl-C ends." >&2
	status=0
	export_to "$port" -i "$IFACE" || status=$?
	sleep 1
	return $status
}

capture() {
	if [ -z "${PCAP:-}" ]; then
		PCAP=$scratch/office.pcap
		"$GEN" office "$PCAP" || die "the sample capture could not be made"
		echo "A sample office hour, exported as IPFIX and collected on the loopback interface:"
	else
		echo "$PCAP, exported as IPFIX and collected on the loopback interface:"
	fi
	echo
	start_collector -q 2
	status=0
	export_to "$port" -r "$PCAP" 2>"$scratch/summary" || status=$?
	wait "$collector" || status=$?
	collector=
	sed 1d "$scratch/collector" >&2
	echo
	cat "$scratch/summary"
	return $status
}

if [ -n "${IFACE:-}" ]; then live; else capture; fi
