#!/bin/bash
# weir's own messages pass an interface that it watches: they are left out and counted, and nothing else is,
# be it sent to the same collector by another host or by this one from another address.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/router.sh"
small_network
lan0=${hosts[0]} lan1=${hosts[1]} r0=$(index $r r0) r1=$(index $r r1)
fields='sourceIPv4Address|sourceIPv6Address destinationIPv4Address|destinationIPv6Address destinationTransportPort packetDeltaCount ingressInterface egressInterface'
sink $lan1 10.2.0.2 7777
sink $lan1 fd00:2::2 7777

round() { # NAME COLLECTOR
	start "$1" 2 -i r0 -i r1 -t idle=200ms -n "$2" --set "exporters[0].template_refresh=7d" --set output=json
	send $lan0 5 10.1.0.2 4001 10.2.0.2 7777 # another exporter's, for the same collector
	send $lan0 6 fd00:1::2 4001 fd00:2::2 7777
	send $r 7 10.1.0.1 4002 10.2.0.2 7777    # of this host, but not from where weir sends
	send $r 8 fd00:1::1 4002 fd00:2::2 7777
	send $lan1 9 10.2.0.2 7777 10.1.0.2 7778 # from the collector's port to somebody else
	until_true 20 eval '[ "$(number flows/live/flows)" = 0 ] && [ "$(number flows/exported/packets)" -ge 35 ]' ||
		bad "$1: $(ctl ledger)"
	# a train of datagrams is one frame here, and the first templates left before frames were let in
	until_true 10 eval '[ "$(number packets/own/frames)" -ge 2 ]' ||
		bad "$1: $(number packets/own/frames) own messages were seen: $(ctl ledger)"
}
others() {
	cat <<-F
		10.1.0.2 10.2.0.2 7777 5 $r0 $r1
		fd00:1::2 fd00:2::2 7777 6 $r0 $r1
		10.1.0.1 10.2.0.2 7777 7 0 $r1
		fd00:1::1 fd00:2::2 7777 8 0 $r1
		10.2.0.2 10.1.0.2 7778 9 $r1 $r0
	F
}
round four 10.2.0.2:7777
end four "$fields" < <(others)
round six '[fd00:2::2]:7777'
end six "$fields" < <(others)

# all of it is metered when that is asked for: each message makes another
start loop 2 -i r0 -i r1 -t idle=200ms -n 10.2.0.2:7777 --set meter_own=true
send $lan0 5 10.1.0.2 4001 10.2.0.2 7777
own='"sourceIPv4Address":"10.2.0.1","destinationIPv4Address":"10.2.0.2"'
until_true 20 grep -q "$own" "$TMP/loop.json" || bad "loop: $(ctl ledger)"
[ "$(number packets/own/frames)" = 0 ] || bad "loop: own messages are left out"
stop $weir TERM 10 || bad "loop: exit status $?"
grep -q "$own" "$TMP/loop.json" ||
	bad "loop: weir's own messages are in no record: $(tail -1 "$TMP/loop.json")"
finish
