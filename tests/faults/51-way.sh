#!/bin/bash
# Collectors over UDP whose way takes nothing (68), beside one that is well, which has all as soon as it had alone; and what
# was lost for them is the gap that they see.
. "$(dirname "$0")/faults.sh"
wire_up
FLOWS=100000
far='-m 131072 -t active=1h -t idle=1h'

# well NAME NUMBER: the time from a flush of FLOWS flows until the collector of that number has them, in $took (ms)
round=0
well() {
	local from
	send $((0x0a000000 + round * FLOWS)) $FLOWS
	round=$((round + 1))
	until_true 10 reached packets/seen/frames $((round * FLOWS)) || bad "$1: $(number packets/seen/frames) frames were seen"
	from=${EPOCHREALTIME/./}
	ctl flush >/dev/null
	until_true 60 reached "flows/collectors/$2/sent/flows" $((round * FLOWS)) || bad "$1: $(number flows/collectors)"
	took=$(((${EPOCHREALTIME/./} - from) / 1000))
}

# ---- Nobody answers for the collector's address, and all that is sent there waits for that ----

ip -n $b link set vb arp on
ip -n $b addr add 10.9.9.2/24 dev vb 2>/dev/null
ip netns exec $b sysctl -qw net.ipv4.neigh.vb.unres_qlen_bytes=1000000000 net.ipv4.neigh.vb.mcast_solicit=10000 ||
	skip 'the queue of a neighbour cannot be made longer here'
collect $b
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" $far || finish
well alone 0
well alone 0
alone=$took
end alone
gather

collect $b
round=0
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" -n 10.9.9.77:2055 -n 10.9.9.78:2055 $far || finish
well 'beside stuck ones' 0
well 'beside stuck ones' 0
echo "all $FLOWS are there after $took ms beside two that are stuck, $alone ms alone"
[ $took -le $((alone + 500)) ] || {
	bad "it takes $took ms beside two that are stuck, $alone ms alone"
	finish
}
send $((0x0a000000 + round * FLOWS)) $FLOWS
from=${EPOCHREALTIME/./}
end 'beside stuck ones'
took=$(((${EPOCHREALTIME/./} - from) / 1000))
echo "SIGTERM beside stuck ones: gone after $took ms, $(told flows/collectors/1/lost/flows) lost"
[ $took -le 2000 ] || bad "SIGTERM beside stuck ones takes $took ms"
[ "$(told flows/collectors/1/lost/flows)" -gt $FLOWS ] || bad "nothing was lost: $(told flows/collectors)"
gather
agree 'the one that is well'
finish
