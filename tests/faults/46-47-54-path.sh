#!/bin/bash
# The way to a collector breaks and heals: no route, a firewall, no such source address any more (46, 54), a line that is
# too slow (47). What could not be sent is counted and is the gap that the collector sees; what comes later arrives; said
# once, not for each datagram; and capture loses nothing.
. "$(dirname "$0")/faults.sh"
wire_up
need tc
ip -n $b link add wa type veth peer name wb netns $a || skip 'veth interfaces cannot be made here'
ip -n $b addr add 192.0.2.1/24 dev wa
ip -n $a addr add 192.0.2.2/24 dev wb
ip -n $b link set wa up
ip -n $a link set wb up

sent=0
flows() { # COUNT: as many new ones, of which the records leave at once
	send $((0x0a000000 + sent)) "$1"
	sent=$((sent + $1))
	until_true 10 reached packets/seen/frames $sent || bad "$(number packets/seen/frames) of $sent frames were seen"
	ctl flush >/dev/null
}
collector_has() { [ "$(number flows/collectors/0/"$1"/flows)" -gt "$2" ]; }
collect $a --address 192.0.2.2
start "$WEIR" -n 192.0.2.2:"$port" -t idle=1h -m 65536 --set 'exporters[0].options_data=false' \
	--set 'exporters[0].source=192.0.2.1' || finish
flows 100
until_true 10 collector_has sent 0 || bad "nothing came before anything was wrong: $(number flows/collectors/0)"
[ "$(number flows/collectors/0/lost/flows)" = 0 ] || bad "lost before anything was wrong: $(number flows/collectors/0)"

# breaks NAME COMMAND...: what it takes; flows are lost then, and after heals they are not
breaks() { change lost "$@"; }
heals() { change sent "$@"; }
change() {
	local what=$1 name="$2: $1" before
	shift 2
	"$@" >"$TMP/said" 2>&1 || bad "$name: $(cat "$TMP/said")"
	before=$(number "flows/collectors/0/$what/flows")
	flows 100
	until_true 10 collector_has "$what" "$before" || bad "$name: $before as before: $(number flows/collectors/0)"
}

for kind in unreachable blackhole; do
	breaks $kind ip -n $b route add $kind 192.0.2.2/32
	heals $kind ip -n $b route del $kind 192.0.2.2/32
done
if command -v nft >/dev/null && ip netns exec $b nft add table inet weir 2>/dev/null; then
	wall() { ip netns exec $b nft "add chain inet weir out { type filter hook output priority 0; }; add rule inet weir out udp dport $port drop"; }
	breaks firewall wall
	heals firewall ip netns exec $b nft flush table inet weir
else
	echo 'a firewall: left out, nft cannot make one here'
fi
breaks 'no source address' ip -n $b addr del 192.0.2.1/24 dev wa
heals 'the source address' ip -n $b addr add 192.0.2.1/24 dev wa
breaks 'an interface that is down' ip -n $b link set wa down
heals 'the interface' ip -n $b link set wa up
[ "$(grep -c 'event=lost' "$TMP/log")" -le 2 ] || bad "one line a minute is enough: $(cat "$TMP/log")"
end path
gather
agree path lost
[ $(($(got flows) + $(told flows/collectors/0/lost/flows))) = $sent ] || bad "$(got flows) of $sent records came: $(told flows/collectors/0)"

# ---- A line that takes a tenth of what is sent: the socket's buffer fills, or the queue before the line ----

slow() { # NAME LIMIT
	collect $a --address 192.0.2.2
	start "$WEIR_PLAIN" -n 192.0.2.2:"$port" -t idle=1h -m 65536 --set 'exporters[0].options_data=false' || finish
	sent=0
	ip netns exec $b tc qdisc add dev wa root tbf rate 20mbit burst 100k limit "$2" || bad 'no tbf'
	flows 50000
	until_true 20 collector_has sent 4000 || bad "$1: $(number flows/collectors/0)"
	ip netns exec $b tc qdisc change dev wa root tbf rate 1gbit burst 1m limit 100m
	flows 100
	[ "$(number packets/kernel/dropped)" = 0 ] || bad "$1: capture was starved: $(number packets/kernel)"
	end "$1"
	ip netns exec $b tc qdisc del dev wa root
	gather
	agree "$1" lost
	echo "$1: $(got flows) of $sent records came, lost $(told flows/collectors/0/lost/flows)"
}
slow 'a full buffer' 100m
slow 'a full queue' 200k
finish
