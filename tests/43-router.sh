#!/bin/bash
# weir on a router between two LANs and a way out: where each packet came in or went out, and that none is
# metered twice or left out although all its interfaces are watched. Traffic of known packets crosses it by
# IPv4 and IPv6, from LAN to LAN, out by the default route with its source translated, from and to the router.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/router.sh"
small_network
lan0=${hosts[0]} lan1=${hosts[1]} wan=${hosts[2]}
r0=$(index $r r0) r1=$(index $r r1) r2=$(index $r r2)

nat=no
if command -v nft >/dev/null && ip netns exec $r nft -f - 2>/dev/null <<'N'
add table ip nat
add chain ip nat post { type nat hook postrouting priority 100; }
add rule ip nat post oifname "r2" ip saddr 10.1.0.0/24 masquerade
N
then nat=yes; else echo "$test_name: no source NAT here (nft): that part is left out"; fi

fields='sourceIPv4Address|sourceIPv6Address sourceTransportPort destinationIPv4Address|destinationIPv6Address
	destinationTransportPort packetDeltaCount ingressInterface egressInterface flowDirection'

sink $lan1 10.2.0.2 7001
sink $lan1 fd00:2::2 7001
sink $lan0 10.1.0.2 7002
sink $wan 198.51.100.9 7003
sink $wan 2001:db8::9 7003
sink $r 10.1.0.1 7004
sink $lan1 10.2.0.2 7005

traffic() {
	send $lan0 20 10.1.0.2 4001 10.2.0.2 7001 # LAN to LAN
	send $lan0 21 fd00:1::2 4001 fd00:2::2 7001
	send $lan1 22 10.2.0.2 4002 10.1.0.2 7002
	send $lan0 23 10.1.0.2 4003 198.51.100.9 7003 # out, translated
	send $lan0 24 fd00:1::2 4003 2001:db8::9 7003
	send $lan0 25 10.1.0.2 4004 10.1.0.1 7004 # to the router
	send $r 26 10.2.0.1 4005 10.2.0.2 7005    # from it
}
forwarded=$((20 + 21 + 22 + 23 + 24))

# three interfaces are inputs, of which one has a filter: every packet once, where it came in
once() {
	cat <<-F
		10.1.0.2 4001 10.2.0.2 7001 20 $r0 0 0
		fd00:1::2 4001 fd00:2::2 7001 21 $r0 0 0
		10.2.0.2 4002 10.1.0.2 7002 22 $r1 0 0
		10.1.0.2 4003 198.51.100.9 7003 23 $r0 0 0
		fd00:1::2 4003 2001:db8::9 7003 24 $r0 0 0
		10.1.0.2 4004 10.1.0.1 7004 25 $r0 0 0
		10.2.0.1 4005 10.2.0.2 7005 26 0 $r1 1
	F
}
start once 3 --set routes.lookup=false -i r0 -i r1 -i r2 "udp portrange 7000-7999"
traffic
until_true 10 eval "[ \$(number packets/seen/frames) -ge $((forwarded + 25 + 26)) ]" || bad "once: $(ctl ledger)"
until_true 10 eval "[ \$(number packets/duplicates/frames) = $forwarded ]" ||
	bad "once: $(number packets/duplicates/frames) frames left out, not $forwarded"
octets=$(((100 + 28 + 14) * (20 + 22 + 23) + (100 + 48 + 14) * (21 + 24)))
[ "$(number packets/duplicates/octets)" = $octets ] || bad "once: $(number packets/duplicates/octets) octets left out, not $octets"
end once "$fields" < <(once)

# the same by "any", which has no link headers
start any 1 --set routes.lookup=false -i any
traffic
until_true 10 eval "[ \$(number packets/duplicates/frames) -ge $forwarded ]" || bad "any: $(ctl ledger)"
end any "$fields" < <(once)

# "any" with a filter, and no filter with three
start any-filter 1 --set routes.lookup=false -i any "ip or ip6"
traffic
until_true 10 eval "[ \$(number packets/duplicates/frames) -ge $forwarded ]" || bad "any-filter: $(ctl ledger)"
end any-filter "$fields" < <(once)
start bare 3 --set routes.lookup=false -i r0 -i r1 -i r2
traffic
until_true 10 eval "[ \$(number packets/duplicates/frames) -ge $forwarded ]" || bad "bare: $(ctl ledger)"
end bare "$fields" < <(once)

# two are inputs: what came in by the third is metered where it goes out
start two 2 --set routes.lookup=false -i r1 -i r2
traffic
until_true 10 eval "[ \$(number packets/seen/frames) -ge $((20 + 21 + 22 + 23 + 24 + 26)) ]" || bad "two: $(ctl ledger)"
translated="10.1.0.2"
[ $nat = no ] || translated="10.3.0.1"
end two "$fields" <<F
10.1.0.2 4001 10.2.0.2 7001 20 0 $r1 1
fd00:1::2 4001 fd00:2::2 7001 21 0 $r1 1
10.2.0.2 4002 10.1.0.2 7002 22 $r1 0 0
$translated 4003 198.51.100.9 7003 23 0 $r2 1
fd00:1::2 4003 2001:db8::9 7003 24 0 $r2 1
10.2.0.1 4005 10.2.0.2 7005 26 0 $r1 1
F

# nothing is left out when that is asked for, nor with one input
start all 2 --set routes.lookup=false -i r0 -i r1 --set dedup=none
traffic
until_true 10 eval "[ \$(number packets/seen/frames) -ge $((2 * (20 + 21 + 22) + 23 + 24 + 25 + 26)) ]" || bad "all: $(ctl ledger)"
both() {
	cat <<-F
		10.1.0.2 4001 10.2.0.2 7001 20 $r0 0 0
		fd00:1::2 4001 fd00:2::2 7001 21 $r0 0 0
		10.2.0.2 4002 10.1.0.2 7002 22 0 $r0 1
		10.1.0.2 4003 198.51.100.9 7003 23 $r0 0 0
		fd00:1::2 4003 2001:db8::9 7003 24 $r0 0 0
		10.1.0.2 4004 10.1.0.1 7004 25 $r0 0 0
	F
}
twice() {
	both
	cat <<-F
		10.1.0.2 4001 10.2.0.2 7001 20 0 $r1 1
		fd00:1::2 4001 fd00:2::2 7001 21 0 $r1 1
		10.2.0.2 4002 10.1.0.2 7002 22 $r1 0 0
		10.2.0.1 4005 10.2.0.2 7005 26 0 $r1 1
	F
}
end all "$fields" < <(twice)
start one 1 --set routes.lookup=false -i r0
traffic
until_true 10 eval "[ \$(number packets/seen/frames) -ge $((20 + 21 + 22 + 23 + 24 + 25)) ]" || bad "one: $(ctl ledger)"
end one "$fields" < <(both)

finish
