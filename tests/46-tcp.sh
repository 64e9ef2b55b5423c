#!/bin/bash
# IPFIX over TCP: each record once, whatever the collector does; and of one that dies, at most what its kernel had taken.
. "$(dirname "$0")/common.sh"
need python3
[ -x "$GEN" ] || skip "there is no $GEN"

"$GEN" many "$TMP/in.pcap" --truth "$TMP/truth" --flows 30000 --packets 2 || bad gen

tcp() { # NAME COLLECTOR'S OPTIONS -- WEIR'S OPTIONS
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run "$name" "$here/stream.py" --truth "$TMP/truth" "${options[@]}" -- "$WEIR" -r "$TMP/in.pcap" -m 262144 "$@" \
		--set 'exporters[0].transport=tcp' --set 'exporters[0].reconnect=100ms' --set 'exporters[0].buffer=256K'
}

tcp 'a collector' -- -n '127.0.0.1:{port}'
tcp 'over IPv6' --v6 -- -n '[::1]:{port}' --set 'exporters[0].source=::1'
tcp 'small messages' -- -n '127.0.0.1:{port}' --set 'exporters[0].max_datagram=484'
tcp 'large messages' -- -n '127.0.0.1:{port}' --set 'exporters[0].max_datagram=65507'
tcp 'a collector that is late' --absent 0.5 -- -n '127.0.0.1:{port}'
tcp 'one that ends its connection' --close 20 --connections 2 -- -n '127.0.0.1:{port}'
tcp 'one that is killed with its buffer full' --kill 20 --connections 2 -- -n '127.0.0.1:{port}'

# Nobody there: weir says what was lost, in good time.
"$WEIR" -r "$TMP/in.pcap" -m 262144 -n 127.0.0.1:1 --set 'exporters[0].transport=tcp' 2>"$TMP/err" || bad 'nobody listens: exit status'
grep -q 'no connection: Connection refused' "$TMP/err" || bad "nobody listens: $(cat "$TMP/err")"
grep -q 'lost 30000; the ledger adds up' "$TMP/err" || bad "nobody listens: $(cat "$TMP/err")"

# NetFlow is not for TCP.
"$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1:1 -v 9 --set 'exporters[0].transport=tcp' 2>"$TMP/err" && bad 'NetFlow v9 over TCP was taken'
grep -q 'NetFlow knows udp alone' "$TMP/err" || bad "NetFlow over TCP: $(cat "$TMP/err")"
finish
