#!/bin/bash
# weir on a router that translates addresses: what it tells of flows before and behind the translation, of
# connections that begin and end, and by which interface they leave, is what conntrack(8) and the network say. Source
# and destination NAT of UDP, TCP, ICMP and IPv6, connections that were there before, that are gone before their
# flows are exported, and of which one follows another with the same ends.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/router.sh"
need conntrack nft
small_network
lan0=${hosts[0]} lan1=${hosts[1]} wan=${hosts[2]}
r0=$(index $r r0) r1=$(index $r r1) r2=$(index $r r2)
nat=$here/nat.py

ip netns exec $r nft -f - 2>"$TMP/nft" <<'N' || skip "no address translation here: $(head -1 "$TMP/nft")"
add table ip nat
add chain ip nat post { type nat hook postrouting priority 100; }
add rule ip nat post oifname "r2" ip saddr 10.1.0.0/24 masquerade random
add chain ip nat pre { type nat hook prerouting priority -100; }
add rule ip nat pre iifname "r2" udp dport 7100 dnat to 10.2.0.2:7001
add table ip6 nat
add chain ip6 nat post { type nat hook postrouting priority 100; }
add rule ip6 nat post oifname "r2" ip6 saddr fd00:1::/64 snat to fd00:3::1
N

ip netns exec $r stdbuf -oL conntrack -E -b 8388608 -e NEW,DESTROY -o timestamp >"$TMP/witness" 2>"$TMP/witness.log" &
cleanups+=("kill $! 2>/dev/null")
for ns in $lan1:10.2.0.2:7001 $wan:198.51.100.9:7003 $wan:2001:db8::9:7003; do
	address=${ns#*:} address=${address%:*}
	ip netns exec ${ns%%:*} "$nat" echo $address ${ns##*:} >"$TMP/echo.$address" 2>&1 &
	sinks+=($!)
	until_true 10 grep -q ready "$TMP/echo.$address" || bad "nobody answers at $address: $(cat "$TMP/echo.$address")"
done
on() { # NAMESPACE WHAT...
	local ns=$1
	shift
	ip netns exec $ns "$nat" "$@" || bad "$*"
}
collect() { # NAME PORT: weirdump
	ip netns exec $r "$WEIRDUMP" -j -p "$2" >"$TMP/$1" 2>"$TMP/$1.log" &
	collectors+=($!)
	until_true 10 ip netns exec $r grep -qi ":$(printf %04X "$2") " /proc/net/udp /proc/net/udp6 || bad "weirdump does not listen"
}
collectors=()
cleanups+=('kill "${collectors[@]}" 2>/dev/null')

# before weir starts: a connection that lasts
on $lan0 ask 1 10.1.0.2 4000 198.51.100.9 7003
until_true 10 grep -q 'sport=4000 ' "$TMP/witness" || skip "conntrack tells of no connection: $(cat "$TMP/witness.log")"

ip -n $r link set lo gso_max_segs 1 # as datagrams, not as the kernel hands over many of them at once
ip netns exec $r tcpdump -i lo -w "$TMP/wire.pcap" -U 'udp portrange 9990-9999' 2>"$TMP/tcpdump.log" &
sniffer=$!
cleanups+=("kill $sniffer 2>/dev/null")
until_true 10 grep -q listening "$TMP/tcpdump.log" || sniffer=
collect ten 9990
collect nine 9991
nfcapd=
if command -v nfcapd >/dev/null && command -v nfdump >/dev/null; then
	mkdir "$TMP/nf"
	ip netns exec $r nfcapd -w "$TMP/nf" -b 127.0.0.1 -p 9992 -t 3600 >"$TMP/nfcapd.log" 2>&1 &
	nfcapd=$!
	cleanups+=("kill $nfcapd 2>/dev/null")
	until_true 10 ip netns exec $r grep -q ":$(printf %04X 9992) " /proc/net/udp || bad "nfcapd does not listen"
fi
quiet() { # nothing new in two looks
	local before=-1
	until [ $before = "$(wc -l <"$TMP/witness")" ]; do before=$(wc -l <"$TMP/witness"); sleep 0.3; done
}
quiet
line=$(($(wc -l <"$TMP/witness") + 1))
start nat 3 --set nat=true --set cache.record=nat --set cache.timeouts.idle=1s --set cache.timeouts.tcp.fin=1s \
	--set exporters[0].collector=127.0.0.1:9990 --set exporters[1].collector=127.0.0.1:9991 \
	--set exporters[1].protocol=netflow9 --set exporters[2].collector=127.0.0.1:9992 \
	--set exporters[2].protocol=netflow9 -i r0 -i r1 -i r2 "ip or ip6 and not udp portrange 9990-9999"
[ $failures -eq 0 ] || finish
[ "$(number nat/connections)" = 1 ] || bad "of the connection before: $(number nat)"
gone() { # all connections, while their flows still live
	ip netns exec $r conntrack -F >"$TMP/flush" 2>&1 || bad "conntrack -F: $(cat "$TMP/flush")"
}
records() { [ "$(grep -c "\"sourceTransportPort\":$1," "$TMP/nat.json")" -ge "$2" ]; }

on $lan0 ask 3 10.1.0.2 4000 198.51.100.9 7003 # it goes on
for port in 4001 4002 4003; do on $lan0 ask 5 10.1.0.2 $port 198.51.100.9 7003; done
on $wan ask 6 10.3.0.2 4005 10.3.0.1 7100
on $lan0 ask 7 fd00:1::2 4006 2001:db8::9 7003
on $lan0 tcp 10.1.0.2 4007 198.51.100.9 7003
on $lan0 ping 10.1.0.2 198.51.100.9 4008
on $lan0 ask 4 10.1.0.2 4009 10.2.0.2 7001 # as it is
gone
until_true 10 records 4001 1 || bad "no record of port 4001: $(cat "$TMP/nat.log")"
for _ in 1 2 3; do # the same ends, another translation
	on $lan0 ask 2 10.1.0.2 4001 198.51.100.9 7003
	gone
	sleep 2 # so that each has a record of its own
done
for n in 1 2 3 4 5; do # as many at a time as conntrack(8) can tell
	on $lan0 burst 60 $((20000 + 100 * n)) 10.1.0.2 198.51.100.9 7003
	gone
	quiet
done
events=$(($(tail -n +$line "$TMP/witness" | grep -c -e '10.3.0.1' -e 'fd00:3::1')))
until_true 10 eval "[ \$(number nat/events) -ge $events ]" || bad "$(number nat), not $events events"
timeout 30 "$WEIRCTL" -s "$TMP/socket" ledger | grep -q "^NAT $events events" || bad "weirctl: $("$WEIRCTL" -s "$TMP/socket" ledger)"
[ "$(number nat/overruns)" = 0 ] || bad "overruns: $(number nat)"
[ "$(number nat/displaced)" = 0 ] || bad "displaced: $(number nat)"
stop $weir TERM 10 || bad "SIGTERM: exit status $?: $(cat "$TMP/nat.log")"
grep -q "$events NAT events.*the ledger adds up" "$TMP/nat.log" || bad "$(tail -1 "$TMP/nat.log")"
events_of() { grep -c natEvent "$TMP/$1"; }
until_true 10 eval "[ \$(events_of ten) -ge $events ] && [ \$(events_of nine) -ge $events ]" || bad "$(events_of ten), $(events_of nine) events, not $events"
[ $events -ge 600 ] || bad "conntrack tells of $events events of translated connections"
why=$("$nat" judge "$TMP/witness" $line "$TMP/nat.json" "$TMP/ten:10" "$TMP/nine:9") || bad "$why"
echo "$why" | grep ' of translated connections told'

# what the kernel made of them decides by which interface they leave
leaves() { # SOURCE PORT INTERFACE NEXT-HOP, either direction's
	python3 - "$TMP/nat.json" "$@" <<'P' || bad "flows from $1 port $2 do not leave by $3 to $4"
import json, sys
rows = [r for r in map(json.loads, open(sys.argv[1]))
        if r.get('sourceIPv4Address') == sys.argv[2] and str(r.get('sourceTransportPort')) == sys.argv[3]]
sys.exit(not rows or any((str(r['egressInterface']), r['ipNextHopIPv4Address']) != tuple(sys.argv[4:6]) for r in rows))
P
}
leaves 10.1.0.2 4002 $r2 10.3.0.2
leaves 10.3.0.2 4005 $r1 0.0.0.0
leaves 198.51.100.9 7003 $r0 0.0.0.0 # answers to the router's own address

# ---- What it takes ----

set_events() { ip netns exec $r sysctl -qw net.netfilter.nf_conntrack_events=$1; }
doctor() { ip netns exec $r "$WEIR" doctor -i r0 --set nat=true 2>&1 | grep ' NAT: '; }
doctor | grep -q '^good ' || bad "doctor: $(doctor)"
if set_events 0 2>/dev/null; then
	doctor | grep -q '^WRONG .*nf_conntrack_events=1' || bad "doctor, no events: $(doctor)"
	set_events 2
fi
if command -v setpriv >/dev/null; then
	ip netns exec $r setpriv --bounding-set -net_admin --inh-caps -net_admin "$WEIR" -i r0 --set nat=true --set privileges.user= >"$TMP/right" 2>&1
	[ $? = 2 ] && grep -q 'CAP_NET_ADMIN' "$TMP/right" || bad "without CAP_NET_ADMIN: $(cat "$TMP/right")"
fi

if [ -n "$nfcapd" ]; then
	stop $nfcapd TERM 20 || bad "nfcapd ended with $?"
	grep -q 'Sequence Errors: 0, Bad Packets: 0' "$TMP/nfcapd.log" || bad "nfcapd: $(grep Sequence "$TMP/nfcapd.log")"
	for event in nevt evt; do # nfdump 1.7.5 has the second name alone
		nfdump -q -R "$TMP/nf" -o "fmt:%$event %pr %sap %dap %nsap %ndap" >"$TMP/nfdump" 2>&1
		grep -q 'parse error' "$TMP/nfdump" || break
	done
	for kind in ADD DELETE; do
		n=$(grep -c "^ *$kind " "$TMP/nfdump")
		want=$(tail -n +$line "$TMP/witness" | grep -e '10.3.0.1' -e 'fd00:3::1' | grep -c "\[$([ $kind = ADD ] && echo NEW || echo DESTROY)\]")
		[ "$n" = "$want" ] || bad "nfdump shows $n times $kind, not $want: $(head -3 "$TMP/nfdump")"
	done
fi
if [ -n "$sniffer" ] && command -v tshark >/dev/null; then
	stop $sniffer INT 10
	said=$(tshark -r "$TMP/wire.pcap" $(printf -- '-d udp.port==%d,cflow ' 9990 9991 9992) -Y 'udp.dstport<=9992 && (_ws.malformed || _ws.expert || !cflow)' \
		-T fields -e frame.number -e _ws.expert.message 2>/dev/null | head -5)
	[ -z "$said" ] || bad "tshark: $said"
	tshark -r "$TMP/wire.pcap" -d udp.port==9990,cflow -Y 'udp.dstport==9990' -T fields -e cflow.nat_event 2>/dev/null | grep -q '4' ||
		bad 'tshark sees no natEvent'
fi
finish
