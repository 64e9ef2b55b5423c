#!/bin/bash
# Live capture between two network namespaces: every packet that was sent is in exactly one record after
# SIGTERM, on a busy interface and on an idle one, down to the last, half-filled block of the ring.
. "$(dirname "$0")/common.sh"
need python3 ip tcpreplay
[ -x "$GEN" ] || skip "there is no $GEN"

two_hosts

received() { # frames that have come to vb
	ip -n $b -s -j link show vb | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'
}

arrived() { [ "$(received)" -ge "$1" ]; }

capturing() { # the thread that weir starts when frames are let in
	local pid
	for pid in $(ip netns pids $b); do
		! grep -qsx expiry /proc/$pid/task/*/comm || return 0
	done
	return 1
}

# start_weir NAME WIRE-OPTIONS -- WEIR-OPTIONS: weir on vb, watched by wire.py
start_weir() {
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	rm -f "$TMP/pid"
	ip netns exec $b "$wire" "${options[@]}" --live --limit 60 -- sh -c "echo \$\$ >'$TMP/pid'; exec '$WEIR' -i vb -n 127.0.0.1:{port} $*" \
		>"$TMP/$name.log" 2>&1 &
	watcher=$!
	if ! until_true 10 test -s "$TMP/pid" || ! until_true 10 capturing; then
		bad "$name: weir does not capture: $(cat "$TMP/$name.log")"
		[ -s "$TMP/pid" ] && kill -KILL "$(cat "$TMP/pid")"
		wait $watcher
		return 1
	fi
	weir_pid=$(cat "$TMP/pid")
}

# end_weir NAME SECONDS: SIGTERM, and it has to end by then; wire.py gives the verdict
end_weir() {
	local begin=$EPOCHREALTIME end
	kill -TERM "$weir_pid"
	if ! until_true 10 eval "! kill -0 $weir_pid"; then
		bad "$1: still there 10 s after SIGTERM"
		kill -KILL "$weir_pid"
	fi
	end=$EPOCHREALTIME
	python3 -c "import sys; sys.exit($end - $begin > $2)" || bad "$1: SIGTERM took $(python3 -c "print($end - $begin)") s"
	wait $watcher || bad "$1: $(cat "$TMP/$1.log")"
}

# send NAME FILE: and wait until the kernel has handed everything to vb
send() {
	local before count
	before=$(received)
	count=$(awk '/^# seen/ { print $3 }' "$2.tsv")
	ip netns exec $a tcpreplay --quiet --pps=50000 --intf1=va "$2" >"$TMP/sender.log" 2>&1 ||
		bad "$1: tcpreplay failed: $(cat "$TMP/sender.log")"
	until_true 20 arrived $((before + count)) || bad "$1: $(($(received) - before)) of $count frames arrived"
}

"$GEN" office "$TMP/office.pcap" --truth "$TMP/office.pcap.tsv" --no-timeouts
"$GEN" many "$TMP/many.pcap" --truth "$TMP/many.pcap.tsv" --no-timeouts --flows 5000 --packets 10
"$GEN" ethertypes "$TMP/ethertypes.pcap" --truth "$TMP/ethertypes.pcap.tsv" --no-timeouts

for scenario in office many ethertypes; do
	for version in 5 9 10; do
		name=$scenario-v$version
		start_weir "$name" --truth "$TMP/$scenario.pcap.tsv" --sums --no-times --version $version -- -v $version ||
			continue
		send "$name" "$TMP/$scenario.pcap"
		end_weir "$name" 3
	done
done

# SIGTERM on an interface on which nothing has ever come
if start_weir idle -- -v 10; then
	end_weir idle 2
	grep -q ' 0 records' "$TMP/idle.log" || bad "records from an idle interface: $(cat "$TMP/idle.log")"
fi

# one frame in the ring's block
"$GEN" many "$TMP/one.pcap" --truth "$TMP/one.pcap.tsv" --no-timeouts --flows 1 --packets 1
if start_weir one --truth "$TMP/one.pcap.tsv" --sums --no-times -- -v 10; then
	send one "$TMP/one.pcap"
	end_weir one 2
fi

# idle flows leave although nothing more comes: the wall clock takes over
ip netns exec $b "$WEIR" -i vb -t idle=500ms -o json >"$TMP/idle.json" 2>"$TMP/idle.err" &
weir_pid=$!
if until_true 10 capturing; then
	send quiet "$TMP/one.pcap"
	until_true 10 grep -q 10.0.0.0 "$TMP/idle.json" || bad "no record of an idle flow on a quiet interface"
else
	bad "weir does not capture: $(cat "$TMP/idle.err")"
fi
stop $weir_pid TERM 5 || bad "SIGTERM: exit status $?: $(cat "$TMP/idle.err")"
[ "$(wc -l <"$TMP/idle.json")" -eq 1 ] || bad "$(wc -l <"$TMP/idle.json") records of one frame"

# a filter takes out what it does not match
if start_weir filter --version 10 -- -v 10 "udp port 53"; then
	send filter "$TMP/office.pcap"
	end_weir filter 3
	dns=$(awk -F'\t' '($4 == 53 || $5 == 53) && $3 == 17' "$TMP/office.pcap.tsv" | wc -l)
	grep -q " $dns records" "$TMP/filter.log" || bad "filter: $dns DNS flows, but $(tail -1 "$TMP/filter.log")"
fi
finish
