#!/bin/bash
# A million live flows that are to leave at once: by a flush while packets still come, for a collector with the room that
# any socket has, at a rate that it follows (5); and by SIGTERM, in bounded time (6).
. "$(dirname "$0")/faults.sh"
wire_up
FLOWS=1000000

fill() {
	send 0x0a000000 $FLOWS
	until_true 20 reached packets/seen/frames $FLOWS || bad "$1: $(number packets/seen/frames) of $FLOWS frames were seen"
	[ "$(number flows/live/flows)" = $FLOWS ] || bad "$1: $(number flows/live/flows) of $FLOWS flows are live"
}
far='-m 2097152 -t active=1h -t idle=1h'

collect $b --default
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" $far --set 'exporters[0].rate=10000' --set 'exporters[0].buffer=256M' || finish
fill flush
(while send 0x8a000000 1000; do sleep 0.05; done) &
more=$!
ctl flush >/dev/null
for ((i = 0; i < 30; i++)); do # looked at seldom, for who looks takes processor time from the collector
	sleep 1
	! reached flows/collectors/0/sent/flows $FLOWS || break
done
[ $i -lt 30 ] || bad "flush: $(number flows/collectors/0) of $FLOWS flows"
kill $more
wait $more 2>/dev/null
[ "$(number packets/kernel/dropped)" = 0 ] || bad "flush: capture was starved: $(number packets/kernel)"
end flush
gather
agree flush
[ "$(got flows)" = "$(told flows/metered/flows)" ] || bad "flush: $(got flows) records of $(told flows/metered/flows) flows came"
echo "flush: $(got flows) of $(told flows/metered/flows) came, to a socket of $(cat /proc/sys/net/core/rmem_default) octets"

collect $b
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" $far || finish
fill SIGTERM
from=${EPOCHREALTIME/./}
end SIGTERM
took=$(((${EPOCHREALTIME/./} - from) / 1000))
gather
agree SIGTERM
[ "$(got flows)" = $FLOWS ] && [ "$(got reason/4)" = $FLOWS ] || bad "SIGTERM: $(got flows) of $FLOWS flows, by reason $(got reason)"
[ $took -le 5000 ] || bad "SIGTERM: it took $took ms"
echo "SIGTERM: $FLOWS records came; weir had gone within $took ms"
finish
