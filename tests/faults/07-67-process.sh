#!/bin/bash
# The process: killed and started again (7), a second one and whatever else is in its place (58), hardly any descriptors
# (59), no memory beyond what it has (61), standard output without a reader (62), a hundred hostile clients at a time (65),
# and nothing is said to be ready that does not capture (67).
. "$(dirname "$0")/faults.sh"
wire_up
chmod 755 "$TMP"

# ---- Killed: what stays behind is in nobody's way; templates come first, the sequence begins again, a new start is told ----

for round in 1 2; do
	collect $b
	start "$WEIR" -n 127.0.0.1:"$port" -t idle=1h -t active=1h --set 'exporters[0].options_refresh=1s' || finish
	send 0x0a000000 1000
	until_true 10 reached packets/seen/frames 1000 || bad "killed: $(number packets/seen/frames) of 1000 frames were seen"
	if [ $round = 1 ]; then
		ctl flush >/dev/null
		until_true 10 reached flows/collectors/0/sent/flows 1000 || bad "killed: $(number flows/collectors/0)"
		kill -KILL $weir
		wait $weir 2>/dev/null
		[ -S "$socket" ] || bad 'killed: the socket has not stayed behind, this shows nothing'
	else
		end 'started again'
	fi
	gather
	[ "$(got flows)" = 1000 ] && [ "$(got missing)" = 0 ] || bad "killed: round $round: $(got flows) records, $(got missing) missing"
	[ "$(got order/0)" = template ] || bad "killed: round $round: first came $(got order)"
	started[round]=$(got told/started)
done
agree 'started again'
[ "${started[2]}" -gt "${started[1]}" ] || bad "started again: systemInitTimeMilliseconds ${started[1]}, then ${started[2]}"

# ---- Something else where the socket is to be ----

cannot() { # NAME WORDS PATH [COMMAND...]
	local name=$1 words=$2 path=$3
	shift 3
	timeout 20 ip netns exec $b "$@" "$WEIR" -i vb -n 127.0.0.1:9 --set control.socket="$path" >"$TMP/said" 2>&1
	local ended=$?
	[ $ended = 2 ] && grep -q "$words" "$TMP/said" || bad "$name: exit status $ended: $(cat "$TMP/said")"
}
echo mine >"$TMP/mine"
ln -s "$TMP/mine" "$TMP/link"
cannot 'a link to a file' 'link' "$TMP/link"
[ "$(cat "$TMP/mine")" = mine ] && [ -L "$TMP/link" ] || bad 'a link was followed, or taken away'
cannot 'a file' 'mine' "$TMP/mine"
[ "$(cat "$TMP/mine")" = mine ] || bad 'a file was taken away'
mkdir "$TMP/folder"
cannot 'a folder' 'folder' "$TMP/folder"
cannot 'no such folder' 'No such file' "$TMP/nowhere/socket"
if command -v setpriv >/dev/null; then
	mkdir -m 755 "$TMP/roots"
	cannot "another's folder" 'Permission denied' "$TMP/roots/socket" setpriv --reuid 65534 --clear-groups \
		--inh-caps +net_raw --ambient-caps +net_raw
fi

# ---- Hardly any descriptors: it says so and ends, or has what it needs ----

cat >"$TMP/few.sh" <<'SH'
ulimit -n "$1"
shift
exec "$@"
SH
runs=0
for n in 4 5 6 7 8 9 10 11 12 13 14 16 20 24; do
	rm -f "$TMP/log"
	ip netns exec $b bash "$TMP/few.sh" $n "$WEIR_PLAIN" -i vb -n 127.0.0.1:9 --set control.socket="$socket" >"$TMP/out" 2>"$TMP/log" &
	weir=$!
	until_true 10 eval "! kill -0 $weir || grep -q 'frames are let in' '$TMP/log'" || bad "$n descriptors: $(cat "$TMP/log")"
	if grep -q 'frames are let in' "$TMP/log"; then
		runs=$((runs + 1))
		stop $weir TERM 10 || bad "$n descriptors: exit status $?: $(cat "$TMP/log")"
		grep -q 'the ledger adds up' "$TMP/log" || bad "$n descriptors: $(cat "$TMP/log")"
	else
		wait $weir
		ended=$?
		# 1 is libevent's, which ends the process itself, with a line that says why
		[ $ended -ge 1 ] && [ $ended -le 3 ] && grep -q 'Too many open files\|Error 24' "$TMP/log" || bad "$n descriptors: exit status $ended: $(cat "$TMP/log")"
	fi
	weir=
done
[ $runs -gt 0 ] && [ $runs -lt 14 ] || bad "$runs of 14 starts with few descriptors went well: this shows nothing"

# ---- Ready is what captures: a frame that is sent at that moment is metered ----

cat >"$TMP/manager.py" <<'P'
import os, signal, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
weir = subprocess.Popen(sys.argv[3:], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[1]))
while not s.recv(4096).startswith(b'READY=1'):
    pass
subprocess.run(sys.argv[2], shell=True, check=True)
weir.send_signal(signal.SIGTERM)
sys.exit(weir.wait(20))
P
for round in 1 2 3; do
	timeout 30 ip netns exec $b python3 "$TMP/manager.py" "$TMP/notify$round" "ip netns exec $a $flood va 0x0a000000 5" \
		"$WEIR" -i vb -n 127.0.0.1:9 --ledger "$TMP/ledger" >"$TMP/log" 2>&1 || bad "ready: $(cat "$TMP/log")"
	[ "$(told packets/metered/frames)" = 5 ] || bad "ready: $(told packets/metered/frames) of 5 frames were metered"
done

# ---- Hostile clients, no descriptors and no memory, while frames come ----

collect $b
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" -m 20000 -t idle=1h -t active=1h || finish
ctl status >/dev/null && ctl flows 1000 >/dev/null
send 0x0a000000 20000
until_true 20 reached packets/seen/frames 20000 || bad "hostile: $(number packets/seen/frames) of 20000 frames were seen"
prlimit --pid $weir --as="$(($(awk '/^VmSize/ { print $2 }' /proc/$weir/status) * 1024 + (1 << 20))):" --nofile=40: || bad 'prlimit'
resident() { awk '/^VmRSS/ { print $2 }' /proc/$weir/status; } # KB
before=$(resident)
cat >"$TMP/hostile.py" <<'P'
import os, resource, select, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (600, 600))
kinds = (b'', b'{"command": ', os.urandom(300), b'x' * (1 << 20), b'\0' * 5000, b'{"command": "flows"}\n' * 50, b'{"command":"status"}')
made = refused = 0
end = time.monotonic() + 40
open_ones = []
while made < 10000 and time.monotonic() < end:
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
        s.send(kinds[made % len(kinds)])
    except BlockingIOError:
        refused += 1
    except OSError:
        pass
    made += 1
    open_ones.append(s)
    if len(open_ones) == 500:
        for s in open_ones[:400]:
            s.close()
        del open_ones[:400]
        time.sleep(0.05)
print(made, 'clients,', refused, 'of them found no room')
sys.exit(made < 10000)
P
python3 "$TMP/hostile.py" "$socket" >"$TMP/said" 2>&1 &
hostile=$!
send 0x0b000000 100000
wait $hostile || bad "hostile: $(cat "$TMP/said")"
cat "$TMP/said"
until_true 30 ctl status || bad "hostile: it does not answer any more: $(tail "$TMP/log")"
until_true 20 reached packets/seen/frames 120000 || bad "hostile: $(number packets/seen/frames) of 120000 frames were seen"
[ "$(number packets/kernel/dropped)" = 0 ] || bad "hostile: capture was starved: $(number packets/kernel)"
after=$(resident)
[ $((after * 100)) -le $((before * 101)) ] || bad "hostile: resident memory grew from $before to $after KB"
echo "resident: $before and $after KB"
[ "$(stat -c %a "$socket")" = 660 ] || bad "the socket's mode is $(stat -c %a "$socket")"
end hostile
gather
agree hostile lost

# ---- Nobody reads standard output any more: an error that is said, and an end in order ----

rm "$TMP/log"
ip netns exec $b "$WEIR" -i vb -o json -t idle=100ms --set control.socket="$socket" --ledger "$TMP/ledger" 2>"$TMP/log" | true &
until_true 20 grep -q 'frames are let in' "$TMP/log"
send 0x0a000000 1000
until_true 10 grep -q 'the ledger adds up' "$TMP/log" && grep -q 'error: event=output-failed ' "$TMP/log" ||
	bad "a broken pipe: $(cat "$TMP/log")"
finish
