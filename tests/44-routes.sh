#!/bin/bash
# What the router's own routes say of the flows that cross it: the interface that they leave by, the next
# hop and both prefixes, for LANs, a route by a gateway, the default route, policy routing, a blackhole, the
# router itself and a bridge; and that a change of routes in the middle is followed at once.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/router.sh"
small_network
r0=$(index $r r0) r1=$(index $r r1) r2=$(index $r r2)
lan0=${hosts[0]} lan1=${hosts[1]} wan=${hosts[2]}

ip -n $r route add 10.9.0.0/16 via 10.2.0.2
ip -n $r route add 10.9.8.0/24 via 10.3.0.2
ip -n $r route add fd00:9::/32 via fd00:2::2
ip -n $r route add blackhole 10.66.0.0/16
ip -n $lan0 addr add 10.1.77.1/32 dev lo # a network behind the host
ip -n $r route add 10.1.64.0/18 via 10.1.0.2
ip -n $lan1 addr add 10.9.1.1/32 dev lo
ip -n $wan addr add 10.9.8.1/32 dev lo
ip -n $lan1 addr add fd00:9:1::1/128 dev lo nodad

fields='sourceTransportPort ingressInterface egressInterface flowDirection ipNextHopIPv4Address|ipNextHopIPv6Address sourceIPv4PrefixLength|sourceIPv6PrefixLength destinationIPv4PrefixLength|destinationIPv6PrefixLength'

traffic() {
	send $lan0 3 10.1.0.2 4001 10.2.0.2 7001
	send $lan0 3 fd00:1::2 4001 fd00:2::2 7001
	send $lan0 3 10.1.0.2 4002 10.9.1.1 7002
	send $lan0 3 10.1.0.2 4003 10.9.8.1 7003
	send $lan0 3 fd00:1::2 4003 fd00:9:1::1 7003
	send $lan0 3 10.1.77.1 4004 198.51.100.9 7004
	send $lan0 3 fd00:1::2 4004 2001:db8::9 7004
	send $lan0 3 10.1.0.2 4005 10.66.1.1 7005
	send $lan0 3 10.1.0.2 4006 10.1.0.1 7006
	send $lan0 3 10.1.0.2 4007 10.3.0.1 7007
	send $r 3 10.2.0.1 4008 10.2.0.2 7008
	send $r 3 10.3.0.1 4009 198.51.100.9 7009
	send $wan 3 198.51.100.9 4010 10.1.77.1 7010
}
expected() { # LOCAL: the number of the router itself
	cat <<-F
		4001 $r0 $r1 0 0.0.0.0 24 24
		4001 $r0 $r1 0 :: 64 64
		4002 $r0 $r1 0 10.2.0.2 24 16
		4003 $r0 $r2 0 10.3.0.2 24 24
		4003 $r0 $r1 0 fd00:2::2 64 32
		4004 $r0 $r2 0 10.3.0.2 18 0
		4004 $r0 $r2 0 fd00:3::2 64 0
		4005 $r0 0 0 0.0.0.0 24 0
		4006 $r0 $1 0 0.0.0.0 24 32
		4007 $r0 $1 0 0.0.0.0 24 32
		4008 $1 $r1 1 0.0.0.0 32 24
		4009 $1 $r2 1 10.3.0.2 32 0
		4010 $r2 $r0 0 10.1.0.2 0 18
	F
}
seen() { [ "$(number packets/metered/frames)" -ge "$1" ]; }

start routes 3 -i r0 -i r1 -i r2 --set cache.record=router "udp portrange 7000-7999"
traffic
until_true 10 seen 39 || bad "routes: $(ctl ledger)"
end routes "$fields" < <(expected 0)

start local 1 -i any --set cache.record=router --set routes.local_interface=4294967295 "udp portrange 7000-7999"
traffic
until_true 10 seen 39 || bad "local: $(ctl ledger)"
end local "$fields" < <(expected 4294967295)

# nothing is asked when that is said
start none 1 -i r0 --set cache.record=router --set routes.lookup=false "udp portrange 7000-7999"
send $lan0 3 10.1.0.2 4002 10.9.1.1 7002
until_true 10 seen 3 || bad "none: $(ctl ledger)"
end none "$fields" < <(echo 4002 $r0 0 0 0.0.0.0 0 0)

# the route of a flow changes between two of its records, and again; each says what held when it left
start change 3 -i r0 -i r1 -i r2 --set cache.record=router -t idle=300ms "udp portrange 7000-7999"
flow() { send $lan0 2 10.1.0.2 $1 10.9.1.1 7002; }
written() { [ "$(wc -l <"$TMP/change.json")" -ge "$1" ]; }
flow 4101
until_true 10 written 1 || bad "change: no record"
ip -n $r route change 10.9.0.0/16 via 10.3.0.2
flow 4102
until_true 10 written 2 || bad "change: no second record"
ip -n $r route del 10.9.0.0/16
flow 4103
until_true 10 written 3 || bad "change: no third record"
ip -n $r rule add from 10.1.0.2 dport 7002 lookup 99 2>/dev/null || ip -n $r rule add from 10.1.0.2 lookup 99
ip -n $r route add default via 10.2.0.2 table 99
flow 4104
until_true 10 written 4 || bad "change: no fourth record"
end change "$fields" <<F
4101 $r0 $r1 0 10.2.0.2 24 16
4102 $r0 $r2 0 10.3.0.2 24 16
4103 $r0 $r2 0 10.3.0.2 24 0
4104 $r0 $r1 0 10.2.0.2 24 0
F
ip -n $r rule del from 10.1.0.2 lookup 99 2>/dev/null || ip -n $r rule del from 10.1.0.2 dport 7002 lookup 99

# several paths: each flow's own
ip -n $r route add 10.9.0.0/16 nexthop via 10.2.0.2 nexthop via 10.3.0.2
ip netns exec $r sysctl -qw net.ipv4.fib_multipath_hash_policy=1
start many 3 -i r0 -i r1 -i r2 --set cache.record=router "udp portrange 7000-7999"
for port in {4201..4216}; do
	send $lan0 1 10.1.0.2 $port 10.9.1.1 7002
done
until_true 10 seen 16 || bad "many: $(ctl ledger)"
for port in {4201..4216}; do
	ip -n $r -j route get 10.9.1.1 from 10.1.0.2 iif r0 ipproto udp sport $port dport 7002
done | python3 -c '
import json, sys
text = sys.stdin.read().replace("][", "]\n[")
for port, line in zip(range(4201, 4217), text.strip().splitlines()):
    route = json.loads(line)[0]
    print(port, '$r0', {"r1": '$r1', "r2": '$r2'}[route["dev"]], 0, route["gateway"], 24, 16)' >"$TMP/paths"
[ "$(cut -d" " -f3 "$TMP/paths" | sort -u | wc -l)" = 2 ] || bad "many: all flows have one path: $(cat "$TMP/paths")"
end many "$fields" <"$TMP/paths"

# a bridge of r0 and r1 takes part in routing; what only passes it is not the router's to route
ip -n $r link add br0 type bridge || skip 'bridges cannot be made here'
for i in r0 r1; do
	ip -n $r addr flush dev $i
	ip -n $r link set $i master br0
done
ip -n $r link set br0 address "$(ip netns exec $r cat /sys/class/net/r0/address)"
ip -n $r addr add 10.1.0.1/24 dev br0
ip -n $r link set br0 up
ip -n $lan1 addr flush dev h0
ip -n $lan1 addr add 10.1.0.3/24 dev h0
br0=$(index $r br0)
start bridge 2 -i r0 -i br0 --set cache.record=router --set dedup=none "udp portrange 7000-7999"
grep -q 'br0.*r0' "$TMP/bridge.log" || bad "bridge: not said that br0 and r0 see the same: $(cat "$TMP/bridge.log")"
send $lan0 3 10.1.0.2 4301 10.1.0.3 7001 # passes
send $lan0 3 10.1.0.2 4302 10.1.0.1 7002 # to the router
until_true 10 seen 9 || bad "bridge: $(ctl ledger)"
end bridge "$fields" <<F
4301 $r0 0 0 0.0.0.0 0 0
4301 $br0 0 0 0.0.0.0 0 0
4302 $r0 0 0 0.0.0.0 24 32
4302 $br0 0 0 0.0.0.0 24 32
F
finish
