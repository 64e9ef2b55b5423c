#!/bin/bash
# Interfaces that get their packets from others, all of them inputs: a bridge and its ports, a macvlan and what it
# lies over. Every packet is in exactly one record, on the lower one, which the log says; and so it is after a port
# has joined the bridge that is no input, and left it.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/router.sh"
small_network
lan0=${hosts[0]} lan1=${hosts[1]} wan=${hosts[2]}
r0=$(index $r r0) r1=$(index $r r1) r2=$(index $r r2)

# r0 and r1 are ports of a bridge, which has the router's address in one LAN of both
ip -n $r link add name br0 type bridge || skip 'bridges cannot be made here'
ip -n $r addr flush dev r0
ip -n $r addr flush dev r1
for port in r0 r1; do ip -n $r link set $port master br0; done
ip -n $r addr add 10.1.0.1/16 dev br0
ip -n $r link set br0 up
ip -n $lan1 addr flush dev h0
ip -n $lan1 addr add 10.1.0.3/16 dev h0
ip -n $lan0 addr add 10.1.0.2/16 dev h0
ip -n $lan1 route add default via 10.1.0.1
sink $lan1 10.1.0.3 7001
sink $wan 10.3.0.2 7002
sink $lan0 10.1.0.2 7003
sink $r 10.1.0.1 7004
fields='sourceIPv4Address sourceTransportPort destinationTransportPort packetDeltaCount ingressInterface egressInterface flowDirection'

traffic() {
	send $lan0 20 10.1.0.2 4001 10.1.0.3 7001 # over the bridge
	send $lan0 21 10.1.0.2 4002 10.3.0.2 7002 # routed out
	send $wan 22 10.3.0.2 4003 10.1.0.2 7003  # and in
	send $lan1 23 10.1.0.3 4004 10.1.0.1 7004 # to the router
	send $r 24 10.1.0.1 4005 10.1.0.3 7001    # from it
}
all=$((20 + 21 + 22 + 23 + 24))
once() {
	cat <<-F
		10.1.0.2 4001 7001 20 $r0 0 0
		10.1.0.2 4002 7002 21 $r0 0 0
		10.3.0.2 4003 7003 22 $r2 0 0
		10.1.0.3 4004 7004 23 $r1 0 0
		10.1.0.1 4005 7001 24 0 $r1 1
	F
}
seen() { [ "$(number packets/seen/frames)" -ge "$1" ]; }
# the first packets would find out the neighbours, and flood the bridge
send $lan0 1 10.1.0.2 4001 10.1.0.3 7001
send $lan1 1 10.1.0.3 4004 10.1.0.1 7004
send $wan 1 10.3.0.2 4003 10.1.0.2 7003
send $r 1 10.1.0.1 4005 10.1.0.3 7001

start bridge 4 --set routes.lookup=false -i br0 -i r0 -i r1 -i r2 "udp portrange 7000-7999"
grep -q 'br0 gets its packets from other inputs' "$TMP/bridge.log" || bad "not said: $(cat "$TMP/bridge.log")"
grep -q 'metered twice' "$TMP/bridge.log" && bad "said to be metered twice: $(cat "$TMP/bridge.log")"
traffic
until_true 10 seen $all || bad "bridge: $(ctl ledger)"
# a port that is no input: what comes by it is seen on the bridge alone
ip -n $r link add d0 type veth peer name d1
ip -n $r link set d0 master br0 up
until_true 10 grep -q 'br0 gets packets that no other input sees' "$TMP/bridge.log" || bad "a new port: $(cat "$TMP/bridge.log")"
ip -n $r link del d0
until_true 10 eval "[ \$(grep -c 'br0 gets its packets from other inputs' '$TMP/bridge.log') = 2 ]" || bad "the port is gone: $(cat "$TMP/bridge.log")"
traffic
until_true 10 seen $((2 * all)) || bad "bridge: $(ctl ledger)"
end bridge "$fields" < <(once | awk '{ $4 *= 2; print }')

# without the right to a program in the kernel: of what comes in the same
if command -v setpriv >/dev/null; then
	whole=$WEIR WEIR=$TMP/weir
	printf '#!/bin/sh\nexec setpriv --bounding-set -bpf,-sys_admin --inh-caps -bpf,-sys_admin %s "$@"\n' "$whole" >"$WEIR"
	chmod +x "$WEIR"
	start incoming 4 --set routes.lookup=false --set privileges.user= -i br0 -i r0 -i r1 -i r2 "udp portrange 7000-7999"
	if grep -q 'only what comes in is metered' "$TMP/incoming.log"; then
		traffic
		until_true 10 seen $((20 + 21 + 22 + 23)) || bad "incoming: $(ctl ledger)"
		end incoming "$fields" < <(once | awk '$6 == 0')
		grep -q 'seen on another input [1-9]' "$TMP/incoming.log" || bad "incoming: none were left out: $(tail -1 "$TMP/incoming.log")"
		# one socket for all interfaces cannot do even that, and says so
		start any 1 --set routes.lookup=false --set privileges.user= -i any "udp portrange 7000-7999"
		grep -q 'event=inputs-overlap over="br0".*metered twice' "$TMP/any.log" || bad "any: not said: $(cat "$TMP/any.log")"
		grep -q 'over="r[012]"' "$TMP/any.log" && bad "any: $(cat "$TMP/any.log")"
		stop $weir TERM 10 || bad "any: $?"
	else
		stop $weir TERM 10
		echo "$test_name: the kernel gives programs to anybody: that part is left out"
	fi
	WEIR=$whole
fi

# with only one port an input beside the bridge nothing is left out, and that is said
start some 3 --set routes.lookup=false -i br0 -i r0 -i r2 "udp portrange 7000-7999"
grep -q 'over="br0" below="r0".*metered twice' "$TMP/some.log" || bad "some ports: $(cat "$TMP/some.log")"
stop $weir TERM 10 || bad "some: $?"

# a macvlan over r2, from where the LAN is reached too
if ip -n $r link add link r2 name mv0 type macvlan mode bridge 2>/dev/null; then
	ip -n $r addr add 10.3.0.9/24 dev mv0
	ip -n $r link set mv0 up
	sink $r 10.3.0.9 7005
	send $wan 1 10.3.0.2 4006 10.3.0.9 7005
	start macvlan 2 --set routes.lookup=false -i mv0 -i r2 "udp portrange 7000-7999"
	grep -q 'mv0 gets its packets from other inputs' "$TMP/macvlan.log" || bad "not said: $(cat "$TMP/macvlan.log")"
	send $wan 25 10.3.0.2 4006 10.3.0.9 7005
	send $wan 26 10.3.0.2 4007 10.1.0.2 7003
	send $r 27 10.3.0.9 4008 10.3.0.2 7002
	until_true 10 seen $((25 + 26 + 27)) || bad "macvlan: $(ctl ledger)"
	end macvlan "$fields" <<-F
		10.3.0.2 4006 7005 25 $r2 0 0
		10.3.0.2 4007 7003 26 $r2 0 0
		10.3.0.9 4008 7002 27 0 $r2 1
	F
	# from one to another over the same interface, where both pass it as what comes in
	beside=weir-v-$$
	ip netns add $beside && cleanups+=("ip netns del $beside")
	ip -n $r link add link r2 name mv1 netns $beside type macvlan mode bridge
	ip -n $beside addr add 10.3.0.10/24 dev mv1
	ip -n $beside link set mv1 up
	ip -n $r route add 10.3.0.10/32 dev mv0 src 10.3.0.9
	sink $beside 10.3.0.10 7006
	send $beside 1 10.3.0.10 4009 10.3.0.9 7005
	start siblings 2 --set routes.lookup=false -i mv0 -i r2 "udp portrange 7000-7999"
	send $beside 28 10.3.0.10 4009 10.3.0.9 7005
	send $r 29 10.3.0.9 4010 10.3.0.10 7006
	until_true 10 seen $((28 + 29)) || bad "siblings: $(ctl ledger)"
	end siblings "$fields" <<-F
		10.3.0.10 4009 7005 28 $r2 0 0
		10.3.0.9 4010 7006 29 $r2 0 0
	F
else
	echo "$test_name: no macvlan here: that part is left out"
fi
finish
