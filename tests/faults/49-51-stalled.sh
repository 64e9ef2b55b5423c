#!/bin/bash
# A TCP collector that stops reading (49), beside one that is dead and one that is well (51): memory stays as it was,
# nothing is dropped by the kernel, what finds no room is counted and is the gap that the collector sees once it reads
# again; the one that is well has all, as soon as it had alone. And SIGTERM while somebody does not read ends in time, with
# what was not sent counted; and a second SIGTERM does not wait for that (6).
. "$(dirname "$0")/faults.sh"
wire_up
resident() { awk '/^VmRSS/ { print $2 }' /proc/$weir/status; } # KB
FLOWS=30000
second=
cleanups+=('kill -KILL $second 2>/dev/null')

# well NAME: the time from a flush of FLOWS flows until the second collector, or the only one, has them, in $took (ms)
round=0
well() {
	local from
	send $((0x0a000000 + round * FLOWS)) $FLOWS
	round=$((round + 1))
	until_true 10 reached packets/seen/frames $((round * FLOWS)) || bad "$1: $(number packets/seen/frames) frames were seen"
	[ "$(number flows/live/flows)" = $FLOWS ] || bad "$1: $(number flows/live/flows) of $FLOWS flows are live"
	from=${EPOCHREALTIME/./}
	ctl flush >/dev/null
	until_true 20 reached "flows/collectors/$2/sent/flows" $((round * FLOWS)) || bad "$1: $(number flows/collectors)"
	took=$(((${EPOCHREALTIME/./} - from) / 1000))
}
far='-m 65536 -t active=1h -t idle=1h'
tcp="--set exporters[0].transport=tcp --set exporters[0].buffer=256K --set exporters[0].reconnect=100ms --set exporters[0].options_data=false"

collect $b
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" $far || finish
well alone 0
well alone 0
alone=$took
end alone
gather
agree alone

collect $b
well_port=$port
second=$collector
mv "$TMP/port" "$TMP/second.port"
ip netns exec $b "$faults/collector.py" "$TMP/got.tcp" --tcp --hold --small >"$TMP/port" 2>"$TMP/collector.log" &
collector=$!
until_true 10 test -s "$TMP/port" || bad "the collector does not listen: $(cat "$TMP/collector.log")"
round=0
start "$WEIR_PLAIN" -n 127.0.0.1:"$(cat "$TMP/port")" -n 127.0.0.1:9 -n 127.0.0.1:"$well_port" $far $tcp || finish
well 'beside others' 2
before=$(resident)
well 'beside others' 2
echo "all $FLOWS are there after $took ms beside a stalled and a dead one, $alone ms alone"
[ $took -le $((alone + 500)) ] || bad "it takes $took ms beside a stalled and a dead one, $alone ms alone"
well 'beside others' 2
after=$(resident)
[ $((after * 100)) -le $((before * 101)) ] || bad "resident memory grew from $before to $after KB"
[ "$(number packets/kernel/dropped)" = 0 ] || bad "capture was starved: $(number packets/kernel)"
[ "$(number flows/collectors/0/lost/flows)" -gt $FLOWS ] || bad "nothing was lost: $(number flows/collectors/0)"
kill -USR1 $collector
until_true 20 eval '[ "$(number flows/collectors/0/pending/flows)" = 0 ]' || bad "it reads again: $(number flows/collectors/0)"
well 'it reads again' 2
end 'it reads again'
collectors="$collector $second"
for collector in $collectors; do gather; done
second=
cp "$TMP/got" "$TMP/got.well"
cp "$TMP/got.tcp" "$TMP/got"
agree 'it reads again' lost
cp "$TMP/got.well" "$TMP/got"
python3 - "$TMP/ledger" "$TMP/ledger" 2 <<'P'
import json, sys
ledger = json.load(open(sys.argv[1]))
ledger['flows']['collectors'] = ledger['flows']['collectors'][int(sys.argv[3]):]
json.dump(ledger, open(sys.argv[2], 'w'))
P
agree 'the one that is well'
[ "$(got flows)" = $((round * FLOWS)) ] || bad "the one that is well has $(got flows) of $((round * FLOWS)) records"

# ---- SIGTERM, and nobody reads ----

collect $b --tcp --hold --small
round=0
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" $far $tcp || finish
send 0x0a000000 $FLOWS
until_true 10 reached packets/seen/frames $FLOWS || bad "$(number packets/seen/frames) of $FLOWS frames were seen"
from=${EPOCHREALTIME/./}
end 'nobody reads'
echo "SIGTERM while nobody reads: gone after $(((${EPOCHREALTIME/./} - from) / 1000)) ms, $(told flows/collectors/0/lost/flows) of $FLOWS lost"
gather
[ $(($(told flows/collectors/0/sent/flows) + $(told flows/collectors/0/lost/flows))) = $FLOWS ] ||
	bad "nobody reads: $(told flows/collectors/0)"
# weir resets the connection, so that nothing comes that it has called lost; what the far kernel had acknowledged and
# nobody had read goes with it
[ "$(got flows)" -le "$(told flows/collectors/0/sent/flows)" ] || bad "nobody reads: $(got flows) came: $(told flows/collectors/0)"

# ---- And once more, by whoever has no time ----

collect $b --tcp --hold --small
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" $far $tcp || finish
send 0x0a000000 $FLOWS
until_true 10 reached packets/seen/frames $FLOWS || bad "$(number packets/seen/frames) of $FLOWS frames were seen"
kill -TERM $weir
# the loop that reads signals is over when the threads are that it ends after
until_true 5 eval '! grep -qsx expiry /proc/$weir/task/*/comm' || bad 'twice: it still captures'
kill -0 $weir || bad 'twice: it did not wait for the collector'
from=${EPOCHREALTIME/./}
stop $weir TERM 5
status=$?
took=$(((${EPOCHREALTIME/./} - from) / 1000))
weir=
[ $status = 3 ] && [ $took -le 1000 ] || bad "twice: exit status $status after $took ms: $(cat "$TMP/log")"
gather
# What it calls lost and what came is all there was, but for what the kernels had taken and nobody had read.
read -r live transit pending before <<<"$(sed -n 's/.*event=killed live=\([0-9]*\) transit=\([0-9]*\) pending=\([0-9]*\) before=\([0-9]*\) .*/\1 \2 \3 \4/p' "$TMP/log")"
if [ -z "$before" ]; then
	bad "twice: $(cat "$TMP/log")"
else
	lost=$((live + transit + pending + before))
	[ $((lost + $(got flows))) -le $FLOWS ] && [ $((lost + $(got flows))) -ge $((FLOWS * 9 / 10)) ] && [ $pending -gt 0 ] ||
		bad "twice: $live live, $transit on the way, $pending pending, $before before are lost, $(got flows) of $FLOWS came"
	echo "a second SIGTERM: $live live flows, $transit on the way, $pending pending, $before before are lost; $(got flows) of $FLOWS came"
fi
finish
