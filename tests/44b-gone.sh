#!/bin/bash
# An interface of a router is taken away and comes back, under another ifIndex, between collectors on both sides of
# it, one over UDP by another way, one over TCP by this one; weir is confined as users run it. Flows that came in by it are
# exported when it goes, it is said once, it is captured again, and both collectors have every packet in one record.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/router.sh"
WEIR=$(realpath "${WEIR_PLAIN:-$WEIR}")
small_network
lan0=${hosts[0]} lan1=${hosts[1]} wan=${hosts[2]}
r0=$(index $r r0) r1=$(index $r r1)

sink $lan1 0.0.0.0 7001
sink $lan0 10.1.0.2 7002
sink $wan 10.3.0.2 7003
ip netns exec $wan "$WEIRDUMP" -j -p 9990 >"$TMP/udp.json" 2>"$TMP/udp.log" &
sinks+=($!)
until_true 10 ip netns exec $wan grep -qi ":$(printf %04X 9990) " /proc/net/udp /proc/net/udp6 || bad 'weirdump does not listen'
# a connection of IPFIX is, octet for octet, a file of it
ip netns exec $lan1 python3 - "$TMP/tcp" 2>"$TMP/tcp.log" <<'P' &
import socket, sys
listener = socket.create_server(('0.0.0.0', 9991))
print('ready', file=sys.stderr, flush=True)
for n in range(9):
    s, _ = listener.accept()
    with open(f'{sys.argv[1]}.{n}', 'wb', buffering=0) as f:
        while octets := s.recv(65536):
            f.write(octets)
P
sinks+=($!)
until_true 10 grep -q ready "$TMP/tcp.log" || bad "no collector over TCP: $(cat "$TMP/tcp.log")"

start gone 3 --set privileges.capture=true --set routes.lookup=false --set cache.timeouts.idle=1h --set cache.timeouts.active=1h \
	--set exporters[0].collector=10.3.0.2:9990 --set exporters[1].collector=10.2.0.2:9991 \
	--set exporters[1].transport=tcp -i r0 -i r1 -i r2 "udp portrange 7000-7999"
seen() { [ "$(number packets/seen/frames)" -ge "$1" ]; }
state() { ctl status | python3 -c 'import json, sys; print(json.load(sys.stdin)["inputs"][1]["state"])'; }

send $lan0 20 10.1.0.2 4001 10.2.0.2 7001
send $lan1 21 10.2.0.2 4002 10.1.0.2 7002
until_true 10 seen 41 || bad "before: $(ctl ledger)"
[ "$(state)" = capturing ] || bad "before: r1 is $(state)"
ip -n $r link del r1
until_true 10 eval '[ "$(state)" = gone ]' || bad "r1 is $(state): $(cat "$TMP/gone.log")"
until_true 10 grep -q '"sourceTransportPort":4002,' "$TMP/gone.json" || bad "its flows are not exported: $(cat "$TMP/gone.json")"
grep -q '"sourceTransportPort":4001,' "$TMP/gone.json" && bad "another interface's flow is exported: $(cat "$TMP/gone.json")"
grep '"sourceTransportPort":4002,' "$TMP/gone.json" | grep -q '"flowEndReason":4' || bad "its flows were not closed for that: $(cat "$TMP/gone.json")"
send $lan0 22 10.1.0.2 4003 10.3.0.2 7003
until_true 10 seen 63 || bad "while it is gone: $(ctl ledger)"

ip -n $r link add r1 type veth peer name h0 netns $lan1
ip -n $lan1 addr add 10.2.0.2/24 dev h0
ip -n $lan1 link set h0 up
ip -n $lan1 route add default via 10.2.0.1
ip -n $r addr add 10.2.0.1/24 dev r1
ip -n $r link set r1 up
new=$(index $r r1)
[ "$new" != "$r1" ] || bad "the new r1 has the old one's ifIndex $r1"
until_true 10 eval '[ "$(state)" = capturing ]' || bad "r1 is $(state): $(cat "$TMP/gone.log")"
send $lan0 23 10.1.0.2 4001 10.2.0.2 7001
send $lan1 24 10.2.0.2 4002 10.1.0.2 7002
until_true 10 seen $((63 + 47)) || bad "back: $(ctl ledger)"
[ "$(grep -c 'event=gone interface="r1"' "$TMP/gone.log")" = 1 ] || bad "gone, said otherwise than once: $(cat "$TMP/gone.log")"
[ "$(grep -c 'event=back interface="r1" was=gone' "$TMP/gone.log")" = 1 ] || bad "back, said otherwise than once: $(cat "$TMP/gone.log")"

fields='sourceIPv4Address sourceTransportPort destinationTransportPort packetDeltaCount ingressInterface egressInterface flowDirection'
want() {
	cat <<-F
		10.1.0.2 4001 7001 43 $r0 0 0
		10.2.0.2 4002 7002 21 $r1 0 0
		10.2.0.2 4002 7002 24 $new 0 0
		10.1.0.2 4003 7003 22 $r0 0 0
	F
}
end gone "$fields" < <(want)
grep -q 'lost [1-9]' "$TMP/gone.log" && bad "lost: $(tail -1 "$TMP/gone.log")"
until_true 10 eval '[ "$(grep -c sourceTransportPort "$TMP/udp.json")" -ge 4 ]' || bad "udp: $(cat "$TMP/udp.json")"
cat "$TMP"/tcp.[0-9] | "$WEIRDUMP" -j -r - >"$TMP/tcp.json" 2>>"$TMP/tcp.log" || bad "tcp: $(cat "$TMP/tcp.log")"
for way in udp tcp; do
	grep '"sourceTransportPort"' "$TMP/$way.json" >"$TMP/$way.flows"
	why=$(python3 "$TMP/judge.py" "$TMP/$way.flows" "$fields" < <(want)) || bad "by $way: $why"
done

# without the right to capture again, that is said, and the others go on
r1=$new
start given-up 3 --set routes.lookup=false -i r0 -i r1 -i r2 "udp portrange 7000-7999"
ip -n $r link del r1
until_true 10 eval '[ "$(state)" = gone ]' || bad "given up: r1 is $(state): $(cat "$TMP/given-up.log")"
ip -n $r link add r1 type veth peer name h0 netns $lan1
until_true 10 grep -q 'the right to capture was given up' "$TMP/given-up.log" || bad "given up: $(cat "$TMP/given-up.log")"
send $lan0 25 10.1.0.2 4004 10.3.0.2 7003
until_true 10 seen 25 || bad "given up: $(ctl ledger)"
ctl status >/dev/null || bad 'given up: weir does not answer'
kill -0 $weir || bad 'given up: weir has ended'
stop $weir TERM 10
grep -q 'the ledger adds up' "$TMP/given-up.log" || bad "given up: $(tail -1 "$TMP/given-up.log")"
finish
