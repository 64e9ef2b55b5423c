#!/bin/bash
# A collector that is away for a while: over TCP and TLS what finds no room in the buffer waits on disk and arrives in
# order; over UDP it is lost, and another collector sees nothing of either.
. "$(dirname "$0")/common.sh"
need python3 openssl
[ -x "$GEN" ] || skip "there is no $GEN"

"$GEN" many "$TMP/in.pcap" --truth "$TMP/truth" --flows 30000 --packets 2 || bad gen
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$TMP/collector.key" -subj /CN=test \
	-addext subjectAltName=IP:127.0.0.1 -days 2 -out "$TMP/collector.pem" 2>"$TMP/err" || skip "openssl: $(cat "$TMP/err")"
cp "$TMP/collector.pem" "$TMP/ca.pem"
mkdir "$TMP/spool"

spooled() { # NAME COLLECTOR'S OPTIONS -- WEIR'S OPTIONS
	local name=$1 how=()
	shift
	while [ "$1" != -- ]; do
		how+=("$1")
		shift
	done
	shift
	run "$name" "$here/stream.py" --truth "$TMP/truth" "${how[@]}" -- "$WEIR" -r "$TMP/in.pcap" -m 262144 \
		-n '127.0.0.1:{port}' --set 'exporters[0].reconnect=100ms' --set 'exporters[0].buffer=256K' \
		--set "exporters[0].spool.directory=$TMP/spool" --set 'exporters[0].spool.limit=8M' "$@"
	[ -z "$(ls "$TMP/spool")" ] || bad "$name: $(ls "$TMP/spool") was left behind"
}
tls=(--set 'exporters[0].transport=tls' --set "exporters[0].tls.ca=$TMP/ca.pem"
	--set "exporters[0].tls.certificate=$TMP/collector.pem" --set "exporters[0].tls.key=$TMP/collector.key")

# --away: after the first connection ends, nobody listens for a while
spooled 'TCP, late' --absent 1 -- --set 'exporters[0].transport=tcp'
spooled 'TCP, ended and away' --close 20 --away 1 --connections 2 -- --set 'exporters[0].transport=tcp'
spooled 'TCP, killed and away' --kill 20 --away 1 --connections 2 -- --set 'exporters[0].transport=tcp'
spooled 'TLS, late' --absent 1 --tls "$TMP" -- "${tls[@]}"
spooled 'TLS, ended and away' --close 20 --away 1 --connections 2 --tls "$TMP" -- "${tls[@]}"

# the other collector
run 'a collector beside one that is away' "$wire" --truth "$TMP/truth" --version 10 -- "$WEIR" -r "$TMP/in.pcap" -m 262144 \
	-n 127.0.0.1:1 --set 'exporters[0].transport=tcp' --set "exporters[0].spool.directory=$TMP/spool" -n '127.0.0.1:{port}'

"$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1:1 --set 'exporters[0].transport=tcp' \
	--set "exporters[0].spool.directory=$TMP/none" 2>"$TMP/err" && bad 'a directory that is not there was taken'
grep -q "spool $TMP/none: No such file" "$TMP/err" || bad "no directory: $(cat "$TMP/err")"
"$WEIR" -r "$TMP/in.pcap" -n 127.0.0.1:1 --set "exporters[0].spool.directory=$TMP" 2>"$TMP/err" && bad 'a spool for UDP was taken'
grep -q 'has nothing to wait for' "$TMP/err" || bad "UDP: $(cat "$TMP/err")"
finish
