#!/bin/bash
# weir doctor finds what is made wrong on purpose, one thing after the other, and finds it good before.
. "$(dirname "$0")/common.sh"
need python3 ip ethtool setpriv
two_hosts
ip -n $a addr add 192.0.2.1/24 dev va
ip -n $b addr add 192.0.2.2/24 dev vb
ip netns exec $b ethtool -K vb gro off lro off >/dev/null 2>&1

# doctor ARGUMENTS...: its report in $TMP/out; exit status 1 exactly where something is WRONG
doctor() {
	ip netns exec $b timeout 60 ${as:-} "$WEIR" doctor "$@" >"$TMP/out" 2>&1
	local status=$? wrong
	wrong=$(grep -c '^WRONG ' "$TMP/out")
	[ $status -eq $((wrong > 0)) ] || bad "doctor $*: exit status $status: $(cat "$TMP/out")"
	grep -q "good, .* to note, $wrong wrong$" "$TMP/out" || bad "doctor $*: $(cat "$TMP/out")"
}

# finds WORD PATTERN
finds() {
	grep -qE "^$1 +$2" "$TMP/out" || bad "no '$1 $2' in: $(cat "$TMP/out")"
}

# A collector that listens and keeps what it gets
cat >"$TMP/collector.py" <<'P'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('192.0.2.1', 4739))
t = socket.create_server(('192.0.2.1', 4739))
out = open(sys.argv[1], 'w', buffering=1)
while True:
    out.write(s.recv(65536).hex() + '\n')
P
ip netns exec $a python3 "$TMP/collector.py" "$TMP/heard" &
collector=$!
cleanups+=("kill $collector")
until_true 10 test -e "$TMP/heard"

# Traffic that does not stop, for as long as doctor looks
cat >"$TMP/sender.py" <<'P'
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('va', 0))
frame = bytes(12) + b'\x08\x00' + bytes(1000)
end = time.monotonic() + 60
while time.monotonic() < end:
    for i in range(20):
        s.send(frame)
    time.sleep(0.01)
P
ip netns exec $a python3 "$TMP/sender.py" &
sender=$!
cleanups+=("kill $sender")

# ---- All as it should be (the machine's clock and memory are what they are) ----

doctor -i 'v?' -i 'nothing*' -n 192.0.2.1 --set exporters[0].max_datagram=1400
finds good 'patterns: 1 interfaces that are up are like one'
finds good 'vb: can be captured, with a ring of 64 MB'
doctor -i 'nothing*' -n 192.0.2.1 --set exporters[0].max_datagram=1400
finds note 'patterns: 0 interfaces that are up are like one'
doctor -i vb -n 192.0.2.1 --set exporters[0].max_datagram=1400
finds good 'capabilities: '
finds good 'memory: caches and rings take [0-9]+ MB of [0-9]+ MB'
finds good 'vb: can be captured, with a ring of 64 MB'
finds good 'vb: [0-9]+ packets/s, the ring lasts for [0-9.]+ s'
finds good 'vb: no offload'
finds good '192.0.2.1:4739: datagrams fit the route.s MTU of 9000'
finds good '192.0.2.1:4739: an empty message was not refused'
grep '^WRONG' "$TMP/out" | grep -v '^WRONG  clock' && bad "found wrong: $(cat "$TMP/out")"
# What it sent is an IPFIX message without sets: version 10, 16 octets
grep -qE '^000a0010[0-9a-f]{8}0{16}$' "$TMP/heard" || bad "sent: $(cat "$TMP/heard")"

# ---- One wrong thing after the other ----

doctor -i vb -n 192.0.2.1 --set inputs[0].buffer=64K
finds WRONG 'vb: [0-9]+ packets/s, the ring lasts for 0.[0-4] s of them; raise'
ip netns exec $b ethtool -K vb gro on
doctor -i vb -n 192.0.2.1
finds WRONG 'vb: GRO puts packets together.*ethtool -K vb gro off'
ip netns exec $b ethtool -K vb gro off
ip -n $b route change 192.0.2.0/24 dev vb mtu 1300 2>/dev/null || ip -n $b route replace 192.0.2.1 dev vb mtu 1300
doctor -i vb -n 192.0.2.1
finds WRONG '192.0.2.1:4739: datagrams of 1400 octets do not fit the route.s MTU of 1300.* to 1272'
doctor -i vb -n 192.0.2.1:4740 --set exporters[0].transport=tcp
finds WRONG '192.0.2.1:4740: its host answers that nobody listens there'
doctor -i vb -n 192.0.2.1:4739 --set exporters[0].transport=tcp
finds good '192.0.2.1:4739: it takes connections'
doctor -i vb -n 192.0.2.1:4740 -n nobody.invalid -n 203.0.113.1
finds WRONG '192.0.2.1:4740: its host answers that nobody listens there'
finds WRONG 'nobody.invalid:4739: the name does not resolve'
finds WRONG '203.0.113.1:4739: no route: Network is unreachable'
doctor -i none -n 192.0.2.1
finds WRONG 'none: there is no such interface'
doctor -i vb -n 192.0.2.1 tcp port nonsense
finds WRONG "vb: cannot be captured: filter 'tcp port nonsense'"
doctor -i vb -m 268435456 --set inputs[0].workers=64
finds WRONG 'memory: caches and rings take [0-9]+ MB of [0-9]+ MB; lower cache.entries'
as='setpriv --bounding-set=-net_raw --inh-caps=-net_raw' doctor -i vb -n 192.0.2.1
finds WRONG 'capabilities: no CAP_NET_RAW'
finds WRONG 'vb: cannot be captured: .*no permission'
ip -n $b link set vb down
doctor -i vb -n 192.0.2.1
finds WRONG 'vb: it is down; .ip link set vb up.'

# ---- What is no question ----

timeout 20 "$WEIR" doctor >"$TMP/out" 2>&1
[ $? -eq 1 ] || bad "doctor without an input: $(cat "$TMP/out")"
finish
