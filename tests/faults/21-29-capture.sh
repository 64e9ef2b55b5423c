#!/bin/bash
# Interfaces that are renamed (21) or come later (22), frames that the kernel drops while weir stands still and flows that
# go on meanwhile (23, 62), a right to capture that was given up (27), tags that the kernel takes off (29).
. "$(dirname "$0")/faults.sh"
wire_up

# ---- A frame every 50 ms of one flow, through seconds of standing still; a flood that the ring has no room for ----

cat >"$TMP/steady.py" <<'P'
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('va', 0))
frame = bytes.fromhex('020000000001020000000002080045000020000000004011000001020304 05060708 0001 0002 000c 0000'.replace(' ', '')) + bytes(18)
for i in range(int(sys.argv[1])):
    s.send(frame)
    time.sleep(0.05)
P
still() { # COMMAND...: stands still for twice the idle time, with this at its end
	kill -STOP $weir
	sleep 4
	"$@"
	kill -CONT $weir
}
collect $b
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" -t idle=2s -t active=1h || finish
ip netns exec $a python3 "$TMP/steady.py" 100 &
steady=$!
until_true 10 reached packets/seen/frames 10 || bad 'nothing is seen'
still true
wait $steady
until_true 10 reached packets/seen/frames 100 || bad "a steady flow: $(number packets)"
end 'a steady flow'
gather
agree 'a steady flow'
[ "$(got flows)" = 1 ] && [ "$(got packets)" = 100 ] || bad "a steady flow became $(got flows) records of $(got packets) packets"

collect $b
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" -t idle=1s --set 'inputs[0].buffer=1M' || finish
still send 0x0a000000 60000
until_true 10 reached packets/kernel/dropped 1000 || bad "nothing was dropped: $(number packets/kernel)"
send 0x0b000000 10
end 'a flood'
gather
agree 'a flood'
[ "$(got told/ignored)" = "$(told packets/kernel/dropped)" ] ||
	bad "options data tell of $(got told/ignored) packets that were not metered, the kernel dropped $(told packets/kernel/dropped)"
[ "$(told packets/kernel/received)" = 60010 ] || bad "$(told packets/kernel/received) of 60010 frames came"
echo "$(told packets/kernel/dropped) of 60010 frames were dropped and told"

# ---- Renamed, and another one of its name ----

collect $b
chmod 711 "$TMP"
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" -t idle=1h -t active=1h --set privileges.user=nobody --set privileges.capture=true --set 'exporters[0].options_refresh=1s' || finish
send 0x0a000000 100
until_true 10 reached packets/seen/frames 100 || bad 'renamed: nothing is seen'
first=$(ip -n $b -j link show vb | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["ifindex"])')
ip -n $b link set vb down
ip -n $b link set vb name uplink
ip -n $b link set uplink up
until_true 10 eval '[ "$(status inputs/0/state)" = capturing ]' || bad "renamed: the state is $(status inputs/0/state)"
send 0x0b000000 100
until_true 10 reached packets/seen/frames 200 || bad "renamed: $(number packets/seen/frames) of 200 frames were seen"
ip -n $b link del uplink
until_true 10 eval '[ "$(status inputs/0/state)" = gone ]' || bad "deleted: the state is $(status inputs/0/state)"
ip -n $a link add va type veth peer name vb netns $b
ip -n $a link set va arp off up
ip -n $b link set vb arp off up
until_true 10 eval '[ "$(status inputs/0/state)" = capturing ]' || bad "there again: the state is $(status inputs/0/state)"
second=$(ip -n $b -j link show vb | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["ifindex"])')
send 0x0c000000 100
until_true 10 reached packets/seen/frames 300 || bad "there again: $(number packets/seen/frames) of 300 frames were seen"
end renamed
gather
agree renamed
[[ $(got names) == *"'uplink'"* && $(got names) == *"'vb'"* ]] || bad "renamed: interfaces are told as $(got names)"
[ "$(got "ingress/$first")" = 200 ] && [ "$(got "ingress/$second")" = 100 ] || bad "renamed: flows came in by $(got ingress)"

# ---- Without the right: it comes back, and that is the end of it, said as an error ----

rm "$TMP/log"
ip netns exec $b "$WEIR_PLAIN" -i vb --ledger "$TMP/ledger" --set control.socket="$socket" --set privileges.user=nobody \
	-o csv >"$TMP/out" 2>"$TMP/log" &
weir=$!
until_true 20 grep -q 'frames are let in' "$TMP/log" || bad "as nobody: $(cat "$TMP/log")"
ip -n $b link del vb
until_true 10 grep -q 'event=gone interface="vb"' "$TMP/log" || bad "as nobody: $(cat "$TMP/log")"
ip -n $a link add va type veth peer name vb netns $b
ip -n $a link set va arp off up
ip -n $b link set vb arp off up
until_true 10 eval "! kill -0 $weir" || { bad "as nobody: it goes on without the right: $(cat "$TMP/log")"; kill -KILL $weir; }
wait $weir
ended=$?
weir=
[ $ended = 3 ] && grep -q 'it is there again, and the right to capture was given up' "$TMP/log" ||
	bad "as nobody: exit status $ended: $(cat "$TMP/log")"
grep -q 'the ledger adds up' "$TMP/log" || bad "as nobody: $(cat "$TMP/log")"

# ---- Later than weir: an exit status that a service manager starts again on; there, it is metered ----

ip -n $b link del vb
timeout 20 ip netns exec $b "$WEIR" -i vb -n 127.0.0.1:9 >"$TMP/out" 2>&1
ended=$?
[ $ended = 2 ] && grep -q 'vb' "$TMP/out" || bad "an interface that is not there: exit status $ended: $(cat "$TMP/out")"
grep -q '^Restart=\(on-failure\|always\)$' "$root/packaging/systemd/common.in" || bad 'the unit does not start weir again'
ip -n $a link add va type veth peer name vb netns $b
ip -n $a link set va arp off up
ip -n $b link set vb arp off up

# ---- Tags, which the kernel takes off before it hands frames over ----

cat >"$TMP/tags.py" <<'P'
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('va', 0))
packet = bytes.fromhex('45000020000000004011000001020304050607080001000 2000c0000'.replace(' ', '')) + bytes(18)
for tags in '', '81000005', '88a80006', '88a8000781000008', '81000000', '8100ffff', '810000098100000a', '9100000b8100000c':
    s.send(bytes.fromhex('020000000001020000000002' + tags + '0800') + packet)
P
collect $b
start "$WEIR" -n 127.0.0.1:"$port" -o json --set cache.record=layer2 || finish
ip netns exec $a python3 "$TMP/tags.py"
until_true 10 reached packets/seen/frames 8 || bad "tags: $(number packets/seen/frames) of 8 frames were seen"
end tags
gather
agree tags
python3 - "$TMP/out" <<'P' || bad "tags: $(cat "$TMP/out")"
import collections, json, sys
told = collections.Counter(json.loads(line)['dot1qVlanId'] for line in open(sys.argv[1]))
sys.exit(told != collections.Counter([0, 5, 6, 7, 4095, 9, 11]) and str(told))
P
finish
