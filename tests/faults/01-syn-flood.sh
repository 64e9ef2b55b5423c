#!/bin/bash
# A flood of new flows into a small cache, all of which it displaces again: memory stays as it was, each packet is in a
# record, records that left for lack of room say so, and the ledger has their number. (1)
. "$(dirname "$0")/faults.sh"
wire_up
resident() { awk '/^VmRSS/ { print $2 }' /proc/$weir/status; } # KB

collect $b
start "$WEIR_PLAIN" -n 127.0.0.1:"$port" -m 2048 -t active=1h -t idle=1h || finish
send 0x0a000000 5000
until_true 10 reached packets/seen/frames 5000 || bad "$(number packets/seen/frames) of 5000 frames were seen"
before=$(resident)
send 0x0b000000 25000
until_true 20 reached packets/seen/frames 30000 || bad "$(number packets/seen/frames) of 30000 frames were seen"
after=$(resident)
[ $((after * 100)) -le $((before * 101)) ] || bad "resident memory grew from $before to $after KB"
end flood
gather
agree flood lost
[ "$(got told/lost)" = "$(($(told flows/lost/flows) + $(told flows/collectors/0/lost/flows)))" ] ||
	bad "options data tell of $(got told/lost) lost records, the ledger of $(told flows/lost/flows) in the ring"
[ "$(got reason/5)" = "$(($(told 'flows/closed/lack of resources/flows') - $(told flows/lost/flows)))" ] ||
	bad "records say $(got reason), the ledger $(told flows/closed)"
[ "$(told 'flows/closed/lack of resources/flows')" -gt 25000 ] || bad "hardly any flow was displaced: $(told flows/closed)"
[ "$(told flows/metered/flows)" = 30000 ] || bad "$(told flows/metered/flows) flows of 30000 frames"
finish "resident: $before and $after KB"
