#!/bin/bash
# Nobody reads standard output for a while, or any more (62): weir answers, other collectors get theirs, SIGTERM ends it in
# time and a second one at once, and what nobody read is counted.
. "$(dirname "$0")/faults.sh"
wire_up
FLOWS=20000
far='-m 65536 -t active=1h -t idle=1h'
reader=
cleanups+=('kill -KILL $reader 2>/dev/null')

# A reader who begins when it is told to, and says how many lines it has read.
cat >"$TMP/reader.py" <<'P'
import json, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
pipe = open(sys.argv[1])
signal.sigwait([signal.SIGUSR1])
addresses = [json.loads(line)['sourceIPv4Address'] for line in pipe]
print(len(addresses), len(set(addresses)))
P
mkfifo "$TMP/pipe"
read_later() {
	python3 "$TMP/reader.py" "$TMP/pipe" >"$TMP/read" &
	reader=$!
}
read_now() { kill -USR1 $reader; }
# all_read NAME: it has come to the end, and had each once; their number in $lines
lines=
all_read() {
	wait $reader || bad "$1: the reader failed"
	read -r lines distinct <"$TMP/read"
	[ "$lines" = "$distinct" ] || bad "$1: $lines records of $distinct flows"
}
# start_unread OPTIONS...
start_unread() {
	rm -f "$TMP/ledger" "$TMP/log"
	read_later
	ip netns exec $b "$WEIR" -i vb -o json --ledger "$TMP/ledger" --set control.socket="$socket" $far "$@" >"$TMP/pipe" 2>"$TMP/log" &
	weir=$!
	until_true 20 grep -q 'frames are let in' "$TMP/log" && until_true 20 ctl status || bad "weir does not capture: $(cat "$TMP/log")"
	send 0x0a000000 $FLOWS
	until_true 20 reached packets/seen/frames $FLOWS || bad "$(number packets/seen/frames) frames were seen"
	ctl flush >/dev/null || bad 'weir does not answer'
}

# ---- A reader who is late gets all ----

start_unread
until_true 5 eval '[ "$(number flows/closed/forced/flows)" -gt 0 ]' || bad "late: $(number flows/closed)"
sleep 0.5 # more of it does no harm, and less tries less
ctl status >/dev/null || bad 'late: weir does not answer'
read_now
until_true 20 reached flows/exported/flows $FLOWS || bad "late: $(number flows/exported)"
end late
all_read late
[ "$lines" = $FLOWS ] || bad "late: $lines records of $FLOWS"
grep -q 'output-' "$TMP/log" && bad "late: $(grep output- "$TMP/log")"

# ---- Nobody reads any more: another collector gets its own, and the end comes in time ----

collect $b
start_unread -n 127.0.0.1:"$port"
until_true 25 reached flows/collectors/0/sent/flows $FLOWS || bad "unread: $(number flows/collectors)"
grep -q 'warning: event=output-unread' "$TMP/log" || bad "unread: $(cat "$TMP/log")"
from=${EPOCHREALTIME/./}
end unread
took=$(((${EPOCHREALTIME/./} - from) / 1000))
[ $took -le 5000 ] || bad "unread: SIGTERM took $took ms"
gather
agree unread
lost=$(sed -n 's/.*standard output: lost \([0-9]*\).*/\1/p' "$TMP/log")
read_now
all_read unread
echo "unread: gone after $took ms; $lines records were read later, $lost of $FLOWS lost"
[ $((lines + ${lost:-0})) = $FLOWS ] && grep -q "event=output-lost records=$lost " "$TMP/log" || bad "unread: $(tail -4 "$TMP/log")"

# ---- SIGTERM in the middle of it ends in time; and a second one at once ----

start_unread
from=${EPOCHREALTIME/./}
end 'in the middle'
took=$(((${EPOCHREALTIME/./} - from) / 1000))
lost=$(sed -n 's/.*standard output: lost \([0-9]*\).*/\1/p' "$TMP/log")
read_now
all_read 'in the middle'
echo "in the middle: gone after $took ms; $lines records were read later, $lost of $FLOWS lost"
[ $((lines + ${lost:-0})) = $FLOWS ] || bad "in the middle: $(tail -4 "$TMP/log")"

start_unread
kill -TERM $weir
until_true 5 eval '! grep -qsx expiry /proc/$weir/task/*/comm' || bad 'twice: it still captures'
from=${EPOCHREALTIME/./}
stop $weir TERM 5
status=$?
took=$(((${EPOCHREALTIME/./} - from) / 1000))
weir=
[ $status = 3 ] && [ $took -le 3000 ] || bad "twice: exit status $status after $took ms: $(cat "$TMP/log")"
kill -KILL $reader
wait $reader 2>/dev/null
finish
