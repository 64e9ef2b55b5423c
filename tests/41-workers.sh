#!/bin/bash
# Several workers on one interface, which start and stop while the wire is full: no packet is metered
# twice, and every one that the kernel handed over is in exactly one record. Each frame has a number of
# its own as its source address, so it is a flow of its own. What the kernel counted is what was
# metered, and on a quiet wire what the interface counted, too. And an interface that is taken down, or
# away, ends the metering of no other, and is metered again when it comes back.
. "$(dirname "$0")/common.sh"
WEIRCTL=$(realpath "${WEIRCTL:-$root/weirctl}")
WEIR_PLAIN=${WEIR_PLAIN:-$root/weir} WEIR_TSAN=${WEIR_TSAN:-$root/build/tsan/weir}
flood=$(dirname "$WEIR")/tests/tool_flood
[ -x "$flood" ] || flood=$root/build/tests/tool_flood
need python3 ip
[ -x "$flood" ] || skip "there is no tool_flood, 'make tools' builds it"
[ -x "$WEIRCTL" ] || skip "there is no $WEIRCTL"
two_hosts
ip -n $a link set va arp off
ip -n $b link set vb arp off

first=(0x0a000000 0x8a000000 0x4a000000) # the numbers of the two senders begin there
socket=$TMP/weir.sock
ctl() { timeout 30 "$WEIRCTL" -s "$socket" "$@"; }

# field PATH: of the JSON on standard input
cat >"$TMP/field.py" <<'P'
import functools, json, sys
step = lambda o, k: o[int(k)] if isinstance(o, list) else o[k]
print(functools.reduce(step, sys.argv[1].split('/'), json.load(sys.stdin)))
P
field() { python3 "$TMP/field.py" "$1"; }
says() { [ "$(ctl -j status | field "$1")" = "$2" ]; } # PATH VALUE
seen() { [ "$(ctl -j ledger | field packets/seen/frames)" -ge "$1" ]; }

# The records of a run against its ledger: each number once, with one packet, as many as the kernel
# handed over. Further arguments: how many frames had come to the interface (-: not known).
cat >"$TMP/judge.py" <<'P'
import json, sys
ledger = json.load(open(sys.argv[2]))
arrived = sys.argv[3]
numbers, records, twice, wrong = set(), 0, 0, 0
head = None
for line in open(sys.argv[1]):
    f = line.split(',')
    if not head:
        head = f
        source, packets = head.index('sourceIPv4Address'), head.index('packetDeltaCount')
        continue
    records += 1
    twice += f[source] in numbers
    wrong += f[packets] != '1'
    numbers.add(f[source])
p, flows = ledger['packets'], ledger['flows']
seen, kernel = p['seen']['frames'], p['kernel']
bad = []
if not ledger['adds_up']:
    bad.append('the ledger does not add up')
if twice or wrong:
    bad.append(f'{twice} numbers stand in two records, {wrong} records have more than a packet')
if kernel['received'] - kernel['dropped'] != seen:
    bad.append(f"the kernel took {kernel['received']} and dropped {kernel['dropped']}, but {seen} were seen")
if flows['lost']['flows']:
    bad.append(f"{flows['lost']['flows']} records were lost in the ring: the test has too small a cache")
if records != seen:
    bad.append(f'{records} records of {seen} frames')
if arrived != '-' and (kernel['received'] != int(arrived) or kernel['dropped']):
    bad.append(f"{arrived} frames came to the interface, the kernel took {kernel['received']} and dropped {kernel['dropped']}")
print(f"{seen} frames, each in one record; the kernel dropped {kernel['dropped']}")
if bad:
    sys.exit('; '.join(bad))
P

received() { ip netns exec $b cat /sys/class/net/vb/statistics/rx_packets; }
arrived() { [ "$(received)" -ge "$1" ]; }

senders=()
send() { # INTERFACE NUMBER [COUNT]: begins to
	ip netns exec $a "$flood" "$1" "${first[$2]}" ${3:-} >"$TMP/sent$2" 2>&1 &
	senders+=($!)
}

rest() { # senders end, or have ended
	kill -TERM "${senders[@]}" 2>/dev/null
	wait "${senders[@]}"
	senders=()
}
cleanups+=('rest')

weir=
start() { # PROGRAM OPTIONS...: and it takes frames in
	local program=$1
	shift
	rm -f "$TMP/ledger" "$TMP/log"
	ip netns exec $b "$program" -i vb -o csv --ledger "$TMP/ledger" --set control.socket="$socket" \
		-t active=1h "$@" >"$TMP/records" 2>"$TMP/log" &
	weir=$!
	until_true 60 grep -q 'frames are let in' "$TMP/log" && until_true 20 ctl status && return
	bad "weir does not capture: $(cat "$TMP/log")"
	kill -KILL $weir
	return 1
}

# end NAME STATUS ARRIVED: SIGTERM and the verdict
end() {
	local status
	stop $weir TERM 60
	status=$?
	[ $status -eq "$2" ] || bad "$1: exit status $status: $(tail -n 40 "$TMP/log")"
	run "$1" python3 "$TMP/judge.py" "$TMP/records" "$TMP/ledger" "$3" && echo "$1: $said"
}

# full NAME PROGRAM WORKERS FRAMES ENTRIES: start and stop while both senders run
full() {
	send va 0
	send va 1
	if start "$2" -t idle=1h -m "$5" --set "inputs[0].workers=$3"; then
		until_true 60 seen "$4" || bad "$1: no $4 frames were seen"
		end "$1" 0 -
	fi
	rest
}

for round in 1 2; do
	for workers in 2 4; do
		full "full wire, $workers workers, round $round" "$WEIR_PLAIN" $workers 100000 500000
	done
done
if [ -x "$WEIR_TSAN" ]; then
	full "full wire, 2 workers, thread sanitizer" "$WEIR_TSAN" 2 2000 100000
	full "full wire, 4 workers, thread sanitizer" "$WEIR_TSAN" 4 2000 100000
fi

# ---- A filter holds from the first moment: none of what is on the wire gets in before it ----

send va 0
send va 1
for round in 1 2 3 4 5; do
	start "$WEIR_PLAIN" -m 1000 tcp && end "nothing but TCP, round $round" 0 0
done
rest

# ---- Quiet at both ends: the interface counted the same. All fits into the rings ----

if start "$WEIR_PLAIN" -t idle=1h -m 200000 --set 'inputs[0].workers=4'; then
	before=$(received)
	send va 0 100000
	send va 1 100000
	until_true 60 arrived $((before + 200000)) || bad "$(($(received) - before)) of 200000 frames arrived"
	end "quiet wire, 4 workers" 0 $(($(received) - before))
	rest
fi

# ---- An interface goes down, comes back, and goes away; another one goes on ----

ip -n $a link add va2 type veth peer name vb2 netns $b && ip -n $a link set va2 arp off up &&
	ip -n $b link set vb2 arp off up || skip 'veth interfaces cannot be made here'
send va 0
if start "$WEIR" -i vb2 -t idle=1 -m 100000 --set 'inputs[0].workers=2' --set privileges.capture=true; then
	until_true 30 seen 1000 || bad 'down: nothing was seen before'
	ip -n $b link set vb down
	until_true 10 says inputs/0/state down || bad "down: the state is $(ctl -j status | field inputs/0/state)"
	grep -q 'event=down interface="vb"' "$TMP/log" || bad "down: it was not told: $(cat "$TMP/log")"
	ctl status | grep -q 'the interface is down' || bad "down: status does not show it"
	before=$(ctl -j ledger | field packets/seen/frames)
	ip -n $b link set vb up
	until_true 30 seen $((before + 1000)) || bad 'up again: nothing was seen'
	until_true 10 says inputs/0/state capturing || bad 'up again: the state is not capturing'
	ip -n $b link del vb
	until_true 10 says inputs/0/state gone || bad "away: the state is $(ctl -j status | field inputs/0/state)"
	ctl status | grep -q 'the interface has gone' || bad "away: status does not show it"
	rest
	# what was live is closed
	until_true 20 says cache/live 0 || bad "away: $(ctl -j status | field cache/live) flows stay"
	before=$(ctl -j ledger | field packets/seen/frames)
	send va2 1 1000
	until_true 20 seen $((before + 1000)) || bad 'the other interface: frames were not seen'
	says inputs/1/state capturing || bad 'the other interface: the state is not capturing'
	# another one of its name takes its place, up a while after it is there
	before=$(ctl -j ledger | field packets/seen/frames)
	ip -n $a link add va type veth peer name vb netns $b
	ip -n $a link set va arp off up
	ip -n $b link set vb arp off up
	until_true 10 says inputs/0/state capturing || bad "back: the state is $(ctl -j status | field inputs/0/state)"
	send va 2 1500
	until_true 20 seen $((before + 1500)) || bad 'back: frames were not seen'
	[ "$(grep -c 'event=gone interface="vb"' "$TMP/log")" = 1 ] || bad "away: $(cat "$TMP/log")"
	[ "$(grep -c 'event=back interface="vb" was=gone' "$TMP/log")" = 1 ] || bad "back: $(cat "$TMP/log")"
	end 'an interface that went and came' 0 -
	rest
fi
finish
