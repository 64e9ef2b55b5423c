#!/bin/bash
# A weir that captures and is confined, with all ways of sending at once: files, TCP, TLS, a spool for a collector that is
# away. Each has every record; files and spool are all that it writes.
. "$(dirname "$0")/common.sh"
WEIR=${WEIR_PLAIN:-$WEIR}
need python3 openssl tcpreplay
[ -x "$GEN" ] || skip "there is no $GEN"
two_hosts

"$GEN" office "$TMP/in.pcap" --truth "$TMP/truth" || bad gen
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$TMP/collector.key" -subj /CN=test \
	-addext subjectAltName=IP:127.0.0.1 -days 2 -out "$TMP/collector.pem" 2>"$TMP/err" || skip "openssl: $(cat "$TMP/err")"
cp "$TMP/collector.pem" "$TMP/ca.pem"
mkdir "$TMP/out" "$TMP/spool"
cat >"$TMP/weir.conf" <<-CONF
	inputs = ( { interface = "vb"; } );
	privileges = { user = ""; };
	exporters = (
	  { collector = "127.0.0.1:PORT"; transport = "KIND"; reconnect = "100ms"; buffer = "256K";
	    tls = { ca = "$TMP/ca.pem"; certificate = "$TMP/collector.pem"; key = "$TMP/collector.key"; };
	    spool = { directory = "$TMP/spool"; limit = "64M"; } },
	  { transport = "file"; file = { path = "$TMP/out/flows"; size = "256K"; time = "1s"; } }
	);
CONF
cat >"$TMP/live.sh" <<-'SH'
	# KIND PORT: weir until the capture was replayed
	sed "s/PORT/$2/; s/KIND/$1/" "$TMP/weir.conf" >"$TMP/$1.conf"
	"$WEIR" -f "$TMP/$1.conf" 2>"$TMP/log" &
	weir=$!
	for ((i = 0; i < 200; i++)); do
		grep -q "frames are let in" "$TMP/log" && break
		kill -0 $weir 2>/dev/null || break
		sleep 0.05
	done
	ip netns exec "$a" tcpreplay -q -i va --pps 20000 "$TMP/in.pcap" >/dev/null 2>&1
	[ "$1" = tcp ] || sleep 1.1
	kill -TERM $weir
	wait $weir
SH
export TMP WEIR a
for kind in tcp tls; do
	rm -f "$TMP"/out/*
	how=(--absent 0.3)
	[ $kind = tcp ] || how=(--tls "$TMP")
	ip netns exec $b "$here/stream.py" "${how[@]}" -- bash "$TMP/live.sh" $kind '{port}' >"$TMP/said" 2>&1 || bad "$kind: $(cat "$TMP/said" "$TMP/log")"
	records=$(sed -n 's/.* \([0-9]*\) records in .*/\1/p' "$TMP/log" | tail -1)
	grep -q 'lost 0; .* lost 0; the ledger adds up' "$TMP/log" || bad "$kind: $(cat "$TMP/log")"
	"$here/stream.py" --load "$TMP"/out/*.ipfix >"$TMP/files" || bad "$kind: $(cat "$TMP/files")"
	over=$(sed -n 's/.*messages, \([0-9]*\) records.*/\1/p' "$TMP/said")
	filed=$(sed -n 's/.*messages, \([0-9]*\) records.*/\1/p' "$TMP/files")
	[ -n "$over" ] && [ "$over" -gt 100 ] && [ "$over" = "$filed" ] || bad "$kind: $over records over it, $filed in files; $(cat "$TMP/log")"
	[ -z "$(ls "$TMP/spool")$(find "$TMP/out" -name '*.part')" ] || bad "$kind: something was left behind"
done
finish
